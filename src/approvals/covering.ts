import { showPath } from '../git/raw.ts';
import { type BytePath, type Guard, Undecided } from '../model/index.ts';
import type { Stretch } from './line.ts';
import type { LandedHistory, Settled } from './settled.ts';
import { stateKey } from './statement.ts';
import { weigh } from './weighing.ts';

/** Stretches that are tried for one step, before it is said that nobody can tell. */
const maxTries = 10_000;

/** What may cover a step: approvals that came later too, and how many steps a stretch may have. */
export interface Reach {
  readonly late: boolean;
  readonly longest: number;
}

const any = Number.POSITIVE_INFINITY;

/**
 * In which order the steps of a branch look for what covers them, all of them once with each: what landed for one step alone is
 * taken for that, before a step that was forced past the gates builds a longer way of it.
 */
export const turns: readonly Reach[] = [
  ...[1, 4, 16, any].map((longest) => ({ late: false, longest })),
  { late: true, longest: any },
];

/** Finds a stretch that covers a step, and keeps it: what it used counts for no other. */
export async function cover(
  history: LandedHistory,
  settled: Settled,
  path: BytePath,
  place: number,
  guards: readonly Guard[],
  reaches: readonly Reach[] = turns.slice(-2),
): Promise<Stretch | null> {
  let found: (Stretch & { readonly used: readonly string[] }) | null = null;
  for (const reach of reaches) found ??= await find(history, settled, path, place, guards, reach);
  if (!found) return null;
  settled.covers.set(path, [...(settled.covers.get(path) ?? []), { from: found.from, to: found.to }]);
  for (const name of found.used) settled.used.set(name, `${found.from} ${found.to}`);
  return found;
}

/** The shortest stretch around a step that approvals cover, each of which every rule counts. */
export async function find(
  history: LandedHistory,
  settled: Settled,
  path: BytePath,
  place: number,
  guards: readonly Guard[],
  { late, longest }: Reach,
): Promise<(Stretch & { readonly used: readonly string[] }) | null> {
  const { line } = history;
  let tries = 0;
  for (const stretch of stretches(history, settled, { path, place, longest })) {
    if (++tries > maxTries)
      throw new Undecided(
        `too many approvals could cover what ${line.commitAt(place).slice(0, 12)} made of ${showPath(path)}`,
        'npx git-protect approve --up-to REV --reason "…"',
      );
    const consents = await weigh(history, settled, stretch, { path, place }, late);
    const step = line.stepOver(path, stretch);
    const found = guards.map((guard) => consents.consent(step, guard));
    if (!found.every((consent) => consent.approved)) continue;
    const used = found.flatMap((consent) => (consent.approved ? consent.approvals : []));
    if (used.length > 0) return { ...stretch, used: late ? oneOfEach(history.brought, used) : used };
  }
  return null;
}

/** Of approvals that say the same one of every approver is used: the others are left for another time. */
function oneOfEach(brought: LandedHistory['brought'], names: readonly string[]): string[] {
  const chosen = new Map<string, string>();
  for (const { approval } of brought) {
    const { approver, changes } = approval.statement;
    const says = `${approver} ${changes.map(({ path, from, to }) => `${path} ${stateKey(from)} ${stateKey(to)}`).join()}`;
    if (names.includes(approval.name)) chosen.set(says, chosen.get(says) ?? approval.name);
  }
  return [...chosen.values()];
}

/** Stretches that could cover a step, the shortest first. */
function* stretches(
  { line, brought }: LandedHistory,
  settled: Settled,
  { path, place, longest }: { readonly path: BytePath; readonly place: number; readonly longest: number },
): Iterable<Stretch> {
  const listing = brought.filter(
    ({ approval, landed }) =>
      landed <= settled.known && approval.statement.changes.some((change) => change.path === path),
  );
  const taken = new Set(
    listing.map(({ approval }) => settled.used.get(approval.name)).filter((one) => one !== undefined),
  );
  for (const one of taken) {
    const [from, to] = one.split(' ').map(Number) as [number, number];
    if (from < place && place <= to) yield { from, to };
  }
  const free = listing.filter(({ approval }) => !settled.used.has(approval.name));
  if (free.length === 0) return;
  const single = { from: place - 1, to: place };
  yield single;
  if (longest === 1) return;
  const signed = free.map(({ approval }) => approval.statement.changes.find((change) => change.path === path)!);
  const [begins, ends] = [
    new Set(signed.map(({ from }) => stateKey(from))),
    new Set(signed.map(({ to }) => stateKey(to))),
  ];
  const moves = new Set<number>(free.map(({ landed }) => landed));
  for (const { approval } of free)
    for (const change of approval.statement.changes)
      for (const at of line.courses.get(change.path)?.places ?? []) moves.add(at);
  const froms = [...moves]
    .map((at) => at - 1)
    .filter((at) => at >= settled.words && at < place && place - at <= longest && begins.has(line.keyAt(path, at)));
  const tos = [...moves].filter(
    (at) => at >= place && at - place < longest && at <= settled.known && ends.has(line.keyAt(path, at)),
  );
  const all = froms.flatMap((from) => tos.filter((to) => to - from <= longest).map((to) => ({ from, to })));
  all.sort((a, b) => a.to - a.from - (b.to - b.from) || b.from - a.from);
  for (const one of all) if (one.from !== single.from || one.to !== single.to) yield one;
}
