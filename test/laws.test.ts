import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import { craft, stepsOf } from './support/attacks.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, makeKey, policyText, Repo, run } from './support/world.ts';

/** What nobody may bring about by what he can push, set or leave out. One test a kind; the laws are in the threat model. */
hooksStay();
const test = suite('laws');

/** A branch with a malformed message on the way, and a remote that somebody else has pushed that commit to. */
function vouchedFor(branch: string) {
  const { repo } = guardedRepo();
  const policy = repo.read('.protectionrc').replace('main: {}', 'main: {}, "release/*": {}');
  repo.commit('chore: release', { '.protectionrc': policy });
  repo.publish();
  repo.git('switch', '-qc', 'topic');
  const bad = repo.commit('no type here', { 'src/b.ts': 'b\n' });
  repo.commit('feat: c', { 'src/c.ts': 'c\n' });
  repo.git('push', '-q', '--no-verify', 'origin', `${bad}:refs/heads/${branch}`);
  repo.git('fetch', '-q', 'origin');
  return repo;
}

test('law 2: a branch under a pattern, or main in other letters, vouches for nothing', () => {
  for (const branch of ['release/mine', 'MAIN', 'Main']) {
    const repo = vouchedFor(branch);
    const pushed = repo.tryGit('push', 'origin', 'topic');
    is(pushed.code, 1, branch + pushed.out);
    match(pushed.out, "'no type here' starts with no type");
  }
});

test('law 2: in ci not even a branch that the policy lists: only what the target holds was judged for it', () => {
  const { repo } = guardedRepo();
  const policy = repo.read('.protectionrc').replace('branches: { main: {} }', 'branches: { main: {}, release: {} }');
  repo.commit('chore: release', { '.protectionrc': policy });
  repo.publish();
  repo.git('switch', '-qc', 'topic');
  const bad = repo.commit('no type here', { 'src/b.ts': 'b\n' });
  repo.git('push', '-q', '--no-verify', 'origin', `${bad}:refs/heads/release`);
  repo.git('fetch', '-q', 'origin');
  is(repo.protect('ci', '--base', 'origin/main', '--head', 'topic', '--target', 'main').code, 1);
});

test('law 2: the entry of a queue is compared with what has landed, whatever the queue builds on', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'first');
  const first = repo.commit('CRITICAL: e', { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.git('switch', '-qc', 'second');
  const second = repo.commit('feat: d', { 'src/d.ts': 'd\n' });
  repo.write(
    '.git/event.json',
    JSON.stringify({
      repository: { default_branch: 'main' },
      merge_group: { base_ref: 'refs/heads/main', base_sha: first, head_sha: second },
    }),
  );
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'merge_group',
    GITHUB_EVENT_PATH: join(repo.dir, '.git/event.json'),
  };
  const judged = repo.protectWith({ env }, 'ci', '--format', 'text');
  is(judged.code, 1, judged.out);
  match(judged.out, 'server/pay.ts: changed without approval');
});

test('law 2: a tag on a branch under a pattern is on no protected branch', () => {
  const { repo } = guardedRepo({ more: 'tags: { "v*": { create: protected } }' });
  const policy = repo.read('.protectionrc').replace('main: {}', 'main: {}, "release/*": {}');
  repo.commit('chore: release', { '.protectionrc': policy });
  repo.publish();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: b', { 'src/b.ts': 'b\n' });
  repo.git('push', '-q', '--no-verify', 'origin', 'topic:refs/heads/release/mine');
  repo.git('fetch', '-q', 'origin');
  repo.git('tag', 'v1');
  const pushed = repo.tryGit('push', 'origin', 'v1');
  is(pushed.code, 1, pushed.out);
  match(pushed.out, 'is not on a commit of a protected branch');
  const together = repo.tryGit('push', 'origin', 'topic:refs/heads/release/other', 'v1');
  is(together.code, 1, together.out);
  match(together.out, 'is not on a commit of a protected branch');
});

