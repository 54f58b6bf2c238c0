import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Repository } from '../git/repository.ts';
import { alone } from '../machine/lock.ts';
import { beforeKey, type hooksFolder, hooksPath, refuseLink } from './folder.ts';
import { removeLine } from './line.ts';
import { attributes, replaceFile } from './plan.ts';
import { removeStrict } from './strict.ts';
import { keepForeign, runHusky, wiring, worktrees } from './wire-hooks.ts';

type Wired = Awaited<ReturnType<typeof hooksFolder>>;

/** What taking our hooks out does to one file of the working tree. */
export interface Removal {
  /** Relative to the top level. */
  readonly path: string;
  /** What it becomes; null: it goes. */
  readonly content: string | null;
}

/** The hook files as they were before ours. */
export async function planRemoval({ topLevel, folder }: Wired): Promise<Removal[]> {
  const removals: Removal[] = [];
  if (!existsSync(join(topLevel, folder))) return [];
  for (const name of (await readdir(join(topLevel, folder), { withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)) {
    const path = `${folder}/${name}`;
    const present = await readFile(join(topLevel, path), 'latin1');
    if (name === 'git-protect' || isOwnAttributes(name, present)) removals.push({ path, content: null });
    else if (/# git-protect[ \t\r]*$/m.test(present)) removals.push({ path, content: removeLine(present) });
  }
  return removals;
}

/** Takes files out of the working tree, or back to what they were, and folders that are empty then. */
export async function applyRemovals(topLevel: string, removals: readonly Removal[]): Promise<void> {
  for (const { path, content } of removals) {
    if (content !== null) await restoreFile(join(topLevel, path), Buffer.from(content, 'latin1'));
    else await rm(join(topLevel, path), { force: true });
    for (let at = path.lastIndexOf('/'); content === null && at > 0; at = path.lastIndexOf('/', at - 1))
      if (!(await removeEmpty(join(topLevel, path.slice(0, at))))) break;
  }
}

async function restoreFile(path: string, content: Buffer): Promise<void> {
  await replaceFile(path, content, (await stat(path)).mode);
}

/** Points Git at the hooks it ran before ours, in every worktree, and forgets what was kept in the Git directory. */
export async function unwireHooks(repository: Repository, place: Wired): Promise<void> {
  await alone(wiring(place.commonDir), () => unwireAlone(repository, place));
  await forget(join(place.commonDir, 'protect'));
}

async function unwireAlone(repository: Repository, place: Wired): Promise<void> {
  repository.changed();
  const wired = place.runner === 'husky' ? await worktrees(repository) : [];
  for (const worktree of wired) refuseLink(worktree, place.hooksPath);
  for (const worktree of wired) await removeShims(repository, worktree, place);
  await removeStrict(place);
  const recorded = await repository.configured(beforeKey);
  const now = await hooksPath(repository);
  if (now?.value === place.hooksPath && recorded !== null && recorded !== now.value) {
    const scope = now.scope === 'worktree' ? '--worktree' : '--local';
    await repository.run(['config', scope, '--unset-all', 'core.hooksPath']);
    const then = await hooksPath(repository);
    if (recorded !== '' && then?.value !== recorded)
      await repository.run(['config', scope, 'core.hooksPath', recorded]);
  }
  // Exit code 128: there is no such section. Git has no way to ask first.
  await repository.run(['config', '--local', '--remove-section', 'protect'], { codes: [0, 128] });
}

/** What was remembered goes. What tasks that were killed left of somebody's files never does. */
async function forget(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of await readdir(folder))
    if (!name.startsWith('set-aside')) await rm(join(folder, name), { recursive: true });
  await removeEmpty(folder);
}

/** Where husky was before ours its shims come back, and with them what other managers wrote among ours. */
async function removeShims(repository: Repository, worktree: string, place: Wired): Promise<void> {
  const shims = join(worktree, place.hooksPath);
  if (!existsSync(shims)) return;
  await keepForeign(shims, place);
  const chained = join(shims, 'chained');
  const wasHusky = place.before !== null && basename(place.before) === '_';
  const home = wasHusky ? shims : join(place.commonDir, 'hooks');
  for (const name of await readdir(shims)) if (name !== 'chained') await rm(join(shims, name), { recursive: true });
  if (wasHusky) await runHusky(repository, worktree, place.folder);
  for (const name of existsSync(chained) ? await readdir(chained) : []) {
    await mkdir(home, { recursive: true });
    const isTaken = !wasHusky && existsSync(join(home, name));
    await rename(join(chained, name), join(home, isTaken ? `${name}.chained` : name));
  }
  await rm(wasHusky ? chained : shims, { recursive: true, force: true });
  await removeEmpty(join(worktree, place.folder));
}

/** Removes a folder if nothing is in it. Returns whether it did. */
async function removeEmpty(folder: string): Promise<boolean> {
  if (!existsSync(folder) || (await readdir(folder)).length > 0) return false;
  await rmdir(folder);
  return true;
}

function isOwnAttributes(name: string, content: string): boolean {
  return name === '.gitattributes' && Object.values(attributes).includes(content);
}
