import type { Ran } from '../model/index.ts';

/** How much of a command's output is kept, from its end. */
const tail = 16_384;
/** How much of an answer on standard output is read. What is longer is none: its end may say the opposite. */
const longestAnswer = 16 << 20;
/** Milliseconds between asking a command to stop and killing it. */
const grace = 2_000;
/** Milliseconds between looks whether it has. */
const step = 50;

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly input?: string;
  /** Its standard input stays open for as long as we live, and nothing that it started outlives it. */
  readonly leashed?: boolean;
  /** Gets all that it says, as it says it. */
  readonly onOutput?: (chunk: string) => void;
  /** Gets its process id. */
  readonly onStart?: (pid: number) => void;
}

/**
 * Runs a command of the policy: a text by the shell, a list directly. At the timeout, or when the signal aborts, it
 * is stopped together with all it started.
 */
export async function runCommand(command: string | readonly string[], options: RunOptions): Promise<Ran> {
  const started = performance.now();
  const [file, ...args] = typeof command === 'string' ? [command] : command;
  const { execa } = await import('execa'); // It is no CommonJS, as the bundle of the hook is.
  const own = process.platform !== 'win32'; // A process group of its own can be stopped whole.
  const child = execa(file!, args, {
    cwd: options.cwd,
    env: options.env as Record<string, string>,
    extendEnv: false,
    shell: typeof command === 'string',
    detached: own,
    cleanup: false,
    reject: false,
    buffer: false,
    all: true,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
  });
  child.all?.setEncoding('utf8');
  child.stdout?.setEncoding('utf8');
  let output = '';
  let stdout = '';
  if (child.pid !== undefined) options.onStart?.(child.pid);
  child.all?.on('data', (chunk: string) => {
    options.onOutput?.(chunk);
    const all = output + chunk;
    // The end of a word of which the beginning is gone may be that of a key, which nobody would know for one.
    output = all.length > tail ? all.slice(-tail).replace(/^\S{1,4096}/, '') : all;
  });
  let cut = false;
  child.stdout?.on('data', (chunk: string) => {
    if (stdout.length + chunk.length > longestAnswer) cut = true;
    else stdout += chunk;
  });
  child.stdin?.on('error', ignoreClosedPipe);
  if (options.leashed) child.stdin?.write(options.input);
  else child.stdin?.end(options.input);
  let timedOut = false;
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= stopAll(child.pid, own);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.timeout);
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  const result = await child;
  clearTimeout(timer);
  options.signal.removeEventListener('abort', stop);
  if (options.leashed) stop();
  await stopped;
  const missing =
    result.exitCode === undefined && child.pid === undefined ? (result.originalMessage ?? 'not found') : null;
  const durationMs = performance.now() - started;
  return { exitCode: result.exitCode ?? null, output, stdout: cut ? null : stdout, timedOut, durationMs, missing };
}

/**
 * Runs a command that has this process's terminal, streams and process group, as if the person had typed it.
 * @returns its exit code; null: it was ended by a signal. `missing`: it was never started, and why
 */
export async function runAttached(
  [file, ...args]: readonly string[],
  { cwd, env, signal }: Pick<RunOptions, 'cwd' | 'env' | 'signal'>,
): Promise<{ readonly exitCode: number | null; readonly missing: string | null }> {
  const { execa } = await import('execa');
  const options = {
    cwd,
    env: env as Record<string, string>,
    extendEnv: false,
    reject: false,
    stdio: 'inherit',
  } as const;
  const child = execa(file!, args, { ...options, cleanup: true });
  const stop = () => void stopAll(child.pid, false);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const result = await child;
  signal.removeEventListener('abort', stop);
  const missing =
    result.exitCode === undefined && child.pid === undefined ? (result.originalMessage ?? 'not found') : null;
  return { exitCode: result.exitCode ?? null, missing };
}

/** Asks the command and all it started to stop, and kills what has not after a while. */
async function stopAll(pid: number | undefined, group: boolean): Promise<void> {
  if (pid === undefined) return;
  for (let waited = 0; isAlive(pid, group, waited === 0 ? 'SIGTERM' : 0); waited += step) {
    if (waited >= grace) {
      isAlive(pid, group, 'SIGKILL');
      return;
    }
    await new Promise((done) => setTimeout(done, step));
  }
}

/** Signals a process or its group (0: only looks). Returns whether there is still one. */
function isAlive(pid: number, group: boolean, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(group ? -pid : pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** A command need not read its input. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
