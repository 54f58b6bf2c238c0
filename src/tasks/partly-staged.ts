import { dirname, join } from 'node:path';
import { parseRaw, showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { Undecided } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { look } from './exact-copy.ts';

/**
 * Which of some staged files the working tree holds in another state than the index.
 * @throws Undecided where Git does not look at the working tree, or something other than a file or link lies there
 */
export async function partlyStaged(
  repository: Repository,
  topLevel: string,
  paths: readonly string[],
): Promise<Set<string>> {
  await refuseUnseen(repository, topLevel, new Set(paths));
  const raw = ['diff-files', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--ignore-submodules=all'];
  const { stdout } = await repository.run(raw, { cwd: topLevel });
  const unstaged = new Set(parseRaw(stdout).map(({ path }) => showPath(path)));
  const partial = paths.filter((path) => unstaged.has(path));
  for (const path of partial) await refuseInTheWay(topLevel, path);
  return new Set(partial);
}

/** To bring such a file into the working tree, Git would remove what lies in its way. */
async function refuseInTheWay(topLevel: string, path: string): Promise<void> {
  const found = await look(join(topLevel, path));
  if (found !== null && !found.isFile() && !found.isSymbolicLink()) throw inTheWay(path, path);
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    const above = await look(join(topLevel, parent));
    if (above !== null && !above.isDirectory()) throw inTheWay(path, parent);
  }
}

function inTheWay(path: string, what: string): Undecided {
  return new Undecided(
    `${path} is staged as a file, and in the working tree ${what === path ? 'it' : what} is something else`,
    `git rm --cached ${shellWord(path)}  # or bring the file back`,
  );
}

/** Of files marked skip-worktree or assume-unchanged nobody knows whether the tasks would see what is staged. */
async function refuseUnseen(repository: Repository, topLevel: string, staged: ReadonlySet<string>): Promise<void> {
  const { stdout } = await repository.run(['ls-files', '-v', '-z'], { cwd: topLevel });
  for (const line of stdout.toString('utf8').split('\0')) {
    if (!/^[a-zS] /.test(line) || !staged.has(line.slice(2))) continue;
    throw new Undecided(
      `${line.slice(2)} is staged, and Git was told not to look at it in the working tree`,
      `git update-index --no-assume-unchanged --no-skip-worktree ${shellWord(line.slice(2))}`,
    );
  }
}
