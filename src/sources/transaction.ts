import { type OtherSide, ownBranches, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Oid, Undecided } from '../model/index.ts';
import type { PolicyCache } from '../policy/load.ts';
import { protectedBranches } from '../rules/rules.ts';
import { findPolicy } from './policy.ts';
import { lines, malformed } from './pushed.ts';
import { type RefUpdate, refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/** A branch of this clone that is about to move. */
export interface Move {
  /** Full name. */
  readonly ref: string;
  /** Where it is now; null: it does not exist yet. */
  readonly current: Oid | null;
  readonly next: Oid;
}

/**
 * What a reference transaction would do to protected branches of this clone. Each is judged from the trusted tip, never from
 * where the branch is: so one that was moved behind the hook's back is found by the next move.
 * @throws Undecided when the lines are malformed, or the policy cannot be told
 */
export async function transactionChanges(
  repository: Repository,
  input: Buffer,
  cache: PolicyCache,
): Promise<{ sourced: Sourced; moves: readonly Move[] }> {
  const [here, remote] = await Promise.all([ownBranches(repository), remoteSide(repository)]);
  const all = movesIn(input, here);
  // Where nothing is known of another side, the branches of this clone are all that vouches for anything.
  const other = remote.branches.size > 0 ? remote : here;
  const { loaded, standard } = await findPolicy(repository, other, {
    results: async () => all.map(({ next }) => ({ name: next, label: next })),
    worktree: true,
    cache,
  });
  if (!loaded) return { sourced: { changes: [], loaded, standard }, moves: [] };
  const isProtected = protectedBranches(loaded.policy, standard);
  const moves = all.filter(({ ref }) => isProtected(short(ref)));
  const updates: RefUpdate[] = [];
  for (const { ref, next } of moves) {
    const tip = other.branches.get(short(ref)) ?? null;
    updates.push({ ref, next, old: tip === null ? null : await leftAt(repository, tip, next) });
  }
  const changes = await refUpdateChanges(repository, updates, { policy: loaded.policy, other, standard });
  return { sourced: { changes, loaded, standard }, moves };
}

const short = (ref: string) => ref.slice('refs/heads/'.length);

/**
 * The newest commit on the first-parent line of a tip that is behind another commit: what was the tip when the other one left.
 * Not their merge base, which may be a commit that came in from the side and never stood at the tip.
 * @returns the tip itself where no commit of its line is behind the other one
 */
async function leftAt(repository: Repository, tip: Oid, next: Oid): Promise<Oid> {
  // The usual case, which takes no process.
  if (await repository.isAncestor(tip, next)) return tip;
  const missing = await repository.text(['rev-list', '--first-parent', '--parents', tip, `^${next}`]);
  if (missing === '') return tip;
  const [, parent] = missing.split('\n').at(-1)!.split(' ');
  return parent ?? tip;
}

/**
 * The branches that really move, from the lines `<old> <new> <ref>` of the hook. Deletions are left out, which cannot be told
 * from `pack-refs`, and what stays where it is (stash, pack-refs).
 * @see https://git-scm.com/docs/githooks#_reference_transaction
 */
function movesIn(input: Buffer, { branches }: OtherSide): Move[] {
  const moves: Move[] = [];
  for (const [index, line] of lines(input, 'reference-transaction').entries()) {
    const match = /^(\S+) (ref:refs\/\S+|[0-9a-f]{40}|[0-9a-f]{64}) (\S+)$/.exec(line);
    if (!match) throw malformed('reference-transaction', index, line);
    const [, , value, ref] = match as unknown as [string, string, string, string];
    if (!ref.startsWith('refs/heads/') || /^0+$/.test(value)) continue;
    const current = branches.get(short(ref)) ?? null;
    const next = value.startsWith('ref:') ? targetOf(value.slice('ref:'.length), branches) : value;
    if (next !== current) moves.push({ ref, current, next });
  }
  return moves;
}

/** Where a branch that becomes a symbolic ref will be. */
function targetOf(name: string, branches: OtherSide['branches']): Oid {
  const oid = name.startsWith('refs/heads/') ? branches.get(short(name)) : undefined;
  if (oid === undefined) throw new Undecided(`${name} is not a branch here, so where it leads cannot be judged`);
  return oid;
}
