import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startStaying } from './staying-process.ts';
import { distFolder, environment, folder, programs, run } from './world.ts';

/** Where `node` asks, in this process; null: nowhere. */
let asking: string | null | undefined;

/**
 * Lets the process that stays judge for the hooks of this file's tests: most of what a commit costs is the start of Node.
 * Git and the hooks' scripts are the real ones up to `node`, which is then a shell that asks; what it asks and what it is
 * answered goes through pipes, as the thread of the tests waits for Git meanwhile. A process of its own still gets the first
 * hook of each gate in a test process, one that starts while another runs, and whatever is about the process: see
 * hook-requests.ts. For the first line of a file whose tests are not about processes.
 */
export function hooksStay(): void {
  if (asking === undefined) asking = startAsking();
  if (asking !== null) programs.unshift(asking);
}

/** For the next file of the same process, which may need hooks with processes of their own. */
export function hooksGo(): void {
  if (programs[0] === asking) programs.shift();
}

function startAsking(): string | null {
  // What the process that stays is to know of whoever asks stands there.
  if (!existsSync('/proc/self/environ')) return null;
  const at = folder('hooks');
  const pipes = { requests: join(at, 'requests'), answer: join(at, 'answer'), busy: join(at, 'busy') };
  if (run(at, 'mkfifo', [pipes.requests, pipes.answer]).code !== 0) return null;
  const bin = join(at, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh
if [ "\${1-}" -ef '${join(distFolder, 'hook.cjs')}' ]; then
  set -C
  if { true >'${pipes.busy}'; } 2>/dev/null; then
    echo $$ >'${pipes.requests}'
    . '${pipes.answer}'
  fi
fi
exec '${process.execPath}' "$@"
`;
  writeFileSync(join(bin, 'node'), script, { mode: 0o755 });
  startStaying(environment(), pipes);
  return bin;
}
