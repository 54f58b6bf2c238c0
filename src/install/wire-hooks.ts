import { cpSync, existsSync, lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import husky from 'husky';
import type { Repository } from '../git/repository.ts';
import { alone } from '../machine/lock.ts';
import { beforeKey, type HooksFolder, hooksFolder, hooksPath, refuseLink } from './folder.ts';
import { hookNames, packageFolder, packageRoot, planHooks, replaceFile, strictHook, writePlanned } from './plan.ts';
import { isStrict, writeStrict } from './strict.ts';

type Wired = Awaited<ReturnType<typeof hooksFolder>>;

/**
 * Writes the hook files and points Git at them, in this worktree and in every linked one.
 * @returns why it did not, or null
 * @throws UsageError when what is there cannot be kept running
 */
export async function wireHooks(repository: Repository, cwd: string): Promise<string | null> {
  const { commonDir } = await repository.layout();
  return alone(wiring(commonDir), () => wireAlone(repository, cwd));
}

/** Installs in several worktrees, or packages, wire a repository at once. */
export const wiring = (commonDir: string) => ({
  lock: join(commonDir, 'protect', 'wiring.lock'),
  doing: 'changing the hooks',
});

async function wireAlone(repository: Repository, cwd: string): Promise<string | null> {
  // Another wiring may have come first.
  repository.changed();
  const place = await hooksFolder(repository);
  const strict = await isStrict(repository);
  for (const planned of await planHooks(place, strict)) await writePlanned(place.topLevel, planned);
  await set(repository, beforeKey, place.before ?? '');
  if (place.runner === 'husky') {
    await keepForeign(join(place.topLevel, place.hooksPath), place);
    const message = await runHusky(repository, place.topLevel, place.folder);
    if (message !== '') return message;
    await writeShims(place, strict);
    await wireLinkedWorktrees(repository, place);
  }
  await writeStrict(repository, place, strict);
  await recordPlaces(repository, place, cwd);
  return pointGit(repository, place);
}

/**
 * husky looks for `.git` in the current directory, starts Git with our environment and reports problems as text. In an
 * install that a Git hook started, `GIT_DIR` would lead it to another repository.
 */
export async function runHusky(repository: Repository, topLevel: string, folder: string): Promise<string> {
  const place = existsSync(join(topLevel, '.git')) ? null : await standIn(repository);
  const before = { cwd: process.cwd(), env: { ...process.env } };
  for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
  process.chdir(place ?? topLevel);
  try {
    const message = husky(folder);
    if (place !== null && message === '') cpSync(join(place, folder), join(topLevel, folder), { recursive: true });
    return message;
  } finally {
    process.chdir(before.cwd);
    Object.assign(process.env, before.env);
    repository.changed();
    if (place !== null) rmSync(place, { recursive: true });
  }
}

/** A repository apart from its files has no `.git` beside them: husky gets one that has, and what it writes is taken. */
async function standIn(repository: Repository): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), 'git-protect-husky-'));
  const apart = { GIT_DIR: undefined, GIT_WORK_TREE: undefined };
  await repository.run(['init', '--quiet', '--template=', place], { cwd: place, env: apart });
  return place;
}

/** What each shim is. */
export const shim = `#!/usr/bin/env sh
[ -f "\${0%/*}/shim" ] || case \${0##*/} in
  pre-commit | commit-msg | pre-push) echo "protect: refused: the hooks are not wired in this clone, so nothing was checked; install the packages (npm install), or run npx git-protect wire" >&2; exit 1 ;;
  *) exit 0 ;;
esac
. "\${0%/*}/shim"
`;

/**
 * Other hook managers write where `core.hooksPath` leads, over our shims. What they wrote is kept and runs after ours:
 * in the place of what the same manager wrote before, else in a folder of its own.
 */
export async function keepForeign(
  shims: string,
  { commonDir, chained }: Pick<Wired, 'commonDir' | 'chained'>,
): Promise<void> {
  if (!existsSync(shims)) return;
  for (const name of await readdir(shims)) {
    const path = join(shims, name);
    const isOwnName = /^(?:h|husky\.sh|\.gitignore|git-protect|shim|previous)$/.test(name);
    // What is written next would land where the link leads.
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
    if (isLink && (isOwnName || !existsSync(path))) await rm(path, { force: true });
    // What another wiring is just writing belongs to that one.
    if (isOwnName || /\.git-protect-\d+$/.test(name) || !isHook(path)) continue;
    const content = await readFile(path, 'utf8');
    // Empty: husky is just writing it.
    const isOurs = content === shim || content === '' || /^#!.*\n\. ".*\/(?:h|shim)"\s*$/.test(content);
    if (name.includes('.') && isOurs) await rm(path);
    if (name.includes('.') || isOurs) continue;
    const earlier = join(commonDir, 'hooks', name);
    const sameManager =
      chained === 'git' && existsSync(earlier) && managerOf(await readFile(earlier, 'utf8')) === managerOf(content);
    if (!sameManager) await mkdir(join(shims, 'chained'), { recursive: true });
    await moveHook(path, sameManager ? earlier : join(shims, 'chained', name));
  }
}

