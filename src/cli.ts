#!/usr/bin/env node
import { besideRunner, crashIsUndecided, guarded, insistence, interruption } from './commands/guarded.ts';
import type { Io } from './commands/io.ts';
import { main } from './commands/main.ts';

crashIsUndecided();

const io: Io = besideRunner({
  cwd: process.cwd(),
  env: process.env,
  // Made when it is asked for: of what no stream can be made, one that ends at once would be.
  get stdin() {
    return process.stdin;
  },
  input: 0,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interruption(),
  insisted: insistence,
  now: () => new Date(),
  userId: () => process.geteuid?.() ?? null,
});

process.exitCode = await guarded(io, () => main(process.argv.slice(2), io));
