import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { environment, folder, guardedRepo, projectRoot, Repo, temporary } from './support/world.ts';

const test = suite('build');

function building(command: string, files: Record<string, string> = {}, timeout = '15m') {
  return guardedRepo({ more: `build: { command: ${JSON.stringify(command)}, timeout: ${timeout} }`, files }).repo;
}

function push(repo: Repo) {
  return repo.tryGit('push', 'origin', 'HEAD:topic');
}

/** A push whose connection drops, which takes as long as a build has to; the tests before the last run meanwhile. */
const dropping = (() => {
  const log = join(folder(), 'log');
  const repo = building(`echo ran >> ${log}; sleep 16`);
  const bare = repo.git('remote', 'get-url', 'origin');
  // Like a host that drops whoever says nothing for five seconds, once.
  const ssh = join(folder('ssh'), 'ssh');
  new Repo(dirname(ssh)).write(
    'ssh',
    `#!/bin/sh\nfor last; do :; done\nif [ -e ${ssh}.used ]; then exec sh -c "$last"; fi\ntouch ${ssh}.used\nexec timeout 5 sh -c "$last"\n`,
    0o755,
  );
  repo.git('remote', 'set-url', 'origin', `ssh://host${bare}`);
  const over = new Repo(repo.dir, { GIT_SSH: ssh, GIT_SSH_VARIANT: 'ssh' });
  repo.commit('feat: x', { 'src/x.ts': '1\n' });
  const env = environment(over.env);
  const child = spawn('git', ['push', 'origin', 'HEAD:topic'], {
    cwd: over.dir,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk));
  const ended = new Promise<{ code: number | null; out: string }>((done) =>
    child.on('close', (code) => done({ code, out })),
  );
  return { over, log, ended };
})();

test('a build that fails refuses the push and shows its last words', () => {
  const repo = building('echo compiling; echo broken here >&2; exit 3');
  repo.commit('feat: x');
  const refused = push(repo);
  is(refused.code, 1);
  match(refused.out, 'error[build]');
  match(refused.out, 'failed (exit code 3)');
  match(refused.out, '| broken here');
});

test('a build that passed is not run again for the same tree', () => {
  const log = join(folder(), 'log');
  const repo = building(`echo ran >> ${log}`);
  repo.commit('feat: x', { 'src/x.ts': '1\n' });
  is(push(repo).code, 0);
  repo.git('push', '-q', '--no-verify', 'origin', ':topic');
  is(push(repo).code, 0);
  repo.git('commit', '-q', '--amend', '--no-verify', '-m', 'feat: same tree');
  is(repo.tryGit('push', '--force', 'origin', 'HEAD:topic').code, 0);
  is(run(log), 'ran');
  repo.commit('feat: y', { 'src/y.ts': '1\n' });
  is(push(repo).code, 0);
  is(run(log), 'ran\nran');
});

test('deleting a branch builds nothing', () => {
  const log = join(folder(), 'log');
  const repo = building(`echo ran >> ${log}`);
  repo.git('push', '-q', '--no-verify', 'origin', 'HEAD:topic');
  const done = repo.tryGit('push', 'origin', ':topic');
  is(done.code, 0, done.out);
  is(existsSync(log), false);
});

test('a dirty tree, or another commit than HEAD, is built in a checkout of its own', () => {
  const log = join(folder(), 'log');
  const repo = building(
    `cat src/a.ts >> ${log}; pwd >> ${log}; ls node_modules >> ${log}; git rev-parse --show-toplevel >> ${log}; env | grep ^GIT_ >> ${log}; true`,
  );
  repo.commit('feat: x', { 'src/a.ts': 'committed\n' });
  repo.write('src/a.ts', 'not committed\n');
  const done = push(repo);
  is(done.code, 0, done.out);
  const [content, where, modules, top, ...git] = run(log).split('\n');
  is(content, 'committed');
  is(where === repo.dir, false);
  is(modules, 'git-protect');
  is(top, where);
  is(git.join(), '', 'no GIT_ variable reaches a build');
  is(existsSync(where!), false);
  is(repo.read('src/a.ts'), 'not committed\n');
  is(
    existsSync(join(repo.dir, 'node_modules/git-protect/package.json')),
    true,
    'the linked node_modules are still there',
  );
  is(repo.git('worktree', 'list').split('\n').length, 1);
});

