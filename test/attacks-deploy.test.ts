import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import {
  approve,
  distFolder,
  environment,
  folder,
  guardedRepo,
  type Key,
  makeKey,
  newRepo,
  policyText,
  Repo,
  run,
} from './support/world.ts';

hooksStay();
const test = suite('attacks-deploy');

const tagged = 'production: { rollback: { tag: "live-{environment}-{commit}" } }';

const settings = (deploy: string) => `checks: { not-root: { severity: off } }\ndeploy: { ${deploy} }`;

/** A repository that is ready to be deployed. */
function shop(deploy = 'production: {}', keys?: Record<string, Key>) {
  const made = guardedRepo({ more: settings(deploy), hooks: false, ...(keys ? { keys } : {}) });
  made.repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  return { ...made, origin: made.origin! };
}

const land = (repo: Repo, message: string, files: Record<string, string> = {}) => {
  const commit = repo.commit(message, files);
  repo.publish();
  return commit;
};

/** Makes the commit of a merge by hand: any tree, any order of parents; and pushes it without force. */
function landCommit(repo: Repo, tree: string, ...parents: string[]) {
  const args = parents.flatMap((parent) => ['-p', parent]);
  const commit = repo.git('commit-tree', tree, ...args, '-m', "Merge branch 'main'");
  repo.git('reset', '-q', '--hard', commit);
  repo.git('push', '--quiet', '--no-verify', 'origin', 'main');
  return commit;
}

/** The tree of a commit with other contents at some paths. */
function treeWith(repo: Repo, from: string, files: Record<string, string>) {
  repo.git('checkout', '-q', from);
  for (const [path, content] of Object.entries(files)) repo.write(path, content);
  repo.git('add', '-A');
  const tree = repo.git('write-tree');
  repo.git('reset', '-q', '--hard');
  repo.git('checkout', '-q', 'main');
  return tree;
}

/** A project that was there before its policy. */
function older(deploy = 'production: {}') {
  const keys = { lead: makeKey('lead') };
  const repo = newRepo();
  const start = repo.commit('start', { 'server/pay.ts': 'export const fee = 1;\n', 'src/a.ts': 'a\n' });
  const origin = folder('remote');
  run(origin, 'git', ['init', '-q', '--bare', '-b', 'main', '.']);
  repo.git('remote', 'add', 'origin', origin);
  const began = land(repo, 'chore: policy', { '.protectionrc': policyText(keys, settings(deploy)) });
  repo.git('remote', 'set-head', 'origin', 'main');
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  return { repo, keys, start, began };
}

test('a merge that makes main its second parent does not lead past the policy', () => {
  const { repo, start } = older(tagged);
  const deployed = land(repo, 'feat: b', { 'src/b.ts': '1\n' });
  is(repo.protect('predeploy', '--tag', '--push').code, 0);
  const evil = treeWith(repo, 'main', { 'server/pay.ts': 'export const fee = 0;\n' });
  landCommit(repo, evil, start, deployed);
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'server/pay.ts: changed without approval');
});

test('the same where nothing was deployed yet, with a commit before it, and with an unrelated root', () => {
  for (const way of ['start', 'commit', 'root'] as const) {
    const { repo, start } = older();
    const tip = repo.head();
    const evil = treeWith(repo, 'main', { 'server/pay.ts': 'export const fee = 0;\n' });
    const first =
      way === 'start'
        ? start
        : repo.git('commit-tree', evil, ...(way === 'commit' ? ['-p', start] : []), '-m', 'feat: x');
    landCommit(repo, evil, first, tip);
    const done = repo.protect('predeploy');
    is(done.code === 0, false, `${way}: ${done.out}`);
    not.match(done.stdout, 'protect: passed');
  }
});

