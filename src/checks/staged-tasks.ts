import type { Check } from '../model.ts';

/** Hands the staged files to lint-staged. */
export const stagedTasks: Check = {
  id: 'staged-tasks',
  summary: 'The tasks of `staged:` pass on the staged files.',
  gates: ['pre-commit'],
  weakenable: true,
  timeout: 600_000,
  wave: 2,
  docs: {
    since: '0.1.0',
    why: 'Formatters and linters are cheapest on the few files that a commit holds.',
    fix: 'Mend what the task reports and stage it again.',
  },
  async run({ policy, commands, stagedTasks: runTasks }) {
    if (policy.staged === null) return { skipped: 'no staged tasks are configured' };
    if (!commands) return { skipped: 'commands are not run (--no-commands)' };
    const { ok, output } = await runTasks(policy.staged);
    return ok
      ? []
      : [
          {
            message: `a task for the staged files failed\n${output.trimEnd()}`,
            help: 'mend what it reports, git add the files, commit again',
          },
        ];
  },
};