/** A file, or a link that leads to one. */
const isHook = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** A link goes on leading to where it led. */
async function moveHook(from: string, to: string): Promise<void> {
  if (!lstatSync(from).isSymbolicLink()) return rename(from, to);
  await rm(to, { force: true });
  await symlink(await realpath(from), to);
  await rm(from);
}

/** Who generated a hook, by a word that its hooks hold; of any other, the hook itself. */
function managerOf(hook: string): string {
  const words = ['lefthook', 'github.com/j178/prek', 'pre-commit.com', 'SIMPLE_GIT_HOOKS', 'git lfs', 'overcommit'];
  return words.find((word) => hook.includes(word)) ?? hook;
}

/** husky runs nothing where a branch lacks the hook file, and nothing of what ran before it; our shims do. */
async function writeShims(place: Wired, strict: boolean): Promise<void> {
  const shims = join(place.topLevel, place.hooksPath);
  for (const name of ['git-protect', 'shim'])
    await replaceFile(join(shims, name), await readFile(join(packageRoot, 'hooks', name)), 0o644);
  if (place.chained === null) await rm(join(shims, 'previous'), { force: true });
  else await writeFile(join(shims, 'previous'), `${place.chained}\n`);
  const names = await shimNames(place);
  if (strict) names.add(strictHook);
  for (const name of names) await replaceFile(join(shims, name), shim, 0o755);
}

/** husky's own names, ours, and those of the hooks that ran before. */
async function shimNames(place: Wired): Promise<Set<string>> {
  const shims = join(place.topLevel, place.hooksPath);
  const previous = place.chained === 'git' ? join(place.commonDir, 'hooks') : place.chained;
  const names = new Set<string>(hookNames);
  for (const folder of [shims, join(shims, 'chained'), previous])
    if (folder !== null && existsSync(folder))
      for (const name of await readdir(folder)) if (/^[a-z][a-z0-9-]+$/.test(name)) names.add(name);
  for (const own of ['chained', 'git-protect', 'previous', 'shim']) names.delete(own);
  // Git starts it at every move of a ref, so it goes with strict mode.
  const chained = [join(shims, 'chained'), previous].some(
    (folder) => folder !== null && existsSync(join(folder, strictHook)),
  );
  if (names.delete(strictHook) && !chained) await rm(join(shims, strictHook), { force: true });
  if (chained) names.add(strictHook);
  return names;
}

/** core.hooksPath is relative and shared, so every worktree needs shims of its own. */
async function wireLinkedWorktrees(repository: Repository, place: Wired): Promise<void> {
  const { topLevel, hooksPath: shims } = place;
  for (const worktree of await worktrees(repository)) {
    if (worktree === topLevel) continue;
    refuseLink(worktree, shims);
    await keepForeign(join(worktree, shims), place);
    await mkdir(dirname(join(worktree, shims)), { recursive: true });
    await cp(join(topLevel, shims), join(worktree, shims), { recursive: true, force: true });
  }
}

/** The worktrees that are there. */
export async function worktrees(repository: Repository): Promise<string[]> {
  const { stdout } = await repository.run(['worktree', 'list', '--porcelain']);
  const listed = stdout.toString('utf8').split('\n');
  const linked = listed
    .flatMap((line) => /^worktree (.+)$/.exec(line)?.[1] ?? [])
    .filter((path) => existsSync(join(path, '.git')));
  // A repository apart from its files is listed itself, in their place.
  const { topLevel } = await repository.layout();
  return [...new Set([...linked, ...(topLevel === null ? [] : [topLevel])])];
}

/**
 * Tells the hooks where a package below the top level is installed, or one outside that is not on every PATH, and which
 * node to take where PATH has none.
 */
async function recordPlaces(repository: Repository, { topLevel }: Wired, cwd: string): Promise<void> {
  const folder = packageFolder(topLevel, cwd);
  if (folder !== null) await set(repository, 'protect.folder', folder);
  const inside =
    folder !== null || existsSync(join(topLevel, 'node_modules/git-protect')) || process.versions['pnp'] !== undefined;
  if (!inside) await set(repository, 'protect.entry', join(packageRoot, 'dist/hook.cjs').split(sep).join('/'));
  if (basename(process.execPath).startsWith('node'))
    await set(repository, 'protect.node', process.execPath.split(sep).join('/'));
}

async function set(repository: Repository, key: string, value: string): Promise<void> {
  if ((await repository.configured(key)) !== value) await repository.run(['config', '--local', key, value]);
}

/** Makes Git take its hooks from our folder. Returns why it does not. */
async function pointGit(repository: Repository, place: HooksFolder): Promise<string | null> {
  const wanted = place.hooksPath;
  const now = await hooksPath(repository);
  if (now?.value === wanted) return null;
  await repository.run(['config', now?.scope === 'worktree' ? '--worktree' : '--local', 'core.hooksPath', wanted]);
  const then = await hooksPath(repository);
  return then?.value === wanted ? null : `core.hooksPath stays '${then?.value}' (${then?.scope} configuration)`;
}
