import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { equal, is, match, ok } from 'uvu/assert';
import { craft, evil, passes, propose, refused, stepsOf } from './support/attacks.ts';
import { suite } from './support/suite.ts';
import {
  approve,
  copyRepo,
  environment,
  folder,
  guardedRepo,
  makeKey,
  newRepo,
  projectRoot,
  type Repo,
  type Result,
  run,
  temporary,
} from './support/world.ts';

const test = suite('attacks: environment');

const world = guardedRepo({ hooks: false });
const key = world.keys['lead']!;
const cli = join(process.env['PROTECT_TEST_DIST'] ?? join(projectRoot, 'dist'), 'cli.js');

function clone(branch = 'work'): Repo {
  const repo = copyRepo(world.repo);
  repo.git('switch', '--quiet', '-c', branch);
  return repo;
}

/** A clone with an unapproved change, committed. */
function changed(): Repo {
  const repo = clone();
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  return repo;
}

/** A world with a policy of its own, on a branch with a free change. */
function withPolicy(more: string, files: Record<string, string> = {}): Repo {
  const { repo } = guardedRepo({ hooks: false, keys: world.keys, more, files });
  repo.git('switch', '--quiet', '-c', 'work');
  repo.commit('feat: free', { 'src/b.ts': 'b\n' });
  return repo;
}

function prePush(repo: Repo, env: NodeJS.ProcessEnv = {}): Result {
  const input = `x ${repo.head()} refs/heads/work ${'0'.repeat(40)}\n`;
  return repo.protectWith({ input, env }, 'hook', 'pre-push', 'origin', 'url');
}

function checkouts(): string[] {
  return readdirSync(temporary).filter((name) => name.startsWith('protect-checkout-'));
}

