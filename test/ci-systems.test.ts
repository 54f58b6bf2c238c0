import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { UsageError } from '../src/model/index.ts';
import { ciEvent } from '../src/sources/ci/index.ts';
import { fetched, fetches, type Host, makeHost, recorded } from './support/ci-hosts.ts';
import { suite } from './support/suite.ts';
import { folder, projectRoot, Repo, type Result } from './support/world.ts';

const test = suite('ci systems');
const hosts = { good: makeHost('good'), bad: makeHost('bad') };
const landed = { good: makeHost('good', { landed: true }), bad: makeHost('bad', { landed: true }) };

/** The real `protect ci` with exactly the recorded environment. */
function ci(clone: Repo, env: Record<string, string>, ...args: string[]): Result {
  return clone.protectWith({ env }, 'ci', '--no-commands', '--require-policy', ...args);
}

function run(name: string, host: Host, ...args: string[]): Result {
  return ci(fetched(name, host), recorded(name, host), ...args);
}

const depthHelp: Record<string, string> = {
  github: "help: set 'fetch-depth: 0' under 'with:' of actions/checkout",
  gitlab: "help: set 'GIT_DEPTH: 0' under 'variables:' of the job",
  bitbucket: "help: set 'clone: { depth: full }' in bitbucket-pipelines.yml",
  azure: "help: set 'fetchDepth: 0' on the checkout step",
  circleci: "help: set 'method: full' on the checkout step",
  jenkins: "help: set 'shallow: false' in the clone options",
  buildkite: "help: take '--depth' out of BUILDKITE_GIT_CLONE_FLAGS",
  travis: 'help: git fetch --unshallow',
};

const proposals = [
  'github-pull_request',
  'github-pull_request-edited',
  'github-pull_request_target',
  'github-merge_group',
  'gitlab-merge_request',
  'gitlab-merged_result',
  'gitlab-merge_train',
  'bitbucket-pull_request',
  'azure-pull_request',
  'azure-pull_request-github',
  'circleci-branch',
  'jenkins-pull_request',
  'buildkite-pull_request',
  'buildkite-merge_queue',
  'travis-pull_request',
];
const toldPushes = ['github-push', 'gitlab-push', 'jenkins-push'];
const untoldPushes = ['bitbucket-push', 'azure-push', 'circleci-main', 'buildkite-push', 'travis-push'];
const refusedEvents = ['github-schedule', 'buddy-pull_request', 'codebuild-branch'];

test('every recorded environment is tried', () => {
  const files = readdirSync(join(projectRoot, 'test/fixtures/ci')).map((file) => file.replace('.json', ''));
  equal([...proposals, ...toldPushes, ...untoldPushes, ...refusedEvents].sort(), files.sort());
  equal(Object.keys(fetches).sort(), files);
});

for (const name of [...proposals, ...toldPushes])
  test(`${name}: good passes, an unapproved change is refused, a shallow clone is not judged`, () => {
    const from = toldPushes.includes(name) ? landed : hosts;
    const good = run(name, from.good);
    is(good.code, 0, good.out);
    not.match(good.out, 'nothing to judge');
    const bad = run(name, from.bad);
    is(bad.code, 1, bad.out);
    match(bad.out, 'error[protected-files] server/pay.ts');
    const shallow = ci(fetched(name, from.good, ['--depth=1']), recorded(name, from.good));
    is(shallow.code, 3, shallow.out);
    match(shallow.out, depthHelp[name.split('-')[0]!]!);
  });

test('the commit proposed is judged, not the merge that the system made of it', async () => {
  const { head, queued, merge } = hosts.good;
  // Some name no commit, so it is what they checked out; Azure names the one proposed in repositories of its own only.
  const others: Record<string, string> = {
    'jenkins-pull_request': 'HEAD',
    'travis-pull_request': 'HEAD',
    'azure-pull_request-github': merge,
    'github-merge_group': queued,
    'buildkite-merge_queue': queued,
  };
  for (const name of proposals) is((await ciEvent({}, recorded(name, hosts.good))).head, others[name] ?? head, name);
  const started = { ...recorded('buildkite-pull_request', hosts.good), BUILDKITE_COMMIT: 'HEAD' };
  is((await ciEvent({}, started)).head, 'HEAD', 'Buildkite says HEAD for a build that a person started');
});

