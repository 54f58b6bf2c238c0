import { showPath } from '../git/raw.ts';
import type { Check, Problem, TasksEnd } from '../model/index.ts';

const tenMinutes = 600_000;

/** Hands the staged files to lint-staged. */
export const stagedTasks: Check<'commands'> = {
  id: 'staged-tasks',
  summary: 'The tasks of `staged:` pass on the staged files.',
  gates: ['pre-commit'],
  needs: ['commands'],
  weakenable: true,
  timeout: tenMinutes,
  stopsItself: true,
  wave: 2,
  docs: {
    since: '0.1.0',
    why: 'Formatters and linters are cheapest on the few files of a commit.',
    fix: 'Fix what the task reports and stage it again. Unstaged changes are never lost: see [staged tasks](policy.md#staged-tasks).',
  },
  async run({ policy, commands, signal }) {
    if (policy.staged === null) return { skipped: 'no staged tasks are configured' };
    const timeout = policy.checks['staged-tasks']?.timeout ?? tenMinutes;
    return problems(await commands.stagedTasks(policy.staged, { timeout, signal }));
  },
};

function problems(ended: TasksEnd): readonly Problem[] {
  switch (ended.end) {
    case 'passed':
      return ended.apart.map((path) => ({
        severity: 'note',
        path,
        message:
          'the tasks changed lines next to your unstaged changes: the commit has their version, the file is yours as it was',
      }));
    case 'failed':
      return [
        {
          message: [...ended.tasks, ended.output].join('\n').trimEnd(),
          help: 'fix what it reports, git add the files, commit again',
        },
      ];
    case 'changed':
      return ended.paths.map((path) => ({
        path: showPath(path),
        message: 'the tasks changed it, and a commit of named paths cannot take that in; the file now holds it',
        help: 'look at git diff, and run the same git commit again',
      }));
    case 'emptied':
      return [
        {
          message: 'the tasks take back all that is staged, so nothing would be committed',
          help: 'stage what is to be committed, or fix staged: in the policy',
        },
      ];
  }
}
