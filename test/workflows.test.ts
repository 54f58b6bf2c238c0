import { is, match, not } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, copyRepo, guardedRepo, type Repo, type Result } from './support/world.ts';

hooksStay();
const test = suite('workflows');

const rule = (more = '') =>
  `files:\n  - paths: [/server/pay.ts]\n    risk: critical\n  - paths: [/.github/workflows/${more}]\n    risk: high\n`;
const path = '.github/workflows/lint.yml';
const plain = (more = '', top = '') =>
  `name: lint\non: [push]\n${top}jobs:\n  lint:\n    runs-on: ubuntu-latest\n${more}    steps:\n      - run: npm run lint\n`;

/** A repository whose workflows are protected, but for the one that lints. */
function start(): Repo {
  const { repo } = guardedRepo({ files: { [path]: plain() } });
  const policy = repo.read('.protectionrc').replace(/^files:\n(?: .*\n|-.*\n)+/m, rule(`, "!/${path}"`));
  repo.commit('chore: policy', { '.protectionrc': policy });
  return repo;
}

const base = start();

function change(content: string, file = path): { repo: Repo; result: Result } {
  const repo = copyRepo(base);
  repo.write(file, content).git('add', '-A');
  return { repo, result: repo.tryGit('commit', '-m', 'ci: change') };
}

function refused(content: string, what: string): void {
  const { result } = change(content);
  is(result.code, 1, content);
  match(result.out, `error[workflows] ${path}: the workflow ${what}`);
}

function passes(content: string): void {
  const { result } = change(content);
  is(result.code, 0, `${content}\n${result.out}`);
}

test('what lints goes on linting without approval', () => {
  passes(plain().replace('npm run lint', 'npm run lint -- --fix'));
  passes(plain(`    name: lint \x24{{ matrix.node }}\n    strategy:\n      matrix:\n        node: [20, 22]\n`));
  passes(plain(`    name: \x24{{ matrix.os }}\n    strategy:\n      matrix:\n        os: [linux, macos]\n`));
  passes(plain('', 'permissions:\n  contents: read\n').replace('npm run lint', `echo \x24{{ secrets.GITHUB_TOKEN }}`));
  passes(plain('    permissions: { issues: write, contents: read }\n'));
  passes(plain().replace('npm run lint', 'npm run secrets:check'));
  passes(plain('    environment:\n'));
  passes(plain().replace('npm run lint', `x \x24{{ matrix.secrets }} \x24{{ contains(github.ref, 'github') }}`));
  passes(plain(`    strategy: { matrix: { a: [${'1, '.repeat(150_000)}1] } }\n    name: \x24{{ matrix.a }}\n`));
});

