/** A gate that may be the first to refuse; null: nothing of that kind is there to refuse. */
export type First = 'pre-commit' | 'commit-msg' | 'pre-push' | null;

/** What holds for one way of making or moving a commit. The test tries it; docs/hooks.md shows it. */
export interface Way {
  /** The commit hooks that Git starts. */
  readonly hooks: readonly ('pre-commit' | 'commit-msg')[];
  /** Where an unapproved change of a protected file is refused. */
  readonly file: First;
  /** Where a message against the rules is refused. */
  readonly message: First;
}

const committed: Way = { hooks: ['pre-commit', 'commit-msg'], file: 'pre-commit', message: 'commit-msg' };
const merged: Way = { hooks: ['commit-msg'], file: 'commit-msg', message: null };
const concluded: Way = { ...committed, message: null };
const unseen: Way = { hooks: [], file: 'pre-push', message: 'pre-push' };

export const ways: Readonly<Record<string, Way>> = {
  'git commit': committed,
  'git commit -a': committed,
  'git commit PATH': committed,
  'git commit --only PATH': committed,
  'git commit --include PATH': committed,
  'git commit -p': committed,
  'git commit --interactive': committed,
  'git commit -F FILE': committed,
  'git commit -C REV': committed,
  'git commit -c REV': committed,
  'git commit, in an editor': committed,
  'git commit, no terminal, standard input closed': committed,
  'an alias of git commit': committed,
  'git commit --amend': committed,
  'git commit --amend --no-edit': committed,
  'git commit --amend, the change is in the commit already': { ...committed, file: 'pre-push' },
  'git commit --allow-empty, the change is in an earlier commit': { ...committed, file: 'pre-push' },
  'git commit --fixup REV': { ...committed, message: null },
  'git commit --squash REV': { ...committed, message: null },
  'git commit --no-verify': unseen,
  'git -c core.hooksPath=… commit': unseen,
  'HUSKY=0 git commit': { ...unseen, hooks: committed.hooks },
  'git merge': merged,
  'git merge, several branches at once': merged,
  'git merge, fast-forward': { ...unseen, message: null },
  'git merge --no-commit, then git commit': concluded,
  'git merge, with a conflict, then git commit': concluded,
  'git merge, with a conflict, then git merge --continue': concluded,
  'git merge --squash, then git commit': committed,
  'git merge -s ours, where main has moved on': { ...merged, file: 'pre-push' },
  'git pull, merging': merged,
  'git pull --rebase': unseen,
  'git cherry-pick': unseen,
  'git cherry-pick --edit': unseen,
  'git cherry-pick -n, then git commit': committed,
  'git cherry-pick, with a conflict, then git commit': committed,
  'git cherry-pick, with a conflict, then git cherry-pick --continue': committed,
  'git revert': { ...unseen, message: null },
  'git revert -n, then git commit': committed,
  'git rebase': unseen,
  'git rebase --apply': unseen,
  'git rebase -i, reword': { ...committed, file: 'pre-push' },
  'git rebase -i, squash': unseen,
  'git rebase -i, edit, then git commit --amend': committed,
  'git rebase --exec "git commit"': committed,
  'git rebase, with a conflict, then git rebase --continue': unseen,
  'git am': unseen,
  'git am, with a conflict, then git am --continue': unseen,
  'git stash, then pop and git commit': committed,
  'git commit-tree, git update-ref': unseen,
  'git fast-import': unseen,
};

/** The table of docs/hooks.md. */
export function waysTable(): string {
  const refusedBy = (gate: First) => (gate === null ? 'free' : gate);
  const rows = Object.entries(ways).map(([way, { hooks, file, message }]) => {
    const name = way.replace(/(?:[\w-]+=\S+ )?git [^,]*/g, (command) => `\`${command}\``);
    const cells = [name, hooks.join(', ') || 'none', refusedBy(file), refusedBy(message)];
    return `| ${cells.join(' | ')} |`;
  });
  const head = ['way', 'commit hooks that run', 'unapproved change refused by', 'bad message refused by'];
  return [`| ${head.join(' | ')} |`, '|---|---|---|---|', ...rows].join('\n');
}
