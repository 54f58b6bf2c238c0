import { contextOf } from '../context/index.ts';
import type { SharedContext } from '../context/world.ts';
import {
  type Capability,
  type Check,
  type CheckSettings,
  type Context,
  type Finding,
  type Gate,
  type GrantedWaiver,
  type Outcome,
  Undecided,
} from '../model/index.ts';
import type { Clock } from './clock.ts';
import { errored, finding, skipped, waived } from './outcome.ts';
import type { Selection } from './selection.ts';

/** A check with what the policy says of it. */
export interface Scheduled {
  readonly check: Check;
  readonly settings: CheckSettings;
}

/** What all checks of a run have in common. */
export interface Run {
  readonly contexts: readonly SharedContext[];
  readonly selection: Selection;
  readonly waivers: readonly GrantedWaiver[];
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Runs one check on every change, and makes an outcome of what it says. */
export async function runCheck({ check, settings }: Scheduled, run: Run): Promise<Outcome> {
  const { contexts, selection, signal } = run;
  if (settings.severity === 'off') return skipped(check.id, 'the policy turns it off');
  const gate = contexts[0]?.judged.gate;
  if (settings.on && gate && !settings.on.includes(gate))
    return skipped(check.id, `the policy does not run it at ${gate}`);
  if (contexts.length === 0) return skipped(check.id, 'nothing is changed');
  if (selection.dry) return skipped(check.id, `would run: ${check.summary}`);
  if (signal.aborted) return errored(check.id, new Undecided('it was interrupted'), 0);
  const findings: Finding[] = [];
  const reasons: string[] = [];
  const { error, durationMs } = await run.clock.time(async () => {
    for (const shared of contexts) {
      const own = { options: settings.options, signal };
      const seen = contextOf(check, shared, own);
      if ('lacks' in seen) {
        reasons.push(lackOf(shared.judged.gate, seen.lacks));
        continue;
      }
      const problems = await limited(check, settings, seen.context, signal);
      if ('skipped' in problems) reasons.push(problems.skipped);
      else {
        const change = contexts.length > 1 ? shared.judged.change : null;
        findings.push(...problems.map((problem) => finding(problem, settings.severity, change)));
      }
    }
  });
  if (error !== null) return { ...errored(check.id, error.reason, durationMs), findings };
  if (reasons.length === contexts.length) return { ...skipped(check.id, reasons[0]!), durationMs };
  return settled(check.id, findings, durationMs, run.waivers);
}

/** Why the gate does not have what a check needs. */
function lackOf(gate: Gate, capability: Capability): string {
  if (capability !== 'commands') return `${gate} has no ${capability}`;
  return gate === 'pre-receive' ? 'commands are not run on a server' : 'commands are not run (--no-commands)';
}

function settled(id: string, findings: readonly Finding[], durationMs: number, waivers: Run['waivers']): Outcome {
  const refuses = findings.some(({ severity }) => severity === 'error');
  const waiver = refuses ? waivers.find(({ checks }) => checks.includes(id)) : undefined;
  if (waiver) return { check: id, status: 'passed', durationMs, findings: findings.map((one) => waived(one, waiver)) };
  return { check: id, status: refuses ? 'failed' : 'passed', durationMs, findings };
}

/**
 * Runs the check under its time limit. What it says while it is being interrupted is no answer: commands may well end
 * without a complaint when they are stopped.
 * @throws Undecided when the time is over, or the run was interrupted
 */
async function limited(
  check: Check,
  settings: CheckSettings,
  context: Context<Capability>,
  outer: AbortSignal,
): ReturnType<Check['run']> {
  if (outer.aborted) throw new Undecided('it was interrupted');
  const found = await timed(check, settings, context, outer);
  if (outer.aborted) throw new Undecided('it was interrupted');
  return found;
}

async function timed(check: Check, settings: CheckSettings, context: Context<Capability>, outer: AbortSignal) {
  if (check.stopsItself) return check.run(context);
  const limit = check.timeout === 0 ? 0 : (settings.timeout ?? check.timeout);
  let timer: NodeJS.Timeout | undefined;
  let interrupt: (() => void) | undefined;
  const late = new Promise<never>((_, fail) => {
    const help = `raise checks.${check.id}.timeout in the policy`;
    if (limit > 0) timer = setTimeout(() => fail(new Undecided(`it took longer than ${limit / 1000} s`, help)), limit);
    interrupt = () => fail(new Undecided('it was interrupted'));
    if (check.timeout !== 0) outer.addEventListener('abort', interrupt, { once: true });
  });
  try {
    return await Promise.race([check.run(context), late]);
  } finally {
    clearTimeout(timer);
    if (interrupt) outer.removeEventListener('abort', interrupt);
  }
}