test("D: Git's variables lead neither the gates nor CI astray", () => {
  const repo = changed();
  const clean = clone();
  const settings: NodeJS.ProcessEnv[] = [
    { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'diff.ignoreSubmodules', GIT_CONFIG_VALUE_0: 'all' },
    { GIT_CONFIG_PARAMETERS: "'diff.external=true'" },
    { GIT_EXTERNAL_DIFF: 'true' },
    {
      GIT_OBJECT_DIRECTORY: join(clean.dir, '.git/objects'),
      GIT_COMMON_DIR: join(clean.dir, '.git'),
      GIT_NAMESPACE: 'x',
    },
    { GIT_INDEX_FILE: join(clean.dir, '.git/index') },
    { GIT_REPLACE_REF_BASE: 'refs/heads/' },
    { GIT_LITERAL_PATHSPECS: '0', GIT_GLOB_PATHSPECS: '1', GIT_ICASE_PATHSPECS: '1' },
    { GIT_SHALLOW_FILE: join(clean.dir, 'x'), GIT_GRAFT_FILE: join(clean.dir, 'y') },
    { GIT_CEILING_DIRECTORIES: '/', GIT_PREFIX: 'src/' },
    { git_dir: join(clean.dir, '.git'), LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de' },
  ];
  for (const env of settings) refused(repo.protectWith({ env }, 'ci', '--no-commands'), 'server/pay.ts');
});

test('D: settings on the command line of a commit do not reach the hooks', () => {
  const { repo } = guardedRepo({ keys: world.keys });
  repo.write('server/pay.ts', evil);
  const result = repo.tryGit(
    ...['-c', 'diff.external=true', '-c', 'diff.ignoreSubmodules=all', '-c', 'core.attributesFile=/dev/null'],
    ...['-c', 'diff.relative=true', 'commit', '-am', 'CRITICAL: evil'],
  );
  refused(result, 'server/pay.ts');
});

test('C22: fake ssh tools, trust settings and helpers change no verdict', () => {
  const bin = folder('bin');
  for (const name of ['ssh-keygen', 'gpg', 'ssh', 'less', 'pager', 'editor'])
    writeFileSync(join(bin, name), '#!/bin/sh\necho "Good signature"\nexit 0\n', { mode: 0o755 });
  const repo = changed();
  const mallory = makeKey('mallory');
  const { path, content } = craft(mallory, { changes: stepsOf(repo, 'main', 'HEAD', 'server/pay.ts') });
  repo.commit('feat: approve', { [path]: content.toString() });
  const signers = join(bin, 'signers');
  writeFileSync(signers, `* ${mallory.line}\n`);
  repo.git('config', 'gpg.ssh.allowedSignersFile', signers);
  repo.git('config', 'gpg.ssh.program', join(bin, 'ssh-keygen'));
  const env = { PATH: `${bin}:${environment()['PATH']}` };
  refused(repo.protectWith({ env }, 'ci', '--no-commands'), "not one of lead's");
  const verified = repo.protectWith({ env }, 'approval', 'verify', path);
  is(verified.code, 1, verified.out);
});

test('E: --no-commands runs nothing of the change', () => {
  const trap = join(folder('trap'), 'sprung');
  const script = `#!/bin/sh\necho "$0" >> '${trap}'\n`;
  const repo = withPolicy(
    "build: { command: ./trap.sh, on: [ci] }\nchecks: { own: { command: ['./trap.sh'], on: [ci] } }",
    {
      'trap.sh': script,
    },
  );
  const files = {
    '.git/hooks/post-checkout': script,
    '.git/hooks/reference-transaction': script,
    'node_modules/.bin/git': script,
    'node_modules/.bin/node': script,
    '.husky/pre-commit': script,
    'trap.sh': script,
  };
  for (const [path, text] of Object.entries(files)) repo.write(path, text, 0o755);
  repo.write('.gitattributes', '* filter=trap diff=trap merge=trap\n');
  repo.write('.protectionrc.js', "require('fs').writeFileSync(process.env.TRAP, '')\n");
  repo.write('protection.config.js', "require('fs').writeFileSync(process.env.TRAP, '')\n");
  repo.write('lint-staged.config.js', "require('fs').writeFileSync(process.env.TRAP, '')\n");
  repo.write('package.json', '{"type":"commonjs","lint-staged":{"*":"./trap.sh"},"prettier":"./trap.sh"}\n');
  repo.write('.npmrc', 'node-options=--require=./trap.js\n');
  for (const name of [
    'filter.trap.smudge',
    'filter.trap.clean',
    'diff.trap.textconv',
    'diff.trap.command',
    'merge.trap.driver',
  ])
    repo.git('config', name, join(repo.dir, 'trap.sh'));
  repo.git('config', 'core.fsmonitor', join(repo.dir, 'trap.sh'));
  repo.git('config', 'core.pager', join(repo.dir, 'trap.sh'));
  repo.git('config', 'core.hooksPath', join(repo.dir, '.git/hooks'));
  const tree = ['-c', 'core.fsmonitor=false', '-c', 'filter.trap.clean=cat', '-c', 'core.hooksPath=/dev/null'];
  repo.git(...tree, 'add', '-A');
  repo.git(...tree, 'commit', '-qm', 'feat: traps');
  const moved = repo.git(...tree, 'commit-tree', 'main^{tree}', '-p', 'main', '-m', 'feat: x');
  repo.git(...tree, 'update-ref', 'refs/remotes/origin/main', moved);
  ok(!existsSync(trap), 'the trap is set by the test itself');
  const result = repo.protectWith(
    { env: { TRAP: trap } },
    'ci',
    '--no-commands',
    '--require-policy',
    '--format',
    'json',
  );
  is(result.code, 0, result.out);
  ok(!existsSync(trap), existsSync(trap) ? readFileSync(trap, 'utf8') : '');
});

test('E: what CI says decides, recorded from GitHub', () => {
  const repo = changed();
  const [main, head, zeros] = [repo.head('main'), repo.head(), '0'.repeat(40)];
  const repository = { default_branch: 'main' };
  const events: [string, object][] = [
    [
      'pull_request',
      { repository, pull_request: { base: { ref: 'main', sha: main }, head: { sha: head }, title: '--help' } },
    ],
    ['merge_group', { repository, merge_group: { base_ref: 'refs/heads/main', base_sha: main, head_sha: head } }],
    ['push', { repository, ref: 'refs/heads/main', before: main, after: head, forced: true }],
    ['push', { repository, ref: 'refs/heads/other', before: zeros, after: head }],
    ['push', { repository, ref: 'refs/tags/t', before: zeros, after: head }],
  ];
  for (const [name, event] of events) {
    repo.write('.git/event.json', JSON.stringify(event));
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: name,
      GITHUB_EVENT_PATH: join(repo.dir, '.git/event.json'),
    };
    refused(repo.protectWith({ env }, 'ci', '--no-commands', '--format', 'text'), 'server/pay.ts');
    repo.git('checkout', '--quiet', '--detach', 'main');
    refused(repo.protectWith({ env }, 'ci', '--no-commands', '--format', 'text'), 'server/pay.ts');
    repo.git('switch', '--quiet', 'work');
  }
});