test('a filter that keeps its key in the Git directory, as git-crypt does, finds it in the checkout too', () => {
  const repo = building('grep -q "plain words" secret.txt', { '.gitattributes': 'secret.txt filter=crypt\n' });
  const key = '"$(git rev-parse --absolute-git-dir)/git-crypt/keys/default"';
  repo.write('.git/git-crypt/keys/default', 'a-y/b-z\n');
  for (const [way, from, to] of [
    ['clean', 1, 2],
    ['smudge', 2, 1],
  ] as const) {
    const set = (n: number) => `"$(cut -d/ -f${n} < ${key})"`;
    repo.git('config', `filter.crypt.${way}`, `tr ${set(from)} ${set(to)}`);
  }
  repo.git('config', 'filter.crypt.required', 'true');
  repo.commit('feat: a secret', { 'secret.txt': 'plain words\n' });
  is(repo.git('cat-file', 'blob', 'HEAD:secret.txt'), 'qmbjo xpset');
  repo.write('src/a.ts', 'not committed\n');
  const done = push(repo);
  is(done.code, 0, done.out);
  ok(repo.has('.git/git-crypt/keys/default'));
  is(existsSync(join(repo.dir, '.git/worktrees')), false);
});

test('linked node_modules are ignored there as they are here', () => {
  const repo = building('tool && test -z "$(git status --porcelain)"', { '.gitignore': 'node_modules/\n' });
  repo.write('.git/info/exclude', '').write('node_modules/.package-lock.json', '{}');
  repo.write('node_modules/.bin/tool', `#!/bin/sh\ntest -f node_modules/git-protect/package.json\n`, 0o755);
  repo.write('packages/one/node_modules/x/index.js', '').commit('feat: x', { 'packages/one/package.json': '{}' });
  repo.write('src/a.ts', 'not committed\n');
  const env = { PATH: `node_modules/.bin:${process.env['PATH']}` };
  const done = new Repo(repo.dir, env).tryGit('push', 'origin', 'HEAD:topic');
  is(done.code, 0, done.out);
  is(repo.has('node_modules/.bin/tool'), true);
});

test('a timeout stops the command and what it started, and is undecided', () => {
  const mark = `protect-sleeper-${process.pid}`;
  const repo = building(`sh -c 'exec -a ${mark} sleep 300' & sleep 300`, {}, '1s');
  repo.commit('feat: x');
  const late = repo.protectWith(
    { input: `refs/heads/main ${repo.head()} refs/heads/topic ${'0'.repeat(40)}\n` },
    'hook',
    'pre-push',
    'origin',
    'url',
  );
  is(late.code, 3);
  match(late.out, 'took longer than 1 s and was stopped');
});

test('SIGTERM in the middle stops the build and cleans up', async () => {
  const log = join(folder(), 'log');
  const repo = building(`pwd > ${log}; sleep 60`);
  repo.commit('feat: x');
  repo.write('src/a.ts', 'dirty\n');
  const child = spawn(
    process.execPath,
    [join(process.env['PROTECT_TEST_DIST'] ?? join(projectRoot, 'dist'), 'hook.cjs'), 'pre-push', 'origin', 'url'],
    { cwd: repo.dir, env: environment(), stdio: ['pipe', 'pipe', 'pipe'] },
  );
  child.stdin.end(`refs/heads/main ${repo.head()} refs/heads/topic ${'0'.repeat(40)}\n`);
  const ended = new Promise<number | null>((done) => child.on('close', done));
  while (!existsSync(log) || run(log) === '') await new Promise((done) => setTimeout(done, 50));
  child.kill('SIGTERM');
  is(await ended, 3);
  is(existsSync(run(log)), false);
  is(
    readdirSync(temporary).some((name) => name.startsWith('protect-checkout-')),
    false,
  );
});

test('ci builds the tree of the result', () => {
  const repo = building('test -f src/main.ts && test -f src/topic.ts');
  repo.git('switch', '-qc', 'topic');
  repo.commit('feat: topic', { 'src/topic.ts': '1\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('feat: main', { 'src/main.ts': '1\n' });
  const done = repo.protect('ci', '--base', 'main', '--head', 'topic');
  is(done.code, 0, done.out);
  is(repo.protect('ci', '--base', 'main~1', '--head', 'topic').code, 1, 'without main it does not build');
});

test('a build is not run when an earlier check refused', () => {
  const log = join(folder(), 'log');
  const repo = building(`echo ran > ${log}`);
  repo.commit('no type');
  is(push(repo).code, 1);
  is(existsSync(log), false);
});

test('deletions and tags build nothing', () => {
  const repo = building('exit 1');
  repo.git('push', '-q', '--no-verify', 'origin', 'main:gone');
  is(repo.tryGit('push', 'origin', ':gone').code, 0);
  repo.git('tag', 'v1');
  is(repo.tryGit('push', 'origin', 'v1').code, 0);
});

function run(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

test('a connection that drops during a long build: the next push is immediate, and that was said', async () => {
  const { over, log } = dropping;
  const dropped = await dropping.ended;
  not.equal(dropped.code, 0, dropped.out);
  match(
    dropped.out,
    /note\[build\] passed after \d+ s and is remembered; if the connection was closed meanwhile, push again/,
  );
  const again = over.tryGit('push', 'origin', 'HEAD:topic');
  is(again.code, 0, again.out);
  is(run(log), 'ran');
});
