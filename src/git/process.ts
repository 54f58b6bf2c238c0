import { spawn } from 'node:child_process';
import { Undecided } from '../model/index.ts';
import { gitEnvironment, gitSettings } from './environment.ts';
import { plainAnswer } from './plain-files.ts';

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Plain states, whatever the configuration or `.gitmodules` says about showing them. */
export const rawArguments: readonly string[] = [
  '--raw',
  '-z',
  '--no-renames',
  '--no-relative',
  '--no-abbrev',
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=none',
];

/** One process for what nearly every run asks. It stops at --show-toplevel in a bare repository, at HEAD where that is unborn. */
export const lookAround: readonly string[] = [
  'rev-parse',
  '--is-bare-repository',
  '--absolute-git-dir',
  '--git-common-dir',
  '--show-toplevel',
  'HEAD^{commit}',
  '--symbolic-full-name',
  'HEAD',
];

/** What is staged on top of a commit or tree. */
export function diffIndex(base: string): readonly string[] {
  return ['diff-index', '--cached', ...rawArguments, base, '--'];
}

/** How Git is to clean a message. */
export const messageSettings: readonly string[] = [
  'config',
  '-z',
  '--get-regexp',
  '^(commit\\.cleanup|core\\.comment(char|string))$',
];

/** Refs below a prefix: name, object and, for symbolic ones, where they point. */
export function listRefs(prefix: string): readonly string[] {
  return ['for-each-ref', '--format=%(refname)%00%(objectname)%00%(symref)', prefix];
}

/**
 * Runs Git as the person would who typed it: in their environment, on their terminal, with their hooks.
 * @returns its exit code
 * @throws Undecided when it cannot be started
 */
export function runAsTyped(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn('git', args, { cwd, env, stdio: 'inherit' });
    child.on('error', (error) => fail(new Undecided(`git could not be started: ${error.message}`)));
    child.on('close', (code) => done(code ?? 128));
  });
}

/** Runs Git to its end. @throws Undecided when it cannot be started */
export function runGit(
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; input?: string | Buffer | undefined },
): Promise<GitResult> {
  return new Promise((done, fail) => {
    const child = spawn('git', [...gitSettings, ...args], {
      cwd: options.cwd,
      env: options.env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout!.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr!.on('data', (chunk: Buffer) => {
      if (stderr.length < 65536) stderr += chunk.toString();
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      fail(new Undecided(missing ? 'git was not found on PATH' : `git could not be started: ${error.message}`));
    });
    child.on('close', (code) => done({ code: code ?? 128, stdout: Buffer.concat(stdout), stderr }));
    // Git may end before it has read everything; its exit code tells.
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || fail(error));
    child.stdin?.end(options.input);
  });
}

/** Runs of Git that were started before anybody asked, by their arguments. Each is handed out once. */
export type EarlyRuns = Map<string, Promise<GitResult>>;

/** Starts what a hook will ask for in any case, so that Git works while the rest of the code is being loaded. */
export function startEarly(gate: string | undefined, cwd: string, outer: NodeJS.ProcessEnv): EarlyRuns {
  const commit = gate === 'pre-commit' || gate === 'commit-msg';
  const moving = gate === 'reference-transaction';
  if (!commit && !moving && gate !== 'pre-push') return new Map();
  const env = gitEnvironment(outer, commit ? 'index' : 'location');
  const asked = commit
    ? [diffIndex('HEAD'), ...(gate === 'commit-msg' ? [messageSettings] : [])]
    : [listRefs('refs/remotes/'), ...(moving ? [listRefs('refs/heads/')] : [])];
  if (plainAnswer(cwd, env) === null) asked.push(lookAround);
  return new Map(asked.map((args) => [args.join('\0'), settled(runGit(args, { cwd, env }))]));
}

/** Whoever asks for the run gets its error; until then it is nobody's. */
function settled(run: Promise<GitResult>): Promise<GitResult> {
  run.then(undefined, () => undefined);
  return run;
}
