import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { daemon, guardServer, missingForSsh, sshServer } from './support/server.ts';
import { needing, suite } from './support/suite.ts';
import {
  approve,
  copyRepo,
  environment,
  folder,
  guardedRepo,
  hooksApart,
  makeKey,
  newRepo,
  policyText,
  Repo,
  run,
} from './support/world.ts';

const test = suite('server');
const project = '0123456789abcdef0123456789abcdef';

/** A repository whose remote judges what it receives. */
function served(options: Parameters<typeof guardedRepo>[0] = {}, ...flags: string[]) {
  const { repo, keys, origin } = guardedRepo({ hooks: false, ...options });
  guardServer(origin!, ...flags);
  return { repo, keys, origin: origin! };
}

function emptyServer(): Repo {
  const bare = new Repo(folder('server'));
  bare.git('init', '-q', '--bare', '-b', 'main');
  return bare;
}

/** The lines of the log, with the digest of each line as the next one has to name it. */
function received(bare: Repo) {
  const lines = bare.read('protect/received.jsonl').split('\n');
  is(lines.pop(), '', 'it ends in a line feed');
  return lines.map((line) => ({ digest: createHash('sha256').update(line).digest('hex'), ...JSON.parse(line) }));
}

function isChained(bare: Repo): void {
  const lines = received(bare);
  for (const [index, line] of lines.entries()) is(line.previous, index === 0 ? null : lines[index - 1]!.digest);
}

/** Lets the hook find this `git` before the real one. */
function wrapGit(bare: Repo, script: string): void {
  const bin = folder('bin');
  const real = run(bin, 'sh', ['-c', 'command -v git']).stdout.trim();
  writeFileSync(join(bin, 'git'), `#!/bin/sh\nreal=${real}\n${script}\n`, { mode: 0o755 });
  bare.write('hooks/pre-receive', bare.read('hooks/pre-receive').replace(/^PATH=/m, `PATH=${bin}:`));
}

test('the server refuses what --no-verify let through, and takes what is approved', () => {
  const { repo, keys, origin } = served();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  const refused = repo.tryGit('push', 'origin', 'main');
  is(refused.code, 1);
  match(refused.out, 'error[protected-files] server/pay.ts: changed without approval');
  match(refused.out, 'npx git-protect request');
  approve(repo, keys['lead']!, '--range', 'origin/main..HEAD');
  repo.commit('chore: approve');
  const taken = repo.tryGit('push', 'origin', 'main');
  is(taken.code, 0, taken.out);
  equal(
    received(origin).map(({ verdict, findings, refs }) => [verdict, findings, refs.length]),
    [
      ['refuse', ['protected-files'], 1],
      ['pass', [], 1],
    ],
  );
  isChained(origin);
});

test('over git daemon the environment of the pusher does not count, nor does what a clone lacks', async () => {
  const { repo, origin } = served();
  const daemonEnv = { LOGNAME: 'git', NODE_OPTIONS: '--require=/nowhere/at/all.js' };
  const server = await daemon(origin, daemonEnv);
  try {
    const plain = copyRepo(repo);
    plain.git('remote', 'set-url', 'origin', server.url(origin));
    plain.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
    const refused = plain.tryGit('push', '--no-verify', 'origin', 'main');
    match(refused.out, 'error[protected-files] server/pay.ts');
    is(origin.head('main'), repo.head('main'));
    // One bad ref refuses all.
    const mixed = plain.tryGit('push', '--no-verify', 'origin', 'HEAD~1:refs/heads/good', 'main');
    is.not(mixed.code, 0);
    is(origin.tryGit('rev-parse', '--verify', '-q', 'refs/heads/good').code, 1);
    plain.git('reset', '-q', '--hard', 'HEAD~1');
    plain.commit('feat: more', { 'src/b.ts': 'b\n' });
    is(plain.tryGit('push', 'origin', 'main').code, 0);
    is(received(origin).at(-1)!.pusher.LOGNAME, 'git');
  } finally {
    server.stop();
  }
});

