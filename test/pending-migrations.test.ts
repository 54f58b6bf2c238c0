import { is, match } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { guardedRepo } from './support/world.ts';

const test = suite('pending-migrations');

function pending(script: string, more = '') {
  const { repo } = guardedRepo({
    hooks: false,
    more: `checks: { not-root: { severity: off }${more} }\ndeploy: { production: { pending-migrations: { command: sh tools/pending.sh } } }`,
    files: { 'tools/pending.sh': script },
  });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  return repo.protect('predeploy', 'production', '--only', 'pending-migrations');
}

test('no line is nothing pending; what goes to standard error is no line', () => {
  const passed = pending('echo asking >&2; echo; exit 0\n');
  is(passed.code, 3, passed.out);
  match(passed.out, '✓ pending-migrations');
});

test('each line is a migration that has not run', () => {
  const one = pending('echo "  0007_price  "\n');
  is(one.code, 1);
  match(one.out, 'error[pending-migrations] 1 migration has not run yet\n  | 0007_price\n');
  match(one.out, 'help: run the migrations, then this again');
  const many = pending('seq 1 30\n');
  match(many.out, '30 migrations have not run yet');
  match(many.out, '| and 10 more');
});

test('a command that could not look has not passed', () => {
  for (const [script, words] of [
    ['echo cannot connect >&2; exit 1\n', 'could not look (exit code 1)\n'],
    ['kill -9 $$\n', 'could not look (exit code '],
    ['sleep 60\n', 'took longer than 1 s and was stopped'],
  ] as const) {
    const errored = pending(script, ', pending-migrations: { timeout: 1s }');
    is(errored.code, 3, errored.out);
    match(errored.out, 'undecided[pending-migrations] sh tools/pending.sh');
    match(errored.out, words);
  }
});

test('it runs on the commit, not on what lies in the working tree', () => {
  const { repo } = guardedRepo({
    hooks: false,
    more: 'checks: { not-root: { severity: off } }\ndeploy: { production: { pending-migrations: { command: "ls db" } } }',
    files: { 'db/1.sql': 'SELECT 1;\n' },
  });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  repo.write('db/2.sql', 'SELECT 2;\n');
  const found = repo.protect('predeploy', 'production', '--only', 'pending-migrations');
  match(found.out, '1 migration has not run yet\n  | 1.sql');
});
