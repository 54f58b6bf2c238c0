import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { copyRepo, guardedRepo, type Repo, type Result } from './support/world.ts';

hooksStay();
const test = suite('pinned-settings');

const settings = `settings:
  - { file: render.yaml, at: "$.services[?@.name=='api'].rootDir", equals: backend, reason: the build breaks elsewhere }
  - { file: render.yaml, at: "$.services[?@.name=='api'].preDeployCommand", absent: true }
  - { files: "backend/**/*.py", pattern: 'algorithm\\s*=\\s*"([^"]+)"', equals: RS256 }
  - { files: "**/package.json", at: $.engines.node, equals: ">=20" }`;

const render = (rootDir: string, more = '') =>
  `services:\n  - name: web\n    rootDir: web\n  - name: api\n    rootDir: ${rootDir}\n${more}`;

function pinned(more = settings) {
  const { repo } = guardedRepo({
    more,
    files: {
      'render.yaml': render('backend'),
      'backend/auth.py': 'algorithm = "RS256"\n',
      'backend/api.py': 'import auth\n',
      'package.json': '{ "engines": { "node": ">=20" } }\n',
    },
  });
  return repo;
}

const base = pinned();

/** Writes, stages and commits with the hooks. */
function commit(repo: Repo, files: Record<string, string | null>): Result {
  for (const [path, content] of Object.entries(files)) {
    if (content === null) repo.remove(path);
    else repo.write(path, content);
  }
  repo.git('add', '--all');
  return repo.tryGit('commit', '-m', 'feat: change');
}

function refused(files: Record<string, string | null>, ...parts: string[]): string {
  const result = commit(copyRepo(base), files);
  is(result.code, 1, result.out);
  for (const part of ['pinned-settings', ...parts]) match(result.out, part);
  return result.out;
}

function passes(files: Record<string, string | null>): void {
  const result = commit(copyRepo(base), files);
  is(result.code, 0, result.out);
}

test('a changed value is refused, with file, line, both values and the reason', () => {
  const out = refused(
    { 'render.yaml': render('frontend') },
    'error[pinned-settings] render.yaml:5: ',
    "has 'frontend' at $.services[?@.name=='api'].rootDir, expected 'backend' (the build breaks elsewhere)",
    'help: keep',
  );
  not.match(out, 'error[protected-files]');
});

test('what keeps the value passes', () => {
  passes({ 'render.yaml': render('backend', '    plan: free\n') });
  passes({ 'render.yaml': render('"backend"') });
  passes({ 'src/other.ts': 'export {};\n' });
  passes({ 'backend/api.py': 'import auth, os\n' });
  passes({ 'backend/auth.py': null, 'backend/tokens.py': 'algorithm="RS256"\n' });
  passes({ 'web/package.json': '{ "engines": { "node": ">=20" } }' });
});

test('a setting costs nothing when none of its files is changed', () => {
  const repo = pinned();
  const outcome = () => {
    const report = JSON.parse(repo.protect('hook', 'pre-commit', '--format', 'json').stdout);
    return report.outcomes.find(({ check }: { check: string }) => check === 'pinned-settings');
  };
  repo.write('src/other.ts', 'export {};\n').git('add', '--all');
  is(outcome().status, 'skipped');
  repo.write('render.yaml', render('backend', '    plan: free\n')).git('add', '--all');
  is(outcome().status, 'passed');
});

test('a value that must not be there is refused', () => {
  refused(
    { 'render.yaml': render('backend', '    preDeployCommand: npm run migrate\n') },
    "has 'npm run migrate' at",
    'where the policy wants nothing',
  );
  refused({ 'render.yaml': render('backend', '    preDeployCommand:\n') }, 'has null at');
});

test('a value that is no longer there is refused', () => {
  refused({ 'render.yaml': 'services: []\n' }, 'has nothing at', "expected 'backend'");
  refused({ 'render.yaml': render('backend').replace('name: api', 'name: app') }, 'has nothing at');
  refused({ 'render.yaml': null }, 'render.yaml', 'is not there');
  refused({ 'render.yaml': null, 'render.yml': render('backend') }, 'is not there');
  refused({ 'backend/auth.py': 'alg = "RS256"\n' }, 'backend/auth.py: has 0 of its 1 values at');
  refused({ 'backend/auth.py': null }, 'no file of backend/**/*.py has');
  refused({ 'web/package.json': '{}' }, 'web/package.json', 'has nothing at $.engines.node');
});

test('one wrong value among right ones is refused', () => {
  refused(
    { 'backend/new/jwt.py': 'a\nalgorithm = "HS256"\n' },
    'backend/new/jwt.py:2',
    "has 'HS256'",
    "expected 'RS256'",
  );
  refused({ 'render.yaml': render('backend', '  - name: api\n    rootDir: other\n') }, 'render.yaml:7', "has 'other'");
});

