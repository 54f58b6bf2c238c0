import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { parseDocument } from 'yaml';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import {
  approve,
  folder,
  guardedRepo,
  installPackage,
  makeKey,
  newRepo,
  projectRoot,
  Repo,
  type Result,
  run,
} from './support/world.ts';

hooksStay();
const test = suite('holes found in review');
const zeros = '0'.repeat(40);

/** Does the process still run a moment later? One that has ended may wait for a parent to take note of it. */
function survives(pidFile: string): boolean {
  const pid = Number(readFileSync(pidFile, 'utf8'));
  return /^[^Z]/.test(run('/', 'sh', ['-c', `sleep 0.3; ps -o stat= -p ${pid}`]).stdout.trim());
}

test('a push with GIT_DIR and a work tree elsewhere judges the repository that is pushed', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  const other = newRepo();
  other.commit('start');
  const pushed = run(other.dir, 'git', [
    `--git-dir=${join(repo.dir, '.git')}`,
    `--work-tree=${other.dir}`,
    '-c',
    `core.hooksPath=${join(repo.dir, '.husky/_')}`,
    'push',
    'origin',
    'main',
  ]);
  is(pushed.code, 1, pushed.out);
  match(pushed.out, 'server/pay.ts: changed without approval');
});

test('a rule that names the policy literally stands in for the built-in one', () => {
  const keys = { lead: makeKey('lead'), ops: makeKey('ops') };
  const { repo } = guardedRepo({
    keys,
    more: 'files:\n  - { paths: [.protectionrc], owners: [lead] }\n  - { paths: [server/], owners: [ops] }',
  });
  repo.write('.protectionrc', `${repo.read('.protectionrc')}landing: squash\n`).git('add', '-A');
  approve(repo, keys.lead, '--staged');
  const done = repo.protect('hook', 'pre-commit');
  is(done.code, 0, `the built-in rule would ask for the owners of every rule:\n${done.out}`);
});

test('a rule that names the policy literally lifts the built-in rule only', () => {
  const keys = { lead: makeKey('lead'), ops: makeKey('ops') };
  const { repo } = guardedRepo({
    keys,
    more: 'files:\n  - { paths: [.protectionrc], owners: [lead] }\n  - { paths: ["*rc"], owners: [ops] }',
  });
  repo.write('.protectionrc', `${repo.read('.protectionrc')}landing: squash\n`).git('add', '-A');
  approve(repo, keys.lead, '--staged');
  match(repo.protect('hook', 'pre-commit').out, 'lead approved it, but is not an owner');
  approve(repo, keys.ops, '--staged');
  is(repo.protect('hook', 'pre-commit').code, 0);
});

test('a commit that drops the policy from its own tree does not escape the message rules', () => {
  const { repo } = guardedRepo();
  repo.git('switch', '-qc', 'topic');
  const policy = repo.read('.protectionrc');
  repo.remove('.protectionrc').commit('lol whatever', { 'src/x.ts': '1\n' });
  repo.commit('lol again', { 'src/y.ts': '1\n' });
  repo.commit('chore: put it back', { '.protectionrc': policy });
  const done = repo.protect('ci', '--base', 'origin/main', '--head', 'topic');
  is(done.code, 1);
  match(done.out, "'lol whatever' starts with no type");
  match(done.out, "'lol again' starts with no type");
});

test('a program that happens to be called protect is not taken for ours', () => {
  const { repo } = guardedRepo();
  repo.remove('node_modules');
  const bin = folder('bin');
  new Repo(bin).write('protect', '#!/bin/sh\nexit 0\n', 0o755);
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  const path = `${bin}:/usr/local/bin:/usr/bin:/bin`;
  is(run(repo.dir, 'git', ['commit', '-m', 'CRITICAL: x'], { env: { PATH: path } }).code, 1);
});

test('a build that ignores SIGTERM is killed with what it started, at the timeout', () => {
  const pid = join(folder(), 'pid');
  const command = `sh -c 'trap "" TERM; echo $$ > ${pid}; while :; do sleep 1; done' >/dev/null 2>&1 & sleep 60`;
  const { repo } = guardedRepo({ more: `build: { command: ${JSON.stringify(command)}, timeout: 1s }` });
  repo.commit('feat: x');
  const done = repo.protectWith(
    { input: `refs/heads/main ${repo.head()} refs/heads/topic ${zeros}\n` },
    'hook',
    'pre-push',
    'origin',
    'url',
  );
  is(done.code, 3);
  is(survives(pid), false);
});

