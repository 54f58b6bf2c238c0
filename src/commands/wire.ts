import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keepForSetup } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { wireHooks } from '../install/wire-hooks.ts';
import { exitCode } from '../model/index.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = { flags: {}, example: 'npx git-protect wire' } as const satisfies Usage;

/** `protect wire`: makes this clone run the hooks. Quiet when all is well; an install without Git is no failure. */
export async function wire(args: readonly string[], io: Io): Promise<number> {
  readOptions(args, usage.flags, 0);
  if (keepForSetup(io.cwd, io.env) === 'nothing' && !insideGit(io.cwd)) {
    io.stderr.write('protect: no Git repository here, so no hooks are wired\n');
    return exitCode.pass;
  }
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const reason = await wireHooks(repository, io.cwd);
    if (reason !== null) io.stderr.write(`protect: the hooks are not wired: ${reason.trim()}\n`);
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** Looks for `.git` upwards without Git itself, which an image may lack. */
function insideGit(folder: string): boolean {
  if (existsSync(join(folder, '.git'))) return true;
  const parent = dirname(folder);
  return parent !== folder && insideGit(parent);
}