test('swapped parents do not lead past a policy that landed since, kept or dropped by the merge', () => {
  for (const kept of [true, false]) {
    const { repo, keys } = shop();
    const base = repo.head();
    const stricter = repo.read('.protectionrc').replace('[config/]', '[config/, src/b.ts]');
    repo.write('.protectionrc', stricter).write('src/b.ts', 'ok').git('add', '-A');
    is(approve(repo, keys['lead']!, '--staged').code, 0);
    const tip = land(repo, 'chore: protect b');
    const side = repo.git('commit-tree', treeWith(repo, base, { 'src/b.ts': 'evil' }), '-p', base, '-m', 'feat: b');
    landCommit(repo, treeWith(repo, kept ? tip : side, { 'src/b.ts': 'evil' }), side, tip);
    const refused = repo.protect('predeploy');
    is(refused.code, 1, refused.out);
    match(refused.stdout, 'src/b.ts: changed without approval');
  }
});

test('a pull request that changes the policy, while main goes on with approvals, passes', () => {
  const { repo, keys } = shop();
  repo.git('switch', '-q', '-c', 'topic');
  repo.write('.protectionrc', `${repo.read('.protectionrc')}\n# more\n`).git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  repo.commit('chore: policy');
  repo.git('switch', '-q', 'main');
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  land(repo, 'CRITICAL: fee');
  repo.git('merge', '-q', '--no-ff', '--no-verify', '-m', 'Merge topic', 'topic');
  repo.publish();
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
});

test('an ordinary pull that swaps the parents passes', () => {
  const { repo, keys } = shop(tagged);
  is(repo.protect('predeploy', '--tag', '--push').code, 0);
  const base = repo.head();
  const mine = repo.commit('feat: mine', { 'src/mine.ts': '1\n' });
  repo.git('reset', '-q', '--hard', base);
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const theirs = land(repo, 'CRITICAL: fee');
  landCommit(repo, treeWith(repo, 'main', { 'src/mine.ts': '1\n' }), mine, theirs);
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
});

test('an approved change of the policy does not carry a policy that nobody approved', () => {
  const { repo, keys } = shop();
  const mallory = makeKey('mallory');
  const before = repo.read('.protectionrc');
  const better = `${before}\n# better\n`;
  repo.write('.protectionrc', better).git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const approval = repo.git('diff', '--cached', '--name-only', '--', '.protect');
  const text = repo.read(approval);
  repo.git('reset', '-q', '--hard');
  // In the middle of the approved step: the attacker's owners, and a change that these approve.
  const weak = policyText({ lead: keys['lead']!, mallory }, settings('production: {}'));
  land(repo, 'chore: weak', { '.protectionrc': weak });
  repo.write('server/pay.ts', 'export const fee = 0;\n').git('add', '-A');
  is(approve(repo, mallory, '--staged').code, 0);
  land(repo, 'CRITICAL: fee');
  land(repo, 'chore: better', { '.protectionrc': better, [approval]: text });
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'server/pay.ts');
});

test('a policy that was changed in two commits under one approval passes', () => {
  const { repo, keys } = shop();
  const base = repo.head();
  const text = repo.read('.protectionrc');
  repo.commit('chore: one', { '.protectionrc': `${text}\n# one\n` });
  repo.commit('chore: two', { '.protectionrc': `${text}\n# two\n` });
  is(approve(repo, keys['lead']!, '--range', `${base}..HEAD`).code, 0);
  land(repo, 'chore: approve');
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
});

test('the policy of the default branch is fetched, whatever branch is deployed', () => {
  const { repo, origin } = shop('production: { branch: release }');
  repo.git('switch', '-q', '-c', 'release');
  repo.git('push', '-q', '--no-verify', '-u', 'origin', 'release');
  is(repo.protect('predeploy').code, 0);
  const other = new Repo(folder());
  other.git('clone', '-q', origin.dir, '.');
  const stricter = other
    .read('.protectionrc')
    .replace('branch: release', 'branch: release, commands: { test: exit 1 }');
  land(other, 'chore: tests', { '.protectionrc': stricter });
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'error[tests]');
});

/** Runs the gate and sends a signal once a file is there. @returns exit code and output */
async function interrupted(repo: Repo, flag: string, signal: NodeJS.Signals, ...args: string[]) {
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'predeploy', ...args], {
    cwd: repo.dir,
    env: environment(repo.env),
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
  const ended = once(child, 'close');
  for (let waited = 0; waited < 600 && !existsSync(flag); waited++) await new Promise((done) => setTimeout(done, 50));
  is(existsSync(flag), true, out);
  child.kill(signal);
  const [code] = await ended;
  return { code, out };
}

