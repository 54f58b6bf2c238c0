import { type BytePath, policyNames, type State } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { cover } from './covering.ts';
import { type LandedHistory, policyAt, type Settled, unsettled } from './settled.ts';
import { sameState } from './statement.ts';
import { faultOnce } from './weighing.ts';

/** Which policies stood approved along a branch, and up to where an owner stands by all, when only what landed up to a place is known. */
export async function settlePolicy(history: LandedHistory, known: number): Promise<Settled> {
  const { line, branch } = history;
  const settled = unsettled(known);
  settled.words = await wordUpTo(history, known);
  const approved = new Map<BytePath, State | null>();
  const stand = async (place: number) => {
    for (const name of policyNames) approved.set(name, line.stateAt(name, place));
    const loaded = await branch.policyAt(line.commitAt(place));
    if (loaded) settled.standing.push({ place, loaded });
    return loaded;
  };
  let isHeld = (await stand(0)) !== null;
  const moves = policyNames.flatMap((name) => line.courses.get(name)?.places ?? []).filter((place) => place <= known);
  const events = [...new Set([...moves, ...(settled.words > 0 ? [settled.words] : [])])].sort((a, b) => a - b);
  for (let at = 0; at < events.length; at++) {
    const place = events[at]!;
    if (!isHeld || place <= settled.words) {
      // Nothing held before it, or an owner stands by it.
      isHeld = (await stand(place)) !== null || isHeld;
      continue;
    }
    for (const name of policyNames) await followPolicy(history, settled, { name, place, approved, events });
    const settledAgain = policyNames.every((name) => sameState(approved.get(name) ?? null, line.stateAt(name, place)));
    if (settledAgain) await stand(place);
  }
  return settled;
}

/** One policy file at one place: is its step covered, and does a stretch that covers one end here? */
async function followPolicy(
  history: LandedHistory,
  settled: Settled,
  {
    name,
    place,
    approved,
    events,
  }: { name: BytePath; place: number; approved: Map<BytePath, State | null>; events: number[] },
): Promise<void> {
  const { line } = history;
  const covers = settled.covers.get(name) ?? [];
  const isOnTheWay = covers.some(({ from, to }) => from < place && place <= to);
  const policy = policyAt(settled.standing, place - 1);
  if (!isOnTheWay && policy && line.courses.get(name)?.places.includes(place)) {
    const guards = compileRules(policy.policy)(name);
    const free = { from: place - 1, to: place };
    if (guards.length === 0) settled.covers.set(name, [...covers, free]);
    const found = guards.length === 0 ? free : await cover(history, settled, name, place, guards);
    if (found && !events.includes(found.to)) {
      events.push(found.to);
      events.sort((a, b) => a - b);
    }
  }
  if ((settled.covers.get(name) ?? []).some(({ to }) => to === place)) approved.set(name, line.stateAt(name, place));
}

/** The place up to which an owner stands by all that landed. Each word is judged by the policy that stood approved where it landed. */
async function wordUpTo({ line, branch, brought, settle }: LandedHistory, known: number): Promise<number> {
  let newest = 0;
  for (const { approval, landed } of brought) {
    const { upTo } = approval.statement;
    const place = upTo === null ? -1 : line.places.findIndex(({ commit }) => commit === upTo) + 1;
    if (place <= newest || landed > known || landed === 0 || place > landed) continue;
    const policy = policyAt((await settle(landed - 1)).standing, landed - 1);
    if (policy && faultOnce({ line, branch }, approval, policy, { spent: false, place: landed }) === null)
      newest = place;
  }
  return newest;
}
