import { contextOf } from '../context/index.ts';
import type { SharedContext } from '../context/world.ts';
import {
  type Capability,
  type Change,
  type Check,
  type CheckSettings,
  type Finding,
  type Gate,
  type GrantedWaiver,
  type Outcome,
  Undecided,
} from '../model/index.ts';
import type { Clock } from './clock.ts';
import { errored, finding, skipped, waived } from './outcome.ts';
import type { Selection } from './selection.ts';
import { TimeLimit } from './time-limit.ts';
import type { Turns } from './turns.ts';

/** A check with what the policy says of it. */
export interface Scheduled {
  readonly check: Check;
  readonly settings: CheckSettings;
}

/** A change, and its context once a check wants it. */
export interface Pending {
  readonly change: Change;
  readonly context: () => SharedContext;
}

/** What all checks of a run have in common. */
export interface Run {
  readonly gate: Gate;
  readonly contexts: Turns<Pending>;
  /** No change, or more than one. */
  readonly none: boolean;
  readonly many: boolean;
  readonly selection: Selection;
  readonly waivers: readonly GrantedWaiver[];
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** One check that is run on one part of the changes after the other, and what it has said so far. */
export class CheckRun {
  readonly #each: Scheduled;
  readonly #run: Run;
  readonly #limit: TimeLimit;
  readonly #findings: Finding[] = [];
  /** Why it did not apply to a change, the first time. */
  #reason: string | null = null;
  #judged = false;
  #durationMs = 0;
  #error: { readonly reason: unknown } | null = null;

  constructor(each: Scheduled, run: Run) {
    this.#each = each;
    this.#run = run;
    this.#limit = new TimeLimit(each.check, each.settings, run.signal);
  }

  /** Judges a part of the changes, unless it could not judge an earlier one. */
  async judge(contexts: readonly Pending[]): Promise<void> {
    if (this.#error !== null) return;
    const { error, durationMs } = await this.#run.clock.time(async () => {
      for (const pending of contexts)
        if (this.#each.check.names || !bringsNothing(pending.change)) await this.#judge(pending.context());
        else this.#reason ??= 'nothing is brought that has not landed';
    });
    this.#durationMs += durationMs;
    this.#error = error;
  }

  async #judge(shared: SharedContext): Promise<void> {
    const { check, settings } = this.#each;
    const seen = contextOf(check, shared, { options: settings.options, signal: this.#run.signal });
    if ('lacks' in seen) {
      this.#reason ??= lackOf(shared.judged.gate, seen.lacks);
      return;
    }
    const problems = await this.#limit.run(seen.context);
    if ('skipped' in problems) {
      this.#reason ??= problems.skipped;
      return;
    }
    this.#judged = true;
    const change = this.#run.many ? shared.judged.change : null;
    for (const problem of problems) this.#findings.push(finding(problem, settings.severity, change));
  }

  /** What all of it comes to. */
  end(): Outcome {
    this.#limit.end();
    const [check, durationMs, findings] = [this.#each.check.id, this.#durationMs, this.#findings];
    if (this.#error !== null) return { ...errored(check, this.#error.reason, durationMs), findings };
    if (!this.#judged && this.#reason !== null) return { ...skipped(check, this.#reason), durationMs };
    return settled(check, findings, durationMs, this.#run.waivers);
  }
}

/** The outcome of a check that need not be run; null where it has to be. */
export function unrun({ check, settings }: Scheduled, { gate, none, selection, signal }: Run): Outcome | null {
  if (settings.severity === 'off') return skipped(check.id, 'the policy turns it off');
  if (none) return skipped(check.id, 'nothing is changed');
  if (settings.on && !settings.on.includes(gate)) return skipped(check.id, `the policy does not run it at ${gate}`);
  if (selection.dry) return skipped(check.id, `would run: ${check.summary}`);
  return signal.aborted ? errored(check.id, new Undecided('it was interrupted'), 0) : null;
}

/** A tag of what has landed, or another ref that leads there: nothing but its name is new. */
function bringsNothing({ ref, kind, base, head, target }: Change): boolean {
  return (
    kind !== 'delete' &&
    target === null &&
    head !== null &&
    base === head &&
    ref !== null &&
    !ref.startsWith('refs/heads/')
  );
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