test('an empty flag is a variable that was not set, and nothing is guessed', () => {
  for (const flag of ['--base', '--head', '--target']) {
    const done = run('github-pull_request', hosts.good, flag, '');
    is(done.code, 2, done.out);
    match(done.out, `${flag} is empty`);
  }
});

for (const name of untoldPushes)
  test(`${name}: what the push replaced is not told, so it has to be named`, () => {
    const told = run(name, landed.good);
    is(told.code, 3, told.out);
    match(told.out, /does not say what main held before/);
    const help = name.startsWith('circleci') ? '<< pipeline.git.base_revision >>' : 'REV';
    match(told.out, `help: npx git-protect ci --event push --target main --base ${help}`);
    const named = ['--event', 'push', '--target', 'main', '--base'];
    is(run(name, landed.good, ...named, landed.good.base).code, 0);
    const bad = run(name, landed.bad, ...named, landed.bad.base);
    is(bad.code, 1, bad.out);
    match(bad.out, 'server/pay.ts');
  });

test('a clone that is behind the push says itself what the branch held', () => {
  const clone = fetched('azure-push', landed.bad);
  clone.git('update-ref', 'refs/remotes/origin/main', landed.bad.base);
  const bad = ci(clone, recorded('azure-push', landed.bad));
  is(bad.code, 1, bad.out);
});

test('a push to a branch of one own needs no word on what it held', () => {
  for (const [name, variable, value] of [
    ['bitbucket-push', 'BITBUCKET_BRANCH', 'topic'],
    ['azure-push', 'BUILD_SOURCEBRANCH', 'refs/heads/topic'],
    ['buildkite-push', 'BUILDKITE_BRANCH', 'topic'],
  ] as const) {
    const env = (host: Host) => ({ ...recorded(name, host), [variable]: value });
    const good = ci(fetched(name, hosts.good), env(hosts.good));
    is(good.code, 0, good.out);
    is(ci(fetched(name, hosts.bad), env(hosts.bad)).code, 1, name);
  }
});

test('a tag that the system does not call new is not judged where tags are protected', () => {
  const host = makeHost('good', { more: 'tags: { "v*": {} }' });
  const { BITBUCKET_BRANCH: _, ...env } = recorded('bitbucket-push', host);
  const done = ci(fetched('bitbucket-pull_request', host), { ...env, BITBUCKET_TAG: 'v1' });
  is(done.code, 3, done.out);
  match(done.out, 'does not say what refs/tags/v1 held before');
});

test('CircleCI says no target: it is the default branch, and it says so; --target names another', () => {
  const good = run('circleci-branch', hosts.good);
  match(
    good.out,
    'note: CircleCI does not say where this goes, so it is judged for main; --target BRANCH names another',
  );
  not.match(run('circleci-branch', hosts.good, '--target', 'main').out, 'note:');
  const fresh = fetched('circleci-branch', hosts.good);
  fresh.git('checkout', '--quiet', '--force', 'origin/main');
  const started = ci(fresh, { ...recorded('circleci-branch', hosts.good), CIRCLE_SHA1: hosts.good.base });
  is(started.code, 0, 'a branch that was only just started');
  match(started.out, 'nothing to judge');
  const self = run('circleci-main', landed.good, '--target', 'main');
  is(self.code, 3, self.out);
});

test('a blobless clone, as CircleCI makes it, that cannot get the contents any more is not judged', () => {
  const clone = new Repo(folder('clone'));
  clone.git('clone', '--quiet', '--filter=blob:none', '--no-checkout', `file://${hosts.good.bare.dir}`, '.');
  clone.git('remote', 'set-url', 'origin', '/nowhere');
  const done = ci(clone, recorded('circleci-branch', hosts.good));
  is(done.code, 3, done.out);
  match(done.out, 'object');
});

test('a pull request that GitHub has not fetched names the fetch that helps', () => {
  const host = makeHost('bad');
  host.bare.git('update-ref', '-d', 'refs/heads/topic');
  const clone = fetched('github-pull_request_target', host);
  const env = recorded('github-pull_request_target', host);
  clone.git('update-ref', '-d', `refs/remotes/origin/gh-readonly-queue/main/pr-1-${host.base}`);
  const absent = ci(clone, env);
  is(absent.code, 3, absent.out);
  match(absent.out, 'help: git fetch origin pull/1/head');
  clone.git('fetch', '--quiet', 'origin', 'pull/1/head');
  is(ci(clone, env).code, 1);
});