test('a value that is only written differently, beside another that stays, is refused', () => {
  const repo = pinned();
  repo.commit('feat: two', { 'backend/two.py': 'algorithm = "RS256"\nalgorithm = "RS256"\n' });
  repo.publish();
  const one = commit(repo, { 'backend/auth.py': "algorithm = 'HS256'\n", 'backend/api.py': 'x\n' });
  is(one.code, 1);
  match(one.out, 'backend/auth.py: has 0 of its 1 values at');
  const half = commit(repo, {
    'backend/two.py': 'algorithm = \'HS256\'\nalgorithm = "RS256"\n',
    'backend/auth.py': null,
  });
  is(half.code, 1);
  match(half.out, "backend/two.py: has 1 of its 2 values at 'algorithm");
  const gone = commit(repo, { 'backend/two.py': 'algorithm = "RS256"\nalgorithm = "RS256"\n' });
  is(gone.code, 0, gone.out);
});

test('a file that cannot be read, or in several ways, is refused', () => {
  refused({ 'render.yaml': `${render('backend')}    rootDir: other\n` }, 'render.yaml:6', "the key 'rootDir' twice");
  refused({ 'render.yaml': `${render('backend')} x\n` }, 'is not valid YAML');
  refused({ 'render.yaml': `{}\n---\n${render('backend')}` }, 'a document without the value');
  refused({ 'render.yaml': render('!Sub backend') }, 'has the tag !Sub');
  refused({ 'package.json': '{ "engines": { "node": ">=20" }, "engines": {} }' }, "the key 'engines' twice");
});

test('another file in the place of the pinned one is refused', () => {
  const repo = pinned();
  repo.remove('render.yaml').write('elsewhere.yaml', render('frontend'));
  symlinkSync('elsewhere.yaml', join(repo.dir, 'render.yaml'));
  repo.git('add', '--all');
  const linked = repo.tryGit('commit', '-m', 'feat: link');
  is(linked.code, 1);
  match(linked.out, 'is a symlink');
  const other = pinned();
  const blob = other.git('rev-parse', 'HEAD:src/a.ts');
  other.git('update-index', '--add', '--cacheinfo', `100644,${blob},Render.YAML`);
  const taken = other.tryGit('commit', '-m', 'feat: other case');
  is(taken.code, 1);
  match(taken.out, 'could be taken for render.yaml');
});

test('every gate says the same of a change that went around the hooks', () => {
  const repo = pinned();
  repo.commit('feat: around', { 'render.yaml': render('frontend') });
  const pushed = repo.tryGit('push', 'origin', 'HEAD:main');
  is(pushed.code, 1);
  match(pushed.out, "has 'frontend' at");
  const topic = repo.tryGit('push', 'origin', 'HEAD:topic');
  is(topic.code, 1);
  const ci = repo.protect('ci', '--base', 'origin/main', '--event', 'proposal');
  is(ci.code, 1, ci.out);
  match(ci.out, "has 'frontend' at");
});

test('the policy of the base judges, not the one that the change brings', () => {
  const repo = pinned();
  const policy = repo.read('.protectionrc').replace('equals: backend', 'equals: frontend');
  const result = commit(repo, { '.protectionrc': policy, 'render.yaml': render('frontend') });
  is(result.code, 1);
  match(result.out, "expected 'backend'");
});

test('a wrong path or pattern in the policy is undecided and names it', () => {
  for (const [setting, key] of [
    ['{ file: render.yaml, at: "$.a[", equals: 1 }', 'at'],
    ['{ file: render.yaml, pattern: "(a)(b)", equals: 1 }', 'pattern'],
    ['{ file: render.yaml, pattern: "(?=a)", equals: 1 }', 'pattern'],
  ] as const) {
    const result = commit(pinned(`settings: [${setting}]`), { 'render.yaml': render('x') });
    is(result.code, 1, result.out);
    match(result.out, 'undecided[pinned-settings]');
    match(result.out, `settings[0].${key} of the policy`);
  }
});

test('a large file that is searched is told, one that is pinned is refused', () => {
  const big = `# ${'x'.repeat(5 << 20)}\n`;
  const searched = commit(pinned(), { 'backend/big.py': big });
  is(searched.code, 0, searched.out);
  match(searched.out, 'warning[pinned-settings]');
  refused({ 'backend/big.py': big, 'backend/auth.py': null }, 'no file of');
  refused({ 'render.yaml': render('backend') + big }, 'is larger than 4 MiB');
});

test('a secret in a pinned place is never printed', () => {
  const secret = `k_${'4f9c2a71b3'.repeat(3)}`;
  const out = refused({ 'render.yaml': render(secret) }, 'a value that is not shown here');
  ok(!out.includes(secret.slice(4)));
});