test('law 2: the policy of another project does not name the default branch', () => {
  const { repo, origin } = guardedRepo();
  repo.git('switch', '-qc', 'stranger');
  const other = repo
    .read('.protectionrc')
    .replace('main: {}', 'trunk: {}')
    .replace(/project: \w+/, `project: ${'f'.repeat(32)}`);
  repo.commit('chore: x', { '.protectionrc': other });
  repo.publish('stranger');
  const clone = new Repo(folder('clone'));
  clone.git('init', '-q', '-b', 'main');
  clone.git('remote', 'add', 'origin', origin!.dir);
  clone.git('fetch', '-q');
  clone.git('switch', '-q', 'main');
  const push = (files: Record<string, string>) => {
    const old = clone.head('origin/main');
    const input = `refs/heads/main ${clone.commit('CRITICAL: z', files)} refs/heads/main ${old}\n`;
    return clone.protectWith({ input }, 'hook', 'pre-push', 'origin', origin!.dir);
  };
  is(push({ 'src/z.ts': 'z\n' }).code, 0);
  is(push({ 'server/pay.ts': 'export const fee = 2;\n' }).code, 1);
});

test('law 5: a repository that Git opens by a setting of the environment is opened', () => {
  if (process.geteuid?.() !== 0) return;
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: b', { 'src/b.ts': 'b\n' });
  run(repo.dir, 'chown', ['-R', '12345:12345', repo.dir]);
  const args = ['ci', '--base', 'origin/main', '--head', 'HEAD'];
  const safe = { GIT_CONFIG_COUNT: '2', GIT_CONFIG_KEY_1: 'safe.directory', GIT_CONFIG_VALUE_1: '*' };
  const env = { ...safe, GIT_CONFIG_KEY_0: 'log.diffMerges', GIT_CONFIG_VALUE_0: 'off' };
  ok(repo.protect(...args).code !== 0);
  is(repo.protectWith({ env }, ...args).code, 0);
  is(repo.protectWith({ env: { GIT_CONFIG_PARAMETERS: "'safe.directory'='*'" } }, ...args).code, 0);
  is(repo.protectWith({ env: { GIT_CONFIG_PARAMETERS: "'safe.directory=*'" } }, ...args).code, 0);
});

test('law 5: ci judges the repository that GIT_DIR names', () => {
  const harmless = guardedRepo().repo;
  harmless.commit('feat: b', { 'src/b.ts': 'b\n' });
  const { repo } = guardedRepo();
  repo.commit('CRITICAL: x', { 'server/pay.ts': 'export const fee = 2;\n' });
  const env = { GIT_DIR: join(repo.dir, '.git'), GIT_WORK_TREE: repo.dir };
  is(harmless.protectWith({ env }, 'ci', '--base', 'HEAD~1', '--head', 'HEAD').code, 1);
});

test('law 6: an answer of an own check that is too long is none, and what is not listed is as grave as it is', () => {
  const flood = `node -e "process.stdout.write((JSON.stringify({message:'w'.repeat(1000),severity:'warning'})+'\\\\n').repeat(17000))"`;
  const { repo } = guardedRepo({
    more: `checks: { many: { command: [./many.sh], on: [ci] } }`,
    files: { 'many.sh': `#!/bin/sh\ncat > /dev/null\n${flood}\nexit 1\n` },
  });
  run(repo.dir, 'chmod', ['+x', 'many.sh']);
  repo.commit('feat: b', { 'src/b.ts': 'b\n' });
  const judged = repo.protect('ci', '--base', 'HEAD~1', '--head', 'HEAD');
  is(judged.code, 3, judged.out.slice(0, 400));
  match(judged.out, 'undecided[many] it printed more than 16 MiB');
});