test('an interrupt never passes, whatever the command makes of it', async () => {
  for (const command of ['test', 'build']) {
    const flag = join(folder(), 'running');
    const patient = `trap "exit 0" TERM; touch ${flag}; while :; do sleep 0.1; done`;
    const commands = `commands: { ${command}: ${JSON.stringify(patient)} }`;
    const { repo } = shop(`production: { rollback: { tag: "live-{commit}" }, ${commands} }`);
    const { code, out } = await interrupted(repo, flag, 'SIGINT', '--tag');
    is(code, 3, out);
    match(out, 'interrupted');
    is(repo.git('tag'), '');
    is(existsSync(join(repo.dir, '.git/protect/passed-before-deploy')), false, 'nothing is remembered');
  }
});

test('an interrupt while the remote is asked counts too', async () => {
  const { repo } = shop();
  const flag = join(folder(), 'running');
  const script = join(folder(), 'upload-pack');
  writeFileSync(script, `#!/bin/sh\ntouch ${flag}\nsleep 1\nexec git-upload-pack "$@"\n`, { mode: 0o755 });
  repo.git('config', 'remote.origin.uploadpack', script);
  const { code, out } = await interrupted(repo, flag, 'SIGTERM');
  is(code, 3, out);
});

const waiver = (repo: Repo, key: Key, ...checks: string[]) =>
  repo
    .protect(
      'approve',
      '--deploy',
      'production',
      ...checks.flatMap((id) => ['--waive', id]),
      '--reason',
      'r',
      '--key',
      key.file,
      '--yes',
    )
    .stdout.trim();

test('what lies among the saved waivers and is none neither stops a push nor lets it pass', () => {
  const { repo, keys } = shop('production: { trigger: push, commands: { test: exit 1 } }');
  is(repo.protect('wire').code, 0);
  repo.commit('chore: hooks');
  const waivers = join(repo.dir, '.git/protect/waivers');
  mkdirSync(join(waivers, 'folder.approval'), { recursive: true });
  run(waivers, 'mkfifo', ['pipe']);
  run(waivers, 'ln', ['-s', 'loop', 'loop']);
  run(waivers, 'ln', ['-s', '/dev/zero', 'endless']);
  run(waivers, 'truncate', ['-s', '3G', 'huge']);
  writeFileSync(join(waivers, 'text'), 'x');
  const refused = repo.tryGit('push', 'origin', 'main');
  is(refused.code, 1, refused.out);
  match(refused.out, 'error[tests]');
  not.match(refused.out, 'crashed');
  repo.protect('predeploy', '--waiver', waiver(repo, keys['lead']!, 'tests'));
  const done = repo.tryGit('push', 'origin', 'main');
  is(done.code, 0, done.out);
});

test('trigger: push by any name of the remote, with other refs, from another commit, from a bare clone', () => {
  const { repo, origin } = shop('production: { trigger: push, commands: { test: "test ! -f src/bad.ts" } }');
  is(repo.protect('wire').code, 0);
  land(repo, 'chore: hooks');
  repo.git('remote', 'add', 'aside', origin.dir);
  repo.git('remote', 'add', 'away', join(origin.dir, 'nowhere'));
  repo.git('remote', 'set-url', '--push', 'away', origin.dir);
  const bad = repo.commit('feat: bad', { 'src/bad.ts': '1\n' });
  const ways = [
    ['origin', 'main'],
    ['origin', 'HEAD:main'],
    ['origin', `${bad}:refs/heads/main`],
    ['origin', 'HEAD:refs/heads/a', 'HEAD:refs/heads/main', 'HEAD:refs/heads/z'],
    ['--all', 'origin'],
    ['--mirror', 'origin'],
    [origin.dir, 'main'],
    [`file://${origin.dir}`, 'main'],
    ['aside', 'main'],
    ['away', 'main'],
  ];
  for (const way of ways) {
    const pushed = repo.tryGit('push', ...way);
    is(pushed.code === 0, false, `${way.join(' ')}: ${pushed.out}`);
    match(pushed.out, 'error[tests]', way.join(' '));
  }
  repo.git('switch', '-q', '-c', 'elsewhere', 'HEAD~1');
  match(repo.tryGit('push', 'origin', 'main').out, 'error[tests]');
  is(origin.head('main') === bad, false);
});

