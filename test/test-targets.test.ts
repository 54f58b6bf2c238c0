import { equal, is, match } from 'uvu/assert';
import { mentions } from '../src/readers/hosts.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { guardedRepo, type Repo, type Result } from './support/world.ts';

hooksStay();
const test = suite('test-targets');

const find = mentions({
  production: {
    hosts: [
      'app.example.com',
      '10.1.2.3',
      'example.org',
      '*.prod.example.net',
      'https://web.example.com/',
      'MÜNCHEN.example',
    ],
    ports: [4545, 443],
  },
});

test('hosts are found however they are written', () => {
  for (const text of [
    'https://app.example.com/x',
    'HTTPS://APP.EXAMPLE.COM',
    'https%3A%2F%2Fapp.example.com%3A80%2F',
    'app%252Eexample.com',
    'app.example.com.',
    '"app.example.com"',
    '/app\\.example\\.com/',
    '"https:\\/\\/app.example.com"',
    'app\\u002eexample\\x2ecom',
    'app\u3002example.com',
    'app.exam\u00adple.com',
    'app&#46;example.com',
    'https://u:p@app.example.com',
    'ssh deploy@app.example.com',
    'git@app.example.com:shop.git',
    '.app.example.com',
    '10.1.2.3',
    'x.prod.example.net',
    'web.example.com',
    'm\u00fcnchen.example',
    'xn--mnchen-3ya.example',
    "'app.' + 'example.com'",
    "'https://app.' +\n  'example.com/'",
  ])
    is(find(text).length, 1, text);
});

test('ports are found where they stand as ports', () => {
  for (const text of [
    'localhost:4545',
    'http://127.0.0.1:4545/',
    '[::1]:4545',
    '":4545"',
    'http://x:4545',
    '//some-svc:4545/',
    'db:4545',
    'svc:4545/health',
    'https://localhost%3A4545',
    `http://\${host}:4545`,
    "'http://localhost:' + 4545",
    `localhost:\${4545}`,
    '"%s:4545"',
    'port: 4545',
    '"port":4545',
    'PORT=4545',
    'export PORT="4545"',
    '--port 4545',
    '--port=4545',
    '-p 4545',
    '-p4545',
    "['-p', '4545']",
    'on port 4545.',
    'dbPort = 4545',
    'DB_PORT: 4545',
    'process.env.PORT ?? 4545',
    `\${PORT:-4545}`,
    'port: number = 4545',
    'parseInt(process.env.PORT, 10) || 4545',
    "('PORT', 4545)",
    'port={4545}',
    'ports: [1, 4545]',
    'listen(4545)',
    'port: +4545',
    'PORT = Number("4545")',
    'SERVER_PORT_PROD = 4545',
    'portOfShop = 4545',
    'process.env["PORT"] = "4545"',
    'nc -z localhost 4545',
    "('127.0.0.1', 4545)",
  ])
    is(find(text).length, 1, text);
});

test('other names and mere numbers are not', () => {
  for (const text of [
    'myapp.example.com',
    'app.example.com.test',
    'x.app.example.com',
    'app.example.community',
    'app.example.com-test',
    'someone@example.org',
    '110.1.2.3',
    '10.1.2.34',
    '10.1.2.3.4',
    'prod.example.net',
    'price 4545',
    '$4545',
    'id: 4545',
    '{"count":4545}',
    '{count:4545}',
    '{ id:4545 }',
    'user:4545',
    '4545px',
    ':45451',
    'x:14545',
    'report: 4545',
    'PORTFOLIO = 4545',
    'portrait: 4545',
    'func 4545',
    'viewport: 4545',
    'support 4545',
    'import 4545',
    'port: 4545.5',
    'app.test.ts:4545',
    'a ? b : 4545',
    'expect(total).toBe(4545)',
    '443 items',
    '2026-11-20T09:00:00.4545Z',
  ])
    equal(find(text), [], text);
});

test('the line is told, also of what is put together over several', () => {
  const lines = find("a\n'https://app.' +\n  'example.com'\n\nport: 4545 localhost:4545\n").map(({ line }) => line);
  equal(lines, [2, 5]);
});

test('hostile texts take no longer than others of their size', () => {
  for (const text of [
    '\\'.repeat(1e6),
    '%25'.repeat(3e5),
    "'+'".repeat(3e5),
    `'${' '.repeat(1e6)}`,
    'port '.repeat(2e5),
  ])
    equal(find(text), []);
});

const targets = 'targets: { production: { hosts: [app.example.com], ports: [4545] } }';
const guarded = (more = targets, files: Record<string, string> = {}) => guardedRepo({ more, files, hooks: false }).repo;

function outcome(done: Result) {
  const { outcomes } = JSON.parse(done.stdout);
  return outcomes.find(({ check }: { check: string }) => check === 'test-targets');
}

