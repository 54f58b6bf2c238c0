import { checks } from '../checks/index.ts';
import { ownCheck } from '../checks/own.ts';
import { type SharedContext, sharedContext, type World } from '../context/index.ts';
import type { Repository } from '../git/repository.ts';
import {
  type Change,
  type Check,
  type CheckSettings,
  exitCode,
  type Finding,
  type Gate,
  type GrantedWaiver,
  leftOut,
  type Outcome,
  type Policy,
  type Report,
  Undecided,
  UsageError,
} from '../model/index.ts';
import type { Sourced } from '../sources/staged.ts';
import { nearest } from '../words/nearest.ts';
import { errored, finding, skipped, waived } from './outcome.ts';

/** What a gate is asked to judge, and by whose means. */
export interface Case {
  readonly gate: Gate;
  readonly repository: Repository;
  readonly world: World;
  /** Where the changes come from. */
  readonly source: () => Promise<Sourced>;
  /** No policy at all is wrong usage instead of a note. */
  readonly requirePolicy?: boolean;
  /** Before a deploy: which checks to run, and who watches. */
  readonly selection?: Selection;
  /** Write the tree of a commit in the making too, so that the report can name it. */
  readonly describeTrees?: boolean;
}

/** Which of the gate's checks run. Unless all do nothing is decided. */
export interface Selection {
  /** These ids only. @throws UsageError for one that the gate has not */
  readonly only?: readonly string[] | undefined;
  /** Later waves run whatever the earlier ones said. */
  readonly all?: boolean;
  /** Nothing runs; the report lists what would. */
  readonly dry?: boolean;
  readonly watch?: Watch;
}

/** Somebody who watches the checks as they run. */
export interface Watch {
  planned(checks: readonly string[]): void;
  started(check: string): void;
  ended(outcome: Outcome): void;
}

/**
 * Everything git-protect does passes here: a source yields changes, checks judge them by a policy, findings make a
 * report.
 * @throws UsageError (PolicyError among them) when the policy cannot be obeyed: exit 2, no report
 */
export async function judge({
  gate,
  repository,
  world,
  source,
  requirePolicy = false,
  selection = {},
  describeTrees = false,
}: Case): Promise<Report> {
  const started = milliseconds();
  let sourced: Sourced;
  try {
    sourced = await source();
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    return report(
      gate,
      null,
      [],
      checks.filter((check) => check.gates.includes(gate)).map((check) => errored(check.id, error, 0)),
      started,
    );
  }
  const { loaded, changes } = sourced;
  if (!loaded) {
    if (requirePolicy) throw new UsageError('there is no policy to judge by', 'npx git-protect init');
    return report(
      gate,
      null,
      [],
      [],
      started,
      gate === 'commit-msg' ? [] : ['no policy yet, so nothing is judged; npx git-protect init makes one'],
    );
  }
  const contexts = changes.map((change) => sharedContext({ ...sourced, gate, loaded }, change, repository, world));
  const scheduled = checksOf(gate, loaded.policy);
  refuseUnknown(scheduled, selection);
  // Each check listens to it, and Node takes more than ten listeners for a leak.
  process.getBuiltinModule('node:events').setMaxListeners(0, world.signal);
  const run = { contexts, selection, waivers: sourced.waivers ?? [], signal: world.signal };
  const outcomes = await runWaves(scheduled, run);
  const described = await Promise.all(changes.map((change) => describe(change, describeTrees)));
  const told = report(gate, loaded, described, outcomes, started, notes(gate, sourced));
  return partly(told, selection);
}

/** 0 pass, 1 refused, 3 undecided. */
export function exitCodeOf(report: Report): number {
  return { pass: exitCode.pass, refuse: exitCode.refused, undecided: exitCode.undecided }[report.verdict];
}

/** `performance` would cost a hook 2 ms to load. */
function milliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

interface Scheduled {
  readonly check: Check;
  readonly settings: CheckSettings;
}

function checksOf(gate: Gate, policy: Policy): Scheduled[] {
  const own = Object.entries(policy.checks).filter(([, settings]) => settings.command);
  const all = [...checks, ...own.map(([id, settings]) => ownCheck(id, settings))];
  return all
    .map((check) => ({ check, settings: policy.checks[check.id] ?? {} }))
    .filter(({ check }) => check.gates.includes(gate));
}

/** What all checks of a run have in common. */
interface Run {
  readonly contexts: readonly SharedContext[];
  readonly selection: Selection;
  readonly waivers: readonly GrantedWaiver[];
  readonly signal: AbortSignal;
}

/**
 * Within a wave no failure hides another; a later wave runs only when nothing was refused or left undecided. The first
 * wave runs side by side; the commands of the later ones, which share a working tree, one after the other.
 */
