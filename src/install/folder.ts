import { lstatSync, realpathSync } from 'node:fs';
import { devNull, homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Layout, Repository } from '../git/repository.ts';
import { UsageError } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';

/** Where this repository keeps its hooks, and what Git ran before. */
export interface HooksFolder {
  /** Relative to the top level, with `/`: `.husky`, `frontend/.husky`, `.githooks`. */
  readonly folder: string;
  /** `husky`: Git runs shims in `_` below the folder. `git`: Git runs the files of the folder themselves. */
  readonly runner: 'husky' | 'git';
  /** What `core.hooksPath` has to say. */
  readonly hooksPath: string;
  /** What it says now; null: nothing. */
  readonly current: HooksPath | null;
  /** What it said before the first wiring; null: nothing. */
  readonly before: string | null;
  /** The folder of hooks that ran before and go on running; `git` is the `hooks` folder of the Git directory. */
  readonly chained: string | null;
}

export interface HooksPath {
  readonly value: string;
  readonly scope: string;
}

/** Where what `core.hooksPath` said before the first wiring is kept. Empty: it was not set. */
export const beforeKey = 'protect.previousHooksPath';

/**
 * Finds the folder for the hooks: that of `core.hooksPath` where it lies in the working tree, else the one that a
 * clone already brings ours in, else `.husky`.
 * @throws UsageError when what is there cannot be kept running
 * @see https://git-scm.com/docs/git-config#Documentation/git-config.txt-corehooksPath
 */
export async function hooksFolder(repository: Repository): Promise<HooksFolder & Layout & { topLevel: string }> {
  const layout = await repository.layout();
  const { topLevel } = layout;
  if (topLevel === null) throw new UsageError('a bare repository has no hooks to wire', 'run this in a clone');
  const current = await hooksPath(repository);
  const recorded = await repository.configured(beforeKey);
  const place =
    (await placeOf(repository, { ...layout, topLevel }, current)) ??
    (await committedFolder(repository, topLevel)) ??
    huskyPlace('.husky');
  refuseLink(topLevel, place.runner === 'husky' ? place.hooksPath : place.folder);
  // Whoever named another folder since the last wiring has hooks there that run now; whoever named none switched them off.
  const isOther = current !== null && current.value !== place.hooksPath && current.value !== devNull;
  const before = isOther || recorded === null ? (current?.value ?? null) : recorded === '' ? null : recorded;
  const chained = place.runner === 'git' ? null : chainedFolder({ ...layout, topLevel }, before);
  return { ...layout, topLevel, ...place, current, before, chained };
}

/** `core.hooksPath` as it holds here, whoever set it. Our own calls switch hooks off by a setting of their own. */
export async function hooksPath(repository: Repository): Promise<HooksPath | null> {
  return (await repository.configuredAll('core.hooksPath')).at(-1) ?? null;
}

type Place = Pick<HooksFolder, 'folder' | 'runner' | 'hooksPath'>;
type Here = Layout & { readonly topLevel: string };

const huskyPlace = (folder: string): Place => ({ folder, runner: 'husky', hooksPath: `${folder}/_` });

/** The folder that `core.hooksPath` names, if it lies in the working tree and can be committed. */
async function placeOf(repository: Repository, here: Here, current: HooksPath | null): Promise<Place | null> {
  if (current === null || current.value === '') return null;
  const folder = insideTree(here, current.value);
  if (folder === null) refuseOtherTree(here, current.value);
  if (folder === null || folder === '') return null;
  if (basename(folder) === '_') return huskyPlace(folder.slice(0, -2));
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', folder];
  const { stdout } = await repository.run(args, { cwd: here.topLevel });
  return stdout.length === 0 ? null : { folder, runner: 'git', hooksPath: current.value };
}

/** An absolute path into the main worktree holds for every linked one; it is wired there. */
function refuseOtherTree({ topLevel, commonDir }: Here, value: string): void {
  const main = basename(commonDir) === '.git' ? dirname(commonDir) : null;
  if (main === null || main === topLevel || !isAbsolute(value) || value.startsWith(commonDir + sep)) return;
  if (value.startsWith(main + sep))
    throw new UsageError(
      `Git takes its hooks from ${value}, in the main worktree (core.hooksPath)`,
      `run it there: cd ${shellWord(main)} && npx git-protect wire`,
    );
}

/** The folder that a clone brings our finder in, though Git may not have been told yet; null: in none. */
export async function committedFolder(repository: Repository, topLevel: string): Promise<Place | null> {
  const { stdout } = await repository.run(['ls-files', '-z', '--full-name'], { cwd: topLevel });
  const paths = stdout.toString('utf8').split('\0');
  const found = paths.find((path) => /(^|\/)\.?[\w.-]*(?:husky|hooks)[\w.-]*\/git-protect$/.test(path));
  if (found === undefined) return null;
  const folder = found.slice(0, -'/git-protect'.length);
  return basename(folder).includes('husky') ? huskyPlace(folder) : { folder, runner: 'git', hooksPath: folder };
}

/** Which hooks Git ran before ours, if any: husky's own go on by themselves. */
function chainedFolder(here: Here, before: string | null): string | null {
  if (before === null) return 'git';
  const folder = insideTree(here, before);
  if (folder !== null && basename(folder) === '_') return null;
  const path = folder === null ? resolve(here.topLevel, atHome(before)) : join(here.topLevel, folder);
  if (path === join(here.commonDir, 'hooks')) return 'git';
  return before === '' || before === devNull ? null : path;
}

/** The path relative to the top level with `/`; null when it leads out of the working tree or into the Git directory. */
function insideTree({ topLevel, gitDir, commonDir }: Here, path: string): string | null {
  const absolute = resolve(topLevel, atHome(path));
  for (const folder of [gitDir, commonDir]) if (absolute === folder || absolute.startsWith(folder + sep)) return null;
  const inner = relative(real(topLevel), real(absolute));
  if (inner.startsWith('..') || isAbsolute(inner)) return null;
  return inner.split(sep).join('/');
}

/** Git reads `~/` in the value as the home directory. */
function atHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/** What is written through a link would land elsewhere. @throws UsageError where a part of the path is one */
export function refuseLink(topLevel: string, folder: string): void {
  let path = topLevel;
  for (const part of folder.split('/')) {
    path = join(path, part);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found && !found.isDirectory())
      throw new UsageError(
        `${relative(topLevel, path)} is ${found.isSymbolicLink() ? 'a symbolic link' : 'a file'}, so no hooks can be kept there`,
        'make it a folder, or name another one: git config core.hooksPath .githooks',
      );
  }
}