test('E: a pull request is not judged by a base that its event claims while the target has moved on', () => {
  const repo = clone();
  repo.commit('CRITICAL: evil', { 'server/pay.ts': evil });
  const event = {
    repository: { default_branch: 'main' },
    pull_request: { base: { ref: 'main', sha: repo.head() }, head: { sha: repo.head() }, title: 'feat: x' },
  };
  repo.write('.git/event.json', JSON.stringify(event));
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(repo.dir, '.git/event.json'),
  };
  refused(repo.protectWith({ env }, 'ci', '--no-commands', '--format', 'text'), 'server/pay.ts');
});

test('E: what CI says decides, recorded from GitLab', () => {
  const repo = changed();
  const common = { GITLAB_CI: 'true', CI_DEFAULT_BRANCH: 'main', CI_COMMIT_SHA: repo.head() };
  const zeros = '0'.repeat(40);
  const events: NodeJS.ProcessEnv[] = [
    { CI_MERGE_REQUEST_IID: '1', CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main', CI_COMMIT_BEFORE_SHA: zeros },
    { CI_COMMIT_BRANCH: 'main', CI_COMMIT_BEFORE_SHA: repo.head('main') },
    { CI_COMMIT_BRANCH: 'work', CI_COMMIT_BEFORE_SHA: zeros },
    { CI_COMMIT_TAG: 't', CI_COMMIT_BEFORE_SHA: zeros },
  ];
  for (const env of events)
    refused(repo.protectWith({ env: { ...common, ...env } }, 'ci', '--no-commands'), 'server/pay.ts');
  is(repo.protectWith({ env: { ...common, CI_COMMIT_BRANCH: 'work' } }, 'ci', '--no-commands').code, 2);
});

test('E: a broken or missing event is exit 2, never a pass', () => {
  const repo = changed();
  repo.write('.git/event.json', '{"pull_request": {}}');
  const env = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'pull_request' };
  for (const path of [undefined, '/nowhere', join(repo.dir, '.git/event.json')]) {
    const result = repo.protectWith({ env: { ...env, GITHUB_EVENT_PATH: path } }, 'ci', '--no-commands');
    is(result.code, 2, result.out);
  }
});

test('a title that looks like a flag is a title', () => {
  const repo = changed();
  for (const title of ['--help', '-h', '--version', '--no-commands']) {
    const result = propose(repo, '--title', title);
    is.not(result.code, 0, result.out);
  }
});

test('flags that are wrong are exit 2, and none is guessed', () => {
  const repo = changed();
  for (const args of [['--bas', 'main'], ['--base', 'nowhere'], ['--head', '--all'], ['--event', 'x'], ['more']])
    is(propose(repo, ...args).code, 2, args.join(' '));
});

test('F: HUSKY=0 and --no-verify skip the hooks, and CI and the push do not care', () => {
  for (const [env, flag] of [
    [{ HUSKY: '0' }, '--quiet'],
    [{}, '--no-verify'],
  ] as const) {
    const { repo } = guardedRepo({ keys: world.keys });
    repo.git('switch', '--quiet', '-c', 'work');
    repo.write('server/pay.ts', evil);
    is(run(repo.dir, 'git', ['commit', flag, '-am', 'CRITICAL: evil'], { env }).code, 0);
    refused(propose(repo), 'server/pay.ts');
    const push = repo.tryGit('push', 'origin', 'work');
    is.not(push.code, 0);
    match(push.out, 'error[protected-files] server/pay.ts');
  }
});

