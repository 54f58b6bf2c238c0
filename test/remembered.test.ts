import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { approve, distFolder, folder, guardedRepo, type Repo, run } from './support/world.ts';

const test = suite('remembered');

/** Processes that commit-msg starts, as the system sees them: a Git that counts itself is first on PATH. */
function commitMsg(repo: Repo, message: string, env: NodeJS.ProcessEnv = {}) {
  const bin = folder('bin');
  const log = join(bin, 'asked');
  writeFileSync(join(bin, 'git'), `#!/bin/sh\necho "$*" >> '${log}'\nexec "${realGit}" "$@"\n`, { mode: 0o755 });
  repo.write('.git/COMMIT_EDITMSG', message);
  const done = run(repo.dir, process.execPath, [join(distFolder, 'hook.cjs'), 'commit-msg', '.git/COMMIT_EDITMSG'], {
    env: { GIT_INDEX_FILE: '.git/index', GIT_EDITOR: ':', PATH: `${bin}:${process.env['PATH']}`, ...env },
  });
  return { ...done, asked: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0 };
}
const realGit = run('/', 'sh', ['-c', 'command -v git']).stdout.trim();

function preCommit(repo: Repo, env: NodeJS.ProcessEnv = {}) {
  return run(repo.dir, process.execPath, [join(distFolder, 'hook.cjs'), 'pre-commit'], {
    env: { GIT_INDEX_FILE: '.git/index', GIT_EDITOR: ':', ...env },
  });
}

function staged(more = '') {
  const { repo, keys } = guardedRepo({ more });
  repo.write('src/a.ts', 'other\n').git('add', 'src');
  return { repo, key: keys['lead']! };
}

test('after pre-commit commit-msg asks no Git, and still judges the message', () => {
  const { repo } = staged();
  is(preCommit(repo).code, 0);
  const right = commitMsg(repo, 'fix: a\n');
  is(right.code, 0, right.out);
  is(right.asked, 0);
  const wrong = commitMsg(repo, 'whatever\n');
  is(wrong.code, 1);
  match(wrong.out, "error[commit-message] 'whatever' starts with no type");
  for (const subject of ['fix : a', 'fix:a', 'FIX: a', `fix: ${'x'.repeat(100)}`, '\nfix', '# fix: a', ''])
    is(commitMsg(repo, `${subject}\n`).code, subject === '' ? 0 : 1, subject);
});

test('another index, HEAD, branch, policy, a merge: the whole way', () => {
  const changes: Record<string, (repo: Repo) => void> = {
    'another index': (repo) => repo.write('server/pay.ts', 'export const fee = 9;\n').git('add', 'server'),
    'the same index under another name': (repo) => repo.git('read-tree', '--index-output=.git/index', 'HEAD'),
    'another commit': (repo) => repo.git('update-ref', 'HEAD', repo.git('commit-tree', '-m', 'x', 'HEAD^{tree}')),
    'another branch': (repo) => repo.git('symbolic-ref', 'HEAD', 'refs/heads/other'),
    'a merge': (repo) => void repo.write('.git/MERGE_HEAD', `${repo.head()}\n`),
    'no record': (repo) => rmSync(join(repo.dir, '.git/protect/judged'), { recursive: true }),
    'half a record': (repo) => void repo.write('.git/protect/judged/.git', '[1,"'),
    'no parsed policy': (repo) => rmSync(join(repo.dir, '.git/protect/cache'), { recursive: true }),
    'packed refs': (repo) => repo.git('pack-refs', '--all'),
  };
  for (const [what, change] of Object.entries(changes)) {
    const { repo } = staged();
    repo.git('branch', 'other');
    is(preCommit(repo).code, 0, what);
    is(commitMsg(repo, 'fix: a\n').asked, 0, what);
    change(repo);
    const done = commitMsg(repo, 'fix: a\n');
    ok(done.asked > 0, what);
    is(done.code, what === 'another index' ? 1 : 0, what + done.out);
    if (done.code === 1) match(done.out, 'error[protected-files] server/pay.ts');
  }
});

test('what is guarded, refused, or judged by a check of the own is not remembered', () => {
  const guarded = guardedRepo();
  guarded.repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  approve(guarded.repo, guarded.keys['lead']!, '--staged');
  is(preCommit(guarded.repo).code, 0);
  const plain = commitMsg(guarded.repo, 'fix: a\n');
  is(plain.code, 1, 'critical is demanded');
  match(plain.out, "starts with 'CRITICAL: '");
  const { repo } = staged();
  repo.write('src/key.ts', `const a = 'sk_live_${'a1B2c3D4'.repeat(4)}';\n`).git('add', '-A');
  is(preCommit(repo).code, 1);
  is(existsSync(join(repo.dir, '.git/protect/judged/.git')), false);
  const own = staged('checks: { words: { command: [sh, -c, "exit 7"], on: [commit-msg] } }');
  is(preCommit(own.repo).code, 0);
  match(commitMsg(own.repo, 'fix: a\n').out, 'undecided[words]');
});

