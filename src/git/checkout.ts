import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, realpath, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Oid } from '../model/index.ts';
import { hostMark, isAlive } from './alive.ts';
import type { Repository } from './repository.ts';

const prefix = 'protect-checkout-';

/** In a commit hook Git's variables name the index of the commit in the making; a worktree has one of its own. */
const elsewhere = { env: { GIT_INDEX_FILE: undefined, GIT_WORK_TREE: undefined, GIT_DIR: undefined } };

/**
 * Runs `use` in a directory that holds exactly a tree: the working tree itself when it does, else a linked worktree
 * that is removed afterwards, whatever happens. What is in the `node_modules` at hand is linked into it.
 */
export async function withCheckout<T>(
  repository: Repository,
  tree: Oid,
  commit: Oid | null,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const { topLevel } = await repository.layout();
  if (topLevel !== null && (await holds(repository, tree))) return use(topLevel);
  await removeStale(repository);
  const id =
    commit !== null && (await repository.objects.info(`${commit}^{tree}`))?.oid === tree
      ? commit
      : await temporaryCommit(repository, tree);
  const parent = await mkdtemp(join(await realpath(tmpdir()), `${prefix}${hostMark}-${process.pid}-`));
  const directory = join(parent, basename(topLevel ?? 'checkout'));
  try {
    const plain = ['-c', 'core.sparseCheckout=false'];
    await repository.run(
      [...plain, 'worktree', 'add', '--quiet', '--detach', '--no-checkout', directory, id],
      elsewhere,
    );
    await lendKeys(repository, directory);
    await repository.run([...plain, 'reset', '--quiet', '--hard'], { ...elsewhere, cwd: directory });
    if (topLevel !== null) await linkModules(repository, topLevel, directory, id);
    return await use(directory);
  } finally {
    await removeCheckout(repository, parent, directory);
  }
}

/**
 * The filter of git-crypt looks for its keys in the Git directory of the worktree at hand.
 * @see https://github.com/AGWA/git-crypt/issues/105
 */
async function lendKeys(repository: Repository, directory: string): Promise<void> {
  const { gitDir, commonDir } = await repository.layout();
  const keys = [gitDir, commonDir].map((folder) => join(folder, 'git-crypt')).find(existsSync);
  if (keys === undefined) return;
  const own = await repository.text(['rev-parse', '--absolute-git-dir'], { ...elsewhere, cwd: directory });
  await symlink(keys, join(own, 'git-crypt'), 'junction');
}

/** Is the working tree, untracked files included, exactly this tree? */
async function holds(repository: Repository, tree: Oid): Promise<boolean> {
  const { stdout } = await repository.run([
    'status',
    '--porcelain',
    '-z',
    '--no-renames',
    '--ignore-submodules=none',
    '--untracked-files=normal',
  ]);
  const unstaged = stdout
    .toString('latin1')
    .split('\0')
    .some((entry) => entry !== '' && entry[1] !== ' ');
  return !unstaged && !(await hidesChanges(repository)) && (await repository.text(['write-tree'])) === tree;
}

/** Files marked skip-worktree or assume-unchanged may differ from the index without `git status` saying so. */
async function hidesChanges(repository: Repository): Promise<boolean> {
  const { stdout } = await repository.run(['ls-files', '-v', '-z']);
  return stdout
    .toString('latin1')
    .split('\0')
    .some((entry) => /^[a-zS] /.test(entry));
}

/** A commit that nothing refers to: a worktree needs one. */
async function temporaryCommit(repository: Repository, tree: Oid): Promise<Oid> {
  const who = { NAME: 'git-protect', EMAIL: 'git-protect@localhost', DATE: '2000-01-01T00:00:00Z' };
  const env = Object.fromEntries(
    Object.entries(who).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]),
  );
  return repository.text(['commit-tree', tree, '-m', 'git-protect: a tree to build'], { env });
}

/** Links each installed `node_modules` that lies beside a tracked package.json. */
async function linkModules(repository: Repository, from: string, to: string, commit: Oid): Promise<void> {
  const { stdout } = await repository.run(['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit]);
  const folders = stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => basename(path) === 'package.json')
    .map((path) => dirname(path));
  for (const folder of new Set(['.', ...folders])) {
    const [source, target] = [join(from, folder, 'node_modules'), join(to, folder, 'node_modules')];
    if (existsSync(source) && existsSync(dirname(target)) && !existsSync(target)) await linkEntries(source, target);
  }
}

/** A folder of links and not one link: `node_modules/` in a .gitignore matches folders only. */
async function linkEntries(source: string, target: string): Promise<void> {
  await mkdir(target);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    // Windows has junctions, which are for folders, but lets few users make links to files.
    await (entry.isFile() ? copyFile(from, to) : symlink(from, to, 'junction'));
  }
}

async function removeCheckout(repository: Repository, parent: string, directory: string): Promise<void> {
  // The links go first: nothing may ever follow them into the real node_modules.
  await rm(parent, { recursive: true, force: true });
  await repository.run(['worktree', 'remove', '--force', directory], { ...elsewhere, codes: [0, 128] });
  await repository.run(['worktree', 'prune'], elsewhere);
}

/** Removes what a run that was killed left behind. */
async function removeStale(repository: Repository): Promise<void> {
  const root = await realpath(tmpdir());
  for (const name of await readdir(root)) {
    const [, host, pid] = new RegExp(`^${prefix}([0-9a-f]{8})-(\\d+)-`).exec(name) ?? [];
    if (host !== hostMark || isAlive(Number(pid))) continue;
    const { uid } = (await stat(join(root, name)).catch(gone)) ?? {};
    if (uid === process.getuid?.()) await rm(join(root, name), { recursive: true, force: true });
  }
  await repository.run(['worktree', 'prune'], elsewhere);
}

/** Another push tidied up first. */
function gone(error: NodeJS.ErrnoException): null {
  if (error.code !== 'ENOENT') throw error;
  return null;
}
