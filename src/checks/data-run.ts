import type { Check } from '../model/index.ts';

/** Keeps the gate shut while a run on the databases is open, or has ended badly. */
export const dataRun: Check<'services'> = {
  id: 'data-run',
  summary: 'No run of this clone on the databases is open, failed or interrupted.',
  gates: ['pre-commit', 'pre-push', 'pre-deploy'],
  needs: ['services'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.2.0',
    why: 'If production changed while an agent was working, what the agent made is not committed before somebody has looked.',
    fix: 'See what the run found: `npx git-protect db status`. End it: `npx git-protect db end`, which compares production with the baseline once more; a person records an intended difference with `--accept --reason "…"`.',
  },
  async run({ services, agent }) {
    const run = await services.databases.openRun();
    if (run === null) return [];
    const end =
      run.state === 'differs'
        ? agent === null
          ? 'npx git-protect db end --accept --reason "…"  # if the difference is meant'
          : 'ask a person to look: npx git-protect db status'
        : 'npx git-protect db end';
    const said = {
      open: 'is still open',
      failed: 'failed: its command ended badly',
      interrupted: 'was interrupted, so production was not compared',
      differs: 'ended with production changed',
      unverified: 'ended, and production could not be compared',
    }[run.state];
    const details = run.differences.slice(0, 5).map((line) => `\n${line}`);
    return [
      { message: `the run ${run.id} on the databases, of ${run.startedAt}, ${said}${details.join('')}`, help: end },
    ];
  },
};
