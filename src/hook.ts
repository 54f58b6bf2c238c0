import { hook } from './commands/hook.ts';
import { guarded, type Io } from './commands/io.ts';

/** The small entry that the Git hooks start: `node hook.js GATE …`. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());

const io: Io = {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
  now: () => new Date(),
};

process.exitCode = await guarded(io, () => hook(process.argv.slice(2), io));
