import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Folders } from '../git/plain-files.ts';
import { parseConfig, type Setting } from './git/config-file.ts';

/** The repository that a call is about, told by plain files alone. */
export interface Place extends Folders {
  /** The top of the working tree. */
  readonly top: string;
  /** Short name of the branch that is checked out; null: none. */
  readonly branch: string | null;
  /** The commit that HEAD is; null: none yet, or only Git can tell. */
  readonly head: string | null;
  /** Short name of the default branch, as the remote says it. */
  readonly standard: string | null;
  /** What the repository's own configuration file says. */
  readonly settings: readonly Setting[];
}

/** Finds the repository above a folder; null: there is none. */
export function placeOf(cwd: string): Place | null {
  let top: string;
  try {
    top = realpathSync(cwd);
  } catch {
    return null; // A folder that is not there is in no repository.
  }
  for (;;) {
    const found = openAt(top);
    if (found !== null) return found;
    const above = dirname(top);
    if (above === top) return null;
    top = above;
  }
}

function openAt(top: string): Place | null {
  const path = join(top, '.git');
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return null;
  const gitDir = entry.isFile() ? resolve(top, (read(path) ?? '').replace(/^gitdir: /, '').trim()) : realpathSync(path);
  const linked = read(join(gitDir, 'commondir'));
  const commonDir = linked === null ? gitDir : resolve(gitDir, linked.trim());
  const said = read(join(gitDir, 'HEAD'));
  if (said === null) return null;
  const branch = /^ref: refs\/heads\/(.+)\n?$/.exec(said)?.[1] ?? null;
  return {
    top,
    gitDir,
    commonDir,
    branch,
    head: branch === null ? commitIn(said) : commitOf(commonDir, `refs/heads/${branch}`),
    standard:
      /^ref: refs\/remotes\/origin\/(.+)\n?$/.exec(read(join(commonDir, 'refs/remotes/origin/HEAD')) ?? '')?.[1] ??
      null,
    settings: parseConfig(read(join(commonDir, 'config')) ?? ''),
  };
}

function commitOf(commonDir: string, ref: string): string | null {
  const loose = read(join(commonDir, ref));
  if (loose !== null) return commitIn(loose);
  const packed = read(join(commonDir, 'packed-refs')) ?? '';
  const line = packed.split('\n').find((each) => each.endsWith(` ${ref}`));
  return line === undefined ? null : commitIn(line.split(' ')[0]!);
}

const commitIn = (text: string) => /^([0-9a-f]{40}|[0-9a-f]{64})\s*$/.exec(text)?.[1] ?? null;

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // Not there, or not a file: then it tells nothing.
  }
}
