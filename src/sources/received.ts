import { type OtherSide, ownBranches, ownSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type LoadedPolicy, type Oid, Undecided } from '../model/index.ts';
import { loadStandingPolicy } from '../policy/load.ts';
import { foldPath } from '../rules/match.ts';
import { protectedBranches } from '../rules/rules.ts';
import { findPolicy } from './policy.ts';
import { id, lines, malformed } from './pushed.ts';
import { type RefUpdate, refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/** What whoever runs the server has laid down, from outside the repository. */
export interface Pinned {
  /** The project whose policy judges; null: that of whichever policy the default branch holds. */
  readonly project: string | null;
  /** The default branch; null: where HEAD points. */
  readonly defaultBranch: string | null;
}

/** What a server is about to accept, and which policy stood there. */
export interface Received extends Sourced {
  readonly standing: Standing;
}

const nothingPinned: Pinned = { project: null, defaultBranch: null };

/**
 * What a server is about to accept, from the lines it hands to pre-receive. The policy is that of its own default
 * branch as it stands before the push.
 * @param repository opened with `quarantine`, so that the pushed objects can be read
 * @throws Undecided when the lines are malformed, no default branch says which policy holds, or it is not that of the project
 */
export async function receivedChanges(
  repository: Repository,
  input: Buffer,
  pinned: Pinned = nothingPinned,
): Promise<Received> {
  const other = await serverSide(repository, pinned);
  const updates = parseReceiveLines(input).map((update) => ({
    ...update,
    ref: other.aliases?.get(update.ref) ?? update.ref,
  }));
  // Git runs the hook for no empty push, so whoever says nothing has not been heard.
  if (updates.length === 0) throw new Undecided('pre-receive got nothing on standard input');
  const first = (ref: string) => (ref === `refs/heads/${other.head}` ? 0 : 1);
  const brought = [...updates].sort((a, b) => first(a.ref) - first(b.ref)).filter((update) => update.next !== null);
  const { loaded, standard } = await findPolicy(repository, other, {
    results: async () => brought.map(({ next }) => ({ name: next!, label: next! })),
    worktree: false,
  });
  refuseOtherProject(loaded, pinned, standard);
  const standing = await standingOf(repository, other);
  if (!loaded) return { changes: [], loaded, standard, standing };
  const to = { policy: loaded.policy, other, standard };
  const isProtected = protectedBranches(loaded.policy, standard);
  const changes = await refUpdateChanges(repository, updates, to);
  return {
    changes: changes.map((change) => ({ ...change, alike: alikeOf(change, other, isProtected) })),
    loaded,
    standard,
    standing,
  };
}

/** Which policy stands on the server: the branch it is read from, and the object of the policy there. */
interface Standing {
  readonly head: string | null;
  readonly policy: Oid | null;
}

async function standingOf(repository: Repository, { head, branches }: OtherSide): Promise<Standing> {
  const tip = head === null ? undefined : branches.get(head);
  const loaded = tip === undefined ? null : await loadStandingPolicy(repository, tip, tip);
  return { head, policy: loaded?.oid ?? null };
}

/** Is the policy that stands on the server still the one by which the push was judged? */
export async function policyStands(repository: Repository, { standing: { head, policy } }: Received): Promise<boolean> {
  repository.changed();
  const side = { ...(await ownBranches(repository)), head };
  return (await standingOf(repository, side)).policy === policy;
}

async function serverSide(repository: Repository, { defaultBranch }: Pinned): Promise<OtherSide> {
  const side = await ownSide(repository);
  return defaultBranch === null ? side : { ...side, head: defaultBranch };
}

function refuseOtherProject(loaded: LoadedPolicy | null, { project }: Pinned, standard: string | null): void {
  if (project === null || loaded?.policy.project === project) return;
  const found = loaded === null ? 'holds no policy' : `has the policy of project ${loaded.policy.project ?? '(none)'}`;
  throw new Undecided(
    `this server takes pushes by the policy of project ${project} alone, and ${standard ?? 'its default branch'} ${found}`,
    'ask whoever runs the server: protect init --server REPOSITORY --project ID',
  );
}

/**
 * The protected branch that the name of a new ref would stand for where case or Unicode form do not count, as on the disks of
 * macOS and Windows.
 */
function alikeOf(change: Change, { branches }: OtherSide, isProtected: (branch: string) => boolean): string | null {
  const { ref, kind } = change;
  if (kind !== 'create' || ref === null) return null;
  const folded = folding(ref);
  for (const branch of branches.keys()) {
    const full = `refs/heads/${branch}`;
    if (full !== ref && isProtected(branch) && folding(full) === folded) return branch;
  }
  return null;
}

const folding = (name: string) => foldPath(Buffer.from(name, 'utf8').toString('latin1'));

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