test('a rollback point of another environment, or for another commit than its name says, does not count', () => {
  for (const name of ['live-staging-', 'live-production-']) {
    const { repo } = shop(tagged);
    land(repo, 'CRITICAL: fee', { 'server/pay.ts': 'export const fee = 2;\n' });
    const said = name === 'live-staging-' ? repo.head() : repo.head('HEAD~1');
    repo.git('tag', '-a', '-m', 'x', `${name}${said.slice(0, 12)}`);
    repo.git('push', '-q', '--no-verify', 'origin', '--tags');
    const refused = repo.protect('predeploy');
    is(refused.code, 1, `${name}: ${refused.out}`);
  }
});

test('--push pushes the one tag, whatever the configuration adds', () => {
  const { repo, origin } = shop(tagged);
  repo.git('tag', '-a', '-m', 'mine', 'v1.0.0');
  repo.git('config', 'push.followTags', 'true');
  is(repo.protect('predeploy', '--tag', '--push').code, 0);
  is(origin.git('tag'), `live-production-${repo.head().slice(0, 12)}`);
});

test('a tag and a remote with odd names are told, and do not speak to the terminal', () => {
  const { repo } = shop('production: { rollback: { tag: "live\u009b31m\u202e{commit}" } }');
  const done = repo.protect('predeploy', '--tag', '--push');
  not.match(done.out, /[\u009b\u202e]/u);
});

test('Git is not led astray by configuration, variables, replaced objects or grafts', () => {
  const { repo } = shop();
  land(repo, 'CRITICAL: fee', { 'server/pay.ts': 'export const fee = 2;\n' });
  const good = repo.head('HEAD~1');
  repo.git('replace', 'HEAD', good);
  is(repo.protect('predeploy').code, 1);
  repo.git('replace', '-d', 'HEAD');
  repo.write('.git/info/grafts', `${repo.head()}\n`);
  is(repo.protect('predeploy').code, 1);
  repo.remove('.git/info/grafts');
  const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.excludesFile', GIT_CONFIG_VALUE_0: '/dev/null' };
  is(repo.protectWith({ env }, 'predeploy').code, 1);
  repo.git('config', 'status.showUntrackedFiles', 'no');
  repo.git('config', 'log.follow', 'true');
  repo.git('config', 'diff.ignoreSubmodules', 'all');
  repo.write('untracked', '');
  match(repo.protect('predeploy').stdout, 'untracked is untracked');
});

test('what hides a file from Git in this clone alone is told', () => {
  const { repo } = shop();
  repo.git('config', 'core.trustctime', 'false');
  repo.git('config', 'core.checkStat', 'minimal');
  const file = join(repo.dir, 'src/a.ts');
  run(repo.dir, 'touch', ['-d', '2026-01-01', file]);
  repo.git('status');
  run(repo.dir, 'sleep', ['1.1']);
  repo.write('src/a.ts', 'b\n');
  run(repo.dir, 'touch', ['-d', '2026-01-01', file]);
  is(readFileSync(file, 'utf8'), 'b\n');
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'src/a.ts is changed');
});

test('tests that hide from Git what they change do not pass', () => {
  const { repo } = shop(
    'production: { commands: { test: "git update-index --assume-unchanged src/a.ts && echo evil >> src/a.ts" } }',
  );
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'src/a.ts: the tests left it behind (hidden from Git)');
});

test('without Git, or where its folder is broken, nothing passes', () => {
  const { repo } = shop();
  const node = folder();
  run(node, 'ln', ['-s', process.execPath, 'node']);
  is(repo.protectWith({ env: { PATH: node } }, 'predeploy').code, 3);
  for (const [file, text] of [
    ['.git/HEAD', 'ref: refs/heads/gone\n'],
    ['.git/index', 'x'],
    ['.git/packed-refs', 'x'],
    ['.git/config', '['],
  ] as const) {
    const before = repo.has(file) ? repo.read(file) : null;
    const bytes = before === null ? null : readFileSync(join(repo.dir, file));
    repo.write(file, text);
    const done = repo.protect('predeploy');
    is(done.code === 0, false, `${file}: ${done.out}`);
    if (bytes === null) repo.remove(file);
    else repo.write(file, bytes);
  }
  is(repo.protect('predeploy').code, 0);
});

