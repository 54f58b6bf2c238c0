import type { BytePath } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import type { Line } from './line.ts';
import { isCovered, policyAt, type Settled } from './settled.ts';
import { sameState } from './statement.ts';

/** Steps that no approval covers, but that were taken back to the state which last stood approved. */
export function findDetours(line: Line, settled: Settled, path: BytePath): void {
  const { first, places, states } = line.courses.get(path)!;
  let approved = first;
  let open: number[] = [];
  for (const [at, place] of places.entries()) {
    const policy = policyAt(settled.standing, place - 1);
    const isFree = !policy || place <= settled.words || compileRules(policy.policy)(path).length === 0;
    if (isFree || isCovered(settled, path, place)) {
      approved = states[at]!;
      open = [];
      continue;
    }
    open.push(place);
    if (!sameState(states[at]!, approved)) continue;
    const taken = settled.taken.get(path) ?? new Set();
    for (const one of open) taken.add(one);
    settled.taken.set(path, taken);
    open = [];
  }
}