needing(test, missingForSsh, 'over ssh with a forced command the server says who pushed from where', async () => {
  const { repo, origin } = served();
  const server = await sshServer(origin);
  try {
    const pusher = new Repo(repo.dir, { ...server.env, LOGNAME: 'somebody-else' });
    repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
    const refused = pusher.tryGit('push', '--no-verify', server.url, 'main');
    is(refused.code, 1, refused.out);
    match(refused.out, 'error[protected-files] server/pay.ts');
    // Only who has a shell there can name another program.
    const around = pusher.tryGit(
      'push',
      '--receive-pack=git -c core.hooksPath=/nowhere receive-pack',
      server.url,
      'main',
    );
    is.not(around.code, 0);
    is(origin.head('main'), repo.head('origin/main'));
    repo.git('reset', '-q', '--hard', 'HEAD~1');
    repo.commit('feat: x', { 'src/x.ts': 'x\n' });
    is(pusher.tryGit('push', server.url, 'main').code, 0);
    const { pusher: by } = received(origin).at(-1)!;
    match(by.SSH_CONNECTION, '127.0.0.1');
    is.not(by.LOGNAME, 'somebody-else');
  } finally {
    server.stop();
  }
});

test('over a local path the hook does not follow what the pusher lays in the environment', () => {
  const { repo, origin } = served();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  const bin = folder('bin');
  for (const name of ['git', 'node', 'env', 'cat'])
    writeFileSync(join(bin, name), '#!/bin/sh\necho taken in >&2; exit 0\n', { mode: 0o755 });
  const real = run(bin, 'sh', ['-c', 'command -v git']).stdout.trim();
  const script = join(folder(), 'evil.cjs');
  writeFileSync(script, 'process.exit(0);\n');
  const hostile: NodeJS.ProcessEnv[] = [
    { NODE_OPTIONS: `--require=${script}` },
    { NODE_PATH: bin },
    { PATH: `${bin}:${hooksApart['PATH']}` },
    { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.hooksPath', GIT_CONFIG_VALUE_0: '/nowhere' },
    { GIT_CONFIG_PARAMETERS: "'core.hookspath'='/nowhere'" },
    { GIT_NO_REPLACE_OBJECTS: '0', GIT_GRAFT_FILE: '/nowhere' },
    { GIT_REPLACE_REF_BASE: 'refs/heads/', GIT_NAMESPACE: '' },
    { ENV: script, BASH_ENV: script, GIT_TRACE: '1' },
  ];
  for (const env of hostile) {
    const pushed = run(repo.dir, real, ['push', 'origin', 'main'], { env });
    is.not(pushed.code, 0, JSON.stringify(env));
    match(pushed.out, 'error[protected-files] server/pay.ts', JSON.stringify(env));
    not.match(pushed.out, 'taken in');
  }
  equal(
    readdirSync(join(origin.dir, 'objects')).filter((name) => name.includes('incoming')),
    [],
    'quarantine is clean',
  );
});

test('unprotected refs get warnings only, landing from there is refused', () => {
  const { repo } = served();
  repo.commit('no type', { 'server/pay.ts': '2\n' });
  const warned = repo.tryGit('push', 'origin', 'main:topic');
  is(warned.code, 0, warned.out);
  match(warned.out, 'warning[protected-files]');
  match(warned.out, 'warning[commit-message]');
  const landed = repo.tryGit('push', 'origin', 'main');
  is(landed.code, 1, 'that the server has the commits already is no excuse');
  match(landed.out, 'error[commit-message]');
});

test('contents are judged on every ref', () => {
  const { repo } = served();
  repo.commit('feat: key', { 'src/k.ts': `const key = "AKIA${'QWERTYUIOPASDFGH'}";\n` });
  const refused = repo.tryGit('push', 'origin', 'main:topic');
  is(refused.code, 1, refused.out);
  match(refused.out, 'error[no-secrets] src/k.ts');
});

test('force pushes, deletions, a moved tag, refs of others, names that stand for a protected one', () => {
  const { repo, origin } = served({ more: 'tags: { "v*": {} }' });
  repo.git('commit', '-q', '--amend', '--allow-empty', '-m', 'chore: rewritten');
  match(repo.tryGit('push', '--force', 'origin', 'main').out, 'cannot be force-pushed');
  repo.git('reset', '-q', '--hard', 'origin/main');
  repo.git('push', '-q', 'origin', 'main:other');
  is(repo.tryGit('push', 'origin', ':other').code, 0);
  match(repo.tryGit('push', 'origin', ':main').out, 'cannot be deleted');
  repo.commit('feat: y');
  repo.git('replace', repo.head(), repo.head('HEAD~1'));
  match(repo.tryGit('push', 'origin', 'refs/replace/*:refs/replace/*').out, 'refs/replace/');
  repo.git('replace', '-d', repo.head());
  match(repo.tryGit('push', 'origin', 'HEAD:refs/protect/landed').out, 'git-protect keeps its own refs');
  is(repo.tryGit('push', 'origin', 'HEAD:refs/protect/lock/production').code, 0);
  for (const name of ['refs/heads/MAIN', 'refs/heads/Main', 'refs/Heads/main']) {
    const refused = repo.tryGit('push', 'origin', `HEAD:${name}`);
    is(refused.code, 1, name);
    match(refused.out, 'differs from the protected branch main only in case');
  }
  is(repo.tryGit('push', 'origin', 'HEAD:refs/heads/domain').code, 0);
  repo.git('push', '-q', 'origin', 'main');
  repo.git('tag', 'v1');
  is(repo.tryGit('push', 'origin', 'v1').code, 0);
  repo.git('tag', '-f', 'v1', 'HEAD~1');
  match(repo.tryGit('push', '-f', 'origin', 'v1').out, 'error[protected-tags]');
  isChained(origin);
});

test('a new protected branch is compared with the default branch', () => {
  const { repo, origin } = guardedRepo({ hooks: false });
  repo.write('.protectionrc', repo.read('.protectionrc').replace('main: {}', 'main: {}, "release/*": {}'));
  repo.commit('chore: policy');
  repo.git('push', '-q', 'origin', 'main');
  guardServer(origin!);
  is(repo.tryGit('push', 'origin', 'main:release/1').code, 0);
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  is(repo.tryGit('push', 'origin', 'main:release/2').code, 1);
});

test('where no default branch exists while another branch has a policy, nothing is judged', () => {
  const { repo, origin } = served();
  origin.git('symbolic-ref', 'HEAD', 'refs/heads/nowhere');
  repo.commit('feat: x');
  const refused = repo.tryGit('push', 'origin', 'main:topic');
  is(refused.code, 1);
  match(refused.out, 'the default branch of this server is unknown');
  match(received(origin).at(-1)!.reason, 'the default branch of this server is unknown');
});

test('an empty server takes the first policy, and then judges by it', () => {
  const bare = emptyServer();
  match(guardServer(bare).stdout, 'main has no policy yet');
  const repo = newRepo();
  repo.commit('CRITICAL: start', { '.protectionrc': policyText({ lead: makeKey('lead') }), 'server/pay.ts': '1\n' });
  repo.git('remote', 'add', 'origin', bare.dir);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  is(repo.tryGit('push', 'origin', 'main').code, 1);
});

test('--project pins the policy: a moved HEAD is not followed, another project is not taken', () => {
  const { repo, origin } = served({}, '--project', project);
  repo.git('switch', '-q', '-c', 'lax');
  repo.commit('CRITICAL: lax', { '.protectionrc': `version: 1\nproject: ${'f'.repeat(32)}\nowners: {}\n` });
  is(repo.tryGit('push', 'origin', 'lax').code, 0);
  origin.git('symbolic-ref', 'HEAD', 'refs/heads/lax');
  repo.git('switch', '-q', 'main');
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  match(repo.tryGit('push', 'origin', 'main').out, 'error[protected-files] server/pay.ts');
  const bare = emptyServer();
  guardServer(bare, '--project', 'e'.repeat(32));
  const other = repo.tryGit('push', bare.dir, 'lax:main');
  is(other.code, 1);
  match(
    other.out,
    `by the policy of project ${'e'.repeat(32)} alone, and main has the policy of project ${'f'.repeat(32)}`,
  );
  const wrong = origin.protect('init', '--server', '.', '--project', 'e'.repeat(32), '--default-branch', 'main');
  is(wrong.code, 2);
  match(wrong.stderr, `main has the policy of project ${project}`);
});

test('a policy that moves while a push is judged judges it again', () => {
  const { repo, keys, origin } = served({ more: 'files:\n  - { paths: [server/pay.ts], risk: critical }' });
  repo.write('.protectionrc', repo.read('.protectionrc').replace('server/pay.ts', 'server/pay.ts, src/'));
  approve(repo, keys['lead']!, '--staged');
  repo.git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const next = repo.commit('chore: protect src');
  repo.git('push', '-q', 'origin', 'HEAD:refs/heads/next');
  repo.git('reset', '-q', '--hard', 'origin/main');
  repo.git('switch', '-q', '-c', 'side');
  repo.commit('feat: a', { 'src/a.ts': 'b\n' });
  // Once the refs were read the policy moves, before anything is judged.
  wrapGit(
    origin,
    `case "$*" in *for-each-ref*refs/heads/*) "$real" "$@"; code=$?
[ -e moved ] || { touch moved; env -u GIT_QUARANTINE_PATH "$real" update-ref refs/heads/main ${next}; }; exit $code;; esac
exec "$real" "$@"`,
  );
  const pushed = repo.tryGit('push', 'origin', 'side:main');
  is(pushed.code, 1, pushed.out);
  match(pushed.out, 'src/a.ts');
});

test('what takes too long, or cannot be started, is refused in a line for the pusher', () => {
  const { repo, origin } = served({}, '--timeout', '1s');
  repo.commit('feat: x', { 'src/x.ts': 'x\n' });
  const hook = origin.read('hooks/pre-receive');
  wrapGit(origin, 'case "$*" in *for-each-ref*) sleep 3;; esac\nexec "$real" "$@"');
  const late = repo.tryGit('push', 'origin', 'main');
  is(late.code, 1);
  match(late.out, 'protect: not judged: to judge this push took longer than 1 s');
  match(late.out, 'protect init --server REPOSITORY --timeout 10m');
  match(received(origin).at(-1)!.reason, 'took longer than 1 s');
  for (const [variable, says] of [
    ['protect_node', 'node is no longer at /nowhere'],
    ['protect_entry', 'git-protect is no longer at /nowhere'],
  ] as const) {
    origin.write('hooks/pre-receive', hook.replace(new RegExp(`^${variable}=.*`, 'm'), `${variable}=/nowhere`));
    const gone = repo.tryGit('push', 'origin', 'main');
    is(gone.code, 1);
    match(gone.out, `protect: refused: ${says}, so nothing was checked`);
    match(
      repo.tryGit('-c', 'remote.origin.uploadpack=git-upload-pack', 'push', 'origin', 'main').out,
      'protect init --server',
    );
  }
  origin.write('hooks/pre-receive', hook);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
});

test('an object that is missing, and lines that are none, are not judged', () => {
  const { origin } = served();
  const hook = join(origin.dir, 'hooks/pre-receive');
  const zeros = '0'.repeat(40);
  for (const [input, says] of [
    ['', 'got nothing on standard input'],
    ['nonsense\n', 'is not understood'],
    [`${zeros} ${'a'.repeat(40)} refs/heads/x\n`, 'aaaaaaaaaaaa'],
    [`${zeros} ${'a'.repeat(40)} refs/heads/x`, 'cut-off line'],
  ]) {
    const judged = run(origin.dir, hook, [], { input: input!, env: { GIT_DIR: '.' } });
    is(judged.code, 3, judged.out);
    match(judged.out, says!);
  }
  is(received(origin).length, 4);
});

test('GitLab is told in lines of its own, and who pushes as it names them', () => {
  const { repo, origin } = served();
  repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  const env = { GL_ID: 'user-7', GL_USERNAME: 'mallory', GL_PROTOCOL: 'web', SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' };
  const refused = new Repo(repo.dir, env).tryGit('push', 'origin', 'main');
  const lines = refused.out.split('\n').filter((line) => line.startsWith('remote: '));
  ok(lines.length > 2);
  for (const line of lines) match(line, /^remote: GL-HOOK-ERR: /);
  equal(received(origin)[0]!.pusher, env);
});

test('what cannot be written down does not land, and a torn line is closed', () => {
  const { repo, origin } = served();
  repo.commit('feat: x', { 'src/x.ts': 'x\n' });
  mkdirSync(join(origin.dir, 'protect/received.jsonl'), { recursive: true });
  const refused = repo.tryGit('push', 'origin', 'main');
  is(refused.code, 1);
  match(refused.out, 'what is received cannot be written down on the server');
  origin.remove('protect/received.jsonl');
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  origin.write('protect/received.jsonl', `${origin.read('protect/received.jsonl')}{"at":"2026-`);
  repo.commit('feat: y', { 'src/y.ts': 'y\n' });
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  const [first, torn, closing, last] = origin.read('protect/received.jsonl').split('\n');
  const digest = (line: string) => createHash('sha256').update(line).digest('hex');
  is(torn, '{"at":"2026-');
  is(JSON.parse(closing!).torn, true);
  is(JSON.parse(closing!).previous, digest(torn!));
  is(JSON.parse(last!).previous, digest(closing!));
  is(JSON.parse(first!).previous, null);
});

test('a dead run that held the log is succeeded', () => {
  const { repo, origin } = served();
  const { pid } = JSON.parse(run(origin.dir, process.execPath, ['-p', 'JSON.stringify({pid: process.pid})']).stdout);
  origin.write('protect/received.lock', `${pid} 0123456789abcdef`);
  repo.commit('feat: x', { 'src/x.ts': 'x\n' });
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  is(received(origin).length, 1);
  equal(
    readdirSync(join(origin.dir, 'protect')).filter((name) => name.includes('lock')),
    [],
  );
});

test('a group that shares the repository may write the log', () => {
  const { repo, origin } = served();
  origin.git('config', 'core.sharedRepository', 'group');
  repo.commit('feat: x', { 'src/x.ts': 'x\n' });
  is(repo.tryGit('push', 'origin', 'main').code, 0);
  is(lstatSync(join(origin.dir, 'protect/received.jsonl')).mode & 0o777, 0o664);
  is(lstatSync(join(origin.dir, 'protect')).mode & 0o7777, 0o2775);
});

test('many pushes at once: each lands or its client is told, none is let through, the log is whole', async () => {
  const { repo, origin } = served();
  const server = await daemon(origin);
  const pushes = Number(process.env['PUSHES'] ?? 32);
  const { execFile } = await import('node:child_process');
  try {
    const good = repo.commit('feat: good', { 'src/good.ts': 'g\n' });
    repo.git('reset', '-q', '--hard', 'origin/main');
    const bad = repo.commit('CRITICAL: bad', { 'server/pay.ts': 'evil\n' });
    const push = (ref: string) =>
      new Promise<{ code: number; out: string }>((done) => {
        execFile(
          'git',
          ['push', '--no-verify', server.url(origin), ref],
          { cwd: repo.dir, env: environment() },
          (error, stdout, stderr) => done({ code: error === null ? 0 : 1, out: stdout + stderr }),
        );
      });
    const queue = Array.from({ length: pushes }, (_, n) => n);
    const results = new Map<number, { code: number; out: string }>();
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let n = queue.shift(); n !== undefined; n = queue.shift())
          results.set(n, await push(n % 4 === 0 ? `${bad}:refs/heads/main` : `${good}:refs/heads/u${n}`));
      }),
    );
    for (const [n, { code, out }] of results)
      if (n % 4 === 0) {
        is(code, 1);
        match(out, 'error[protected-files] server/pay.ts');
      } else {
        is(code, 0, out);
        is(origin.head(`refs/heads/u${n}`), good);
      }
    is(origin.head('main'), repo.head('origin/main'));
    isChained(origin);
    is(received(origin).length, pushes);
    // A client is told before its receive-pack has tidied up.
    const quarantine = () => readdirSync(join(origin.dir, 'objects')).filter((name) => name.includes('incoming'));
    for (let n = 0; n < 200 && quarantine().length > 0; n++) await new Promise((done) => setTimeout(done, 50));
    equal(quarantine(), []);
    equal(
      readdirSync(join(origin.dir, 'protect')).filter((name) => name !== 'cache'),
      ['received.jsonl'],
    );
  } finally {
    server.stop();
  }
});

