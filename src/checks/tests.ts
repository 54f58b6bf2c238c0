import type { Check, Context, Deployment, TestRun } from '../model/index.ts';
import { leavingNoTrace, lockFileKey, runToPass } from './parts/passing-command.ts';

const halfAnHour = 1_800_000;
/** Bytes. */
const largestReport = 64 << 20;

/** Runs the tests on exactly the commit that is deployed. */
export const tests: Check<'commands' | 'deploy'> = {
  id: 'tests',
  summary: 'The tests pass on exactly what is deployed, and leave it unchanged.',
  gates: ['pre-deploy'],
  needs: ['commands', 'deploy'],
  weakenable: true,
  timeout: halfAnHour,
  stopsItself: true,
  wave: 1,
  docs: {
    since: '0.1.0',
    why: 'Tests that passed yesterday, on another commit, say nothing about this one.',
    fix: 'Run the command that the report names and fix what fails. Tests that passed are remembered by tree, command and lock file.',
  },
  async run(context) {
    const { deploy, policy, change, commands } = context;
    const command = deploy.environment.commands.test;
    if (command === null) return { skipped: 'no tests are configured (deploy: commands: test)' };
    const report = deploy.environment.coverage?.report ?? null;
    const key = `tests ${await change.tree()} ${command}\n${await lockFileKey(deploy)}`.replaceAll('\n', ' ');
    if (await isRemembered(context, key, report)) return [];
    const timeout = policy.checks['tests']?.timeout ?? halfAnHour;
    const problems = await leavingNoTrace(deploy, 'the tests', () =>
      commands.withCheckout(async (directory) => {
        const startedAt = deploy.host.time();
        const { problem } = await runToPass(
          context,
          { what: 'the tests', command, timeout, setting: 'checks.tests.timeout' },
          directory,
        );
        deploy.tests = { startedAt, directory, report: await readReport(deploy, directory, report) };
        return problem ? [problem] : [];
      }),
    );
    if (problems.length === 0) await commands.memory.add(key, deploy.tests?.report?.digest ?? 'no report');
    return problems;
  },
};

/** Remembered tests count only while the report that they wrote is unchanged. */
async function isRemembered(
  context: Context<'commands' | 'deploy'>,
  key: string,
  report: string | null,
): Promise<boolean> {
  const { deploy, commands } = context;
  const digest = await commands.memory.get(key);
  if (digest === null) return false;
  const now = await readReport(deploy, deploy.topLevel, report);
  if ((now?.digest ?? 'no report') !== digest) return false;
  deploy.tests = { startedAt: null, directory: deploy.topLevel, report: now };
  return true;
}

async function readReport(
  { host }: Deployment,
  directory: string,
  report: string | null,
): Promise<NonNullable<TestRun['report']> | null> {
  if (report === null) return null;
  const path = `${directory}/${report}`;
  const [status, content] = [await host.status(path), await host.read(path, largestReport)];
  if (!status || !content) return null;
  return { content, modifiedAt: status.modifiedAt, digest: await host.digest(path) };
}
