import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Undecided, type WorktreeStatus } from '../model/index.ts';
import type { Repository } from './repository.ts';

/** What Git leaves in its folder while something is going on, by the words for it. */
const underway: readonly (readonly [file: string, what: string])[] = [
  ['MERGE_HEAD', 'a merge'],
  ['rebase-merge', 'a rebase'],
  ['rebase-apply', 'a rebase'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick'],
  ['REVERT_HEAD', 'a revert'],
  ['BISECT_LOG', 'a bisect'],
];

/**
 * What the working tree holds besides the commit, untracked files included.
 * @throws Undecided in a bare repository, or when Git answers in an unknown form
 * @see https://git-scm.com/docs/git-status#_porcelain_format_version_1
 */
export async function worktreeStatus(repository: Repository): Promise<WorktreeStatus> {
  const { topLevel, gitDir } = await repository.layout();
  if (topLevel === null) throw new Undecided('a bare repository has no working tree', 'run it in a clone');
  const status = [
    // How closely Git looks whether a file is still the one it knows is not for this clone to decide.
    '-c',
    'core.trustctime=true',
    '-c',
    'core.checkStat=default',
    'status',
    '--porcelain=v1',
    '-z',
    '--no-renames',
    '--ignore-submodules=none',
    '--untracked-files=all',
  ];
  const [{ stdout }, flags, head] = await Promise.all([
    repository.run(status, { cwd: topLevel }),
    repository.run(['ls-files', '-v', '-z'], { cwd: topLevel }),
    repository.commit('HEAD'),
  ]);
  const entries = stdout.toString('latin1').split('\0').slice(0, -1);
  return {
    head,
    entries: entries.map((entry) => {
      if (!/^[ MTADRCU?!]{2} ./s.test(entry)) throw new Undecided('git status answered in an unknown form');
      const [staged, changed] = entry;
      const state = staged === '?' ? 'untracked' : changed !== ' ' ? 'changed' : ('staged' as const);
      return { path: entry.slice(3), state };
    }),
    hidden: flags.stdout
      .toString('latin1')
      .split('\0')
      .filter((line) => /^[a-zS] /.test(line))
      .map((line) => line.slice(2)),
    underway: underway.find(([file]) => existsSync(join(gitDir, file)))?.[1] ?? null,
  };
}