test('init --server keeps a hook that is there running, and uninstall puts it back to the byte', () => {
  for (const link of [false, true]) {
    const { repo, origin } = guardedRepo({ hooks: false });
    const own =
      '#!/bin/sh\ncat >"$GIT_DIR/seen"; grep -q stop "$GIT_DIR/seen" && { echo theirs says no >&2; exit 1; }; exit 0\n';
    origin!.remove('hooks/pre-receive');
    if (link) {
      origin!.write('shared-hook', own, 0o755);
      symlinkSync('../shared-hook', join(origin!.dir, 'hooks/pre-receive'));
    } else origin!.write('hooks/pre-receive', own, 0o750);
    const dry = origin!.protect('init', '--server', '.', '--dry-run');
    match(dry.stdout, 'dry run: nothing is written');
    is(origin!.read('hooks/pre-receive'), own);
    match(guardServer(origin!).stdout, 'it runs after ours');
    const written = origin!.read('hooks/pre-receive');
    match(guardServer(origin!).stdout, 'everything is in place');
    is(origin!.read('hooks/pre-receive'), written);
    repo.commit('feat: x', { 'src/x.ts': 'x\n' });
    match(repo.tryGit('push', 'origin', 'main:stop').out, 'theirs says no');
    is(repo.tryGit('push', 'origin', 'main').code, 0);
    match(origin!.read('seen'), 'refs/heads/main');
    repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
    origin!.remove('seen');
    is(repo.tryGit('push', 'origin', 'main').code, 1);
    is(origin!.has('seen'), false, 'what ours refuses theirs does not see');
    const out = origin!.protect('uninstall', '--server', '.');
    match(out.stdout, /restore .*pre-receive\n {2}keep .*received\.jsonl/);
    is(origin!.read('hooks/pre-receive'), own);
    const stat = lstatSync(join(origin!.dir, 'hooks/pre-receive'));
    if (link) is(readlinkSync(join(origin!.dir, 'hooks/pre-receive')), '../shared-hook');
    else is(stat.mode & 0o777, 0o750);
    is(origin!.protect('uninstall', '--server', '.').code, 2);
  }
});

