import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, makeKey, policyText, Repo, run } from './support/world.ts';

const test = suite('ci');

test('what --no-verify let through is caught, over a range by hand', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'sneaky', '--no-verify');
  const caught = repo.protect('ci', '--base', 'origin/main');
  is(caught.code, 1);
  match(caught.out, 'error[protected-files] server/pay.ts');
  match(caught.out, 'error[commit-message]');
});

test('the target is what --target says, else the default branch; the base is its trusted tip', () => {
  const { repo } = guardedRepo();
  repo.commit('feat: fine', { 'src/x.ts': '1\n' });
  is(repo.protect('ci').code, 0);
  is(repo.protect('ci', '--target', 'main').code, 0);
  const unknown = repo.protect('ci', '--target', 'nowhere');
  is(unknown.code, 2);
  match(unknown.out, '--base REV');
});

test('a proposal is judged merged into its target, not from where it left it', () => {
  const { repo, keys } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: topic', { 'src/t.ts': '1\n' });
  repo.git('switch', '-q', 'main');
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  repo.git('commit', '-qm', 'CRITICAL: fee');
  repo.git('push', '-q', 'origin', 'main');
  const done = repo.protect('ci', '--base', 'origin/main', '--head', 'topic');
  is(done.code, 0, done.out);
  repo.git('switch', '-q', 'topic');
  repo.git('merge', '-q', '-s', 'ours', 'main', '-m', 'Merge main');
  const ours = repo.protect('ci', '--base', 'origin/main', '--head', 'topic');
  is(ours.code, 1, 'merging with -s ours takes the approved change back');
  match(ours.out, 'server/pay.ts');
});

test('a conflict is undecided', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: topic', { 'src/a.ts': 'topic\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('feat: main', { 'src/a.ts': 'main\n' });
  const done = repo.protect('ci', '--base', 'main', '--head', 'topic');
  is(done.code, 3);
  match(done.out, 'conflicts with its target');
});

test('a merge driver, merge settings and info/attributes have no say in the merge', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: topic', { 'src/a.ts': 'topic\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('feat: main', { 'src/a.ts': 'main\n' });
  repo.git('config', 'merge.mine.driver', 'true');
  repo.write('.git/info/attributes', '* merge=mine\n');
  is(repo.protect('ci', '--base', 'main', '--head', 'topic').code, 3);
});

test('a push that has happened is judged from what the ref held before', () => {
  const { repo } = guardedRepo();
  const before = repo.head();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  repo.publish();
  const done = repo.protect('ci', '--event', 'push', '--target', 'main', '--base', before);
  is(done.code, 1);
  match(done.out, 'server/pay.ts');
  repo.git('switch', '-qc', 'new');
  const fresh = repo.protect('ci', '--event', 'push', '--target', 'new', '--base', '0'.repeat(40));
  is(fresh.code, 0, fresh.out);
});

test('a force push that has happened is told', () => {
  const { repo } = guardedRepo();
  repo.commit('feat: a');
  const before = repo.head();
  repo.git('reset', '-q', '--hard', 'HEAD~1');
  repo.commit('feat: b');
  const done = repo.protect('ci', '--event', 'push', '--target', 'main', '--base', before);
  is(done.code, 1);
  match(done.out, 'cannot be force-pushed');
});

test('a shallow clone is undecided, with the setting to change', () => {
  const { repo, origin } = guardedRepo();
  repo.commit('feat: more');
  repo.publish();
  const dir = folder('clone');
  is(run(dir, 'git', ['clone', '-q', '--depth', '1', `file://${origin!.dir}`, '.']).code, 0);
  const clone = new Repo(dir);
  const done = clone.protect('ci', '--base', 'HEAD');
  is(done.code, 3);
  match(done.out, 'git fetch --unshallow');
  match(clone.protectWith({ env: { GITHUB_ACTIONS: 'true' } }, 'ci', '--base', 'HEAD').out, "'fetch-depth: 0'");
  match(clone.protectWith({ env: { GITLAB_CI: 'true' } }, 'ci', '--base', 'HEAD').out, "'GIT_DEPTH: 0'");
  const report = JSON.parse(clone.protect('ci', '--base', 'HEAD', '--format', 'json').stdout);
  is(report.verdict, 'undecided');
  is(
    report.outcomes.every((o: { status: string }) => o.status === 'errored'),
    true,
  );
});