test('a secret, a deployment, a right to write or the name of the required check is refused', () => {
  refused(plain().replace('npm run lint', `x \x24{{ secrets.NPM_TOKEN }}`), 'uses the secret NPM_TOKEN');
  refused(plain().replace('npm run lint', `x \x24{{ SECRETS [format(1)] }}`), 'uses secrets');
  refused(plain().replace('npm run lint', `"x \x24{{ \\x73ecrets.A }}"`), 'uses the secret A');
  refused(plain().replace('npm run lint', `x \x24{{ toJSON(secrets) }}`), 'uses secrets');
  refused(plain().replace('npm run lint', `x \x24{{ github.token }}`), 'uses the token');
  refused(plain('    environment: { name: production }\n'), 'deploys to the environment production');
  refused(plain('    permissions: { id-token: write }\n'), 'has the permission id-token: write');
  refused(plain('', 'permissions: write-all\n'), 'may write everything');
  refused(plain('', 'permissions: { statuses: write }\n'), 'has the permission statuses: write');
  refused(plain().replace('[push]', '[push, pull_request_target]'), 'runs on pull_request_target');
  refused(plain().replace('[push]', '\n  workflow_run: { workflows: [a] }'), 'runs on workflow_run');
  refused(plain('    secrets: inherit\n'), 'hands secrets to another workflow');
  for (const name of [
    'protect main',
    `\x24{{ 'protect' }} main`,
    `pro\x24{{ inputs.x }}`,
    `Protect \x24{{ matrix.a }}`,
  ])
    refused(plain(`    name: ${name}\n`), `could report a check named 'protect …' (job lint)`);
  refused(
    plain(`    name: pro\x24{{ matrix.a }}\n    strategy:\n      matrix:\n        a: [tect main, x]\n`),
    `could report a check named 'protect …'`,
  );
  refused(plain('    x: 1\n    x: 2\n'), "has the key 'x' twice, so nobody can tell");
  refused('jobs: [', 'is not valid YAML');
  for (const line of ['\r', '\u0085', '\u2028', '\u2029'])
    refused(
      plain(`    # harmless${line}    environment: production\n`),
      'has a line break that programs read differently',
    );
  refused(plain('    # \0\n'), 'is not text in UTF-8');
  refused(plain().replace('npm run lint', `"x \x24{{ format('}}{0}', secrets.DEPLOY) }}"`), 'uses the secret DEPLOY');
  refused(plain().replace('npm run lint', `x \x24{{ toJSON(github) }}`), 'uses the token');
  refused(
    plain(`    name: \x24{{ matrix.nothing }}protect main\n    strategy: { matrix: { a: [one] } }\n`),
    'could report a check',
  );
  refused(
    plain(`    name: \x24{{ matrix.a }}protect main\n    strategy: { matrix: { a: [null] } }\n`),
    'could report a check',
  );
  refused(
    `${plain()}  ship: { uses: ./.github/workflows/deploy.yml }\n`,
    'calls the workflow ./.github/workflows/deploy.yml',
  );
  refused(plain().replace('ubuntu-latest', '[self-hosted, linux]'), 'runs on a machine of its owners');
});

test('another file under the folder needs approval, and one that is no workflow is not looked at', () => {
  const { result } = change(plain(), '.github/workflows/new.yml');
  is(result.code, 1);
  match(result.out, 'error[protected-files] .github/workflows/new.yml');
  is(change(`secrets: \x24{{ secrets.A }}\n`, 'other.yml').result.code, 0);
});

test('what the help says lets it land with an approval', () => {
  const { repo, result } = change(plain('    environment: production\n'));
  match(result.out, `help: take "!/${path}" out of files: in the policy, then: npx git-protect request`);
  repo.write('.protectionrc', repo.read('.protectionrc').replace(`, "!/${path}"`, '')).git('add', '-A');
  const asked = repo.tryGit('commit', '-m', 'ci: deploy');
  is(asked.code, 1);
  not.match(asked.out, 'error[workflows]');
  match(asked.out, `error[protected-files] ${path}`);
  const { keys } = guardedRepo();
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const landed = repo.tryGit('commit', '-m', 'ci: deploy');
  is(landed.code, 0, landed.out);
});

test('a power that was there stays; without a rule about workflows nothing is judged', () => {
  const repo = copyRepo(base);
  repo.write('a', 'a').git('add', '-A');
  repo.git('commit', '-q', '--no-verify', '-m', 'chore: a');
  repo.write(path, plain('    environment: staging\n')).git('add', '-A');
  repo.git('commit', '-q', '--no-verify', '-m', 'ci: as it was');
  repo.write(path, plain('    timeout-minutes: 5\n    environment: staging\n')).git('add', '-A');
  is(repo.tryGit('commit', '-m', 'ci: faster').code, 0);
  const { repo: free } = guardedRepo();
  free.write(path, plain('    environment: staging\n')).git('add', '-A');
  is(free.tryGit('commit', '-m', 'ci: deploy').code, 0);
});

test('a limit of the token stays', () => {
  const { repo } = change(plain('', 'permissions: { contents: read }\n'));
  repo.write(path, plain()).git('add', '-A');
  const { code, out } = repo.tryGit('commit', '-m', 'ci: no limit');
  is(code, 1, out);
  match(out, 'the workflow no longer says that its token only reads (permissions:)');
});
