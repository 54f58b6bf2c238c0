import type { Check, Context, TestRun } from '../model/index.ts';
import { leavingNoTrace, lockFileKey, runToPass } from './parts/passing-command.ts';

const halfAnHour = 1_800_000;
/** Bytes. */
const largestReport = 64 << 20;

/** Runs the tests on exactly the commit that is deployed. */
export const tests: Check = {
  id: 'tests',
  summary: 'The tests pass on exactly what is deployed, and leave it as it was.',
  gates: ['pre-deploy'],
  weakenable: true,
  timeout: halfAnHour,
  stopsItself: true,
  wave: 1,
  docs: {
    since: '0.1.0',
    why: 'Tests that passed yesterday, on another commit, say nothing about this one.',
    fix: 'Run the command that the report names and mend what fails. Tests that passed are remembered by tree, command and lock file.',
  },
  async run(context) {
    const { deployment, policy, change, memory } = context;
    const command = deployment?.environment.commands.test ?? null;
    if (!deployment || command === null) return { skipped: 'no tests are configured (deploy: commands: test)' };
    const report = deployment.environment.coverage?.report ?? null;
    const key = `tests ${await change.tree()} ${command}\n${await lockFileKey(context)}`.replaceAll('\n', ' ');
    if (await isRemembered(context, key, report)) return [];
    const timeout = policy.checks['tests']?.timeout ?? halfAnHour;
    const problems = await leavingNoTrace(context, 'the tests', () =>
      context.withCheckout(async (directory) => {
        const startedAt = deployment.host.time();
        const { problem } = await runToPass(
          context,
          { what: 'the tests', command, timeout, setting: 'checks.tests.timeout' },
          directory,
        );
        deployment.tests = { startedAt, directory, report: await readReport(context, directory, report) };
        return problem ? [problem] : [];
      }),
    );
    if (problems.length === 0) await memory.add(key, deployment.tests?.report?.digest ?? 'no report');
    return problems;
  },
};

/** Remembered tests count only while the report that they wrote is unchanged. */
async function isRemembered(context: Context, key: string, report: string | null): Promise<boolean> {
  const { deployment, memory } = context;
  const digest = await memory.get(key);
  if (digest === null || !deployment) return false;
  const now = await readReport(context, deployment.topLevel, report);
  if ((now?.digest ?? 'no report') !== digest) return false;
  deployment.tests = { startedAt: null, directory: deployment.topLevel, report: now };
  return true;
}

async function readReport(
  { deployment }: Context,
  directory: string,
  report: string | null,
): Promise<NonNullable<TestRun['report']> | null> {
  if (report === null || !deployment) return null;
  const path = `${directory}/${report}`;
  const [status, content] = [await deployment.host.status(path), await deployment.host.read(path, largestReport)];
  if (!status || !content) return null;
  return { content, modifiedAt: status.modifiedAt, digest: await deployment.host.digest(path) };
}
