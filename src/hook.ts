import type { Io } from './commands/io.ts';
import { startEarly } from './git/process.ts';

/** The small entry that the Git hooks start: `node hook.js GATE …`. */
const early = startEarly(process.argv[2], process.cwd(), process.env);
const [{ hook }, { besideRunner, crashIsUndecided, guarded }] = await Promise.all([
  import('./commands/hook.ts'),
  import('./commands/io.ts'),
]);

crashIsUndecided();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort());

const io: Io = besideRunner({
  cwd: process.cwd(),
  env: process.env,
  // Opening a stream costs, and a hook that passes needs none.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return process.stdout;
  },
  get stderr() {
    return process.stderr;
  },
  early,
  signal: interrupted.signal,
  now: () => new Date(),
});

process.exitCode = await guarded(io, () => hook(process.argv.slice(2), io));
