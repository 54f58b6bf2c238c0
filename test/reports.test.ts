import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, ok } from 'uvu/assert';
import { golden } from './support/golden.ts';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, newRepo, Repo } from './support/world.ts';

const test = suite('reports');

test('a refusal in pre-commit, as text', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', '2\n').write('config/app.json', '[]\n').git('add', '-A');
  golden('pre-commit-refused', repo.protect('hook', 'pre-commit'));
  golden('pre-commit-agent', repo.protectWith({ env: { CLAUDECODE: '1' } }, 'hook', 'pre-commit'));
  golden('pre-commit-color', repo.protectWith({ env: { FORCE_COLOR: '1' } }, 'hook', 'pre-commit'));
});

test('messages', () => {
  const { repo } = guardedRepo();
  const message = (text: string) =>
    repo.write('.git/MSG', text).protectWith({ env: { GIT_EDITOR: ':' } }, 'hook', 'commit-msg', '.git/MSG');
  golden('message-no-type', message('stuff\n'));
  golden('message-near', message('feature(api): x\n'));
  golden('message-empty', message('\n'));
  golden('message-good', message('feat: x\n'));
});

test('pushes', () => {
  const { repo, origin } = guardedRepo();
  const zeros = '0'.repeat(40);
  const push = (line: string) => repo.protectWith({ input: line }, 'hook', 'pre-push', 'origin', origin!.dir);
  const old = repo.head();
  golden('push-delete', push(`(delete) ${zeros} refs/heads/main ${old}\n`));
  repo.git('commit', '-q', '--amend', '--allow-empty', '--no-verify', '-m', 'chore: other');
  golden('push-force', push(`refs/heads/main ${repo.head()} refs/heads/main ${old}\n`));
  golden('push-unknown', push(`refs/heads/main ${repo.head()} refs/heads/main ${'1'.repeat(40)}\n`));
});

test('ci, as text and json', () => {
  const { repo } = guardedRepo();
  repo.commit('feat: fine', { 'src/x.ts': '1\n' });
  golden('ci-passed', repo.protect('ci', '--base', 'origin/main'));
  golden('ci-passed-json', repo.protect('ci', '--base', 'origin/main', '--format', 'json'));
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'sneaky', '--no-verify');
  golden('ci-refused', repo.protect('ci', '--base', 'origin/main'));
  golden('ci-refused-json', repo.protect('ci', '--base', 'origin/main', '--format', 'json'));
  const file = join(folder(), 'report.json');
  is(repo.protect('ci', '--base', 'origin/main', '--format', 'json', '--output', file).stdout, '');
  is(JSON.parse(readFileSync(file, 'utf8')).verdict, 'refuse');
});

test('the json report has the fields of the contract', () => {
  const { repo } = guardedRepo();
  const report = JSON.parse(repo.protect('ci', '--base', 'HEAD', '--format', 'json').stdout);
  equal(Object.keys(report), ['version', 'gate', 'verdict', 'policy', 'changes', 'outcomes', 'durationMs']);
  equal(Object.keys(report.policy), ['source', 'oid']);
  equal(Object.keys(report.changes[0]), ['ref', 'base', 'head', 'tree']);
  for (const outcome of report.outcomes)
    for (const key of ['check', 'status', 'durationMs', 'findings']) ok(key in outcome, key);
});

test('undecided, wrong usage, invalid policy, no policy', () => {
  const { repo } = guardedRepo();
  golden('usage-flag', repo.protect('ci', '--bsae', 'x'));
  golden('usage-command', repo.protect('aprove'));
  golden('usage-none', repo.protect());
  repo.commit('chore: break', { '.protectionrc': 'version: 1\nprojekt: x\nfiles: [{ paths: [a], risk: criticl }]\n' });
  golden('policy-invalid', repo.protect('hook', 'pre-commit'));
  golden('policy-check-invalid', repo.protect('policy', 'check'));
  const bare = newRepo();
  bare.commit('chore: start');
  golden('no-policy', bare.protect('hook', 'pre-commit'));
  golden('outside', new Repo(folder()).protect('policy', 'check'));
});

test('approve and its neighbours', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  const scrub: [RegExp, string][] = [
    [/SHA256:[\w+/]+/g, 'SHA256:<key>'],
    [/\d{4}-\d\d-\d\d \d\d:\d\d/g, '<time>'],
    [/(-o \S*|FILE)/g, '$1'],
  ];
  golden('approve', approve(repo, keys['lead']!, '--staged'), ...scrub);
  golden('approval-list', repo.protect('approval', 'list'), ...scrub);
  golden('approval-verify', repo.protect('approval', 'verify'), ...scrub);
  golden('explain-path', repo.protect('explain', 'server/pay.ts'));
  golden('explain-free', repo.protect('explain', 'src/a.ts'));
  golden('explain-check', repo.protect('explain', 'protected-files'));
  golden('policy-check', repo.protect('policy', 'check'));
});

test('hidden characters of a path or message cannot move the cursor', () => {
  const { repo } = guardedRepo({ more: 'files:\n  - { paths: ["*.key"] }' });
  repo.write('a\u001b[2K\u202e.key', 'x').git('add', '-A');
  const refused = repo.protect('hook', 'pre-commit');
  is(refused.code, 1);
  is(refused.out.includes('\u001b'), false);
  ok(refused.out.includes('a<U+001B>[2K<U+202E>.key'));
});
