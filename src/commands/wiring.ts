import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import husky from 'husky';
import { Porcelain } from '../git/porcelain.ts';
import type { Repository } from '../git/repository.ts';
import { UsageError } from '../model.ts';

/** The hooks that are wired; each is one marked line in `.husky/`. */
export const hookNames = ['pre-commit', 'commit-msg', 'pre-push', 'post-checkout'] as const;

/** What every line of ours ends in. */
export const mark = '# git-protect';

/** Where the published files lie: `hooks/` and `templates/` beside `dist/`. */
export const packageRoot = dirname(fileURLToPath(import.meta.resolve('git-protect/package.json')));

/** A file that wiring would write. */
export interface PlannedFile {
  readonly path: string;
  readonly content: string;
  readonly executable: boolean;
  readonly state: 'new' | 'changed';
}

/**
 * The hook files that have to be written, none when all is as it should be.
 * @throws UsageError when the repository has hooks that cannot be kept working
 */
export async function planHooks(repository: Repository): Promise<PlannedFile[]> {
  const { topLevel, commonDir } = await repository.layout();
  if (topLevel === null) throw new UsageError('a bare repository has no hooks to wire', 'run this in a clone');
  await refuseForeignHooks(new Porcelain(topLevel), commonDir);
  const planned: PlannedFile[] = [];
  const finder = await readFile(join(packageRoot, 'hooks', 'git-protect'), 'utf8');
  if ((await readOptional(join(topLevel, '.husky/git-protect'))) !== finder)
    planned.push(file('.husky/git-protect', finder, false, topLevel));
  // A checkout that turns line ends into CRLF would break every hook.
  if ((await readOptional(join(topLevel, '.husky/.gitattributes'))) === null)
    planned.push(file('.husky/.gitattributes', '* text eol=lf\n', false, topLevel));
  for (const name of hookNames) {
    const line = await readFile(join(packageRoot, 'hooks', name), 'utf8');
    const path = `.husky/${name}`;
    const present = await readOptional(join(topLevel, path));
    const content = present === null ? line : withLine(present, line);
    if (content !== present) planned.push(file(path, content, true, topLevel));
  }
  return planned;
}

/** Writes the hook files and points Git at them, in this worktree and in every linked one. Returns why it did not, or null. */
export async function wireHooks(repository: Repository, cwd: string): Promise<string | null> {
  const { topLevel } = await repository.layout();
  for (const planned of await planHooks(repository)) await writePlanned(topLevel!, planned);
  const message = runHusky(topLevel!);
  if (message !== '') return message;
  await writeShims(topLevel!);
  await wireLinkedWorktrees(repository, topLevel!);
  await recordFolder(repository, topLevel!, cwd);
  return null;
}

/** Writes beside the file and renames, so that a kill leaves the old or the new one. */
export async function writePlanned(topLevel: string, { path, content, executable }: PlannedFile): Promise<void> {
  const target = join(topLevel, path);
  await mkdir(dirname(target), { recursive: true });
  const mode = existsSync(target) ? (await stat(target)).mode : 0o644;
  await writeFile(`${target}.new`, content);
  await chmod(`${target}.new`, executable ? mode | 0o755 : mode);
  await rename(`${target}.new`, target);
}

function file(path: string, content: string, executable: boolean, topLevel: string): PlannedFile {
  return { path, content, executable, state: existsSync(join(topLevel, path)) ? 'changed' : 'new' };
}

/** Our line goes first, behind a shebang, so that no `exit` or `exec` above it can skip it. */
function withLine(present: string, line: string): string {
  const lines = present.split('\n').filter((other) => !other.trimEnd().endsWith(mark));
  const at = lines[0]?.startsWith('#!') ? 1 : 0;
  return [...lines.slice(0, at), line.trimEnd(), ...lines.slice(at)].join('\n');
}

async function refuseForeignHooks(porcelain: Porcelain, commonDir: string): Promise<void> {
  const hooksPath = await porcelain.config('core.hooksPath');
  if (hooksPath !== null && hooksPath.replace(/\/+$/, '') !== '.husky/_')
    throw new UsageError(
      `Git takes its hooks from '${hooksPath}' (core.hooksPath), and they would stop running`,
      'move them to .husky/, then: git config --unset core.hooksPath',
    );
  if (hooksPath !== null) return;
  const folder = join(commonDir, 'hooks');
  const own = existsSync(folder)
    ? (await readdir(folder)).filter((name) => !name.endsWith('.sample') && !name.includes('.'))
    : [];
  if (own.length > 0)
    throw new UsageError(
      `${folder} holds hooks of your own (${own.join(', ')}), and they would stop running`,
      `move each to .husky/NAME, for example: mkdir -p .husky && mv ${join(folder, own[0]!)} .husky/${own[0]}`,
    );
}

/**
 * husky looks for `.git` in the current directory, starts Git with our environment and reports problems as text. In an
 * install that a Git hook started, `GIT_DIR` would lead it to another repository.
 */
function runHusky(topLevel: string): string {
  const before = { cwd: process.cwd(), env: { ...process.env } };
  process.chdir(topLevel);
  for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
  try {
    return husky('.husky');
  } finally {
    process.chdir(before.cwd);
    Object.assign(process.env, before.env);
  }
}

/**
 * husky runs nothing where a branch lacks the hook file: an orphan branch, one from before the policy. Our own shims
 * run the gate there as well.
 */
async function writeShims(topLevel: string): Promise<void> {
  const folder = join(topLevel, '.husky/_');
  await cp(join(packageRoot, 'hooks/git-protect'), join(folder, 'git-protect'));
  for (const name of hookNames) {
    const own = `[ -f "\${0%/*}/../${name}" ] || { protect_gate=${name}; . "\${0%/*}/git-protect"; exit; }`;
    await writeFile(join(folder, name), `#!/usr/bin/env sh\n${own}\n. "\${0%/*}/h"\n`, { mode: 0o755 });
  }
}

/** core.hooksPath is relative and shared, so every worktree needs a `.husky/_` of its own. */
async function wireLinkedWorktrees(repository: Repository, topLevel: string): Promise<void> {
  const list = await repository.text(['worktree', 'list', '--porcelain']);
  for (const line of list.split('\n')) {
    const worktree = /^worktree (.+)$/.exec(line)?.[1];
    if (worktree && worktree !== topLevel && existsSync(worktree) && existsSync(join(worktree, '.git')))
      await cp(join(topLevel, '.husky/_'), join(worktree, '.husky/_'), { recursive: true, force: true });
  }
}

/** In a package below the top level, the hooks have to be told where the package is installed. */
async function recordFolder(repository: Repository, topLevel: string, cwd: string): Promise<void> {
  const folder = relative(topLevel, cwd).split(sep).join('/');
  const nested = folder !== '' && !folder.startsWith('..') && existsSync(join(cwd, 'node_modules', 'git-protect'));
  if (nested && !existsSync(join(topLevel, 'node_modules', 'git-protect')))
    await repository.run(['config', 'protect.folder', folder]);
}

export async function readOptional(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`${basename(path)} cannot be read: ${(error as Error).message}`);
  }
}