test('events that move no branch are refused and never taken for a proposal', () => {
  const schedule = run('github-schedule', hosts.good);
  is(schedule.code, 2, schedule.out);
  match(schedule.out, "runs this for 'schedule', which changes no branch");
  for (const name of ['workflow_dispatch', 'pull_request_review', 'constructor', '__proto__', '']) {
    const env = { ...recorded('github-pull_request', hosts.good), GITHUB_EVENT_NAME: name };
    is(ci(fetched('github-pull_request', hosts.good), env).code, 2, name);
  }
  const gitlab = { ...recorded('gitlab-push', landed.good), CI_PIPELINE_SOURCE: 'web' };
  is(ci(fetched('gitlab-push', landed.good), gitlab).code, 2);
});

test('systems that env-ci knows: a target that it cannot name is not guessed', () => {
  const buddy = run('buddy-pull_request', hosts.bad);
  is(buddy.code, 2, buddy.out);
  match(buddy.out, 'Buddy does not say which branch the pull request is for');
  is(run('buddy-pull_request', hosts.bad, '--event', 'proposal', '--target', 'main').code, 1);
  const nothing = run('codebuild-branch', hosts.good);
  is(nothing.code, 0, nothing.out);
  match(nothing.out, 'note: AWS CodeBuild does not say where this goes');
  is(run('codebuild-branch', hosts.bad).code, 1);
  const main = fetched('circleci-main', landed.good);
  const own = ci(main, recorded('codebuild-branch', landed.good));
  is(own.code, 3, own.out);
  match(own.out, 'HEAD is on main already, and AWS CodeBuild does not say what it replaced there');
  is(ci(main, { NETLIFY: 'true', PULL_REQUEST: 'true' }).code, 2, 'env-ci itself stumbles over this one');
});

test('two systems at once are told apart by nobody', () => {
  const env = { ...recorded('github-pull_request', hosts.good), JENKINS_URL: 'https://ci.example.com/' };
  const done = ci(fetched('github-pull_request', hosts.good), env);
  is(done.code, 2);
  match(done.out, 'GitHub Actions and of Jenkins at once');
});

test('nothing to judge is said', () => {
  const clone = fetched('circleci-main', hosts.good);
  clone.git('checkout', '--quiet', '--force', 'origin/main');
  const tip = clone.protect('ci');
  is(tip.code, 0, tip.out);
  match(tip.out, 'note: nothing to judge: HEAD is the tip of main');
  const behind = clone.protect('ci', '--head', 'HEAD~0', '--base', 'origin/topic');
  match(behind.out, 'note: nothing to judge: HEAD~0 is on main already');
  const same = clone.protect('ci', '--event', 'push', '--target', 'main', '--base', 'origin/main');
  match(same.out, 'note: nothing to judge: main holds what it held before');
  const merged = run('github-pull_request', landed.good);
  is(merged.code, 0, merged.out);
  match(merged.out, 'is the tip of main');
});

test('landing: squash: a title that the system does not tell has to be given', () => {
  const squash = { more: 'landing: squash' };
  const host = makeHost('good', squash);
  for (const name of ['bitbucket-pull_request', 'azure-pull_request', 'circleci-branch', 'buildkite-pull_request']) {
    const clone = fetched(name, host);
    const env = recorded(name, host);
    const untold = ci(clone, env);
    is(untold.code, 3, untold.out);
    match(untold.out, 'undecided[commit-message] the title is the message that lands');
    match(untold.out, '--title "');
    is(ci(clone, env, '--title', '').code, 3, 'an empty variable is no title');
    is(ci(clone, env, '--title', 'feat: x').code, 0);
    is(ci(clone, env, '--title', 'no words of the house').code, 1);
  }
  for (const name of ['github-pull_request', 'gitlab-merge_request', 'gitlab-merge_train', 'jenkins-pull_request']) {
    const clone = fetched(name, host);
    is(ci(clone, recorded(name, host)).code, 0, name);
    const odd = ci(clone, recorded(name, host, 'no words of the house'));
    is(odd.code, 1, odd.out);
    match(odd.out, 'the title: ');
  }
});

test('landing: squash: in a merge queue the message that the queue made is judged', () => {
  for (const name of ['github-merge_group', 'buildkite-merge_queue']) {
    const squash = { more: 'landing: squash' };
    is(run(name, makeHost('good', squash)).code, 0, name);
    const odd = run(name, makeHost('good', { ...squash, title: 'no words of the house' }));
    is(odd.code, 1, odd.out);
    not.match(odd.out, 'the title: ');
  }
});