test('an own check that takes too long is undecided, and stopped', () => {
  const pid = join(folder(), 'pid');
  const { repo } = guardedRepo({ more: 'checks: { slow: { command: [./slow.sh], timeout: 1s, on: [pre-commit] } }' });
  repo.write('slow.sh', `#!/bin/sh\nsleep 60 & echo $! > ${pid}\nwait\n`, 0o755);
  const done = repo.protect('hook', 'pre-commit');
  is(done.code, 3);
  match(done.out, 'took longer than 1 s');
  is(survives(pid), false);
});

test('ci: a push without a target, a deletion, a head that is not here', () => {
  const { repo } = guardedRepo();
  const before = repo.head();
  repo.write('server/pay.ts', '2\n').git('commit', '-qam', 'CRITICAL: fee', '--no-verify');
  is(repo.protect('ci', '--event', 'push', '--base', before).code, 1, 'the default branch is meant');
  const file = join(folder(), 'event.json');
  const github = (event: object) => {
    writeFileSync(file, JSON.stringify({ repository: { default_branch: 'main' }, ...event }));
    return repo.protectWith(
      { env: { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: file } },
      'ci',
    );
  };
  const deleted = github({ ref: 'refs/heads/main', before, after: zeros });
  is(deleted.code, 1);
  match(deleted.out, 'is protected and cannot be deleted');
  is(github({ ref: 'refs/heads/main', before, after: '1'.repeat(40) }).code, 3);
  is(github({ ref: 'refs/heads/main', before: '1'.repeat(40), after: before }).code, 3);
});

test('schedules and tags on GitLab', () => {
  const { repo } = guardedRepo({ more: 'tags: { "v*": { create: refuse } }' });
  repo.git('remote', 'set-head', 'origin', '--delete');
  const env = { GITLAB_CI: 'true', CI_DEFAULT_BRANCH: 'main', CI_COMMIT_SHA: repo.head(), CI_COMMIT_BEFORE_SHA: zeros };
  const scheduled = repo.protectWith(
    { env: { ...env, CI_COMMIT_BRANCH: 'main', CI_PIPELINE_SOURCE: 'schedule' } },
    'ci',
  );
  is(scheduled.code, 2);
  match(scheduled.out, "GitLab runs this for 'schedule', which changes no branch");
  is(
    repo.protectWith({ env: { ...env, CI_COMMIT_BRANCH: 'main', CI_PIPELINE_SOURCE: 'push' } }, 'ci').code,
    3,
    'it looks new, and is not',
  );
  const tagged = repo.protectWith({ env: { ...env, CI_COMMIT_TAG: 'v1', CI_PIPELINE_SOURCE: 'push' } }, 'ci');
  is(tagged.code, 1);
  match(tagged.out, 'tag v1: may not be created');
});

test('hook takes the flags of all that judge, and no others', () => {
  const { repo } = guardedRepo();
  is(JSON.parse(repo.protect('hook', 'pre-commit', '--format', 'json').stdout).gate, 'pre-commit');
  is(repo.protect('hook', 'pre-commit', '--bogus').code, 2);
  is(repo.protect('hook', 'pre-commit', 'word').code, 2);
  const nowhere = repo.protect('ci', '--base', 'HEAD', '--output', 'no/such/folder/x');
  is(nowhere.code, 2);
  match(nowhere.out, 'cannot be written');
});

test('wire says what is wrong and never fails an install', () => {
  const dir = folder();
  installPackage(dir);
  mkdirSync(join(dir, '.git'));
  const script = "import('git-protect/wire').catch(e=>{if(e.code!=='ERR_MODULE_NOT_FOUND')throw e})";
  const broken = run(dir, process.execPath, ['-e', script]);
  is(broken.code, 0, broken.out);
  match(broken.out, 'protect: ');
  const noGit = run(dir, process.execPath, ['-e', script], { env: { PATH: '/nowhere' } });
  is(noGit.code, 0);
});

test('the strictest of several globs holds for a branch', () => {
  const { repo } = guardedRepo();
  repo.write(
    '.protectionrc',
    repo
      .read('.protectionrc')
      .replace('main: {}', 'main: {}, "rel/*": { delete: allow }, "rel/1*": { delete: refuse }'),
  );
  repo.commit('chore: policy');
  repo.git('push', '-q', '--no-verify', 'origin', 'main', 'main:rel/1', 'main:rel/2');
  is(repo.tryGit('push', 'origin', ':rel/1').code, 1);
  is(repo.tryGit('push', 'origin', ':rel/2').code, 0);
});

