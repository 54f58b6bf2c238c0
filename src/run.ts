import { execa } from 'execa';
import type { Ran } from './model.ts';

/** How much of a command's output is kept, from its end. */
const tail = 16_384;
/** Milliseconds between asking a command to stop and killing it. */
const grace = 2_000;

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly input?: string;
}

/**
 * Runs a command of the policy: a text by the shell, a list directly. At the timeout, or when the signal aborts, it
 * is stopped together with all it started.
 */
export async function runCommand(command: string | readonly string[], options: RunOptions): Promise<Ran> {
  const [file, ...args] = typeof command === 'string' ? [command] : command;
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
  let output = '';
  let stdout = '';
  child.all?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-tail);
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    if (stdout.length < 1 << 20) stdout += chunk.toString();
  });
  child.stdin?.on('error', ignoreClosedPipe);
  child.stdin?.end(options.input);
  let timedOut = false;
  const stop = () => killAll(child.pid, own);
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.timeout);
  options.signal.addEventListener('abort', stop, { once: true });
  if (options.signal.aborted) stop();
  const result = await child;
  clearTimeout(timer);
  options.signal.removeEventListener('abort', stop);
  const missing =
    result.exitCode === undefined && child.pid === undefined ? (result.originalMessage ?? 'not found') : null;
  return { exitCode: result.exitCode ?? null, output, stdout, timedOut, missing };
}

function killAll(pid: number | undefined, group: boolean): void {
  if (pid === undefined) return;
  signalAll(pid, group, 'SIGTERM');
  setTimeout(() => signalAll(pid, group, 'SIGKILL'), grace).unref();
}

function signalAll(pid: number, group: boolean, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(group ? -pid : pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: it has ended already.
  }
}

/** A command need not read its input. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
