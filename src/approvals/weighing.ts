import type { BytePath, LoadedPolicy } from '../model/index.ts';
import type { Brought } from './brought.ts';
import { Consents } from './chains.ts';
import type { Line, Stretch } from './line.ts';
import { type LandedHistory, policyAt, type Settled } from './settled.ts';
import type { Approval } from './statement.ts';
import { type Fault, faultOf, onceLanded } from './verify.ts';

const unruled: Fault = { reason: 'not-owner', text: 'no policy held where the approval landed' };

/** A stretch as one change: what would CI have said of it, by the policy that stood approved before it? */
export async function weigh(
  { line, branch, brought, settle }: LandedHistory,
  settled: Settled,
  stretch: Stretch,
  { path, place }: { readonly path: BytePath; readonly place: number },
  late: boolean,
): Promise<Consents> {
  const key = `${stretch.from} ${stretch.to}`;
  const policy = policyAt(settled.standing, stretch.from);
  const near = brought.filter(({ approval, landed, dropped }) => {
    const used = settled.used.get(approval.name);
    if (landed > settled.known || (used !== undefined && used !== key)) return false;
    return landed <= stretch.to ? dropped > stretch.to : late;
  });
  const pool = near.filter(
    ({ approval, landed }) =>
      (landed > stretch.from && landed <= stretch.to) ||
      approval.statement.changes.some((change) => change.path === path),
  );
  const faults = new Map<Approval, Fault | null>();
  for (const one of pool) {
    const { approval, landed } = one;
    const then = landed > stretch.to ? policyAt((await settle(landed - 1)).standing, landed - 1) : policy;
    const how = { spent: isSpent(line, one, stretch, place), place: stretch.to };
    faults.set(approval, then ? faultOnce({ line, branch }, approval, then, how) : unruled);
  }
  return new Consents({
    approvals: pool.map(({ approval }) => approval),
    fault: (approval) => faults.get(approval) ?? null,
    base: (at) => line.signedAt(at, stretch.from),
    tips: () => [],
    result: (at) => line.signedAt(at, stretch.to),
    sign: (state) => line.sign(state),
  });
}

/**
 * Is an approval spent where a step of a stretch begins? What the line itself did since the stretch began may be a part of what
 * the approval allows, as long as that was not taken whole and then taken back.
 */
function isSpent(
  line: Line,
  { approval, landed, spent, spentAside }: Brought,
  { from }: Stretch,
  place: number,
): boolean {
  if (spent <= from || spentAside < place) return true;
  return (
    spent < place && line.tookBack(approval.statement.changes, { from: Math.max(from, landed - 1), to: place - 1 })
  );
}

/** What is wrong with an approval by itself, for a branch as it was at a place. */
export function faultOnce(
  { line, branch }: Pick<LandedHistory, 'line' | 'branch'>,
  approval: Approval,
  { policy }: LoadedPolicy,
  { spent, place }: { spent: boolean; place: number },
): Fault | null {
  const then = onceLanded(approval, branch.now);
  const target = branch.target(line.commitAt(place));
  return faultOf(approval, { policy, now: then, target, spent });
}