test('law 6: two hundred allowed secrets hide none that is not allowed', () => {
  const token = (n: number) => `ghp_${Buffer.from(`t${n}`.padStart(27, 'q7Zx')).toString('base64').slice(0, 36)}`;
  const { repo } = guardedRepo({
    more: 'checks: { no-secrets: { options: { allow: [{ path: old.js, kind: nothing }] } } }',
  });
  repo
    .write('old.js', Array.from({ length: 250 }, (_, n) => `const t${n} = "${token(n)}";`).join('\n'))
    .git('add', '-A');
  const judged = repo.protect('hook', 'pre-commit');
  is(judged.code, 1);
  match(judged.out, '240 more secrets are not listed');
});

/** An approval that main has used and taken back, brought again with its change. */
function replayed() {
  const { repo, keys } = guardedRepo();
  // The approval comes with the merge itself, and goes with the next one.
  const land = (branch: string, fee: number) => {
    repo.git('switch', '-qc', branch, 'main');
    repo.commit('CRITICAL: fee', { 'server/pay.ts': `export const fee = ${fee};\n` });
    repo.git('switch', '-q', 'main');
    repo.git('-c', 'core.hooksPath=/dev/null', 'merge', '-q', '--no-ff', '--no-commit', branch);
    for (const name of repo.git('ls-files', '.protect/approvals').split('\n').filter(Boolean))
      repo.git('rm', '-q', name);
    approve(repo, keys['lead']!, '--staged');
    repo.commit('CRITICAL: merge');
  };
  const first = repo.head();
  land('one', 2);
  const used = repo.head();
  land('back', 1);
  repo.publish();
  repo.git('switch', '-qc', 'replay');
  repo.git('checkout', used, '--', '.protect', 'server');
  repo.commit('CRITICAL: again');
  return { repo, first };
}

test('law 7: what the configuration says of merges changes nothing', () => {
  const { repo } = replayed();
  repo.git('config', 'log.diffMerges', 'off');
  const judged = repo.protect('ci', '--base', 'origin/main', '--head', 'HEAD');
  is(judged.code, 1, judged.out);
  match(judged.out, 'is spent');
});

test('law 7: a commit-graph that names other parents is not believed', () => {
  const { repo, first } = replayed();
  repo.git('commit-graph', 'write', '--reachable');
  forgeParent(join(repo.dir, '.git/objects/info/commit-graph'), repo.head('main'), first);
  ok(!repo.git('rev-list', 'main').includes(repo.head('one')), 'Git itself believes it');
  const judged = repo.protect('ci', '--base', 'origin/main', '--head', 'HEAD');
  is(judged.code, 1, judged.out);
});

/** @see https://git-scm.com/docs/gitformat-commit-graph */
function forgeParent(file: string, child: string, parent: string): void {
  const graph = readFileSync(file).subarray(0, -20);
  const chunk = (id: string) => {
    for (let at = 8; ; at += 12)
      if (graph.toString('latin1', at, at + 4) === id) return Number(graph.readBigUInt64BE(at + 4));
  };
  const count = graph.readUInt32BE(chunk('OIDF') + 1020);
  const ids = Array.from({ length: count }, (_, n) =>
    graph.toString('hex', chunk('OIDL') + 20 * n, chunk('OIDL') + 20 * n + 20),
  );
  const at = chunk('CDAT') + ids.indexOf(child) * 36 + 20;
  graph.writeUInt32BE(ids.indexOf(parent), at);
  graph.writeUInt32BE(0x70000000, at + 4);
  chmodSync(file, 0o644);
  writeFileSync(file, Buffer.concat([graph, createHash('sha1').update(graph).digest()]));
}