test('a task that changes what is staged is judged again', () => {
  const { repo } = staged(
    "staged: { '*.ts': 'sh -c \"echo export const fee = 9 > server/pay.ts; git add server\" sh' }",
  );
  preCommit(repo);
  is(existsSync(join(repo.dir, '.git/protect/judged/.git')), false);
});

test('an index without a checksum is judged the whole way', () => {
  const { repo } = staged();
  const file = join(repo.dir, '.git/index');
  const index = readFileSync(file);
  index.fill(0, index.length - 20);
  writeFileSync(file, index);
  is(preCommit(repo).code, 0);
  is(existsSync(join(repo.dir, '.git/protect/judged/.git')), false);
});

test('in a linked worktree each has its own record', () => {
  const { repo } = staged();
  const linked = join(folder('linked'), 'w');
  repo.git('worktree', 'add', '-q', '-b', 'topic', linked);
  const index = repo.git('-C', linked, 'rev-parse', '--git-path', 'index');
  const env = { GIT_INDEX_FILE: index, GIT_EDITOR: ':' };
  const inLinked = (...words: string[]) =>
    run(linked, process.execPath, [join(distFolder, 'hook.cjs'), ...words], { env });
  run(linked, 'sh', ['-c', 'echo b > src/b.ts && git add src']);
  is(inLinked('pre-commit').code, 0);
  is(preCommit(repo).code, 0);
  is(readdirSync(join(repo.dir, '.git/protect/judged')).length, 2);
  writeFileSync(join(linked, 'M'), 'fix: a\n');
  is(inLinked('commit-msg', 'M').code, 0);
  is(repo.protect('uninstall', '--yes').code, 0);
  is(existsSync(join(repo.dir, '.git/protect')), false);
});

test('compiled code is kept for this very file and this Node, and what V8 refuses is made anew', () => {
  const { repo } = staged();
  const cache = join(repo.dir, '.git/protect/cache');
  const kept = () => readdirSync(cache).filter((name) => name.endsWith('.v8'));
  is(preCommit(repo).code, 0);
  is(kept().length, 1);
  const file = join(cache, kept()[0]!);
  const good = readFileSync(file);
  for (const bad of [Buffer.alloc(0), good.subarray(0, 100), Buffer.concat([Buffer.from('x'), good.subarray(1)])]) {
    writeFileSync(file, bad);
    const done = preCommit(repo);
    is(done.code, 0, done.out);
    is(done.out, '');
    ok(statSync(file).size > 1000, 'it is made anew');
  }
  const digest = createHash('sha256')
    .update(readFileSync(join(distFolder, 'hook-process.cjs')))
    .digest('hex');
  match(kept()[0]!, `hook-process.cjs-${digest.slice(0, 32)}-${process.version}-`);
  writeFileSync(join(cache, 'hook-process.cjs-1-v0.0.0-x64.v8'), 'of another version');
  rmSync(file);
  is(preCommit(repo).code, 0);
  is(kept().length, 1, 'others go');
  repo.write('server/pay.ts', 'export const fee = 9;\n').git('add', '-A');
  is(preCommit(repo).code, 1, 'it judges all the same');
});

test('a certificate bundle that Node would read is kept from the hook and handed on to what it runs', () => {
  const { repo } = guardedRepo({
    more: "checks: { mine: { command: [sh, -c, 'exit 0'], on: [pre-commit] } }\nstaged: { '*.ts': 'sh -c \"env > seen; true\" sh' }",
  });
  repo.write('.git/info/exclude', 'node_modules\nseen\n');
  repo.write('src/a.ts', 'other\n').git('add', 'src');
  const pem = join(folder('pem'), 'ca.pem');
  writeFileSync(pem, 'no certificate\n');
  const done = run(repo.dir, 'git', ['commit', '-m', 'fix: a'], { env: { NODE_EXTRA_CA_CERTS: pem } });
  is(done.code, 0, done.out);
  not.match(done.out, 'Ignoring extra certs');
  match(repo.read('seen'), `NODE_EXTRA_CA_CERTS=${pem}\n`);
  not.match(repo.read('seen'), 'PROTECT_EXTRA_CA_CERTS');
});
