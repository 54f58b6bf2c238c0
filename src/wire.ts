import { guarded } from './commands/guarded.ts';
import type { Io } from './commands/io.ts';
import { wire } from './commands/wire.ts';

/** What the `prepare` script imports: `import('git-protect/wire')` wires the hooks of the clone it runs in. */
const io: Io = {
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: new AbortController().signal,
  now: () => new Date(),
  userId: () => null,
};

// Whatever is wrong is said; an install never fails for it.
await guarded(io, () => wire([], io));
process.exitCode = 0;
