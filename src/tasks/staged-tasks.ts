import { join } from 'node:path';
import { commandEnvironment } from '../git/environment.ts';
import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { runCommand } from '../machine/run.ts';
import { type BytePath, type Change, type Oid, type Ran, type TasksEnd, Undecided } from '../model/index.ts';
import { SetAside } from './set-aside.ts';

/** What the process for lint-staged is told: tasks over what differs between two trees. */
export interface StagedTasksOrder {
  readonly config: unknown;
  readonly cwd: string;
  readonly from: Oid;
  readonly to: Oid;
}

/** What it answers. */
export interface StagedTasksAnswer {
  readonly ok: boolean;
  readonly tasks: readonly StagedTask[];
  readonly output: string;
}

export interface StagedTask {
  /** Without the files. */
  readonly command: string;
  /** Null when it was stopped, or never ran. */
  readonly exitCode: number | null;
  /** Why it never ran. */
  readonly missing: string | null;
}

export interface StagedTasksOptions {
  /** A lint-staged configuration, as `staged:` in the policy holds it. */
  readonly config: unknown;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Called when it takes longer than a moment. */
  tell(text: string): void;
}

/** Milliseconds until whoever waits is told what is going on. */
const moment = 1_000;

/**
 * Runs lint-staged over the index, in a process of its own and on a copy of the index. Whatever happens to that process
 * or to us, the files lie in the Git directory until they are back in the working tree.
 * @throws Undecided when the tasks could not be run to their end; the files are as they were
 */
export async function runStagedTasks(
  repository: Repository,
  change: Change,
  options: StagedTasksOptions,
): Promise<TasksEnd> {
  const staged = (await change.steps()).filter(({ to }) => to?.mode.startsWith('100'));
  if (staged.length === 0) return { end: 'passed', apart: [] };
  const paths = staged.map(({ path }) => readable(path));
  await refuseOtherGitDir(repository, options.env);
  const trees = { from: await baseTree(repository, change), to: await repository.text(['write-tree']) };
  const release = holdSignals();
  try {
    const aside = await SetAside.take(repository, paths);
    const end = await runOver(repository, aside, trees, options);
    return end.end === 'passed' ? { ...end, apart: await aside.bringBack() } : end;
  } finally {
    release();
  }
}

interface Trees {
  readonly from: Oid;
  readonly to: Oid;
}

/** Puts the files back unless the tasks passed. */
async function runOver(
  repository: Repository,
  aside: SetAside,
  trees: Trees,
  options: StagedTasksOptions,
): Promise<TasksEnd> {
  let end: TasksEnd | null = null;
  try {
    const answer = await ask(repository, aside, trees, options);
    end = answer.ok ? await stageChanges(repository, aside, trees) : failure(answer);
    return end;
  } finally {
    if (end?.end === 'changed') await aside.bringBack();
    else if (end?.end !== 'passed') await aside.putBack();
  }
}

/** Starts the process for lint-staged. @throws Undecided unless it answers */
async function ask(
  repository: Repository,
  aside: SetAside,
  trees: Trees,
  { config, env, timeout, signal, tell }: StagedTasksOptions,
): Promise<StagedTasksAnswer> {
  const { topLevel } = await repository.layout();
  const order: StagedTasksOrder = { config, cwd: topLevel!, ...trees };
  const timer = setTimeout(() => tell(`staged tasks: ${commandsOf(config)}`), moment);
  const ran = await runCommand([process.execPath, join(import.meta.dirname, 'staged-tasks-run.js')], {
    cwd: topLevel!,
    env: { ...commandEnvironment(env), GIT_INDEX_FILE: aside.index },
    timeout,
    signal,
    input: `${JSON.stringify(order)}\n`,
    leashed: true,
  });
  clearTimeout(timer);
  if (signal.aborted) throw new Undecided('it was interrupted; every staged file is as it was');
  if (ran.timedOut)
    throw new Undecided(
      `the tasks took longer than ${timeout / 1000} s and were stopped; every staged file is as it was`,
      'make them faster, or raise checks.staged-tasks.timeout in the policy',
    );
  return readAnswer(ran);
}

function readAnswer(ran: Ran): StagedTasksAnswer {
  try {
    return JSON.parse(ran.stdout ?? '');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const how = ran.exitCode === null ? 'was killed' : `ended with exit code ${ran.exitCode}`;
    const said = ran.output.trim() === '' ? '' : `\n${ran.output.trim()}`;
    throw new Undecided(`lint-staged ${how} before it answered; every staged file is as it was${said}`, 'commit again');
  }
}