test('GitLab and Gitea keep hooks in folders of their own', () => {
  for (const [made, expected] of [
    ['custom_hooks', 'custom_hooks/pre-receive.d/git-protect'],
    ['hooks/pre-receive.d', 'hooks/pre-receive.d/git-protect'],
  ] as const) {
    const bare = emptyServer();
    mkdirSync(join(bare.dir, made), { recursive: true });
    match(guardServer(bare).stdout, expected);
    is(existsSync(join(bare.dir, expected)), true);
    is(existsSync(join(bare.dir, 'hooks/pre-receive')), false);
    is(bare.protect('uninstall', '--server', '.').code, 0);
    is(existsSync(join(bare.dir, expected)), false);
  }
  const named = emptyServer();
  named.git('config', 'gitlab.fullpath', 'shop/api');
  match(guardServer(named).stdout, 'custom_hooks/pre-receive.d/git-protect');
});

test('what would never run, or cannot be kept running, is said before anything is written', () => {
  const clone = newRepo();
  const says = (repo: Repo, words: string | RegExp, ...flags: string[]) => {
    const before = readdirSync(join(repo.dir), { recursive: true }).length;
    const done = repo.protect('init', '--server', '.', ...flags);
    is(done.code, 2, done.out);
    match(done.stderr, words);
    is(readdirSync(join(repo.dir), { recursive: true }).length, before);
  };
  says(clone, 'is not a bare repository');
  says(new Repo(folder('none')), 'cannot be opened');
  const apart = emptyServer();
  apart.git('config', 'core.hooksPath', '/srv/hooks');
  says(apart, 'Git takes the hooks of this repository from /srv/hooks');
  const linked = emptyServer();
  linked.remove('hooks');
  symlinkSync(folder('shared'), join(linked.dir, 'hooks'));
  says(linked, 'which other repositories may share');
  const both = emptyServer();
  both.write('hooks/pre-receive', '#!/bin/sh\n', 0o755).write('hooks/pre-receive.before', '#!/bin/sh\n', 0o755);
  says(both, 'neither is ours');
  says(emptyServer(), "--project is 'shop'", '--project', 'shop');
  says(emptyServer(), "--timeout is 'soon'", '--timeout', 'soon');
  says(emptyServer(), '--server takes no --owner', '--owner', 'me');
  const alone = newRepo().protect('init', '--project', project);
  is(alone.code, 2);
  match(alone.stderr, '--project goes with --server');
});

test('a place that cannot be written is said, with who could', () => {
  if (process.geteuid?.() === 0) return;
  const bare = emptyServer();
  chmodSync(join(bare.dir, 'hooks'), 0o555);
  const done = bare.protect('init', '--server', '.');
  is(done.code, 2);
  match(done.stderr, 'cannot be written by you');
});

test('paths with spaces and quotes', () => {
  const bare = new Repo(join(folder(), "it's a server.git"));
  mkdirSync(bare.dir);
  bare.git('init', '-q', '--bare', '-b', 'main');
  bare.write('hooks/pre-receive', '#!/bin/sh\ncat >"$GIT_DIR/seen"\n', 0o755);
  guardServer(bare);
  const repo = newRepo();
  repo.commit('chore: protect', { '.protectionrc': policyText({ lead: makeKey('lead') }) });
  const pushed = repo.tryGit('push', bare.dir, 'main');
  is(pushed.code, 0, pushed.out);
  match(readFileSync(join(bare.dir, 'seen'), 'utf8'), 'refs/heads/main');
});