test('GitHub Actions: pull_request, push, merge_group', () => {
  const { repo } = guardedRepo();
  const base = repo.head();
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: fine', { 'src/x.ts': '1\n' });
  const good = repo.head();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  const bad = repo.head();
  const github = (name: string, event: object) => {
    const file = join(folder(), 'event.json');
    writeFileSync(file, JSON.stringify({ repository: { default_branch: 'main' }, ...event }));
    return repo.protectWith(
      { env: { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: file } },
      'ci',
    );
  };
  const pull = (head: string) => ({
    pull_request: { number: 1, title: 'x', base: { ref: 'main', sha: base }, head: { sha: head } },
  });
  is(github('pull_request', pull(good)).code, 0);
  is(github('pull_request', pull(bad)).code, 1);
  is(github('push', { ref: 'refs/heads/main', before: base, after: good }).code, 0);
  is(github('push', { ref: 'refs/heads/main', before: base, after: bad }).code, 1);
  is(github('push', { ref: 'refs/heads/topic', before: '0'.repeat(40), after: bad }).code, 1);
  is(github('merge_group', { merge_group: { base_ref: 'refs/heads/main', base_sha: base, head_sha: bad } }).code, 1);
  is(github('pull_request', {}).code, 2);
});

test('GitLab: merge request and push', () => {
  const { repo } = guardedRepo();
  const base = repo.head();
  repo.commit('feat: fine', { 'src/x.ts': '1\n' });
  const good = repo.head();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  const bad = repo.head();
  const gitlab = (env: NodeJS.ProcessEnv) =>
    repo.protectWith({ env: { GITLAB_CI: 'true', CI_DEFAULT_BRANCH: 'main', ...env } }, 'ci');
  const request = { CI_MERGE_REQUEST_IID: '1', CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' };
  is(gitlab({ ...request, CI_COMMIT_SHA: good }).code, 0);
  is(gitlab({ ...request, CI_COMMIT_SHA: bad }).code, 1);
  const push = { CI_COMMIT_BRANCH: 'main', CI_COMMIT_BEFORE_SHA: base };
  is(gitlab({ ...push, CI_COMMIT_SHA: good }).code, 0);
  is(gitlab({ ...push, CI_COMMIT_SHA: bad }).code, 1);
});

test('the policy is that of the base: a proposal cannot weaken its own judge', () => {
  const { repo } = guardedRepo();
  repo.write('.protectionrc', 'version: 1\n').write('server/pay.ts', '2\n');
  repo.git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  const done = repo.protect('ci', '--base', 'origin/main');
  is(done.code, 1);
  match(done.out, '.protectionrc: changed without approval');
  match(done.out, 'server/pay.ts: changed without approval');
});

test('commits from before the policy, and those the target has, are not judged', () => {
  const { repo } = guardedRepo({ hooks: false });
  repo.git('checkout', '-q', '--orphan', 'old');
  repo.git('rm', '-rqf', '.');
  repo.commit('messy words from long ago', { 'src/old.ts': '1\n' });
  repo.git('switch', '-q', 'main');
  repo.git('merge', '-q', '--allow-unrelated-histories', '--no-edit', '--no-verify', 'old');
  const done = repo.protect('ci', '--base', 'origin/main');
  is(done.code, 0, done.out);
});

test('landing: squash judges the title, landing: rebase every state', () => {
  const squash = guardedRepo({ more: 'landing: squash' }).repo;
  squash.git('switch', '-qc', 'topic');
  squash.commit('messy words', { 'src/x.ts': '1\n' });
  is(squash.protect('ci', '--base', 'origin/main', '--title', 'feat: x').code, 0);
  const title = squash.protect('ci', '--base', 'origin/main', '--title', 'x');
  is(title.code, 1);
  match(title.out, 'the title');
  const rebase = guardedRepo({ more: 'landing: rebase' }).repo;
  rebase.git('switch', '-qc', 'topic');
  rebase.commit('CRITICAL: there', { 'server/pay.ts': '2\n' });
  rebase.commit('CRITICAL: and back', { 'server/pay.ts': 'export const fee = 1;\n' });
  const states = rebase.protect('ci', '--base', 'origin/main');
  is(states.code, 1);
  match(states.out, 'in a commit on the way');
});

test('--require-policy, wrong flags, ambiguous names', () => {
  const { repo } = guardedRepo();
  const bare = guardedRepo({ hooks: false }).repo;
  bare.git('rm', '-q', '.protectionrc');
  bare.commit('chore: none');
  bare.git('push', '-q', 'origin', 'main');
  bare.commit('feat: x');
  is(bare.protect('ci').code, 0);
  is(bare.protect('ci', '--require-policy').code, 2);
  const flag = repo.protect('ci', '--bsae', 'x');
  is(flag.code, 2);
  match(flag.out, 'did you mean --base?');
  is(repo.protect('ci', '--event', 'pull').code, 2);
  is(repo.protect('ci', '--base', 'no-such').code, 2);
  is(repo.protect('ci', '--base', '--upload-pack=x').code, 2);
  repo.git('tag', 'main');
  const twice = repo.protect('ci', '--base', 'main');
  is(twice.code, 2);
  match(twice.out, 'means more than one thing');
});

test('--no-commands runs nothing of the change', () => {
  const { repo } = guardedRepo({
    more: 'build: { command: "touch ran" }\nchecks: { mine: { command: [touch, ran] } }',
  });
  repo.commit('feat: x');
  is(repo.protect('ci', '--no-commands').code, 0);
  is(repo.has('ran'), false);
  is(repo.protect('ci').code, 0);
  is(repo.has('ran'), true);
});

test('a bare repository can be judged', () => {
  const { repo, origin } = guardedRepo();
  const base = repo.head();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  repo.git('push', '-q', '--no-verify', 'origin', 'main:topic');
  const done = origin!.protect('ci', '--base', base, '--head', 'topic', '--no-commands');
  is(done.code, 1);
  match(done.out, 'server/pay.ts');
});

test('a branch that takes no direct push is green in CI once a proposal has landed', () => {
  const { repo } = guardedRepo({ hooks: false });
  repo.commit('chore: no direct push', {
    '.protectionrc': repo
      .read('.protectionrc')
      .replace('branches: { main: {} }', 'branches: { main: { directPush: refuse } }'),
  });
  repo.publish();
  repo.protect('wire');
  const before = repo.head();
  repo.commit('feat: x', { 'src/x.ts': '1\n' });
  is(repo.tryGit('push', 'origin', 'main').code, 1, 'from a clone it is refused');
  repo.publish();
  const done = repo.protect('ci', '--event', 'push', '--target', 'main', '--base', before);
  is(done.code, 0, done.out);
});

test('a command to paste runs nothing that a branch name says', () => {
  const key = makeKey('lead');
  const policy = policyText({ lead: key }).replace('main: {}', "main: {}, 'release/*': {}");
  const { repo } = guardedRepo({ keys: { lead: key }, files: { '.protectionrc': policy } });
  const branch = 'release/$(touch>x);y';
  repo.git('switch', '-qc', branch);
  const head = repo.commit('feat: fine', { 'src/x.ts': '1\n' });
  const env = { TF_BUILD: 'True', BUILD_SOURCEBRANCH: `refs/heads/${branch}`, BUILD_SOURCEVERSION: head };
  const push = repo.protectWith({ env }, 'ci');
  is(push.code, 3, push.out);
  match(push.out, `--event push --target '${branch}' --base REV`);
  repo.commit('CRITICAL: x', { 'server/pay.ts': '2\n' });
  match(repo.protect('ci', '--target', branch, '--base', 'main').out, `--target '${branch}' -o`);
  match(repo.protect('ci', '--target', `${branch};z`).out, `git fetch origin '${branch};z:refs/remotes/`);
});

test('a branch that looks new and had a policy anywhere before brings no first policy', () => {
  const { repo } = guardedRepo({ hooks: false });
  const main = repo.head();
  const evil = repo.commit('chore: x', { '.protectionrc': 'version: 1\n', 'server/pay.ts': 'evil\n' });
  repo.git('switch', '-q', '--orphan', 'other');
  const other = repo.commit('chore: other', { 'y.txt': 'y\n' });
  const merge = repo.git('commit-tree', `${evil}^{tree}`, '-p', other, '-p', main, '-m', 'chore: x');
  const without = repo.git('commit-tree', `${other}^{tree}`, '-p', main, '-m', 'chore: x');
  const back = repo.git('commit-tree', `${evil}^{tree}`, '-p', without, '-m', 'chore: x');
  for (const head of [evil, merge, back]) {
    repo.git('update-ref', 'refs/remotes/origin/main', head);
    const args = ['--event', 'push', '--target', 'main', '--base', '0'.repeat(40), '--head', head];
    const done = repo.protect('ci', ...args, '--no-commands');
    is(done.code, 3, done.out);
    match(done.out, 'had a policy before its last commit');
  }
});