test('a merge train is judged on top of the merge requests before it', () => {
  const { bare, head, base, ...rest } = makeHost('good');
  const author = fetched('circleci-main', { bare, head: base, base, ...rest });
  author.git('switch', '--quiet', '--detach', base);
  const before = author.commit('CRITICAL: approved elsewhere', { 'server/pay.ts': '3\n' });
  author.git('switch', '--quiet', '--detach', before);
  const undo = author.commit('CRITICAL: undo', { 'server/pay.ts': 'export const fee = 1;\n' });
  author.git('push', '--quiet', 'origin', `+${undo}:refs/pipelines/4711`, `+${undo}:refs/merge-requests/1/head`);
  const host = { bare, base: before, head: undo, merge: undo, queued: rest.queued };
  const done = ci(fetched('gitlab-merge_train', host), recorded('gitlab-merge_train', host));
  is(done.code, 1, done.out);
  match(done.out, 'server/pay.ts');
});

test('a merge request that is built in a fork is not judged there', () => {
  const env = { ...recorded('gitlab-merge_request', hosts.good), CI_PROJECT_ID: '18' };
  const done = ci(fetched('gitlab-merge_request', hosts.good), env);
  is(done.code, 2);
  match(done.out, 'runs in a fork');
});

test('Jenkins: the last build that succeeded is what was before, and outside multibranch projects nothing is guessed', async () => {
  const env = recorded('jenkins-push', landed.bad);
  delete env['GIT_PREVIOUS_SUCCESSFUL_COMMIT'];
  const first = ci(fetched('jenkins-push', landed.bad), env);
  is(first.code, 3, first.out);
  match(first.out, 'Jenkins does not say what main held before');
  const gone = ci(fetched('jenkins-push', landed.bad), { ...env, GIT_PREVIOUS_SUCCESSFUL_COMMIT: '1'.repeat(40) });
  is(gone.code, 3, gone.out);
  const { BRANCH_NAME: _, ...freestyle } = env;
  const none = ci(fetched('jenkins-push', landed.bad), freestyle);
  is(none.code, 2);
  match(none.out, 'in multibranch projects only');
});

test('a force push to a branch of one own is judged though what it held is gone', () => {
  const env = recorded('github-push', hosts.good);
  const clone = fetched('github-pull_request', hosts.good);
  const event = join(folder(), 'event.json');
  const push = (ref: string) =>
    writeFileSync(
      event,
      JSON.stringify({ ref, before: '1'.repeat(40), after: hosts.good.head, repository: { default_branch: 'main' } }),
    );
  push('refs/heads/topic');
  const own = ci(clone, { ...env, GITHUB_EVENT_PATH: event });
  is(own.code, 0, own.out);
  push('refs/heads/main');
  is(ci(clone, { ...env, GITHUB_EVENT_PATH: event }).code, 3);
});

