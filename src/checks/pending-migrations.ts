import { type Check, type Problem, Undecided } from '../model/index.ts';

const limit = 120_000;
/** Lines that are told. */
const told = 20;

/** Asks the database, by a command of the policy, which migrations it has not run. */
export const pendingMigrations: Check<'commands' | 'deploy'> = {
  id: 'pending-migrations',
  summary: 'The database has run every migration of the commit that is deployed.',
  gates: ['pre-deploy'],
  needs: ['commands', 'deploy'],
  weakenable: true,
  timeout: limit,
  stopsItself: true,
  docs: {
    since: '0.1.0',
    why: 'Code that expects a column which the database does not have yet fails on the first request. Until then, a deploy that forgot the migration looks like any other.',
    fix: 'Run the migrations that the report names, then run the gate again. The command of `pending-migrations` prints one line for each, nothing if there are none, and exits with 0; any other exit code means that it could not look. It runs on exactly the commit, with the environment of the gate. A deploy that runs its migrations itself needs no such check.',
  },
  async run({ deploy, policy, commands, signal }) {
    const wanted = deploy.environment['pending-migrations'];
    if (wanted === null) return { skipped: 'no command is configured' };
    const timeout = policy.checks['pending-migrations']?.timeout ?? limit;
    const { command } = wanted;
    commands.progress(`pending migrations: ${command}`);
    const ran = await commands.withCheckout((cwd) => commands.run(command, { cwd, timeout, signal }));
    if (ran.missing) throw new Undecided(`${command} could not be started: ${ran.missing}`);
    if (signal.aborted) throw new Undecided('it was interrupted');
    if (ran.timedOut)
      throw new Undecided(
        `${command} took longer than ${timeout / 1000} s and was stopped`,
        'raise checks.pending-migrations.timeout in the policy',
      );
    if (ran.exitCode !== 0 || ran.stdout === null)
      throw new Undecided(
        ran.stdout === null
          ? `${command} prints more than can be read`
          : `${command} could not look (exit code ${ran.exitCode})\n${ran.output.trimEnd()}`,
        `${command}  # it has to print what is pending, a line each, and end with 0`,
      );
    return pending(ran.stdout);
  },
};

function pending(stdout: string): Problem[] {
  const lines = stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  if (lines.length === 0) return [];
  const more = lines.length > told ? [`and ${lines.length - told} more`] : [];
  const many = lines.length === 1 ? '1 migration has' : `${lines.length} migrations have`;
  return [
    {
      message: [`${many} not run yet`, ...lines.slice(0, told), ...more].join('\n'),
      help: 'run the migrations, then this again',
    },
  ];
}