test('F: a hook that finds no git-protect refuses', () => {
  const { repo } = guardedRepo({ keys: world.keys });
  repo.write('src/a.ts', 'free\n');
  repo.remove('node_modules');
  const missing = repo.tryGit('commit', '-am', 'feat: x');
  is.not(missing.code, 0);
  match(missing.out, 'not installed');
  repo.remove('.husky/git-protect');
  is.not(repo.tryGit('commit', '-am', 'feat: x').code, 0);
});

test('G: an agent cannot approve, whatever the flags, and is told whom to ask', () => {
  const repo = clone();
  repo.write('server/pay.ts', evil).git('add', '-A');
  for (const name of ['CLAUDECODE', 'CODEX_SANDBOX', 'CURSOR_AGENT', 'GEMINI_CLI', 'AI_AGENT', 'OPENCODE']) {
    const env = { [name]: '1' };
    for (const more of [['--yes'], ['--print', '--yes'], ['--help=0']]) {
      const args = ['approve', '--staged', '--key', key.file, '--reason', 'x', ...more];
      const result = repo.protectWith({ env }, ...args);
      is(result.code, 1, result.out);
      is(result.stdout, '');
    }
    const told = repo.protectWith({ env }, 'hook', 'pre-commit');
    refused(told, 'ask lead');
    is(told.out.includes('npx git-protect approve'), false);
  }
  is(repo.git('status', '--porcelain', '--', '.protect'), '');
});

test('C17: without a terminal nothing is signed unless --yes says so', () => {
  const repo = clone();
  repo.write('server/pay.ts', evil).git('add', '-A');
  const args = ['approve', '--staged', '--key', key.file, '--reason', 'x'];
  for (const input of ['', 'y\n', 'yes\n']) is(repo.protectWith({ input }, ...args).code, 2);
  is(repo.git('status', '--porcelain', '--', '.protect'), '');
});

test('B11, C18: what an owner signs is shown, whatever attributes and settings say', () => {
  const repo = clone();
  repo.write('.gitattributes', '* -diff -text ident eol=lf diff=none filter=none working-tree-encoding=UTF-16\n');
  repo.git('config', 'diff.none.textconv', 'true');
  repo.git('config', 'diff.none.command', 'true');
  repo.git('config', 'diff.external', 'true');
  repo.git('config', 'diff.ignoreAllSpace', 'true');
  repo.git('config', 'core.whitespace', '-all');
  const text = 'export const fee = 666; // $Id: hidden$\r\n\x1b[2Kexport const safe = 1;\u202e\u2066\u200b \x00\n';
  const blob = run(repo.dir, 'git', ['hash-object', '-w', '--no-filters', '--stdin'], { input: text }).stdout.trim();
  repo.git('update-index', '--cacheinfo', `100755,${blob},server/pay.ts`);
  const env = { GIT_EXTERNAL_DIFF: 'true', GIT_PAGER: 'true' };
  const args = ['approve', '--staged', '--key', key.file, '--reason', 'x', '--yes', '--print'];
  const { code, out } = repo.protectWith({ env }, ...args);
  is(code, 0, out);
  match(out, '-export const fee = 1;');
  match(out, '+export const fee = 666; // $Id: hidden$<U+000D>');
  match(out, '<U+001B>[2K');
  match(out, '<U+202E><U+2066><U+200B> <U+0000>');
  match(out, 'file, mode 100644 becomes executable file, mode 100755');
  is(/[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]/.test(out), false);
});

test('C18: control and bidirectional characters in reasons, paths and messages', () => {
  const repo = clone();
  const blob = repo.head('HEAD:src/a.ts');
  const info = Buffer.from(`100644 ${blob}\tconfig/\x1b[2J\u202eevil\n.yml\0`);
  run(repo.dir, 'git', ['update-index', '-z', '--index-info'], { input: info });
  for (const reason of ['a\x1b[2K', 'a\u202eb', 'a\nb', 'a\rb', ''])
    is(repo.protect('approve', '--staged', '--key', key.file, '--yes', '--reason', reason).code, 2);
  const hidden = /[\x00-\x08\x0b-\x1f\u202a-\u202e]/;
  const shown = approve(repo, key, '--staged', '--print', '--target', 'main');
  is(shown.code, 0, shown.out);
  is(hidden.test(shown.out), false);
  const hook = repo.protect('hook', 'pre-commit');
  refused(hook);
  is(hidden.test(hook.out), false);
  writeFileSync(join(repo.dir, '.git/MSG'), 'f\x1b[31meat\u202e: x\n');
  const message = repo.protect('hook', 'commit-msg', '.git/MSG');
  is(message.code, 1);
  is(hidden.test(message.out), false);
});

