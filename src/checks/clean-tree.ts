import { showPath } from '../git/raw.ts';
import type { Check, Problem } from '../model/index.ts';

/** How many files are named one by one. */
const most = 5;

/** Refuses to deploy from a working tree that is not exactly a commit. */
export const cleanTree: Check<'deploy'> = {
  id: 'clean-tree',
  summary: 'Nothing is staged, changed or untracked.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'What is not committed was not reviewed or tested by anybody else, and is lost when a deploy has to be rolled back.',
    fix: 'Commit it, stash it (`git stash --include-untracked`), or add what is generated to `.gitignore`.',
  },
  async run(context) {
    const { entries, hidden, underway } = await context.deploy.worktree();
    const problems: Problem[] = [];
    if (underway !== null) problems.push({ message: `${underway} is under way`, help: 'finish it, or abort it' });
    for (const state of ['staged', 'changed', 'untracked'] as const) {
      const paths = entries.filter((entry) => entry.state === state).map(({ path }) => showPath(path));
      if (paths.length > 0)
        problems.push({
          message: `${listed(paths)} ${paths.length === 1 ? 'is' : 'are'} ${state}`,
          help: helps[state],
        });
    }
    if (hidden.length > 0) problems.push(hiddenProblem(hidden));
    return problems;
  },
};

const helps = {
  staged: 'git commit, or git stash',
  changed: 'git commit -a, or git stash',
  untracked: 'commit it, or add it to .gitignore',
} as const;

function hiddenProblem(hidden: readonly string[]): Problem {
  return {
    message: `Git is told not to look at ${listed(hidden.map(showPath))}, so what is changed there does not show`,
    help: 'git update-index --no-assume-unchanged --no-skip-worktree FILE',
  };
}

function listed(paths: readonly string[]): string {
  const more = paths.length - most;
  return `${paths.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
