import childProcess, { type ChildProcess, type SpawnOptions } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import lintStaged from 'lint-staged';
import { commandEnvironment } from '../git/environment.ts';
import type { StagedTask, StagedTasksAnswer, StagedTasksOrder } from './staged-tasks.ts';

/**
 * A process of its own for lint-staged, which can be stopped with all it started. The order is a line on standard
 * input, the answer JSON on standard output. Standard input stays open: at its end whoever asked is gone, and the
 * process group goes too, before anything else happens to the files.
 */

/** How much of the tasks' output is handed on, from its end. */
const tail = 16_384;
/** @see https://man7.org/linux/man-pages/man4/console_codes.4.html (ECMA-48 Set Graphics Rendition) */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

const tasks: StagedTask[] = [];
watchTasks();
process.stdout.write(JSON.stringify(await answer(await readOrder())), () => process.exit());

async function answer({ config, cwd, from, to }: StagedTasksOrder): Promise<StagedTasksAnswer> {
  const lines: string[] = [];
  const log = (...words: unknown[]) => void lines.push(words.join(' '));
  const logger = { log, warn: () => {}, error: log, debug: () => {} };
  const said = () => lines.join('\n').replace(colours, '').trim().slice(-tail);
  try {
    // Two trees instead of the index, a type change counted in, and no stash: files are kept safe by who asks.
    const options = { diff: `${from} ${to}`, diffFilter: 'ACMRT', stash: false, hidePartiallyStaged: false };
    const ok = await lintStaged(
      { ...options, config: config as LintStagedConfig, cwd, quiet: true, color: false },
      logger,
    );
    return { ok, tasks, output: said() };
  } catch (error) {
    return {
      ok: false,
      tasks: [],
      output: `${said()}\n${error instanceof Error ? error.message : String(error)}`.trim(),
    };
  }
}

type LintStagedConfig = NonNullable<NonNullable<Parameters<typeof lintStaged>[0]>['config']>;

/**
 * lint-staged starts Git and the tasks alike, in its own environment, and does not tell how a task ended. Only Git is to
 * see the index, since a task may well run Git in another repository; and a file called `*.ts` is no pattern.
 */
function watchTasks(): void {
  const spawn = childProcess.spawn as (file: string, args: readonly string[], options: SpawnOptions) => ChildProcess;
  childProcess.spawn = ((file: string, args: readonly string[], options: SpawnOptions) => {
    const outer = options.env ?? process.env;
    const isGit = /^git(\.exe)?$/i.test(file);
    const env = isGit ? { ...outer, GIT_LITERAL_PATHSPECS: '1' } : commandEnvironment(outer);
    const child = spawn(file, args, { ...options, env });
    const isTask = args[0] !== '-c' || args[1] !== 'submodule.recurse=false';
    if (isTask) watch(child, [file, ...args]);
    return child;
  }) as typeof childProcess.spawn;
  syncBuiltinESMExports();
}

function watch(child: ChildProcess, words: readonly string[]): void {
  const command = words
    .filter((word) => !word.startsWith(`${process.cwd()}/`))
    .join(' ')
    .slice(0, 200);
  const task = { command, exitCode: null as number | null, missing: null as string | null };
  tasks.push(task);
  child.on('error', (error: NodeJS.ErrnoException) => {
    task.missing = error.code === 'ENOENT' ? 'not found' : error.message;
  });
  child.on('exit', (code) => {
    task.exitCode = code;
  });
}

function readOrder(): Promise<StagedTasksOrder> {
  return new Promise((done) => {
    let text = '';
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) done(JSON.parse(text));
    });
    process.stdin.on('end', () => process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'));
  });
}
