import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { PassThrough, pipeline, type Readable, type Writable } from 'node:stream';
import { Undecided } from '../model/index.ts';
import { ago } from '../words/ago.ts';
import { saidFirst } from '../words/said.ts';

interface PipeOptions {
  readonly cwd: string;
  /** All that it sees. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** What a program said on standard error, which may hold values: for a file that only its owner reads. */
export interface Piped<T> {
  readonly value: T;
  readonly errors: string;
}

/**
 * Runs a program whose output, or input, is too much to hold. Its exit code counts: half an output is none.
 * @param use takes what it writes, or gives what it reads, to the end
 * @throws Undecided when it cannot be started, ends with another code than 0, is stopped, or takes too long
 */
export async function pipe<T>(
  [file, ...args]: readonly [string, ...string[]],
  { cwd, env, timeout, signal }: PipeOptions,
  use: (streams: { stdout: Readable; stdin: Writable }) => Promise<T>,
): Promise<Piped<T>> {
  const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' });
  let errors = '';
  let tooLate: Undecided | null = null;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-65_536);
  });
  // Whoever stops reading early has said why; its exit code tells.
  child.stdin.on('error', () => undefined);
  // Node throws away what nobody reads yet when the program ends, and `use` may have to wait before it reads.
  const stdout = new PassThrough();
  pipeline(child.stdout, stdout, () => undefined);
  const late = setTimeout(() => {
    tooLate = new Undecided(`${basename(file)} took longer than ${ago(timeout)} and was ended`);
    child.kill('SIGKILL');
    // What it has started itself may hold them open.
    for (const stream of [child.stdin, child.stderr]) stream.destroy();
    child.stdout.destroy(tooLate);
  }, timeout);
  const ended = new Promise<number | string>((done) => {
    child.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    child.on('close', (code, killed) => done(code ?? killed ?? 'stopped'));
  });
  try {
    const using = use({ stdout, stdin: child.stdin }).then((value) => {
      // The program ends once all that it writes is read.
      stdout.resume();
      return value;
    });
    const [value, end] = await Promise.all([using, ended]);
    if (end !== 0) throw tooLate ?? ending(file, end, errors);
    return { value, errors };
  } catch (error) {
    child.kill('SIGKILL');
    // What it has started itself may hold them open.
    for (const stream of [stdout, child.stdin, child.stdout, child.stderr]) stream.destroy();
    const end = await ended;
    if (tooLate !== null) throw tooLate;
    // What made the stream break is the better reason.
    if (end !== 0 && end !== 'SIGKILL') throw ending(file, end, errors);
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function ending(file: string, end: number | string, errors: string): Undecided {
  if (end === 'ENOENT') return new Undecided(`${file} is not on PATH`);
  const plain = saidFirst(errors);
  return new Undecided(`${file} ended with ${end}${plain === '' ? '' : `: ${plain}`}`);
}