async function runWaves(scheduled: readonly Scheduled[], run: Run): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>();
  const { watch, only, all, dry } = run.selection;
  watch?.planned(scheduled.map(({ check }) => check.id));
  const waves = [...new Set(scheduled.map(({ check }) => check.wave ?? 0))].sort((a, b) => a - b);
  for (const wave of waves) {
    const open = all || [...outcomes.values()].every(({ status }) => status === 'passed' || status === 'skipped');
    const one = async ({ check, settings }: Scheduled) => {
      const asked = !only || only.includes(check.id);
      if (asked && open && !dry) watch?.started(check.id);
      const outcome = !asked
        ? skipped(check.id, leftOut)
        : open
          ? await runCheck(check, settings, run)
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

/** @throws UsageError when `only` names a check that the gate has not */
function refuseUnknown(scheduled: readonly Scheduled[], { only }: Selection): void {
  const ids = scheduled.map(({ check }) => check.id);
  const unknown = only?.find((id) => !ids.includes(id));
  if (unknown === undefined) return;
  const meant = nearest(unknown, ids);
  throw new UsageError(
    `no check '${unknown}' runs here${meant ? `; did you mean '${meant}'?` : ''}`,
    `the checks are ${ids.join(', ')}`,
  );
}

/** Where not all that the gate asks for was run nothing is decided, unless it is refused. */
function partly(told: Report, { only, dry }: Selection): Report {
  if (!only && !dry) return told;
  const note = dry ? 'nothing was run (--dry-run)' : `only a part was run (--only ${only!.join(',')})`;
  const verdict = told.verdict === 'refuse' ? 'refuse' : 'undecided';
  return { ...told, verdict, notes: [...told.notes, `${note}, so nothing is decided`] };
}

async function runCheck(
  check: Check,
  settings: CheckSettings,
  { contexts, selection, waivers, signal: outer }: Run,
): Promise<Outcome> {
  if (settings.severity === 'off') return skipped(check.id, 'the policy turns it off');
  if (settings.on && contexts[0] && !settings.on.includes(contexts[0].gate))
    return skipped(check.id, `the policy does not run it at ${contexts[0].gate}`);
  if (contexts.length === 0) return skipped(check.id, 'nothing is changed');
  if (selection.dry) return skipped(check.id, `would run: ${check.summary}`);
  if (outer.aborted) return errored(check.id, new Undecided('it was interrupted'), 0);
  const started = milliseconds();
  const findings: Finding[] = [];
  const reasons: string[] = [];
  try {
    for (const context of contexts) {
      const problems = await limited(check, settings, { ...context, options: settings.options, signal: outer }, outer);
      if ('skipped' in problems) reasons.push(problems.skipped);
      else
        findings.push(
          ...problems.map((problem) =>
            finding(problem, settings.severity, contexts.length > 1 ? context.change : null),
          ),
        );
    }
  } catch (error) {
    return { ...errored(check.id, error, milliseconds() - started), findings };
  }
  const durationMs = milliseconds() - started;
  if (reasons.length === contexts.length) return { ...skipped(check.id, reasons[0]!), durationMs };
  const waiver = waivers.find(({ checks: ids }) => ids.includes(check.id));
  if (waiver && findings.some(({ severity }) => severity === 'error'))
    return { check: check.id, status: 'passed', durationMs, findings: findings.map((one) => waived(one, waiver)) };
  const status = findings.some(({ severity }) => severity === 'error') ? 'failed' : 'passed';
  return { check: check.id, status, durationMs, findings };
}

/**
 * Runs the check under its time limit. What it says while it is being interrupted is no answer: commands may well end
 * without a complaint when they are stopped.
 * @throws Undecided when the time is over, or the run was interrupted
 */
async function limited(
  check: Check,
  settings: CheckSettings,
  context: Parameters<Check['run']>[0],
  outer: AbortSignal,
): ReturnType<Check['run']> {
  if (outer.aborted) throw new Undecided('it was interrupted');
  const found = await timed(check, settings, context, outer);
  if (outer.aborted) throw new Undecided('it was interrupted');
  return found;
}

async function timed(check: Check, settings: CheckSettings, context: Parameters<Check['run']>[0], outer: AbortSignal) {
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

/** Told once a commit: commit-msg follows on pre-commit. */
function notes(gate: Gate, { loaded, notes: said = [] }: Sourced): string[] {
  if (gate === 'commit-msg') return [];
  if (loaded?.bootstrap === 'adoption')
    return [...said, 'this change brings the first policy; protected files are judged from the next change on'];
  if (loaded?.bootstrap === 'uncommitted')
    return [
      ...said,
      `the policy is not committed yet; it already holds here: git add ${loaded.source.replace('worktree:', '')}`,
    ];
  return [...said];
}

async function describe(change: Change, trees: boolean): Promise<Report['changes'][number]> {
  return {
    ref: change.ref,
    base: change.base,
    head: change.head,
    tree: change.kind === 'commit' && !trees ? null : await change.tree(),
  };
}

function report(
  gate: Gate,
  loaded: Report['policy'],
  changes: Report['changes'],
  outcomes: readonly Outcome[],
  started: number,
  said: string[] = [],
): Report {
  const refused = outcomes.some(({ findings }) => findings.some(({ severity }) => severity === 'error'));
  const undecided = outcomes.some(({ status }) => status === 'errored');
  const verdict = refused ? 'refuse' : undecided ? 'undecided' : 'pass';
  const policy = loaded && { source: loaded.source, oid: loaded.oid };
  return { version: 1, gate, verdict, policy, changes, outcomes, durationMs: milliseconds() - started, notes: said };
}