function staged(repo: Repo) {
  repo.git('add', '--all');
  return outcome(repo.protect('hook', 'pre-commit', '--format', 'json'));
}

const paths = (found: { findings: { path: string }[] }) => found.findings.map(({ path }) => path);

test('test files, and only they, are judged', () => {
  const tests = [
    '.env.test',
    'a/__tests__/x.js',
    'conftest.py',
    'cypress/x.js',
    'e2e/x.sh',
    'pkg/x_test.go',
    'playwright.config.ts',
    'spec/x.rb',
    'src/X.Test.ts',
    'src/x.spec.tsx',
    'test/data/x.json',
    'test_x.py',
    'tests/x.php',
    'vitest.config.mts',
  ];
  const others = ['src/attest.ts', 'src/config.ts', 'latest/x.ts', 'contest.ts'];
  const repo = guarded(`${targets}\nchecks: { forbidden-files: { severity: off } }`);
  for (const path of [...tests, ...others]) repo.write(path, 'https://app.example.com\n');
  const found = staged(repo);
  equal(paths(found), tests);
  const [first] = found.findings;
  equal(first, {
    severity: 'error',
    path: '.env.test',
    line: 1,
    message: 'a test names app.example.com of production',
    help: 'use a relative URL, or read the address from TEST_BASE_URL',
  });
});

test('documents and lines that are a comment run nothing', () => {
  const repo = guarded(targets);
  const lines = { ts: '// ', java: ' * ', py: '# ', sql: '-- ' };
  for (const [end, start] of Object.entries(lines))
    repo.write(`tests/said.${end}`, `${start}https://app.example.com\n`);
  repo.write('specs/quickstart.md', 'https://app.example.com\n');
  repo.write('tests/behind.ts', 'x = 1; // https://app.example.com\n');
  repo.write('tests/text.ts', 'x = `\n# https://app.example.com\n`;\n');
  equal(paths(staged(repo)), ['tests/behind.ts', 'tests/text.ts']);
});

test('the policy says which files are tests', () => {
  const repo = guarded(`${targets}\nchecks: { test-targets: { options: { files: [checks/, "!checks/targets.md"] } } }`);
  for (const path of ['checks/x.ts', 'checks/targets.md', 'test/x.ts']) repo.write(path, 'localhost:4545\n');
  equal(paths(staged(repo)), ['checks/x.ts']);
});

test('without targets it is skipped, and a test that is not touched is not judged', () => {
  const none = guarded('');
  none.write('test/x.ts', 'https://app.example.com\n');
  equal([staged(none).status, staged(none).reason], ['skipped', 'no targets are configured']);
  const before = guarded(targets, { 'test/x.ts': 'https://app.example.com\n' });
  before.write('test/y.ts', 'fetch("/health");\n');
  equal(staged(before).status, 'passed');
});

test('what is not searched is said', () => {
  const repo = guarded();
  repo.write('test/a.png', Buffer.from([0x89, 0x50, 0, 0])).write('test/b.png', Buffer.from([0x89, 0x50, 0, 1]));
  repo.write('test/big.json', ' '.repeat((1 << 20) + 1));
  const found = staged(repo);
  is(found.status, 'passed');
  equal(
    found.findings.map(({ severity, path, message }: Record<string, string>) => [severity, path, message]),
    [
      ['note', 'test/big.json', 'not searched for production hosts: it is larger than 1 MiB'],
      ['note', 'test/a.png', 'not searched for production hosts: it is binary, and so is 1 more test'],
    ],
  );
});

test('in the hooks and in CI', () => {
  const { repo } = guardedRepo({ more: targets });
  repo.git('switch', '-q', '-c', 'topic');
  repo.write('test/x.ts', "fetch('http://localhost:4545/');\n").git('add', '.');
  const refused = repo.tryGit('commit', '-m', 'test: x');
  is(refused.code, 1);
  match(refused.out, /error\[test-targets\] test\/x\.ts:1/);
  match(refused.out, 'a test names port 4545 of production');
  repo.git('commit', '-q', '--no-verify', '-m', 'test: x');
  is(repo.tryGit('push', 'origin', 'topic').code, 1);
  is(repo.protect('ci', '--no-commands').code, 1);
  repo.write('test/x.ts', "fetch('/');\n").git('add', '.');
  is(repo.tryGit('commit', '-m', 'test: x').code, 0);
  is(repo.tryGit('push', 'origin', 'topic').code, 0);
});

test('before a deploy every test of the tree is judged', () => {
  const { repo } = guardedRepo({
    hooks: false,
    more: `${targets}\nchecks: { not-root: { severity: off } }`,
    files: { 'test/old.ts': 'https://app.example.com\n', 'src/config.ts': 'https://app.example.com\n' },
  });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  const done = repo.protect('predeploy', '--format', 'json');
  is(done.code, 1, done.out);
  equal(paths(outcome(done)), ['test/old.ts']);
});