test('law 7: no code of a repository runs to find its policy', () => {
  const { repo } = guardedRepo({ remote: false, hooks: false });
  const code = `require('node:fs').writeFileSync(${JSON.stringify(join(repo.dir, 'ran'))}, '');`;
  repo.write('.config/config.cjs', code).write('.config/config.js', code);
  repo.write('package.json', '{ "type": "commonjs", "cosmiconfig": { "searchPlaces": ["evil.js"] } }');
  repo.write('evil.js', code);
  for (const args of [['policy', 'check'], ['explain', 'server/pay.ts'], ['wire']])
    is(repo.protectApart({}, ...args).code, 0);
  is(repo.has('ran'), false);
  // Nor does a file that has nothing to do with the policy keep it from being read.
  repo.remove('.config').write('package.json', '{ "name": "x", }');
  is(repo.protectApart({}, 'policy', 'check').code, 0);
});

test('law 7: a branch called refs/heads/main stands in for no other when a mirror deletes it', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.git('branch', '-D', 'main');
  repo.git('update-ref', 'refs/heads/refs/heads/main', 'HEAD');
  const input = `refs/remotes/origin/main ${repo.head()} refs/remotes/origin/main ${'0'.repeat(40)}\n`;
  const pushed = repo.protectWith({ input }, 'hook', 'pre-push', 'origin', repo.git('remote', 'get-url', 'origin'));
  is(pushed.code, 1, pushed.out);
  match(pushed.out, 'is protected and cannot be deleted');
});

test('law 2: a policy is adopted once: after it was removed only that very one comes back', () => {
  const { repo, keys } = guardedRepo();
  const policy = repo.read('.protectionrc');
  repo.git('rm', '-q', '.protectionrc');
  repo.git('commit', '-q', '--no-verify', '-m', 'chore: no policy');
  const removed = repo.head();
  repo.publish();
  repo.git('switch', '-qc', 'mine');
  const own = policyText({ mallory: makeKey('mallory') });
  repo.commit('chore: my policy', { '.protectionrc': own, 'server/pay.ts': 'export const fee = 0;\n' });
  const judged = repo.protect('ci', '--base', 'origin/main', '--head', 'mine', '--target', 'main');
  is(judged.code, 3, judged.out);
  match(judged.out, `${removed.slice(0, 12)} removed the policy`);
  repo.git('switch', '-q', 'main');
  repo.git('switch', '-qc', 'back');
  repo.commit('chore: the policy is back', { '.protectionrc': policy });
  is(approve(repo, keys['lead']!, '--range', 'origin/main..HEAD', '--target', 'main').code, 0);
  repo.git('commit', '-q', '--no-verify', '-m', 'chore: approve');
  const restored = repo.protect('ci', '--base', 'origin/main', '--head', 'back', '--target', 'main');
  is(restored.code, 0, restored.out);
  repo.commit('CRITICAL: and more', { 'server/pay.ts': 'export const fee = 0;\n' });
  is(
    repo.protect('ci', '--base', 'origin/main', '--head', 'back', '--target', 'main').code,
    1,
    'it judges what brings it',
  );
  // While there is none, anybody's branch that brings one and removes it again lands; that one is not brought back by it.
  repo.git('switch', '-qC', 'main', 'origin/main');
  repo.commit('chore: mine', { '.protectionrc': own });
  repo.git('rm', '-q', '.protectionrc');
  repo.git('commit', '-q', '--no-verify', '-m', 'chore: not mine');
  repo.publish();
  repo.commit('chore: mine again', { '.protectionrc': own });
  is(repo.protect('ci', '--base', 'origin/main', '--head', 'HEAD', '--target', 'main').code, 3);
});

