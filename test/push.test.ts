import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import { forkPoints } from '../src/git/fork-points.ts';
import { Repository } from '../src/git/repository.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { addRemote, environment, folder, guardedRepo, makeKey, newRepo, policyText, Repo } from './support/world.ts';

hooksStay();
const test = suite('pre-push');
const zeros = '0'.repeat(40);

function hook(repo: Repo, lines: string, remote = 'origin') {
  return repo.protectWith({ input: lines }, 'hook', 'pre-push', remote, 'url');
}

test('a force push and a deletion of main are refused, of a branch they are not', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: one');
  is(repo.tryGit('push', 'origin', 'topic').code, 0);
  repo.git('commit', '-q', '--amend', '--allow-empty', '-m', 'feat: two');
  is(repo.tryGit('push', '--force', 'origin', 'topic').code, 0);
  is(repo.tryGit('push', 'origin', ':topic').code, 0);
  repo.git('switch', '-q', 'main');
  repo.git('commit', '-q', '--amend', '--allow-empty', '-m', 'feat: rewritten');
  const forced = repo.tryGit('push', '--force', 'origin', 'main');
  is(forced.code, 1);
  match(forced.out, 'error[protected-branches] main: is protected and cannot be force-pushed');
  const deleted = repo.tryGit('push', 'origin', ':main');
  is(deleted.code, 1);
  match(deleted.out, 'main: is protected and cannot be deleted');
});

test('a rewind is a force push, and judged by its states', () => {
  const { repo } = guardedRepo();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '9\n' });
  repo.publish();
  repo.git('reset', '-q', '--hard', 'HEAD~1');
  const rewound = repo.tryGit('push', '--force', 'origin', 'main');
  is(rewound.code, 1);
  match(rewound.out, 'cannot be force-pushed');
  match(rewound.out, 'server/pay.ts: changed without approval');
});

test('branches: allow lets a force push through, the files still hold', () => {
  const { repo } = guardedRepo({ more: 'landing: merge\n' });
  repo.write(
    '.protectionrc',
    repo.read('.protectionrc').replace('main: {}', 'main: { forcePush: allow, delete: allow }'),
  );
  repo.commit('chore: policy');
  repo.publish();
  repo.git('commit', '-q', '--amend', '--allow-empty', '-m', 'chore: reworded');
  is(repo.tryGit('push', '--force', 'origin', 'main').code, 0);
});

test('directPush: refuse', () => {
  const { repo } = guardedRepo();
  repo.write('.protectionrc', repo.read('.protectionrc').replace('main: {}', 'main: { directPush: refuse }'));
  repo.commit('chore: policy');
  repo.publish();
  repo.commit('feat: x');
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 1);
  match(pushed.out, 'main: takes no direct pushes');
  is(
    repo.protect('ci', '--event', 'push', '--base', 'origin/main', '--target', 'main').code,
    0,
    'only in pre-push and pre-receive',
  );
});

test('a change made with --no-verify is caught by the push', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', '2\n');
  repo.git('commit', '-qam', 'sneaky', '--no-verify');
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 1);
  match(pushed.out, 'server/pay.ts: changed without approval');
  match(pushed.out, "server/pay.ts is critical, so the subject starts with 'CRITICAL: '");
});

test('an unprotected branch is judged from where it left the default branch', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: one', { 'src/one.ts': '1\n' });
  is(repo.tryGit('push', 'origin', 'topic').code, 0);
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '9\n' });
  repo.publish('topic');
  repo.commit('feat: two', { 'src/two.ts': '1\n' });
  const pushed = repo.tryGit('push', 'origin', 'topic');
  is(pushed.code, 1, 'what is on the remote branch already is no excuse');
  match(pushed.out, 'server/pay.ts');
});

test('fixup! commits may be pushed to a branch and not to main', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('fixup! feat: x');
  is(repo.tryGit('push', 'origin', 'topic').code, 0);
  const landed = repo.tryGit('push', 'origin', 'topic:main');
  is(landed.code, 1);
  match(landed.out, 'has to be squashed before it lands on main');
});

test('an orphan branch and unrelated histories', () => {
  const { repo } = guardedRepo();
  repo.git('checkout', '-q', '--orphan', 'pages');
  repo.git('rm', '-rqf', '.');
  repo.commit('docs: pages', { 'index.html': 'hi\n' });
  const pushed = repo.tryGit('push', 'origin', 'pages');
  is(pushed.code, 0, pushed.out);
  repo.commit('CRITICAL: x', { 'server/pay.ts': 'other\n' });
  is(repo.tryGit('push', 'origin', 'pages').code, 1);
  is(repo.tryGit('push', '--force', 'origin', 'pages:main').code, 1);
});

