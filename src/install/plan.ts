import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import type { HooksFolder } from './folder.ts';
import { addLine, isShellScript, mark } from './line.ts';

/** The hooks that are wired; each is one marked line. In a folder of shims the last one wires new linked worktrees. */
export const hookNames = ['pre-commit', 'commit-msg', 'pre-push', 'post-checkout'] as const;

/** The hook of strict mode: the one that `--no-verify` does not skip. husky has no shim for it, so it is among ours alone. */
export const strictHook = 'reference-transaction';

/** Where the published files lie: `hooks/` and `templates/` beside `dist/`. */
export const packageRoot = dirname(fileURLToPath(import.meta.resolve('git-protect/package.json')));

/**
 * The folder below the top level that git-protect is installed in: the one it is started from, or runs from. Null: it
 * is installed at the top, or outside.
 */
export function packageFolder(topLevel: string, cwd: string): string | null {
  // Yarn's Plug'n'Play has no folders to look in.
  if (process.versions['pnp'] !== undefined) return null;
  const inner = (path: string) => relative(realpathSync(topLevel), realpathSync(path)).split(sep).join('/');
  if (existsSync(join(topLevel, 'node_modules/git-protect'))) return null;
  const here = inner(cwd);
  if (here !== '' && existsSync(join(cwd, 'node_modules/git-protect'))) return here;
  const [folder, rest] = inner(packageRoot).split('/node_modules/', 2);
  return folder === undefined || rest === undefined || folder.startsWith('..') ? null : folder;
}

/** A file that `init` or `wire` would write. */
export interface PlannedFile {
  /** Relative to the top level. */
  readonly path: string;
  readonly content: string | Buffer;
  readonly executable: boolean;
  readonly state: 'new' | 'changed';
}

/**
 * The hook files that have to be written, none when all is as it should be.
 * @param strict is the hook of strict mode among them?
 * @throws UsageError when a hook that is there cannot be kept running
 */
export async function planHooks(
  place: HooksFolder & { readonly topLevel: string },
  strict: boolean,
): Promise<PlannedFile[]> {
  const { topLevel, folder, runner } = place;
  const planned: PlannedFile[] = [];
  const plan = async (name: string, executable: boolean, content: (present: string | null) => string) => {
    const path = `${folder}/${name}`;
    // A byte a character: a hook need not be UTF-8, and not a byte of it may change.
    const present = await readOptional(join(topLevel, path), 'latin1');
    const wanted = content(present);
    if (wanted === present) return;
    const state = present === null ? 'new' : 'changed';
    planned.push({ path, content: Buffer.from(wanted, 'latin1'), executable, state });
  };
  const finder = await readFile(join(packageRoot, 'hooks', 'git-protect'), 'latin1');
  await plan('git-protect', false, () => finder);
  // A checkout that turns line ends into CRLF would break every hook.
  await plan('.gitattributes', false, (present) => present ?? attributes[runner]);
  const strictly = strict ? [strictHook] : [];
  for (const name of runner === 'husky' ? hookNames : [...hookNames.slice(0, 3), ...strictly]) {
    await refuseUnfit(topLevel, `${folder}/${name}`, runner);
    const line = (await readFile(join(packageRoot, 'hooks', name), 'utf8')).trimEnd();
    await plan(name, true, (present) => addLine(present, line, runner === 'husky' ? `${line}\n` : startOf(line)));
  }
  return planned;
}

/** What `.gitattributes` beside the hooks says, where there was none. */
export const attributes: Readonly<Record<HooksFolder['runner'], string>> = {
  husky: '* text eol=lf\n',
  git: 'git-protect text eol=lf\n',
};

const startOf = (line: string) => `#!/bin/sh\n${line}\n# Commands of your own can follow. ${mark}\n`;

/** Only a shell script can take our line. husky runs every hook by sh, whatever its mode and first line say. */
async function refuseUnfit(topLevel: string, path: string, runner: HooksFolder['runner']): Promise<void> {
  const found = lstatSync(join(topLevel, path), { throwIfNoEntry: false });
  if (!found) return;
  const refuse = (why: string, help: string) => {
    throw new UsageError(`${path} ${why}`, help);
  };
  if (!found.isFile())
    refuse(
      `is ${found.isSymbolicLink() ? 'a symbolic link' : 'not a file'}, so no line can be added to it`,
      'make it a shell script that calls the current hook',
    );
  const content = await readFile(join(topLevel, path), 'latin1');
  if (runner === 'git' && !isShellScript(content))
    refuse(
      `is not a shell script (${content.split('\n', 1)[0]!.slice(0, 60)}), so no line can be added to it`,
      `rename it, and call it from a shell script of that name: ${callFromShell(path)}`,
    );
  if (runner === 'git' && (found.mode & 0o111) === 0)
    refuse(
      'is not executable, so Git does not run it; wired it would start to',
      `chmod +x ${shellWord(path)}, or remove it`,
    );
}

/** A command that keeps a hook of any kind running behind a shell script that takes our line. */
function callFromShell(path: string): string {
  const moved = `${path}.main`;
  const call = `exec "\${0%/*}/${basename(moved)}" "$@"`;
  const [from, to] = [shellWord(path), shellWord(moved)];
  return `mv ${from} ${to} && printf '%s\\n' '#!/bin/sh' '${call}' > ${from} && chmod +x ${from}`;
}

/** Writes a file that was planned, and the folders above it. */
export async function writePlanned(topLevel: string, { path, content, executable }: PlannedFile): Promise<void> {
  const target = join(topLevel, path);
  await mkdir(dirname(target), { recursive: true });
  await replaceFile(target, content, existsSync(target) ? (await stat(target)).mode : executable ? 0o755 : 0o644);
}

/** Writes beside the file and renames, so that a kill leaves the old or the new one. */
export async function replaceFile(target: string, content: string | Buffer, mode: number): Promise<void> {
  // A name of its own, because workspaces that are installed side by side wire at the same time.
  const beside = `${target}.git-protect-${process.pid}`;
  await rm(beside, { force: true });
  // Never through a link.
  await writeFile(beside, content, { flag: 'wx' });
  await chmod(beside, mode);
  await rename(beside, target);
}

/** A text file; null when there is none. @throws UsageError when it cannot be read */
export async function readOptional(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<string | null> {
  try {
    return await readFile(path, encoding);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`${basename(path)} cannot be read: ${(error as Error).message}`);
  }
}