/** @throws Undecided when nothing says that a task found something */
function failure({ tasks, output }: StagedTasksAnswer): TasksEnd {
  const missing = tasks.find((task) => task.missing !== null);
  if (missing)
    throw new Undecided(
      `the task ${missing.command} could not be started: ${missing.missing}`,
      'install it, or fix staged: in the policy',
    );
  const failed = tasks.filter(({ exitCode }) => exitCode !== null && exitCode > 0);
  if (failed.length > 0)
    return {
      end: 'failed',
      tasks: failed.map(({ command, exitCode }) => `${command} failed (exit code ${exitCode})`),
      output,
    };
  const killed = tasks.find(({ exitCode }) => exitCode === null);
  const what = killed ? `the task ${killed.command} was killed` : 'lint-staged could not run the tasks';
  throw new Undecided(`${what}${output === '' ? '' : `\n${output}`}`);
}

/** Takes what the tasks changed of the staged files from the copy of the index into the one that Git named. */
async function stageChanges(repository: Repository, aside: SetAside, { from, to }: Trees): Promise<TasksEnd> {
  const { topLevel } = await repository.layout();
  const made = await repository.text(['write-tree'], { env: { GIT_INDEX_FILE: aside.index } });
  if (made === to) return { end: 'passed', apart: [] };
  if (made === from) return { end: 'emptied' };
  const steps = await repository.diff(to, made);
  if (await commitsPaths(repository)) return { end: 'changed', paths: steps.map(({ path }) => path) };
  const lines = steps.map(
    ({ path, to: state }) => `${state?.mode ?? '0'} ${state?.oid ?? '0'.repeat(to.length)}\t${path}\0`,
  );
  await repository.run(['update-index', '-z', '--index-info'], { input: Buffer.from(lines.join(''), 'latin1') });
  await repository.run(['update-index', '-q', '--refresh'], { cwd: topLevel!, codes: [0, 1] });
  return { end: 'passed', apart: [] };
}

/**
 * For `git commit PATH` Git has made two indexes by now: the one that it commits, and the one that it leaves behind,
 * where a hook cannot reach.
 * @see https://git-scm.com/docs/git-commit#Documentation/git-commit.txt---only
 */
async function commitsPaths(repository: Repository): Promise<boolean> {
  return /(^|\/)next-index-\d+\.lock$/.test(await repository.text(['rev-parse', '--git-path', 'index']));
}

async function baseTree(repository: Repository, { base }: Change): Promise<Oid> {
  return base === null ? repository.emptyTree() : repository.text(['rev-parse', '--verify', `${base}^{tree}`]);
}

/** lint-staged reads Git's output line by line as text, and takes a backslash for a slash. @throws Undecided */
function readable(path: BytePath): string {
  const text = showPath(path);
  if (!text.startsWith('b64:') && !/^:|[\\\p{Cc}\u2028\u2029]/u.test(text)) return text;
  throw new Undecided(
    `the tasks cannot be run on ${text}: lint-staged cannot read such a name`,
    'git mv it to a name without backslashes, control characters and bytes that are not UTF-8',
  );
}

/** lint-staged finds the repository from the folder alone. @throws Undecided when that is not the one Git named */
async function refuseOtherGitDir(repository: Repository, env: NodeJS.ProcessEnv): Promise<void> {
  if (env['GIT_DIR'] === undefined) return;
  const { gitDir, topLevel } = await repository.layout();
  const plain = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_COMMON_DIR: undefined };
  const found = await repository.run(['rev-parse', '--absolute-git-dir'], {
    cwd: topLevel!,
    env: plain,
    codes: [0, 128],
  });
  if (found.stdout.toString().trim() === gitDir) return;
  throw new Undecided(
    'the tasks cannot be run: lint-staged finds no way from the working tree to the Git directory that GIT_DIR names',
  );
}

/** A second Ctrl-C must not end us while files are on their way back; the first has stopped the tasks. */
function holdSignals(): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const hold = () => {};
  for (const signal of signals) process.on(signal, hold);
  return () => {
    for (const signal of signals) process.off(signal, hold);
  };
}

function commandsOf(config: unknown): string {
  const commands = typeof config === 'object' && config !== null ? Object.values(config).flat() : [];
  return [...new Set(commands)].join(', ').slice(0, 100);
}
