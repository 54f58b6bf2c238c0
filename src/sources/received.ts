import { ownSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { findPolicy } from './policy.ts';
import { id, lines, malformed } from './pushed.ts';
import { type RefUpdate, refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/**
 * What a server is about to accept, from the lines it hands to pre-receive. The policy is that of its own default
 * branch as it stands before the push.
 * @param repository opened with `quarantine`, so that the pushed objects can be read
 * @throws Undecided when the lines are malformed, or no default branch says which policy holds
 */
export async function receivedChanges(repository: Repository, input: Buffer): Promise<Sourced> {
  const other = await ownSide(repository);
  const updates = parseReceiveLines(input).map((update) => ({
    ...update,
    ref: other.aliases?.get(update.ref) ?? update.ref,
  }));
  const first = (ref: string) => (ref === `refs/heads/${other.head}` ? 0 : 1);
  const brought = [...updates].sort((a, b) => first(a.ref) - first(b.ref)).filter((update) => update.next !== null);
  const { loaded, standard } = await findPolicy(repository, other, {
    results: async () => brought.map(({ next }) => ({ name: next!, label: next! })),
    worktree: false,
  });
  if (!loaded) return { changes: [], loaded, standard };
  const to = { policy: loaded.policy, other, standard };
  return {
    changes: await refUpdateChanges(repository, updates, to),
    loaded,
    standard,
  };
}

/**
 * Parses pre-receive's standard input: `<old id> <new id> <ref>` a line.
 * @throws Undecided naming the first line that has another form
 * @see https://git-scm.com/docs/githooks#pre-receive
 */
export function parseReceiveLines(input: Buffer): RefUpdate[] {
  return lines(input, 'pre-receive').map((line, index) => {
    const match = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/\S+)$/.exec(line);
    if (!match || match[1]!.length !== match[2]!.length) throw malformed('pre-receive', index, line);
    return { ref: match[3]!, old: id(match[1]!), next: id(match[2]!) };
  });
}