test('tags: move, delete, create', () => {
  const { repo } = guardedRepo({ more: 'tags: { "v*": { create: protected } }' });
  repo.git('tag', '-a', 'v1', '-m', 'v1');
  is(repo.tryGit('push', 'origin', 'v1').code, 0);
  repo.commit('feat: next');
  repo.git('tag', '-f', 'v1');
  match(
    repo.tryGit('push', '--force', 'origin', 'v1').out,
    'error[protected-tags] tag v1: is protected and cannot be moved',
  );
  match(repo.tryGit('push', 'origin', ':v1').out, 'tag v1: is protected and cannot be deleted');
  repo.git('tag', 'v2');
  match(repo.tryGit('push', 'origin', 'v2').out, 'tag v2: is not on a commit of a protected branch');
  const together = repo.tryGit('push', 'origin', 'main', 'v2');
  is(together.code, 0, together.out);
  repo.git('tag', 'other');
  is(repo.tryGit('push', 'origin', 'other').code, 0);
});

test('--mirror and --all are judged ref by ref', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '9\n' });
  repo.git('branch', '-qD', 'main');
  const mirrored = repo.tryGit('push', '--mirror', 'origin');
  is(mirrored.code, 1, mirrored.out);
  match(mirrored.out, 'main: is protected and cannot be deleted');
  match(mirrored.out, 'server/pay.ts');
});

test('refs/replace is refused', () => {
  const { repo } = guardedRepo();
  repo.commit('feat: x');
  repo.git('replace', repo.head(), repo.head('HEAD~1'));
  match(repo.tryGit('push', 'origin', 'refs/replace/*').out, 'would make Git show other objects');
});

test('an empty push, and lines that are not understood', () => {
  const { repo } = guardedRepo();
  is(hook(repo, '').code, 0);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  for (const bad of [
    'nonsense\n',
    `refs/heads/a ${zeros}\n`,
    `refs/heads/a ${repo.head()} refs/heads/a ${zeros}`,
    `a b c d e\n`,
  ]) {
    const done = hook(repo, bad);
    is(done.code, 3, bad);
    match(done.out, /standard input/);
  }
});

test('an unknown remote id is undecided: fetch first', () => {
  const { repo } = guardedRepo();
  const done = hook(repo, `refs/heads/main ${repo.head()} refs/heads/main ${'1'.repeat(40)}\n`);
  is(done.code, 3);
  match(done.out, 'help: git fetch');
});

test('the first push to an empty remote adopts, a new branch name does not escape', () => {
  const repo = newRepo();
  repo.commit('chore: start', { '.protectionrc': policyText({ lead: makeKey('lead') }), 'server/pay.ts': '1\n' });
  addRemote(repo, 'origin', false);
  repo.protect('wire');
  repo.commit('chore: hooks');
  const hooks = repo.head();
  repo.commit('CRITICAL: x', { 'server/pay.ts': '3\n' });
  const carried = repo.tryGit('push', 'origin', 'main');
  is(carried.code, 1, 'what came after the policy is judged by it');
  match(carried.out, 'server/pay.ts: changed without approval');
  match(carried.out, "git remote set-branches origin '*' && git fetch origin");
  repo.git('reset', '-q', '--hard', hooks);
  const first = repo.tryGit('push', 'origin', 'main');
  is(first.code, 0, first.out);
  repo.git('switch', '-qc', 'new');
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: x', '--no-verify');
  is(repo.tryGit('push', 'origin', 'new').code, 1);
});

test('a remote given by URL is known by its URL', () => {
  const { repo, origin } = guardedRepo();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: x', '--no-verify');
  is(repo.tryGit('push', origin!.dir, 'main').code, 1);
});

test('the default branch is protected, listed or not; globs protect others', () => {
  const { repo } = guardedRepo({ more: '' });
  repo.write(
    '.protectionrc',
    repo.read('.protectionrc').replace('branches: { main: {} }', 'branches: { "release/*": {} }'),
  );
  repo.commit('chore: policy');
  repo.git('push', '-q', '--no-verify', 'origin', 'main', 'main:release/1');
  match(repo.tryGit('push', 'origin', ':main').out, 'main: is protected and cannot be deleted');
  match(repo.tryGit('push', 'origin', ':release/1').out, 'release/1: is protected and cannot be deleted');
});

test('in a remote without a known HEAD the literal branch of its policy is the default', () => {
  const { repo } = guardedRepo();
  repo.git('remote', 'set-head', 'origin', '--delete');
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: x', '--no-verify');
  is(repo.tryGit('push', 'origin', 'main').code, 1);
  repo.git('reset', '-q', '--hard', 'HEAD~1');
  repo.write(
    '.protectionrc',
    repo.read('.protectionrc').replace('branches: { main: {} }', 'branches: { a: {}, b: {} }'),
  );
  repo.commit('chore: policy');
  repo.publish();
  const unknown = hook(repo, `refs/heads/main ${repo.head()} refs/heads/x ${zeros}\n`);
  is(unknown.code, 3);
  match(unknown.out, 'git remote set-head origin --auto');
});