test('a waiver: only the checks that it names, no check that could not judge, twice the same is once', () => {
  const { repo, keys } = shop('production: { commands: { test: exit 1 } }');
  const one = waiver(repo, keys['lead']!, 'clean-tree');
  const two = waiver(repo, keys['lead']!, 'tests', 'in-sync');
  repo.write('untracked', '');
  is(repo.protect('predeploy', '--waiver', one).code, 1);
  is(repo.protect('predeploy', '--waiver', two).code, 1);
  is(repo.protect('predeploy', '--waiver', one, '--waiver', one, '--waiver', two).code, 0);
  repo.git('remote', 'set-url', 'origin', join(repo.dir, 'nowhere'));
  is(repo.protect('predeploy', '--waiver', one, '--waiver', two).code, 3);
});

test('trigger: push from a linked worktree, and of a clone that has no working tree', () => {
  const { repo, origin } = shop('production: { trigger: push, commands: { test: "test ! -f src/bad.ts" } }');
  is(repo.protect('wire').code, 0);
  land(repo, 'chore: hooks');
  const beside = new Repo(join(folder(), 'beside'));
  repo.git('worktree', 'add', '-q', '-b', 'topic', beside.dir);
  run(beside.dir, 'ln', ['-s', join(repo.dir, 'node_modules'), 'node_modules']);
  beside.commit('feat: bad', { 'src/bad.ts': '1\n' });
  const pushed = beside.tryGit('push', 'origin', 'HEAD:main');
  is(pushed.code === 0, false, pushed.out);
  match(pushed.out, 'error[tests]');
  is(origin.head('main'), repo.head());
});

test('a policy that is removed, broken or brought back on the way lets nothing pass', () => {
  const ways: ((repo: Repo, text: string) => void)[] = [
    (repo) => repo.remove('.protectionrc'),
    (repo) => repo.write('.protectionrc', 'version: 1\nnonsense: true\n'),
    (repo, text) => repo.write('.protectionrc.yaml', text),
    (repo, text) => repo.remove('.protectionrc').write('.protectionrc.yaml', text.replace(/files:\n( .*\n)+/, '')),
    (repo) => {
      repo.remove('.protectionrc').write('other', 'version: 1\n');
      run(repo.dir, 'ln', ['-s', 'other', '.protectionrc']);
    },
  ];
  for (const [index, act] of ways.entries()) {
    const { repo } = shop();
    const text = repo.read('.protectionrc');
    act(repo, text);
    land(repo, 'chore: weaker');
    land(repo, 'CRITICAL: fee', { 'server/pay.ts': 'export const fee = 0;\n' });
    repo.remove('.protectionrc.yaml').remove('.protectionrc');
    land(repo, 'chore: back', { '.protectionrc': text });
    const refused = repo.protect('predeploy');
    is(refused.code, 1, `${index}: ${refused.out}`);
    match(refused.stdout, 'changed without approval', String(index));
  }
});

test('octopus, -s ours and evil merges are steps like any other', () => {
  for (const way of ['octopus', 'ours', 'evil'] as const) {
    const { repo } = shop();
    const base = repo.head();
    const evil = treeWith(repo, 'main', { 'server/pay.ts': 'export const fee = 0;\n' });
    const one = repo.git('commit-tree', evil, '-p', base, '-m', 'CRITICAL: fee');
    const two = repo.git('commit-tree', `${base}^{tree}`, '-p', base, '-m', 'feat: two');
    const tip = land(repo, 'feat: main', { 'src/m.ts': '1\n' });
    const result = treeWith(repo, tip, { 'server/pay.ts': 'export const fee = 0;\n' });
    if (way === 'octopus') landCommit(repo, result, tip, one, two);
    if (way === 'evil') landCommit(repo, result, tip, two);
    if (way === 'ours') landCommit(repo, evil, one, tip);
    const refused = repo.protect('predeploy');
    is(refused.code, 1, `${way}: ${refused.out}`);
    match(refused.stdout, 'server/pay.ts: changed without approval');
  }
});
