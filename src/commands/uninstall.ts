import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { keepForSetup } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { planAgentRemoval } from '../install/agents/index.ts';
import { hooksFolder } from '../install/folder.ts';
import { removeScript } from '../install/package-script.ts';
import { applyRemovals, planRemoval, type Removal, unwireHooks } from '../install/unwire.ts';
import { ownFiles } from '../install/written.ts';
import { exitCode } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';
import { ask, isInteractive } from './ask.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: {
    server: { type: 'string', value: 'REPOSITORY', means: 'take the hook out of this bare repository' },
    'dry-run': { type: 'boolean', means: 'show what would change, and change nothing' },
    yes: { type: 'boolean', short: 'y', means: 'change everything without asking' },
  },
  example: 'npx git-protect uninstall --dry-run',
} as const satisfies Usage;

/** `protect uninstall`: takes everything out and leaves what was there before, to the byte. Stages and commits nothing. */
export async function uninstall(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  if (values.server !== undefined) {
    const { uninstallServer } = await import('./server.ts');
    return uninstallServer(values.server, values['dry-run'] ?? false, io);
  }
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const place = await hooksFolder(repository);
    const { removable, kept } = await ownFiles(repository, place);
    const removals: Removal[] = [
      ...(await planRemoval(place)),
      ...(await planScripts(repository, place.topLevel)),
      ...(await planAgentRemoval(place.topLevel, (await repository.configured('protect.folder')) ?? '.')),
      ...removable.map((path) => ({ path, content: null })),
    ];
    for (const { path, content } of removals)
      io.stdout.write(`  ${content === null ? 'remove ' : 'restore'} ${visible(path)}\n`);
    for (const path of kept)
      io.stdout.write(`  keep    ${visible(path)}  (no commit holds what it says; rm it if you do not need it)\n`);
    if (values['dry-run']) {
      io.stdout.write('dry run: nothing is changed\n');
      return exitCode.pass;
    }
    if (isInteractive(io) && !values.yes && !(await ask(io, 'Take git-protect out? [y/N] ', false))) {
      io.stderr.write('nothing is changed\n');
      return exitCode.refused;
    }
    const where = await installedIn(repository, place.topLevel, io.cwd);
    await unwireHooks(repository, place);
    await applyRemovals(place.topLevel, removals);
    io.stdout.write(`git-protect is out of this clone. Commit what changed, then: npm uninstall${where} git-protect\n`);
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** What tells npm where the package is to be removed from. */
async function installedIn(repository: Repository, topLevel: string, cwd: string): Promise<string> {
  const folder = await repository.configured('protect.folder');
  if (folder !== null && existsSync(join(topLevel, folder, 'package.json'))) {
    const path = relative(realpathSync(cwd), join(topLevel, folder)).split(sep).join('/');
    return path === '' ? '' : ` --prefix ${shellWord(path)}`;
  }
  return existsSync(join(topLevel, 'package.json')) ? '' : ' --global';
}

/** The package.json files whose install wires a clone, as they were. */
async function planScripts(repository: Repository, topLevel: string): Promise<Removal[]> {
  const removals: Removal[] = [];
  const folder = await repository.configured('protect.folder');
  for (const path of new Set(['package.json', `${folder ?? '.'}/package.json`.replace(/^\.\//, '')])) {
    if (!existsSync(join(topLevel, path))) continue;
    const content = removeScript(await readFile(join(topLevel, path), 'utf8'));
    if (content !== null) removals.push({ path, content: Buffer.from(content, 'utf8').toString('latin1') });
  }
  return removals;
}
