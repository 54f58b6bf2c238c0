/** What the plain files of a Git directory tell, which costs a hook no process. Null wherever there is any doubt: then Git is asked. */

import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Oid } from '../model/change.ts';

/** The Git directory of this worktree, and the one that all worktrees share. */
export interface Folders {
  readonly gitDir: string;
  readonly commonDir: string;
}

/** Where the Git directory is for a hook, which Git starts at the top of the working tree. */
export function foldersOf(cwd: string, env: NodeJS.ProcessEnv): Folders | null {
  try {
    const gitDir = gitDirOf(cwd, env);
    const linked = join(gitDir, 'commondir');
    const commonDir = existsSync(linked) ? resolve(gitDir, readFileSync(linked, 'utf8').trim()) : gitDir;
    return { gitDir, commonDir };
  } catch {
    return null;
  }
}

function gitDirOf(cwd: string, env: NodeJS.ProcessEnv): string {
  if (env['GIT_DIR'] !== undefined) return resolve(cwd, env['GIT_DIR']);
  const path = join(cwd, '.git');
  if (lstatSync(path).isDirectory()) return path;
  return resolve(cwd, /^gitdir: (.+?)\n?$/.exec(readFileSync(path, 'utf8'))![1]!);
}

/** Where HEAD is. */
export interface PlainHead {
  readonly head: Oid;
  /** Full name; null: detached. */
  readonly branch: string | null;
}

/** HEAD by its own file and that of its branch; packed refs and other ways to keep refs are left to Git. */
export function headOf({ gitDir, commonDir }: Folders): PlainHead | null {
  try {
    const oid = (text: string) => /^([0-9a-f]{40}|[0-9a-f]{64})\n$/.exec(text)?.[1] ?? null;
    // A link is a ref that points to another, as Git once wrote them and still reads them.
    const read = (path: string) => (lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '');
    const head = read(join(gitDir, 'HEAD'));
    const branch = /^ref: (refs\/heads\/[\w./-]+)\n$/.exec(head)?.[1] ?? null;
    const commit = oid(branch === null ? head : read(join(commonDir, branch)));
    return commit === null ? null : { head: commit, branch };
  } catch {
    return null;
  }
}

/** What `git rev-parse` would say to `lookAround`, in the plain case: a `.git` folder in the current folder, both of whoever asks. */
export function plainAnswer(cwd: string, env: NodeJS.ProcessEnv): string | null {
  if (['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR'].some((name) => env[name] !== undefined)) return null;
  const folders = foldersOf(cwd, env);
  if (folders === null || folders.gitDir !== join(cwd, '.git') || folders.commonDir !== folders.gitDir) return null;
  if (!isPlain(cwd, folders.gitDir)) return null;
  const head = headOf(folders);
  if (head === null || head.branch === 'refs/heads/HEAD') return null;
  return ['false', folders.gitDir, '.git', cwd, head.head, head.branch ?? 'HEAD', ''].join('\n');
}

/** Would Git open it as it lies there? Its configuration may say that it is bare, or that its files lie elsewhere. */
function isPlain(cwd: string, gitDir: string): boolean {
  const isOwn = (path: string) => process.geteuid === undefined || lstatSync(path).uid === process.geteuid();
  try {
    const config = readFileSync(join(gitDir, 'config'), 'utf8');
    return (
      // Git resolves links, and writes `/` on Windows.
      sep === '/' &&
      realpathSync(cwd) === cwd &&
      /^\tbare = false$/m.test(config) &&
      !/worktree|include|refstorage|\bbare\b(?! = false$)/im.test(config) &&
      ['objects', 'refs'].every((name) => existsSync(join(gitDir, name))) &&
      [cwd, gitDir].every(isOwn)
    );
  } catch {
    return false; // Git words it.
  }
}