test('law 3: a branch that was updated by a merge lands by a rebase without what the merge brought', () => {
  const { repo, keys } = guardedRepo({ more: 'landing: rebase' });
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: free', { 'src/b.ts': 'b\n' });
  repo.git('switch', '-q', 'main');
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  repo.commit('CRITICAL: fee');
  repo.publish();
  repo.git('switch', '-q', 'topic');
  repo.git('merge', '-q', '--no-verify', '-m', 'Merge main', 'main');
  const judge = () => repo.protect('ci', '--base', 'origin/main', '--head', 'topic', '--target', 'main');
  is(judge().code, 0, 'updated');
  // A merge that hides a commit is dropped by the rebase, the commit is not.
  repo.git('switch', '-qc', 'hidden');
  repo.commit('CRITICAL: hidden', { 'server/pay.ts': 'export const fee = 0;\n' });
  repo.git('switch', '-q', 'topic');
  repo.git('merge', '-q', '--no-verify', '-s', 'ours', '-m', 'Merge hidden', 'hidden');
  const replayed = judge();
  is(replayed.code, 1, replayed.out);
  match(replayed.out, 'server/pay.ts: changed without approval in a commit on the way');
});

test('law 4: an approval that landed alone counts once, at every gate; one that no owner signed is refused when it is added', () => {
  const { repo, keys } = guardedRepo({ more: 'checks: { not-root: { severity: off } }\ndeploy: { production: {} }' });
  repo.git('branch', '-q', '--set-upstream-to=origin/main');
  const ci = (base: string) =>
    repo.protect('ci', '--event', 'push', '--target', 'main', '--base', base, '--head', 'HEAD');
  repo.write('server/pay.ts', 'export const fee = 3;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  repo.git('restore', '-q', '--staged', '--worktree', 'server');
  const land = (message: string, files: Record<string, string> = {}) => {
    const before = repo.head();
    repo.commit(message, files);
    repo.publish();
    return ci(before).code;
  };
  is(land('chore: the approval alone'), 0);
  is(land('CRITICAL: fee', { 'server/pay.ts': 'export const fee = 3;\n' }), 0, 'it counts');
  is(repo.protect('predeploy', '--only', 'landed-checks').code, 3, 'nothing refused, and a part decides nothing');
  repo.write('server/pay.ts', 'export const fee = 1;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  is(land('CRITICAL: back'), 0);
  is(land('CRITICAL: again', { 'server/pay.ts': 'export const fee = 3;\n' }), 1, 'once');
  is(repo.protect('predeploy', '--only', 'landed-checks').code, 1);
  const forged = craft(makeKey('mallory'), { changes: stepsOf(repo, 'HEAD~1', 'HEAD', 'server/pay.ts') });
  repo.write(forged.path, forged.content).git('add', '-A');
  const added = repo.protect('hook', 'pre-commit');
  is(added.code, 1, added.out);
  match(added.out, 'it is not signed with a key of the owner it names, lead');
});

test('law 5: nothing known of the other side is not nothing there; another repository is not judged by our policy', () => {
  const { repo, origin } = guardedRepo();
  const other = new Repo(folder('other'));
  other.git('init', '-q', '--bare', '-b', 'main');
  repo.git('switch', '-q', '--orphan', 'apart');
  repo.commit('feat: of its own', { 'lib.ts': '1\n' });
  const apart = repo.tryGit('push', other.dir, 'apart:main');
  is(apart.code, 0, apart.out);
  match(apart.out, 'is another repository');
  is(repo.tryGit('push', '--force', 'origin', 'apart:main').code, 1, 'never to the trusted remote');
  is(repo.tryGit('push', '--force', `file://${origin!.dir}`, 'apart:main').code, 1, 'nor under another name of it');
});

test('law 8: a release is cut from what stood on main once, and from nothing else', () => {
  const { repo, keys } = guardedRepo();
  const policy = repo.read('.protectionrc').replace('main: {}', 'main: {}, "release/*": {}');
  repo.commit('chore: release', { '.protectionrc': policy });
  const older = repo.head();
  const draft = repo.commit('CRITICAL: draft', { 'server/pay.ts': 'export const fee = 0;\n' });
  repo.git('reset', '-q', '--hard', older);
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  repo.commit('CRITICAL: fee');
  repo.publish();
  const zeros = '0'.repeat(40);
  const cut = (commit: string) =>
    repo.protectWith(
      { input: `refs/heads/x ${commit} refs/heads/release/1 ${zeros}\n` },
      'hook',
      'pre-push',
      'origin',
      'x',
    ).code;
  is(cut(repo.head()), 0);
  is(cut(older), 0, 'an older main');
  is(cut(draft), 1, 'a commit that never stood there');
});

test('an approval is not written through a link', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  const token = approve(repo, keys['lead']!, '--staged', '--print').stdout.trim();
  const outside = folder('outside');
  symlinkSync(outside, join(repo.dir, '.protect'));
  const added = repo.protect('approval', 'add', token);
  is(added.code, 2);
  match(added.out, '.protect is a symlink');
  is(run(outside, 'ls', ['-A']).stdout, '');
});

const production = 'checks: { not-root: { severity: off } }\ndeploy: { production: {} }';

/** A repository whose main can be deployed. */
function deployable() {
  const { repo, keys } = guardedRepo({ more: production });
  repo.git('branch', '-q', '--set-upstream-to=origin/main');
  return { repo, key: keys['lead']! };
}

/** Pushes main past the gates. Returns what ci says of that. */
function ciOfPush(repo: Repo) {
  const before = repo.head('origin/main');
  repo.git('push', '-q', '--no-verify', 'origin', 'main');
  return repo.protect('ci', '--event', 'push', '--target', 'main', '--base', before, '--head', 'HEAD');
}

/** 1: it names something. 3: nothing refused, and a part decides nothing. */
const deployed = (repo: Repo) => repo.protect('predeploy', '--only', 'landed-checks');

/** On a branch of its own: a policy without the rule for server/pay.ts, approved. */
function unguardPay(repo: Repo, key: Parameters<typeof approve>[1]) {
  repo.git('switch', '-qc', 'topic');
  repo.write('.protectionrc', repo.read('.protectionrc').replace(/.*server.pay.*\n/, '')).git('add', '-A');
  is(approve(repo, key, '--staged').code, 0);
  repo.commit('chore: guard pay no more');
}

function mergeTopic(repo: Repo) {
  repo.git('switch', '-q', 'main');
  repo.git('merge', '-q', '--no-ff', '--no-verify', '-m', 'Merge topic', 'topic');
  return ciOfPush(repo);
}

test('law 4: what was forced onto main stays named when a branch with an approved policy is merged', () => {
  const { repo, key } = deployable();
  unguardPay(repo, key);
  repo.git('switch', '-q', 'main');
  repo.commit('CRITICAL: fee', { 'server/pay.ts': 'export const fee = 3;\n' });
  is(ciOfPush(repo).code, 1, 'forced');
  is(deployed(repo).code, 1, 'and named');
  is(mergeTopic(repo).code, 0, 'the policy was approved');
  const judged = deployed(repo);
  is(judged.code, 1, judged.out);
  match(judged.out, 'server/pay.ts: changed without approval');
});

test('law 4: a merge that takes a rule away and moves its path is one step, judged by the policy before it', () => {
  const { repo, key } = deployable();
  unguardPay(repo, key);
  repo.commit('feat: fee', { 'server/pay.ts': 'export const fee = 3;\n' });
  is(mergeTopic(repo).code, 1, 'forced');
  const judged = deployed(repo);
  is(judged.code, 1, judged.out);
});

test('law 4: a merge that begins to protect a path and moves it needs approval before a deploy too', () => {
  const { repo, key } = deployable();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: a', { 'src/a.ts': 'moved\n' });
  const policy = repo.read('.protectionrc').replace('paths: [config/]', 'paths: [config/, src/a.ts]');
  repo.write('.protectionrc', policy).git('add', '-A');
  is(approve(repo, key, '--staged').code, 0);
  repo.commit('chore: guard a');
  is(mergeTopic(repo).code, 1, 'forced');
  const judged = deployed(repo);
  is(judged.code, 1, judged.out);
});
