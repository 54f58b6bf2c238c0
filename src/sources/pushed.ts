import { ownSide, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Oid, Undecided } from '../model/index.ts';
import type { PolicyCache } from '../policy/load.ts';
import { defaultBranch, protectedBranches } from '../rules/rules.ts';
import { findPolicy } from './policy.ts';
import { type Destination, type RefUpdate, refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/**
 * What `git push` is about to do, from the lines it hands to pre-push.
 * @param remote the remote's name, or its URL where it has none
 * @throws Undecided when the lines are malformed or name objects that are not here
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function pushedChanges(
  repository: Repository,
  input: Buffer,
  remote: string,
  cache?: PolicyCache,
): Promise<Sourced> {
  const updates = parsePushLines(input);
  const olds = updates.filter(({ ref, old }) => ref.startsWith('refs/heads/') && old !== null);
  const [other, here] = await Promise.all([
    remoteSide(repository, remote),
    Promise.all(olds.map(({ old }) => repository.commit(old!))),
    repository.layout(),
  ]);
  const fresher = new Map<string, Oid>();
  for (const [index, { ref, old }] of olds.entries())
    if (here[index] !== null) fresher.set(ref.slice('refs/heads/'.length), old!);
  const side = { ...other, branches: new Map([...other.branches, ...fresher]) };
  const first = (ref: string) => (ref === `refs/heads/${defaultBranch(null, side) ?? 'main'}` ? 0 : 1);
  const brought = [...updates].sort((a, b) => first(a.ref) - first(b.ref)).filter((update) => update.next !== null);
  const { loaded, standard } = await findPolicy(repository, side, {
    fresher,
    creates: new Set(
      updates
        .filter(({ ref, old }) => old === null && ref.startsWith('refs/heads/'))
        .map(({ ref }) => ref.slice('refs/heads/'.length)),
    ),
    results: async () => brought.map(({ next }) => ({ name: next!, label: next! })),
    worktree: true,
    ...(cache ? { cache } : {}),
  });
  if (!loaded) return { changes: [], loaded, standard };
  const to = { policy: loaded.policy, other: side, standard };
  const all = [...updates, ...(await mirrorDeletions(repository, updates, to))];
  return { changes: await refUpdateChanges(repository, all, to), loaded, standard };
}

/**
 * Git does not tell pre-push which branches `--mirror` deletes. It shows itself by the remote-tracking refs that it
 * pushes along; then every protected branch that is missing here will be gone there.
 */
async function mirrorDeletions(
  repository: Repository,
  updates: readonly RefUpdate[],
  { policy, other, standard }: Destination,
): Promise<RefUpdate[]> {
  if (!updates.some(({ ref, next }) => ref.startsWith('refs/remotes/') && next !== null)) return [];
  const isProtected = protectedBranches(policy, standard);
  // Asked by its name an object is looked for under other prefixes too: `refs/heads/refs/heads/main` would stand in for main.
  const here = await ownSide(repository);
  return [...other.branches]
    .filter(([branch]) => isProtected(branch) && !here.branches.has(branch))
    .map(([branch, old]) => ({ ref: `refs/heads/${branch}`, old, next: null }))
    .filter(({ ref }) => !updates.some((update) => update.ref === ref));
}

/**
 * Parses pre-push's standard input: `<local ref> <local id> <remote ref> <remote id>` a line.
 * @throws Undecided naming the first line that has another form
 * @see https://git-scm.com/docs/githooks#_pre_push
 */
export function parsePushLines(input: Buffer): RefUpdate[] {
  return lines(input, 'pre-push').map((line, index) => {
    const match = /^(\S(?:.*\S)?) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/\S+) ([0-9a-f]{40}|[0-9a-f]{64})$/.exec(line);
    if (!match || match[2]!.length !== match[4]!.length) throw malformed('pre-push', index, line);
    return { ref: match[3]!, next: id(match[2]!), old: id(match[4]!) };
  });
}

/** The lines of a hook's standard input, each ended by a line feed. */
export function lines(input: Buffer, hook: string): string[] {
  if (input.length > 16 << 20) throw new Undecided(`${hook} got more than 16 MB on standard input`);
  const text = input.toString('utf8');
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Undecided(`${hook} got a cut-off line on standard input`);
  return text.slice(0, -1).split('\n');
}

export function malformed(hook: string, index: number, line: string): Undecided {
  return new Undecided(`line ${index + 1} on ${hook}'s standard input is not understood: ${line.slice(0, 120)}`);
}

/** An id, or null for the zeros that stand for "nothing". */
export function id(hex: string): Oid | null {
  return /^0+$/.test(hex) ? null : hex;
}
