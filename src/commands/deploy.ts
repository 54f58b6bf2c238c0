import { lastLive } from '../deploys/journal.ts';
import { type Order, ship } from '../deploys/line.ts';
import { journals } from '../deploys/lock.ts';
import type { DeployPlace } from '../deploys/place.ts';
import { showPath } from '../git/raw.ts';
import { Repository } from '../git/repository.ts';
import { worktreeStatus } from '../git/worktree-status.ts';
import { exitCode, type Oid, Refused, type Report, Undecided, UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { checklistOn } from './checklist.ts';
import { DeployGate } from './deploy-gate.ts';
import { withDeploy } from './deploy-place.ts';
import { deployForms, writeEnded } from './deploy-report.ts';
import { deployVerbs } from './deploy-verbs.ts';
import { type DeployView, deployView } from './deploy-view.ts';
import type { Io } from './io.ts';
import { runJudging } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { verbOf } from './verbs.ts';
import { type Grants, readGrants } from './waivers.ts';

export const usage = {
  words: `[ENVIRONMENT] | ${Object.keys(deployVerbs).join(' | ')} …`,
  flags: {
    'dry-run': { type: 'boolean', means: 'show what would be done; decides nothing' },
    waiver: {
      type: 'string',
      multiple: true,
      value: 'TOKEN',
      means: 'accept a waiver or a tick of an owner (may repeat)',
    },
    only: { type: 'string', value: 'restart', means: 'restart: restart what runs, with a backup and a way back' },
    format: { type: 'string', value: 'FORM', means: `output format: ${deployForms.join(', ')}` },
  },
  example: 'npx git-protect deploy production',
  verbs: deployVerbs,
} as const satisfies Usage;

/** `protect deploy [ENVIRONMENT]`: check, make the way back, ship, watch; and take back what does not come up. */
export async function deploy(args: readonly string[], io: Io): Promise<number> {
  const verb = await verbOf('deploy', deployVerbs, args, io);
  if (verb !== null) return verb();
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const format = deployForms.find((one) => one === (values.format ?? 'text'));
  if (format === undefined)
    throw new UsageError(`--format is '${values.format}', expected one of ${deployForms.join(', ')}`);
  if (values.only !== undefined && values.only !== 'restart')
    throw new UsageError(`--only is '${values.only}', expected restart`);
  const given = await readGrants(values.waiver ?? [], io);
  let place: DeployPlace | null = null;
  const view = deployView(io, () => place!.environment.watch);
  return withDeploy(io, positionals[0], view.tell, async (found, head) => {
    place = found;
    // What a program is to read stands alone on standard output.
    const told = format === 'text' ? io : { ...io, stdout: io.stderr };
    const kind = values.only === undefined ? 'deploy' : 'restart';
    const shipped = { io: told, place: found, given, view };
    if (values['dry-run']) return dryRun(shipped, kind, head);
    try {
      const commit = kind === 'restart' ? await runningCommit(found) : head;
      const ended = await ship(found, await orderOf(shipped, kind, commit));
      view.end();
      writeEnded(io, found, ended, format);
      return ended.code;
    } finally {
      view.end();
    }
  });
}

interface Shipping {
  readonly io: Io;
  readonly place: DeployPlace;
  readonly given: Grants;
  readonly view: DeployView;
}

async function orderOf(shipping: Shipping, kind: Order['kind'], commit: Oid): Promise<Order> {
  const { io, place, given, view } = shipping;
  const tags = kind === 'deploy' && place.environment.rollback?.tag != null;
  const gate = new DeployGate(io, {
    environment: place.name,
    given,
    fetch: true,
    readopt: null,
    tag: tags,
    again: true,
    tell: view.tell,
  });
  const before = await standing(io);
  let passed: Report | null = null;
  return {
    kind,
    commit,
    viewer: view,
    abandoned: io.insisted?.() ?? new AbortController().signal,
    async judge() {
      // What runs already has been judged, and what is restarted is not what lies here.
      if (kind === 'restart') return;
      const code = await judged(io, gate, {}, (report) => {
        passed = report;
      });
      if (code === exitCode.refused) throw new Refused('the checks before a deploy did not pass');
      if (code !== exitCode.pass) throw new Undecided('the checks before a deploy could not judge');
      if (JSON.stringify(gate.environment) !== JSON.stringify(place.environment))
        throw new Undecided(`the policy of ${place.name} has just changed`, `npx git-protect deploy ${place.name}`);
    },
    tag: async () => (tags && passed !== null ? gate.mark(place.repository, passed, true, view.tell) : ''),
    async unchanged() {
      const now = await standing(io);
      const other = now.find((line) => !before.includes(line)) ?? before.find((line) => !now.includes(line));
      if (other !== undefined)
        throw new Undecided(
          `what lies here has changed since it was judged: ${other}`,
          'run it again; what a deploy makes belongs into .gitignore',
        );
    },
  };
}

async function judged(io: Io, gate: DeployGate, selection: object, pass: (report: Report) => void): Promise<number> {
  const checklist = checklistOn(io, true);
  return runJudging(io, {
    gate: 'pre-deploy',
    keep: 'location',
    quiet: false,
    requirePolicy: true,
    selection: { ...selection, ...(checklist ? { watch: checklist } : {}) },
    source: (repository) => gate.source(repository),
    ...(checklist ? { progress: checklist } : {}),
    after: async (_, report) => {
      pass(report);
      return exitCode.pass;
    },
  });
}

/** The commit and all that lies beside it, a line each. */
async function standing(io: Io): Promise<string[]> {
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const status = await worktreeStatus(repository);
    const entries = status.entries.map(({ path, state }) => `${showPath(path)} (${state})`);
    return [`HEAD at ${status.head}`, ...entries, ...status.hidden.map((path) => `${showPath(path)} (hidden)`)];
  } finally {
    repository.close();
  }
}

