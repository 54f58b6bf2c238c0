import { writeFileSync } from 'node:fs';
import { type Readable, Writable } from 'node:stream';
import type { EarlyRuns } from '../git/process.ts';
import { exitCode, Refused, Undecided, UsageError } from '../model/index.ts';
import { inert } from '../words/inert.ts';

/** What a command gets from the process it runs in. Only `cli.ts` and `hook.ts` touch the process itself. */
export interface Io {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** On GitHub Actions: standard output as its runner reads it, for commands that it is to obey. */
  readonly runner?: Writable;
  /** What Git was asked before the command was even loaded. */
  readonly early?: EarlyRuns;
  /** Aborts on Ctrl-C and when the terminal goes away. */
  readonly signal: AbortSignal;
  now(): Date;
  /** The effective user id; null where the system has none. */
  userId(): number | null;
}

/** On GitHub Actions nothing that is printed may be taken for a command of the runner, but what goes to `runner`. */
export function besideRunner(io: Io): Io {
  if (io.env['GITHUB_ACTIONS'] !== 'true') return io;
  return { ...io, stdout: inertStream(io.stdout), stderr: inertStream(io.stderr), runner: io.stdout };
}

function inertStream(stream: Io['stdout']): Io['stdout'] {
  const write: Writable['_write'] = (chunk: string | Buffer, _, done) => {
    stream.write(inert(chunk.toString()));
    done();
  };
  return Object.assign(new Writable({ decodeStrings: false, write }), { isTTY: stream.isTTY === true });
}

/** Runs a command and turns what it throws into an exit code and words on stderr. */
export async function guarded(io: Io, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const [{ visible }, { pasteable }] = await Promise.all([import('../words/visible.ts'), import('./invocation.ts')]);
    const help =
      error instanceof UsageError || error instanceof Refused || error instanceof Undecided ? (error.help ?? '') : '';
    const hint = await pasteable(help, io);
    const say = (kind: string, message: string, more = hint) =>
      io.stderr.write(`${kind}: ${visible(message)}\n${more === '' ? '' : `  help: ${visible(more)}\n`}`);
    if (error instanceof UsageError) {
      say('protect', error.message);
      return exitCode.usage;
    }
    if (error instanceof Refused) {
      say('protect: refused', error.message);
      return exitCode.refused;
    }
    if (error instanceof Undecided) {
      say('protect: not judged', error.message);
      return exitCode.undecided;
    }
    say(
      'protect: not judged, it crashed',
      error instanceof Error ? (error.stack ?? error.message) : String(error),
      'please report this with the lines above',
    );
    return exitCode.undecided;
  }
}

/** Writes a file that a flag names. @throws UsageError when that cannot be done */
export async function writeOutput(path: string, text: string): Promise<void> {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** A broken stream or a forgotten error ends here: what was judged has not been told, so nothing passes. */
export function crashIsUndecided(): void {
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    process.exitCode = exitCode.undecided;
    const lines = error.code === 'EPIPE' ? '' : `protect: not judged, it crashed: ${error.message}\n`;
    process.stderr.write(inert(lines), () => process.exit(exitCode.undecided));
  });
}

/** Is colour wanted on this stream? @see https://no-color.org https://force-color.org */
export function wantsColor(io: Io, stream: Io['stdout']): boolean {
  if (io.env['NO_COLOR']) return false;
  if (io.env['FORCE_COLOR'] !== undefined) return io.env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && io.env['TERM'] !== 'dumb';
}

/** Reads a stream to its end. @throws UsageError past `max` bytes */
export async function readAll(stream: Io['stdin'], max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > max) throw new UsageError(`standard input is larger than ${max} bytes`);
    chunks.push(Buffer.from(chunk as Buffer));
  }
  return Buffer.concat(chunks);
}
