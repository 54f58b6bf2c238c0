import { fstatSync, readSync, writeFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { EarlyRuns } from '../git/process.ts';
import { UsageError } from '../model/index.ts';

/** What a command gets from the process it runs in. Only `cli.ts` and `hook.ts` touch the process itself. */
export interface Io {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** The file descriptor that can be read at once in place of `stdin`, without opening a stream. */
  readonly input?: number;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** On GitHub Actions: standard output as its runner reads it, for commands that it is to obey. */
  readonly runner?: Writable;
  /** What Git was asked before the command was even loaded. */
  readonly early?: EarlyRuns;
  /** In pre-commit: the index as it was before Git was asked; null: it cannot be told from another. */
  readonly index?: string | null;
  /** Aborts on Ctrl-C and when the terminal goes away. */
  readonly signal: AbortSignal;
  /** Aborts when it is asked to stop once more; from then on asking does not end the process by itself. */
  insisted?(): AbortSignal;
  now(): Date;
  /** The effective user id; null where the system has none. */
  userId(): number | null;
}

/** Writes a file that a flag names. @throws UsageError when that cannot be done */
export async function writeOutput(path: string, text: string): Promise<void> {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** Is colour wanted on this stream? @see https://no-color.org https://force-color.org */
export function wantsColor(io: Io, stream: Io['stdout']): boolean {
  if (io.env['NO_COLOR']) return false;
  if (io.env['FORCE_COLOR'] !== undefined) return io.env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && io.env['TERM'] !== 'dumb';
}

/** Reads a stream to its end. @throws UsageError past `max` bytes */
export async function readAll(stream: Iterable<unknown> | AsyncIterable<unknown>, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > max) throw new UsageError(`standard input is larger than ${max} bytes`);
    chunks.push(Buffer.from(chunk as Buffer));
  }
  return Buffer.concat(chunks);
}

/**
 * Reads what Git says to a hook.
 * @throws UsageError past `max` bytes, or when it cannot be read: that is not the same as nothing
 */
export async function readInput(io: Pick<Io, 'stdin' | 'input'>, max: number): Promise<Buffer> {
  try {
    if (io.input !== undefined) refuseDevice(io.input);
    return await readAll(io.input === undefined ? io.stdin : pieces(io.input, io), max);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw unread((error as Error).message);
  }
}

/** Git hands a hook a pipe. A terminal never ends, and of a closed input Node makes the device that is always empty. */
function refuseDevice(input: number): void {
  const found = fstatSync(input);
  if (found.isDirectory()) throw unread('it is a folder');
  if (found.isCharacterDevice() || found.isBlockDevice()) throw unread('it is closed, or a device');
}

function unread(why: string): UsageError {
  return new UsageError(
    `what Git says on standard input cannot be read: ${why}`,
    'git push  # it starts the hook; a hook manager in between has to hand its standard input on',
  );
}

async function* pieces(input: number, io: Pick<Io, 'stdin'>): AsyncIterable<Buffer> {
  const piece = Buffer.alloc(65_536);
  for (let read = 1; read > 0; ) {
    try {
      read = readSync(input, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return yield* io.stdin; // Somebody set the pipe so that it does not wait: that is a stream's business.
    }
    yield piece.subarray(0, read);
  }
}
