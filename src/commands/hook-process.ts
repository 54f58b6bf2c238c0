import { startEarly } from '../git/process.ts';
import { indexSignature } from '../judge/remembered.ts';
import { exitCode } from '../model/index.ts';
import { besideRunner, crashIsUndecided, guarded, interruption } from './guarded.ts';
import { hook } from './hook.ts';
import type { Io } from './io.ts';

/** The process of a hook that judges: `hook.cjs GATE …`. */
// Before Git looks at it: what is remembered is of this index.
const index = process.argv[2] === 'pre-commit' ? indexSignature(process.cwd(), process.env) : null;
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
  input: 0,
  early,
  index,
  signal: interruption(),
  now: () => new Date(),
  userId: () => process.geteuid?.() ?? null,
});

// An answer that never comes must not be taken for a pass.
process.exitCode = exitCode.undecided;
void guarded(io, () => hook(process.argv.slice(2), io)).then((code) => {
  process.exitCode = code;
  // A push that took too long may still have Git at work; what is said is on its way before anything ends.
  if (process.argv[2] === 'pre-receive' || process.argv[2] === 'reference-transaction')
    process.stderr.write('', () => process.exit(code));
});
