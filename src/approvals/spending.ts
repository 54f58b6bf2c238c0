import type { Repository } from '../git/repository.ts';
import { commitsTouching, type Touched } from '../git/touching.ts';
import { type BytePath, type Oid, Undecided } from '../model/index.ts';
import { type Approval, approvalsFolder, sameState } from './statement.ts';

/** Where commits landed on a line. */
export interface Places {
  /** 0: before it began. */
  placeOf(commit: Oid): number;
  /** Is it one of the line itself? */
  isOwn(commit: Oid): boolean;
}

/** The first places of a line from where on an approval is spent: by any commit, and by one that is not of the line itself. */
export interface Spending {
  readonly first: number;
  readonly aside: number;
}

const atOnce: Places = { placeOf: () => 0, isOwn: () => false };
const never = Number.POSITIVE_INFINITY;

/**
 * Finds what spends approvals, by ancestry: a commit that holds the file of one while a path it lists is in another state than
 * its `from`, or that has dropped the file. One that landed alone, before its change, is not spent by that.
 * @param roots behind these it is looked, themselves included
 * @returns by name of approval; those that nothing spends are not in it
 * @throws Undecided in a shallow clone, where that cannot be known, or when an object is missing
 */
export async function spendings(
  repository: Repository,
  roots: readonly Oid[],
  approvals: readonly Approval[],
  places: Places = atOnce,
): Promise<ReadonlyMap<string, Spending>> {
  if (roots.length === 0 || approvals.length === 0) return new Map();
  if (await repository.isShallow())
    throw new Undecided(
      'the history is cut off, so whether an approval was used before cannot be known',
      'git fetch --unshallow',
    );
  const files = approvals.map(({ name }) => approvalsFolder + name);
  const held = byPath(await commitsTouching(repository, roots, files));
  const found = new Map<string, Spending>();
  const open: { approval: Approval; since: number }[] = [];
  for (const approval of approvals) {
    const moves = (held.get(approvalsFolder + approval.name) ?? []).map((moved) => placed(moved, places));
    if (moves.length === 0) continue;
    const since = moves.reduce((least, { place }) => Math.min(least, place), never);
    const ends = roots.map((commit) => placed({ commit, gone: false }, places));
    const spending = await firstSpent(repository, approval, [...moves, ...ends], { first: never, aside: never });
    found.set(approval.name, spending);
    if (spending.first !== since || spending.aside !== since) open.push({ approval, since });
  }
  const listed = [...new Set(open.flatMap(({ approval }) => approval.statement.changes.map(({ path }) => path)))];
  const moved = byPath(await commitsTouching(repository, roots, listed));
  for (const { approval, since } of open) {
    const moves = approval.statement.changes
      .flatMap(({ path }) => moved.get(path) ?? [])
      .map(({ commit }) => placed({ commit, gone: false }, places))
      .filter(({ place }) => place >= since);
    found.set(approval.name, await firstSpent(repository, approval, moves, found.get(approval.name)!));
  }
  return new Map([...found].filter(([, { first }]) => first !== never));
}

interface Placed extends Moved {
  readonly place: number;
  readonly own: boolean;
}

function placed(moved: Moved, { placeOf, isOwn }: Places): Placed {
  return { ...moved, place: placeOf(moved.commit), own: isOwn(moved.commit) };
}

interface Moved {
  readonly commit: Oid;
  /** Nothing stands there any more. */
  readonly gone: boolean;
}

function byPath(touched: readonly Touched[]): Map<BytePath, Moved[]> {
  const found = new Map<BytePath, Moved[]>();
  for (const { commit, steps } of touched)
    for (const { path, to } of steps) {
      const there = found.get(path) ?? [];
      there.push({ commit, gone: to === null });
      found.set(path, there);
    }
  return found;
}

/** The first places at which some commits spend an approval, where they are before those already `known`. */
async function firstSpent(
  repository: Repository,
  approval: Approval,
  moves: readonly Placed[],
  known: Spending,
): Promise<Spending> {
  const file = approvalsFolder + approval.name;
  let { first, aside } = known;
  for (const { commit, gone, place, own } of [...moves].sort((a, b) => a.place - b.place)) {
    if (place >= first && (own || place >= aside)) continue;
    const spends =
      gone || ((await repository.stateAt(commit, file)) !== null && (await hasMoved(repository, commit, approval)));
    if (!spends) continue;
    first = Math.min(first, place);
    if (!own) aside = Math.min(aside, place);
  }
  return { first, aside };
}

async function hasMoved(repository: Repository, commit: Oid, { statement }: Approval): Promise<boolean> {
  for (const { path, from } of statement.changes)
    if (!sameState(await repository.stateAt(commit, path), from)) return true;
  return false;
}
