import { checksFor } from '../checks/of-changes.ts';
import { sharedContext } from '../context/index.ts';
import { once } from '../context/once.ts';
import type { World } from '../context/world.ts';
import { inParts } from '../git/in-parts.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, exitCode, type Gate, type Outcome, type Report, Undecided, UsageError } from '../model/index.ts';
import type { Sourced } from '../sources/staged.ts';
import { milliseconds, plainClock, sharedClock } from './clock.ts';
import { errored } from './outcome.ts';
import type { Selection } from './selection.ts';
import { inTurn } from './turns.ts';
import { checksOf, runWaves } from './waves.ts';
import { withoutSecrets } from './without-secrets.ts';

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
      (await checksFor(gate)).filter((check) => check.gates.includes(gate)).map((check) => errored(check.id, error, 0)),
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
  const given = { ...sourced, gate, loaded };
  const contexts = inTurn(changes, (change) => ({
    change,
    context: once(() => sharedContext(given, change, repository, world)),
  }));
  const scheduled = await checksOf(gate, loaded.policy, selection);
  // Each check listens to it, and Node takes more than ten listeners for a leak.
  process.getBuiltinModule('node:events').setMaxListeners(0, world.signal);
  const clock = gate === 'pre-deploy' ? sharedClock() : plainClock;
  const run = {
    gate,
    contexts,
    none: changes.length === 0,
    many: changes.length > 1,
    selection,
    waivers: sourced.waivers ?? [],
    signal: world.signal,
    clock,
  };
  const outcomes = await withoutSecrets(await runWaves(scheduled, run).finally(() => clock.stop()));
  const described = await inParts(changes, (change) => describe(change, describeTrees));
  const told = {
    ...report(gate, loaded, described, outcomes, started, notes(gate, sourced)),
    ...(sourced.headline === undefined ? {} : { headline: sourced.headline }),
  };
  return partly(told, selection);
}

/** 0 pass, 1 refused, 3 undecided. */
export function exitCodeOf(report: Report): number {
  return { pass: exitCode.pass, refuse: exitCode.refused, undecided: exitCode.undecided }[report.verdict];
}

/** Where not all that the gate asks for was run nothing is decided, unless it is refused. */
function partly(told: Report, { only, dry }: Selection): Report {
  if (!only && !dry) return told;
  const note = dry ? 'nothing was run (--dry-run)' : `only a part was run (--only ${only!.join(',')})`;
  const verdict = told.verdict === 'refuse' ? 'refuse' : 'undecided';
  return { ...told, verdict, notes: [...told.notes, `${note}, so nothing is decided`] };
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
    tree: trees ? await change.tree() : null,
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
