import { Writable } from 'node:stream';
import { exitCode, Refused, Undecided, UsageError } from '../model/index.ts';
import { inert } from '../words/inert.ts';
import type { Io } from './io.ts';

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

/** A broken stream or a forgotten error ends here: what was judged has not been told, so nothing passes. */
export function crashIsUndecided(): void {
  process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
    process.exitCode = exitCode.undecided;
    const lines = error.code === 'EPIPE' ? '' : `protect: not judged, it crashed: ${error.message}\n`;
    process.stderr.write(inert(lines), () => process.exit(exitCode.undecided));
  });
}

/** Aborts when the process is asked to stop for the second time. */
export function insistence(): AbortSignal {
  const again = new AbortController();
  let asked = 0;
  const count = () => {
    asked += 1;
    if (asked > 1) again.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, count);
  return again.signal;
}

/** Aborts when the process is asked to stop: Ctrl-C, a terminal that goes away, a supervisor. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());
  return interrupted.signal;
}
