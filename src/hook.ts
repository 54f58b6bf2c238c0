import { besideRunner, crashIsUndecided, guarded, interruption } from './commands/guarded.ts';
import { hook } from './commands/hook.ts';
import type { Io } from './commands/io.ts';
import { startEarly } from './git/process.ts';
import { exitCode } from './model/index.ts';

/** The small entry that the Git hooks start: `node hook.cjs GATE …`. CommonJS, because Node starts that faster. */
const early = startEarly(process.argv[2], process.cwd(), process.env);

crashIsUndecided();

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
  signal: interruption(),
  now: () => new Date(),
  userId: () => process.geteuid?.() ?? null,
});

// An answer that never comes must not be taken for a pass.
process.exitCode = exitCode.undecided;
void guarded(io, () => hook(process.argv.slice(2), io)).then((code) => {
  process.exitCode = code;
});
