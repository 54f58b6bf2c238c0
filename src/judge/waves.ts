import { checks } from '../checks/index.ts';
import { ownCheck } from '../checks/own.ts';
import { type Check, type Gate, leftOut, type Outcome, type Policy, UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { skipped } from './outcome.ts';
import { type Run, runCheck, type Scheduled } from './run-check.ts';
import type { Selection } from './selection.ts';

/** What runs at a gate. @throws UsageError when `only` names a check that the gate has not */
export function checksOf(gate: Gate, policy: Policy, { only }: Selection): Scheduled[] {
  const own = Object.entries(policy.checks).filter(([, settings]) => settings.command);
  const all: readonly Check[] = [...checks, ...own.map(([id, settings]) => ownCheck(id, settings))];
  const scheduled = all
    .map((check) => ({ check, settings: policy.checks[check.id] ?? {} }))
    .filter(({ check }) => check.gates.includes(gate));
  const ids = scheduled.map(({ check }) => check.id);
  const unknown = only?.find((id) => !ids.includes(id));
  if (unknown === undefined) return scheduled;
  const meant = nearest(unknown, ids);
  throw new UsageError(
    `no check '${unknown}' runs here${meant ? `; did you mean '${meant}'?` : ''}`,
    `the checks are ${ids.join(', ')}`,
  );
}

/**
 * Within a wave no failure hides another; a later wave runs only when nothing was refused or left undecided. The first
 * wave runs side by side; the commands of the later ones, which share a working tree, one after the other.
 */
export async function runWaves(scheduled: readonly Scheduled[], run: Run): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const { watch, only, all, dry } = run.selection;
  watch?.planned(scheduled.map(({ check }) => check.id));
  const waves = [...new Set(scheduled.map(({ check }) => check.wave ?? 0))].sort((a, b) => a - b);
  for (const wave of waves) {
    const open = all || [...outcomes.values()].every(({ status }) => status === 'passed' || status === 'skipped');
    const one = async (each: Scheduled) => {
      const { check } = each;
      const asked = !only || only.includes(check.id);
      if (asked && open && !dry) watch?.started(check.id);
      const outcome = !asked
        ? skipped(check.id, leftOut)
        : open
          ? await runCheck(each, run)
          : skipped(check.id, 'an earlier check did not pass');
      watch?.ended(outcome);
      outcomes.set(check.id, outcome);
    };
    const now = scheduled.filter(({ check }) => (check.wave ?? 0) === wave);
    if (wave === 0) await Promise.all(now.map(one));
    else for (const next of now) await one(next);
  }
  return scheduled.map(({ check }) => outcomes.get(check.id)!);
}