const badNames = [
  '--upload-pack=x',
  '-x',
  'a b',
  'a\nb',
  'a\u0007b',
  'x..y',
  'a:b',
  'a@{1}',
  'x.lock',
  'refs/heads/',
  '/x',
];
const badIds = [
  'HEAD',
  '--all',
  'main',
  'f'.repeat(39),
  'f'.repeat(41),
  'F'.repeat(40),
  `${'f'.repeat(40)}\n`,
  '$(id)',
];
const hostile: [fixture: string, variable: string, values: readonly string[]][] = [
  ['gitlab-merge_request', 'CI_MERGE_REQUEST_TARGET_BRANCH_NAME', badNames],
  ['gitlab-merge_request', 'CI_DEFAULT_BRANCH', badNames],
  ['gitlab-merge_request', 'CI_COMMIT_SHA', badIds],
  ['gitlab-merged_result', 'CI_MERGE_REQUEST_SOURCE_BRANCH_SHA', badIds],
  ['gitlab-merge_train', 'CI_MERGE_REQUEST_TARGET_BRANCH_SHA', [...badIds, '']],
  ['gitlab-merge_request', 'CI_MERGE_REQUEST_IID', ['1;id', '-1', 'x']],
  ['gitlab-push', 'CI_COMMIT_BRANCH', [...badNames, '']],
  ['gitlab-push', 'CI_COMMIT_BEFORE_SHA', [...badIds, '']],
  ['gitlab-push', 'CI_COMMIT_TAG', badNames.filter((name) => name !== 'refs/heads/')],
  ['bitbucket-pull_request', 'BITBUCKET_PR_DESTINATION_BRANCH', [...badNames, '']],
  ['bitbucket-pull_request', 'BITBUCKET_PR_DESTINATION_COMMIT', ['--all', 'main', 'f'.repeat(41)]],
  ['bitbucket-pull_request', 'BITBUCKET_COMMIT', [...badIds, '']],
  ['bitbucket-push', 'BITBUCKET_BRANCH', [...badNames, '']],
  ['azure-pull_request', 'SYSTEM_PULLREQUEST_TARGETBRANCH', [...badNames, '']],
  ['azure-pull_request', 'SYSTEM_PULLREQUEST_SOURCECOMMITID', badIds],
  ['azure-pull_request-github', 'BUILD_SOURCEVERSION', [...badIds, '']],
  ['azure-push', 'BUILD_SOURCEBRANCH', ['main', 'refs/pull/1/merge', 'refs/heads/-x', 'refs/tags/a b', '']],
  ['circleci-branch', 'CIRCLE_BRANCH', [...badNames, '']],
  ['circleci-branch', 'CIRCLE_SHA1', [...badIds, '']],
  ['jenkins-pull_request', 'CHANGE_TARGET', [...badNames, '']],
  ['jenkins-push', 'BRANCH_NAME', [...badNames, '']],
  ['jenkins-push', 'GIT_PREVIOUS_SUCCESSFUL_COMMIT', [...badIds, 'null']],
  ['buildkite-pull_request', 'BUILDKITE_PULL_REQUEST_BASE_BRANCH', [...badNames, '']],
  ['buildkite-pull_request', 'BUILDKITE_PULL_REQUEST', ['true', '1;id', '-1']],
  ['buildkite-pull_request', 'BUILDKITE_COMMIT', [...badIds.filter((id) => id !== 'HEAD'), '']],
  ['buildkite-merge_queue', 'BUILDKITE_MERGE_QUEUE_BASE_COMMIT', [...badIds, '']],
  ['buildkite-push', 'BUILDKITE_PIPELINE_DEFAULT_BRANCH', badNames],
];

test('values from the environment that no branch and no commit can have are refused by name', async () => {
  for (const [fixture, variable, values] of hostile)
    for (const value of values) {
      const env = { ...recorded(fixture, hosts.good), [variable]: value };
      const thrown = await ciEvent({}, env).catch((error: unknown) => error);
      ok(thrown instanceof UsageError, `${variable}=${JSON.stringify(value)}`);
      match(thrown.message, variable);
    }
  const travis = { ...recorded('travis-pull_request', hosts.good), TRAVIS_BRANCH: '--upload-pack=x' };
  const thrown = await ciEvent({}, travis).catch((error: unknown) => error);
  ok(thrown instanceof UsageError);
  match(thrown.message, "the branch of Travis CI is '--upload-pack=x', which is no branch name");
});

test('a hostile value is shown without its control characters, and reaches no Git', () => {
  const env = { ...recorded('gitlab-push', landed.good), CI_COMMIT_BRANCH: 'a\u001b[2J\u202eb' };
  const done = ci(fetched('gitlab-push', landed.good), env);
  is(done.code, 2);
  match(done.out, 'CI_COMMIT_BRANCH is');
  not.match(done.out, '\u001b');
  const huge = { ...env, CI_COMMIT_BRANCH: 'x'.repeat(100_000) };
  const long = ci(fetched('gitlab-push', landed.good), huge);
  is(long.code, 2);
  ok(long.out.length < 1000);
});

test('a branch that anybody may push does not become the default one', () => {
  const host = makeHost('bad');
  const clone = fetched('azure-pull_request', host);
  const author = fetched('circleci-branch', host);
  author.write(
    '.protectionrc',
    author.read('.protectionrc').replace('main: {}', 'evil: {}').replace('server/pay.ts', 'x'),
  );
  const evil = author.commit('feat: evil');
  author.git('push', '--quiet', 'origin', `${evil}:refs/heads/evil`);
  const two = fetched('circleci-main', { ...host, head: host.base });
  two.write('.protectionrc', two.read('.protectionrc').replace('main: {}', '"**": {}'));
  const main = two.commit('chore: every branch is protected');
  two.git('push', '--quiet', 'origin', `${main}:refs/heads/main`);
  clone.git('fetch', '--quiet', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  const done = ci(clone, recorded('azure-pull_request', host));
  is(done.code, 1, done.out);
  match(done.out, 'server/pay.ts');
});