test('a request is rebuilt from its contents before it is shown', () => {
  const repo = clone();
  repo.write('server/pay.ts', evil).git('add', '-A');
  const text = repo.protect('request', '--staged').stdout;
  const request = JSON.parse(text) as { changes: { to: { oid: string } }[]; contents: Record<string, string> };
  request.contents[request.changes[0]!.to.oid] = Buffer.from('harmless\n').toString('base64');
  const lie = JSON.stringify(request);
  repo.write('.git/request', lie);
  const result = repo.protect('approve', '.git/request', '--key', key.file, '--reason', 'x', '--yes');
  is(result.code, 2, result.out);
  match(result.out, 'another id');
});

test('colour is off where NO_COLOR says so, and never breaks the parsing', () => {
  const repo = changed();
  const esc = /\x1b/;
  is(esc.test(repo.protectWith({ env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, 'ci', '--no-commands').out), false);
  const colored = repo.protectWith({ env: { FORCE_COLOR: '1' } }, 'ci', '--no-commands');
  is(colored.code, 1);
  is(esc.test(colored.out), true);
  repo.git('config', 'color.ui', 'always');
  refused(propose(repo), 'server/pay.ts');
});

test('a build and an own check see no variable of Git, and the check hardly any', () => {
  const repo = withPolicy(
    "build: { command: 'env > \"$OUT/build\"', on: [pre-push] }\nchecks: { own: { command: [sh, -c, 'env > /tmp/$(basename $PWD)-own; exit 0'], on: [pre-push] } }",
  );
  const out = folder('out');
  const result = prePush(repo, { OUT: out, GIT_DIR: join(repo.dir, '.git'), GIT_CONFIG_COUNT: '0', SECRET: 's' });
  is(result.code, 0, result.out);
  is(/^GIT_/m.test(readFileSync(join(out, 'build'), 'utf8')), false);
  const own = readFileSync(`/tmp/${repo.dir.split('/').at(-1)}-own`, 'utf8');
  is(/^(GIT_|SECRET|OUT)/m.test(own), false);
  run('/tmp', 'rm', [`/tmp/${repo.dir.split('/').at(-1)}-own`]);
});

test('a build in pre-commit leaves the index as it is', () => {
  const repo = withPolicy('build: { command: test -f config/app.json && test -f server/pay.ts, on: [pre-commit] }');
  repo.write('src/new.ts', 'new\n').git('add', '-N', 'src/new.ts');
  repo.git('update-index', '--skip-worktree', 'config/app.json');
  repo.write('src/a.ts', 'staged\n').git('add', 'src/a.ts');
  repo.write('src/a.ts', 'unstaged\n');
  const before = [repo.git('ls-files', '-s', '-v', '--debug'), repo.git('status', '--porcelain')];
  for (const index of ['.git/index', join(repo.dir, '.git/index')]) {
    const result = repo.protectWith({ env: { GIT_INDEX_FILE: index } }, 'hook', 'pre-commit');
    is(result.code, 0, result.out);
    is(repo.git('ls-files', '-s', '-v', '--debug'), before[0]!);
    is(repo.git('status', '--porcelain'), before[1]!);
  }
  is(repo.read('src/a.ts'), 'unstaged\n');
});

test('a build sees exactly the tree, even where the index hides what differs', () => {
  const repo = withPolicy('build: { command: grep -q b src/b.ts, on: [pre-push] }');
  repo.commit('feat: broken', { 'src/b.ts': 'x\n' });
  for (const bit of ['--skip-worktree', '--assume-unchanged']) {
    repo.git('update-index', bit, 'src/b.ts');
    repo.write('src/b.ts', 'b\n');
    const result = prePush(repo);
    is(result.code, 1, `${bit}: ${result.out}`);
    match(result.out, 'error[build]');
    repo.git('update-index', `--no${bit.slice(1)}`, 'src/b.ts');
    repo.git('checkout', '--quiet', '--', 'src/b.ts');
  }
});

test('a build that passed is remembered for its tree and command only, and CI remembers nothing', () => {
  const out = join(folder('out'), 'log');
  const repo = withPolicy(`build: { command: "echo x >> ${out}", on: [pre-push, ci] }`);
  const runs = () => (existsSync(out) ? readFileSync(out, 'utf8').length / 2 : 0);
  passes(prePush(repo));
  passes(prePush(repo));
  is(runs(), 1);
  passes(repo.protect('ci'));
  passes(repo.protect('ci'));
  is(runs(), 3);
  repo.commit('feat: other tree', { 'src/b.ts': 'c\n' });
  passes(prePush(repo));
  is(runs(), 4);
  const other = withPolicy(`build: { command: "echo y >> ${out}; exit 1", on: [pre-push, ci] }`);
  run(other.dir, 'sh', ['-c', `mkdir -p .git/protect && cp -r '${repo.dir}/.git/protect/passed' .git/protect/`]);
  is(prePush(other).code, 1);
  is(prePush(other).code, 1, 'a failure is not remembered as a pass');
});

test('the cache of parsed policies is for the local gates: CI does not read it', () => {
  const repo = changed();
  is(prePush(repo).code, 1);
  const cache = join(repo.dir, '.git/protect/cache');
  const lax = { ...JSON.parse(readFileSync(join(cache, readdirSync(cache)[0]!), 'utf8')), files: [] };
  for (const name of readdirSync(cache)) writeFileSync(join(cache, name), JSON.stringify(lax));
  refused(propose(repo), 'server/pay.ts');
});

test('a cache that is broken, cut off, or cannot be written only costs time', () => {
  const repo = changed();
  is(prePush(repo).code, 1);
  const cache = join(repo.dir, '.git/protect/cache');
  for (const text of ['', '{', 'null', '[]', '{}', '"x"']) {
    for (const name of readdirSync(cache)) writeFileSync(join(cache, name), text);
    const result = prePush(repo);
    is.not(result.code, 0, `${text}: ${result.out}`);
  }
  repo.remove('.git/protect').write('.git/protect', 'a file');
  refused(prePush(repo), 'server/pay.ts');
});

test('a build that runs too long, or is interrupted, leaves nothing behind and passes nothing', async () => {
  const before = checkouts();
  const slow = withPolicy('build: { command: "sleep 30 & sleep 30", on: [pre-push], timeout: 1s }');
  slow.write('dirty', 'so that it needs a checkout');
  const late = prePush(slow);
  is(late.code, 3, late.out);
  match(late.out, 'took longer than 1 s');
  is(slow.git('worktree', 'list').split('\n').length, 1);
  const long = withPolicy('build: { command: sleep 30, on: [pre-push], timeout: 60s }');
  long.write('dirty', 'so that it needs a checkout');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    const child = spawn(process.execPath, [cli, 'hook', 'pre-push', 'origin', 'url'], {
      cwd: long.dir,
      env: environment(),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.stdin.end(`x ${long.head()} refs/heads/work ${'0'.repeat(40)}\n`);
    await new Promise<void>((started) =>
      child.stderr.on('data', (text) => String(text).includes('build:') && started()),
    );
    const ended = new Promise<number | null>((done) => child.on('exit', done));
    child.kill(signal);
    is.not(await ended, 0);
    if (signal === 'SIGKILL') continue;
    is(long.git('worktree', 'list').split('\n').length, 1, signal);
  }
  const short = withPolicy('build: { command: "true", on: [pre-push] }');
  short.write('dirty', 'x');
  passes(prePush(short));
  passes(run(long.dir, 'git', ['status']));
  equal(
    checkouts().filter((name) => !before.includes(name)),
    [],
  );
});

test('a build cannot reach the real node_modules by the removal of its checkout', () => {
  const repo = withPolicy('build: { command: "test -e node_modules/kept", on: [pre-push] }');
  repo.write('node_modules/kept', 'x').write('package.json', '{}').git('add', 'package.json');
  repo.commit('feat: package');
  repo.write('dirty', 'x');
  passes(prePush(repo));
  ok(repo.has('node_modules/kept'));
});

test('wiring in a hook of another repository leaves that one alone', () => {
  const outer = newRepo({ install: false });
  outer.commit('chore: start', { a: 'a' });
  const { repo } = guardedRepo({ hooks: false, keys: world.keys });
  const env = {
    GIT_DIR: join(outer.dir, '.git'),
    GIT_WORK_TREE: outer.dir,
    GIT_INDEX_FILE: join(outer.dir, '.git/index'),
  };
  const wired = repo.protectWith({ env }, 'wire');
  is(wired.code, 0, wired.out);
  is(outer.tryGit('config', '--get', 'core.hooksPath').code, 1, 'the other repository has lost its hooks');
  is(repo.git('config', '--get', 'core.hooksPath'), '.husky/_');
});

test('wire and init, killed at any moment, leave hooks that run or none, and a second run mends it', async () => {
  for (const [command, delays] of [
    [['wire'], [80, 160, 220]],
    [
      ['init', '--yes', '--ci', 'github'],
      [120, 200, 260],
    ],
  ] as const)
    for (const delay of delays) {
      const repo = newRepo();
      const manifest = '{\n  "name": "x",\n  "scripts": { "test": "true" }\n}\n';
      repo.commit('chore: start', { 'package.json': manifest, '.husky/pre-commit': 'true\n' });
      const child = spawn(process.execPath, [cli, ...command], { cwd: repo.dir, env: environment(), stdio: 'ignore' });
      const ended = new Promise((done) => child.on('exit', done));
      await sleep(delay);
      child.kill('SIGKILL');
      await ended;
      is((JSON.parse(repo.read('package.json')) as { name: string }).name, 'x');
      match(repo.read('.husky/pre-commit'), 'true\n');
      is(repo.tryGit('status').code, 0);
      // In a process of its own: what it started and was not killed with it, may still hold Git's lock for a moment.
      const again = repo.protectApart({}, ...command);
      is(again.code, 0, `${command[0]} after ${delay} ms: ${again.out}`);
      is(repo.git('config', '--get', 'core.hooksPath'), '.husky/_');
      match(repo.read('.husky/pre-commit'), '# git-protect');
    }
});

test('init and wire touch no index, no commit and no foreign hook', () => {
  const repo = newRepo();
  repo.commit('chore: start', { a: 'a\n' });
  repo.write('.git/hooks/pre-commit', '#!/bin/sh\nexit 0\n', 0o755);
  repo.write('a', 'changed\n');
  const before = [repo.head(), repo.git('ls-files', '-s'), repo.read('.git/hooks/pre-commit')];
  for (const command of [['wire'], ['init', '--yes']]) {
    const result = repo.protect(...command);
    is(result.code, 0, result.out);
    equal([repo.head(), repo.git('ls-files', '-s'), repo.read('.git/hooks/pre-commit')], before);
  }
});

test('a reader that goes away does not turn a refusal into a pass', () => {
  const repo = changed();
  const code = join(folder('code'), 'code');
  const line = `('${process.execPath}' '${cli}' ci --no-commands; echo $? > '${code}') | true`;
  spawnSync('sh', ['-c', line], { cwd: repo.dir, env: environment() });
  is.not(readFileSync(code, 'utf8').trim(), '0');
});

test('a Git that is missing or lies is not taken for a clean change', () => {
  const repo = changed();
  const bin = folder('bin');
  const none = repo.protectWith({ env: { PATH: bin } }, 'ci', '--no-commands');
  is.not(none.code, 0);
  mkdirSync(join(bin, 'lying'));
  for (const script of ['exit 0', 'echo; exit 0', 'exit 1', 'kill -9 $$', 'head -c 10 /dev/zero']) {
    writeFileSync(join(bin, 'lying/git'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const env = { PATH: `${join(bin, 'lying')}:/usr/bin:/bin` };
    const args = script === 'exit 0' ? ['hook', 'pre-commit'] : ['ci', '--no-commands'];
    is.not(repo.protectWith({ env }, ...args).code, 0, script);
  }
});