/** What is restarted is what was live last. */
async function runningCommit(place: DeployPlace): Promise<Oid> {
  const last = lastLive(journals(place));
  if (last === null)
    throw new Undecided(`nothing was deployed to ${place.name} from here`, `npx git-protect deploy ${place.name}`);
  return last.begun.commit;
}

/** Says what would be done. Nothing is decided by it, so it is never a pass. */
async function dryRun({ io, place, given, view }: Shipping, kind: Order['kind'], commit: Oid): Promise<number> {
  const { environment, name } = place;
  const gate = new DeployGate(io, {
    environment: name,
    given,
    fetch: false,
    readopt: null,
    tag: false,
    tell: view.tell,
  });
  if (kind === 'deploy') await judged(io, gate, { dry: true }, () => undefined);
  const last = lastLive(journals(place))?.begun.commit ?? null;
  const { run, undo, undoCheck, backup, release, rollback, live, watch } = environment;
  const way = undo === 'release' ? 'the archive is put back' : undo!.command;
  const steps = [
    [
      'commit',
      `${commit.slice(0, 12)}, in place of ${last === null ? 'what nobody here deployed' : last.slice(0, 12)}`,
    ],
    ['way back', undoCheck === null ? way : `${undoCheck.command}, then: ${way}`],
    ['backup', backup],
    ['release', release && `${release.paths.join(', ')} into ${release.into}`],
    ['tag', kind === 'deploy' ? (rollback?.tag ?? null) : null],
    ['run', kind === 'deploy' ? run!.command : 'the restart'],
    ['ready', `${live!.url} names ${commit.slice(0, 12)} by ${live!.commit}`],
    ['watch', `for ${watch.for / 1000} s, every ${watch.every / 1000} s`],
  ] as const;
  for (const [phase, what] of steps) if (what !== null) io.stdout.write(visible(`${phase.padEnd(10)}${what}\n`));
  io.stdout.write('nothing was run (--dry-run), so nothing is decided\n');
  return exitCode.undecided;
}