test('nested node_modules are linked into a build checkout', () => {
  const { repo } = guardedRepo({
    more: 'build: { command: "cat web/node_modules/dep/x" }',
    files: { 'web/package.json': '{}' },
  });
  repo.write('web/node_modules/dep/x', 'here\n');
  repo.commit('feat: x');
  repo.write('src/a.ts', 'dirty\n');
  const done = repo.tryGit('push', 'origin', 'HEAD:topic');
  is(done.code, 0, done.out);
});

test('hook files keep their line ends where Git turns them', () => {
  const { repo } = guardedRepo();
  const dir = folder('clone');
  run(dir, 'git', ['clone', '-q', '-c', 'core.autocrlf=true', repo.dir, '.']);
  for (const name of ['git-protect', 'pre-commit', 'pre-push'])
    not.match(readFileSync(join(dir, '.husky', name), 'utf8'), '\r');
});

test('the templates are valid, and their commands are ours', () => {
  for (const [name, count] of [
    ['github.yml', 1],
    ['github-commands.yml', 1],
    ['gitlab.yml', 2],
  ] as const) {
    const text = readFileSync(join(projectRoot, 'templates', name), 'utf8')
      .replaceAll('__BRANCH__', '"main"')
      .replaceAll('__VERSION__', '1.0.0');
    const document = parseDocument(text);
    is(document.errors.length, 0, name);
    const commands = [...text.matchAll(/(?:cli\.js"|__PROTECT__) (ci [^\n]*)/g)].map((found) => found[1]!.split(' '));
    is(commands.length, count, name);
    const { repo } = guardedRepo();
    for (const command of commands) is(repo.protect(...command).code, 0, command.join(' '));
  }
});

test('a help can be pasted: after commit -a, for a message, for an owner that is missing', () => {
  const keys = { lead: makeKey('lead'), second: makeKey('second') };
  const { repo } = guardedRepo({ keys, more: 'files:\n  - { paths: [server/pay.ts], required: 2 }' });
  repo.write('server/pay.ts', '2\n');
  match(
    repo.tryGit('commit', '-am', 'feat: fee').out,
    'help: git add server/pay.ts && npx git-protect request --staged -o ../change.request  # then send it to lead or second',
  );
  match(repo.protect('request').out, 'server/pay.ts is changed but not staged');
  repo.git('add', '-A');
  approve(repo, keys.lead, '--staged');
  const one = repo.protect('hook', 'pre-commit');
  match(one.out, 'approved by lead; 2 owners are needed');
  match(one.out, '# then send it to second');
  approve(repo, keys.second, '--staged');
  const refused = repo.tryGit('commit', '-m', 'fee');
  const help = /help: (git commit .*)/.exec(refused.out)![1]!;
  const pasted = run(repo.dir, 'sh', ['-c', help], { env: { GIT_EDITOR: "sed -i '1s/^/feat: /'" } });
  is(pasted.code, 0, pasted.out);
  is(repo.git('log', '-1', '--format=%s'), 'feat: fee');
});

test('the help for a message fits commit PATH and commit --amend', () => {
  const { repo } = guardedRepo();
  const paste = (refused: Result, more = '') => {
    const help = /help: (git commit [^#]*)/.exec(refused.out)![1]!;
    const done = run(repo.dir, 'sh', ['-c', `${help} ${more}`], { env: { GIT_EDITOR: "sed -i '1s/^/feat: /'" } });
    is(done.code, 0, done.out);
  };
  repo.write('src/a.ts', '1\n').write('src/b.ts', '1\n').write('src/c.ts', '1\n').git('add', 'src/b.ts', 'src/c.ts');
  paste(repo.tryGit('commit', '-m', 'words', 'src/a.ts', 'src/b.ts'));
  is(repo.git('status', '--porcelain'), 'A  src/c.ts', 'no more than before is committed');
  const refused = repo.tryGit('commit', '--amend', '-m', 'other words');
  match(refused.out, '# add --amend if you were amending');
  paste(refused, '--amend');
  is(repo.git('log', '-1', '--format=%s'), 'feat: other words');
  is(repo.git('rev-list', '--count', 'origin/main..'), '1');
});
