import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from '../git/repository.ts';
import type { Policy } from '../model/index.ts';
import type { Move } from '../sources/transaction.ts';
import { shellWord } from '../words/shell-word.ts';

/**
 * What somebody whose branch was not let move is to do, by the state that Git leaves behind. Each was tried with Git 2.39 and
 * 2.47; the hook runs before the ref moves, when the index and the files may be at the new state already.
 * @returns a line that says what stands, and the command that leads back or on
 */
export async function wayBack(
  repository: Repository,
  { ref, current, next }: Move,
  policy: Policy,
  action: string,
): Promise<string> {
  const { gitDir } = await repository.layout();
  const has = (name: string) => existsSync(join(gitDir, name));
  const branch = ref.slice('refs/heads/'.length);
  if (has('rebase-merge')) return `the rebase is not finished: git rebase --abort`;
  if (has('rebase-apply/applying')) return 'the patches are not applied: git am --abort';
  if (has('rebase-apply')) return `the rebase is not finished: git rebase --quit && git checkout ${shellWord(branch)}`;
  if (has('CHERRY_PICK_HEAD') || has('sequencer'))
    return `nothing is picked: git ${action === 'revert' ? 'revert' : 'cherry-pick'} --abort`;
  if (has('MERGE_HEAD')) return 'the merge is not committed: git merge --abort';
  const { branch: onBranch, commit } = await repository.head();
  const index = await isIndexAt(repository, next);
  // `commit -a` and `commit PATH` hold the index that they have made until the branch has moved.
  const isCommit =
    (index || has('index.lock')) &&
    onBranch === ref &&
    (has('REVERT_HEAD') || !has('MERGE_MSG')) &&
    (await isFresh(repository, next));
  if (isCommit && !/^(?:merge|pull|revert)/.test(action)) {
    const amends = current !== null && !(await parentsOf(repository, next)).includes(current);
    return committing(repository, `${amends ? ' --amend' : ''}${index ? '' : ' -a'}`, gitDir, policy);
  }
  if (commit === null || !index || commit === next) return 'nothing else has changed';
  const moved = (await repository.diff(commit, next)).map(({ path }) => path);
  const unstaged = new Set(await repository.unstaged());
  // What differs from the index has not been written to the files: then only the index was moved.
  if (moved.some((path) => unstaged.has(path))) return 'the index is at what was refused: git reset';
  return 'the index and the files are at what was refused: git reset --merge';
}

/** Was it made just now? Then no ref leads to it. */
async function isFresh(repository: Repository, commit: string): Promise<boolean> {
  return (await repository.text(['for-each-ref', '--count=1', '--contains', commit])) === '';
}

async function parentsOf(repository: Repository, commit: string): Promise<string[]> {
  const [, ...parents] = (await repository.text(['rev-list', '--no-walk', '--parents', commit])).split(' ');
  return parents;
}

async function isIndexAt(repository: Repository, commit: string): Promise<boolean> {
  return (await repository.diffIndex(commit)).length === 0;
}

/** A commit that was refused: its message is kept, and what was staged for it, but for `-a` and for paths that were named. */
async function committing(repository: Repository, flags: string, gitDir: string, policy: Policy): Promise<string> {
  const { topLevel } = await repository.layout();
  const usual = topLevel !== null && gitDir === join(topLevel, '.git');
  const message = usual ? '.git/COMMIT_EDITMSG' : shellWord(join(gitDir, 'COMMIT_EDITMSG'));
  const commit = `git commit${flags} -eF ${message}`;
  if (policy.approvals.needed === 'landing')
    return `nothing is committed; on a branch of its own: git switch -c fix && ${commit}`;
  return `nothing is committed, and what was staged still is; once that is put right: ${commit}`;
}
