import { checksFor } from '../checks/of-changes.ts';
import { ownCheck } from '../checks/own.ts';
import { type Check, type Gate, leftOut, type Outcome, type Policy, UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { skipped } from './outcome.ts';
import { CheckRun, type Run, type Scheduled, unrun } from './run-check.ts';
import type { Selection } from './selection.ts';

/** What runs at a gate. @throws UsageError when `only` names a check that the gate has not */
export async function checksOf(gate: Gate, policy: Policy, { only, within }: Selection): Promise<Scheduled[]> {
  const own = Object.entries(policy.checks).filter(([, settings]) => settings.command);
  const every: readonly Check[] = [...(await checksFor(gate)), ...own.map(([id, settings]) => ownCheck(id, settings))];
  const all = within === undefined ? every : every.filter(({ id }) => within.includes(id));
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
    const now = scheduled.filter(({ check }) => (check.wave ?? 0) === wave);
    const end = (outcome: Outcome) => {
      watch?.ended(outcome);
      outcomes.set(outcome.check, outcome);
    };
    const begin = (each: Scheduled): CheckRun[] => {
      const { id } = each.check;
      const reason = only && !only.includes(id) ? leftOut : open ? null : 'an earlier check did not pass';
      if (reason === null && !dry) watch?.started(id);
      const outcome = reason === null ? unrun(each, run) : skipped(id, reason);
      if (outcome === null) return [new CheckRun(each, run)];
      end(outcome);
      return [];
    };
    if (wave === 0) await judgeAll(now.flatMap(begin), run, end);
    else for (const next of now) await judgeAll(begin(next), run, end);
  }
  return scheduled.map(({ check }) => outcomes.get(check.id)!);
}

/** Takes checks through the changes side by side. Each ends by itself, and is told then. */
async function judgeAll(checks: readonly CheckRun[], { contexts }: Run, end: (outcome: Outcome) => void) {
  for (const [turn, part] of contexts.entries()) {
    const made = checks.length === 0 ? [] : part();
    if (turn > 0) await new Promise(setImmediate);
    await Promise.all(
      checks.map(async (check) => {
        await check.judge(made);
        if (turn === contexts.length - 1) end(check.end());
      }),
    );
  }
}