test('where a branch left main: several merges of main, an unrelated history, a tag of what has landed', () => {
  const { repo } = guardedRepo();
  const land = (fee: string) => {
    repo.git('switch', '-q', 'main');
    repo.commit('CRITICAL: fee', { 'server/pay.ts': fee });
    repo.publish();
  };
  repo.git('switch', '-qc', 'topic');
  for (const fee of ['2', '3']) {
    land(fee);
    repo.git('switch', '-q', 'topic');
    repo.commit('feat: mine', { [`src/${fee}.ts`]: '1' });
    repo.git('-c', 'core.hooksPath=/dev/null', 'merge', '-q', '-m', 'Merge main', 'main');
  }
  land('4');
  repo.git('tag', 'landed', 'main~1');
  const pushed = repo.tryGit('push', 'origin', 'topic', 'landed');
  is(pushed.code, 0, pushed.out);
  repo.git('switch', '-q', 'topic');
  repo.commit('CRITICAL: evil', { 'server/pay.ts': 'evil' });
  const evil = repo.tryGit('push', 'origin', 'topic:one', 'topic~1:refs/heads/two', 'landed');
  is(evil.code, 1);
  match(evil.out, 'server/pay.ts: changed without approval');
  const good = repo.tryGit('push', 'origin', 'topic~1:refs/heads/two', 'landed');
  is(good.code, 0, good.out);
});

test('thousands of refs that bring nothing new cost no process each', () => {
  const { repo } = guardedRepo();
  const log = join(folder('count'), 'log');
  const bin = new Repo(folder('bin'));
  bin.write('git', `#!/bin/sh\necho >>'${log}'\nexec /usr/bin/git "$@"\n`, 0o755);
  const env = { PATH: `${bin.dir}:${process.env['PATH']}` };
  const head = repo.head();
  const started = (refs: number) => {
    const line = (n: number) => `refs/tags/v${n} ${head} refs/tags/v${n} ${zeros}\n`;
    const input = Array.from({ length: refs }, (_, n) => line(n)).join('');
    writeFileSync(log, '');
    const done = repo.protectWith({ input, env }, 'hook', 'pre-push', 'origin', 'url');
    is(done.code, 0, done.out);
    return readFileSync(log, 'utf8').length;
  };
  started(1);
  // From a hundred names on objects are asked for in processes of their own, two for any number.
  ok(started(3000) <= started(1) + 2);
});

test('of refs that bring nothing the names are judged, within little memory', () => {
  const { repo } = guardedRepo({ more: 'tags: { "v*": { create: refuse } }' });
  const line = (name: string) => `refs/tags/${name} ${repo.head()} refs/tags/${name} ${zeros}\n`;
  const many = Array.from({ length: 10_000 }, (_, n) => line(`t${n}`)).join('');
  const env = { NODE_OPTIONS: '--max-old-space-size=48' };
  const free = repo.protectApart({ input: many, env }, 'hook', 'pre-push', 'origin', 'url');
  is(free.code, 0, free.out);
  const refused = repo.protectApart({ input: many + line('v1'), env }, 'hook', 'pre-push', 'origin', 'url');
  is(refused.code, 1);
  match(refused.out, 'error[protected-tags] tag v1: may not be created');
  match(refused.out, '1 error');
});

test('the merge bases that one process finds are those of git merge-base', async () => {
  const repo = newRepo({ install: false });
  const tree = repo.git('mktree', '--missing');
  const commits: string[] = [];
  const commit = (...parents: number[]) =>
    commits.push(
      repo.git('commit-tree', tree, '-m', `${commits.length}`, ...parents.flatMap((n) => ['-p', commits[n]!])),
    ) - 1;
  let seed = 7;
  const earlier = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return Math.max(0, commits.length - 1 - (seed % 8));
  };
  commit();
  for (let n = 1; n < 40; n++) commit(...new Set(n === 20 ? [] : n % 3 === 0 ? [earlier()] : [earlier(), earlier()]));
  const [left, right] = [commit(0), commit(0)];
  const crossed = commit(left, right);
  commit(right, left);
  const repository = new Repository(repo.dir, environment(), 'nothing');
  let several = 0;
  for (const tip of [15, 30, 39, crossed].map((n) => commits[n]!)) {
    const found = await forkPoints(repository, commits, tip);
    for (const id of commits) {
      const all = repo.tryGit('merge-base', '--all', id, tip).stdout.split('\n').filter(Boolean);
      several += all.length > 1 ? 1 : 0;
      ok(all.length === 0 ? found.get(id) === null : all.includes(found.get(id)!), `${id} ${tip}`);
    }
  }
  ok(several > 0, 'some have more than one');
  repository.close();
});

test('where a push goes to another URL than is fetched from, the help names that one, and no password', () => {
  const { repo } = guardedRepo();
  const line = `refs/heads/main ${repo.head()} refs/heads/main ${'1'.repeat(40)}\n`;
  const told = repo.protectWith({ input: line }, 'hook', 'pre-push', 'origin', 'https://me:hunter2@example.com/m.git');
  is(told.code, 3, told.out);
  match(told.out, 'help: git fetch https://example.com/m.git refs/heads/main, merge what it brings, then push again');
});
