import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { distFolder, environment, folder, guardedRepo, hooksApart, Repo, type Result, run } from './support/world.ts';

hooksStay();
const test = suite('staged-tasks');

/** A repository whose policy runs tasks, and a folder outside it where they may leave traces. */
function withTasks(staged: Record<string, string | string[]>, more = '', files: Record<string, string> = {}) {
  const { repo } = guardedRepo({ more: `staged: ${JSON.stringify(staged)}\n${more}`, files, remote: false });
  return repo;
}

/** A script outside the repository, as a task. */
function script(text: string): string {
  const file = join(folder('task'), 'task.sh');
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Ends every line in one semicolon: a formatter. */
const format = "sed -i -e 's/;*$/;/'";

/** Everything in the working tree, byte for byte, with modes. */
function snapshot(repo: Repo): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (under: string) => {
    for (const name of readdirSync(join(repo.dir, under))) {
      const path = join(under, name);
      const stat = lstatSync(join(repo.dir, path));
      if (path === '.git' || path === 'node_modules') continue;
      if (stat.isDirectory()) visit(path);
      else if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(join(repo.dir, path))}`;
      else found[path] = `${(stat.mode & 0o777).toString(8)} ${readFileSync(join(repo.dir, path)).toString('base64')}`;
    }
  };
  visit('');
  return found;
}

/** Working tree and index, as they have to be again. */
function state(repo: Repo) {
  return { files: snapshot(repo), index: repo.git('ls-files', '-s') };
}

function leftOver(repo: Repo): boolean {
  return existsSync(join(repo.git('rev-parse', '--absolute-git-dir'), 'protect/set-aside'));
}

function passes(result: Result): void {
  is(result.code, 0, result.out);
  is(result.out, '', 'silent on success');
}

/** Every kind of staged file with unstaged changes besides. */
function stageEverything(repo: Repo): void {
  repo.commit('chore: files', {
    'kinds/edited.txt': 'one\ntwo\nthree\n',
    'kinds/gone.txt': 'gone\n',
    'kinds/old name.txt': 'a\nb\nc\nd\ne\nf\ng\nh\n',
    'kinds/mode.txt': 'mode\n',
    'kinds/linked.txt': 'linked\n',
    'kinds/whole.txt': 'whole\n',
    'kinds/untracked-later.txt': 'x\n',
  });
  repo.write('kinds/binary.png', Buffer.from([0, 1, 2, 255, 10, 13, 0])).commit('chore: binary');
  repo.write('kinds/edited.txt', 'one\nTWO\nthree\n').write('kinds/gone.txt', 'staged\n');
  repo.write('kinds/binary.png', Buffer.from([0, 9, 9, 9])).write('kinds/mode.txt', 'mode 2\n');
  repo.write('kinds/linked.txt', 'linked 2\n').write('kinds/whole.txt', 'whole 2\n').write('kinds/new.txt', 'new\n');
  repo.write('kinds/deep/er/added.txt', 'added\n');
  repo.git('mv', 'kinds/old name.txt', "kinds/it's new.txt");
  repo.git('rm', '-q', '--cached', 'kinds/untracked-later.txt');
  repo.git('add', 'kinds/edited.txt', 'kinds/gone.txt', 'kinds/binary.png', 'kinds/mode.txt', 'kinds/linked.txt');
  repo.git('add', 'kinds/whole.txt', 'kinds/new.txt', 'kinds/deep');
  repo.write('kinds/edited.txt', 'one\nTWO\nthree\nmine, without a line feed').remove('kinds/gone.txt');
  repo.write('kinds/binary.png', Buffer.from([0, 7, 255, 254, 13, 10])).write("kinds/it's new.txt", 'rewritten\r\n');
  repo.write('kinds/new.txt', 'new\nmine\n').remove('kinds/deep').remove('kinds/linked.txt');
  repo.write('kinds/untracked-later.txt', 'only here\n').write('kinds/untracked.txt', 'untracked\n');
  chmodSync(join(repo.dir, 'kinds/mode.txt'), 0o755);
  symlinkSync('whole.txt', join(repo.dir, 'kinds/linked.txt'));
  repo.write('src/a.ts', 'not staged at all\n');
}

test('a task that passes: silent, and only staged content is seen', () => {
  const log = join(folder(), 'log');
  const repo = withTasks({ '*.ts': script(`cat "$@" >> ${log}`) });
  repo.write('src/a.ts', 'staged\n').git('add', '-A');
  repo.write('src/a.ts', 'staged\nnot staged\n').write('src/b.ts', 'untracked\n');
  const done = repo.tryGit('commit', '-qm', 'feat: a');
  is(done.code, 0, done.out);
  is(done.out, '');
  is(readFileSync(log, 'utf8'), 'staged\n');
  is(repo.read('src/a.ts'), 'staged\nnot staged\n');
  is(repo.git('show', 'HEAD:src/a.ts'), 'staged');
  is(leftOver(repo), false);
  is(repo.git('stash', 'list'), '');
});

test('what a formatter changes is committed, and unstaged changes come back on top', () => {
  const repo = withTasks({ '*.ts': format });
  repo.commit('chore: lines', { 'src/a.ts': 'a\nb\nc\nd\ne\nf\n' });
  repo.write('src/a.ts', 'A\nb\nc\nd\ne\nf\n').git('add', '-A');
  repo.write('src/a.ts', 'A\nb\nc\nd\ne\nf\nmine\n');
  const done = repo.tryGit('commit', '-qm', 'feat: a');
  is(repo.git('show', 'HEAD:src/a.ts'), 'A;\nb;\nc;\nd;\ne;\nf;');
  is(repo.git('diff', '--cached'), '');
  // The last line was changed by both, so the file stays as it was, and that is said.
  is(repo.read('src/a.ts'), 'A\nb\nc\nd\ne\nf\nmine\n');
  match(done.out, 'note[staged-tasks] src/a.ts: the tasks changed lines next to your unstaged changes');
});

test('an unstaged line stays in its place when the formatter moves the lines around it', () => {
  const repo = withTasks({ '*.ts': 'sed -i -e 1,2d' });
  repo.commit('chore: lines', { 'src/a.ts': 'old\n' });
  const lines = ['x1', 'x2', 'x3', 'x4', 'function f() {', '}', 'function g() {', '}', 'end', ''];
  repo.write('src/a.ts', lines.join('\n')).git('add', '-A');
  repo.write('src/a.ts', lines.toSpliced(5, 0, '  mine').join('\n'));
  passes(repo.tryGit('commit', '-qm', 'feat: a'));
  is(repo.read('src/a.ts'), lines.toSpliced(5, 0, '  mine').slice(2).join('\n'));
  is(repo.git('show', 'HEAD:src/a.ts'), lines.slice(2).join('\n').trimEnd());
});

for (const [key, value] of [
  ['core.autocrlf', 'true'],
  ['core.splitIndex', 'true'],
  ['diff.noprefix', 'true'],
] as const)
  test(`with ${key} too, unstaged changes are byte for byte as they were`, () => {
    const repo = withTasks({ '*.txt': 'true', 'kinds/new.txt': format });
    repo.git('config', key, value);
    stageEverything(repo);
    const before = snapshot(repo);
    const done = repo.tryGit('commit', '-qm', 'feat: a');
    is(done.code, 0, done.out);
    equal(snapshot(repo), before);
    match(repo.git('show', 'HEAD:kinds/new.txt'), /^new\s*;$/);
  });

test('a task that fails leaves every kind of file byte for byte as it was', () => {
  const spoil = script('for f in "$@"; do echo changed >> "$f"; done; rm "$1"');
  const complain = script("printf 'bad \\033[31mthing\\007\\n'; exit 4");
  const repo = withTasks({ '*.txt': [spoil, complain] });
  stageEverything(repo);
  const before = state(repo);
  const refused = repo.tryGit('commit', '-qm', 'feat: a');
  is(refused.code, 1);
  match(refused.out, 'error[staged-tasks]');
  match(refused.out, 'failed (exit code 4)');
  match(refused.out, '| bad thing<U+0007>');
  not.match(refused.out, /[✖❯↓✔\u001b]/);
  equal(state(repo), before);
  is(leftOver(repo), false);
});

test('a task that passes leaves every kind of unstaged change byte for byte as it was', () => {
  const log = join(folder(), 'log');
  const repo = withTasks({
    '*.{txt,png}': script(`for f in "$@"; do printf '%s: ' "$\{f##*/}"; od -An -c "$f"; done >> ${log}`),
  });
  stageEverything(repo);
  const before = snapshot(repo);
  passes(repo.tryGit('commit', '-qm', 'feat: a'));
  equal(snapshot(repo), before);
  const seen = readFileSync(log, 'utf8');
  for (const name of ['edited', 'gone', "it's new", 'mode', 'linked', 'whole', 'new', 'added'])
    match(seen, `${name}.txt: `);
  match(seen, 'binary.png: ');
  not.match(seen, 'm   i   n   e');
  is(leftOver(repo), false);
});

test('commit -a, --amend and commit -p take in what the formatter changes', () => {
  const repo = withTasks({ '*.ts': format });
  repo.write('src/a.ts', 'all\n');
  passes(repo.tryGit('commit', '-qam', 'feat: all'));
  is(repo.git('show', 'HEAD:src/a.ts'), 'all;');
  is(repo.read('src/a.ts'), 'all;\n');
  is(repo.git('status', '--short'), '');
  repo.write('src/a.ts', 'amended\n').git('add', '-A');
  passes(repo.tryGit('commit', '-q', '--amend', '-m', 'feat: amended'));
  is(repo.git('show', 'HEAD:src/a.ts'), 'amended;');
  is(repo.git('status', '--short'), '');
  passes(repo.tryGit('commit', '-q', '--amend', '-m', 'feat: nothing staged'));
  repo.write('src/a.ts', 'included\n').write('src/b.ts', 'staged\n').git('add', 'src/b.ts');
  passes(repo.tryGit('commit', '-qim', 'feat: included', 'src/a.ts'));
  is(repo.git('show', 'HEAD:src/a.ts', 'HEAD:src/b.ts'), 'included;\nstaged;');
  is(repo.git('status', '--short'), '');
  repo.commit('chore: long', { 'src/a.ts': `${[...'abcdefghij'].join(';\n')};\n` });
  repo.write('src/a.ts', repo.read('src/a.ts').replace('a;', 'first').replace('j;', 'last'));
  const patched = run(repo.dir, 'git', ['commit', '-qpm', 'feat: half'], { input: 's\ny\nn\n' });
  is(patched.code, 0, patched.out);
  match(repo.git('show', 'HEAD:src/a.ts'), /^first;\nb;[\s\S]*\nj;$/);
  match(repo.read('src/a.ts'), /^first;\nb;[\s\S]*\nlast\n$/);
  is(repo.git('status', '--short'), ' M src/a.ts');
  is(leftOver(repo), false);
});

test('commit PATH: what passes is committed, what is changed is said and passes the second time', () => {
  const repo = withTasks({ '*.ts': format });
  repo.write('src/other.ts', 'staged besides\n').git('add', '-A');
  repo.write('src/a.ts', 'named\n');
  const index = repo.git('ls-files', '-s');
  const refused = repo.tryGit('commit', '-qm', 'feat: a', 'src/a.ts');
  is(refused.code, 1);
  match(refused.out, 'error[staged-tasks] src/a.ts: the tasks changed it');
  match(refused.out, 'run the same git commit again');
  is(repo.git('ls-files', '-s'), index);
  is(repo.read('src/a.ts'), 'named;\n');
  passes(repo.tryGit('commit', '-qm', 'feat: a', 'src/a.ts'));
  is(repo.git('show', 'HEAD:src/a.ts'), 'named;');
  is(repo.git('status', '--short'), 'A  src/other.ts');
  is(repo.git('show', ':src/other.ts'), 'staged besides');
});

test('the first commit of a repository, and a merge in progress', () => {
  const { repo } = guardedRepo({ more: `staged: ${JSON.stringify({ '*.ts': format })}`, remote: false });
  repo.git('checkout', '-q', '--orphan', 'fresh');
  repo.write('src/a.ts', 'first\n').git('add', '-A');
  const first = repo.tryGit('commit', '-qm', 'CRITICAL: first');
  is(first.code, 0, first.out);
  is(repo.git('show', 'HEAD:src/a.ts'), 'first;');
  repo.git('switch', '-qc', 'side');
  repo.commit('feat: side', { 'src/a.ts': 'side\n' });
  repo.git('switch', '-q', 'fresh');
  repo.commit('feat: main', { 'src/a.ts': 'main\n' });
  is(repo.tryGit('merge', 'side').code, 1);
  repo.write('src/a.ts', 'both\n').git('add', '-A');
  passes(repo.tryGit('commit', '-q', '--no-edit'));
  is(repo.git('show', 'HEAD:src/a.ts'), 'both;');
  is(repo.git('rev-list', '--parents', '-1', 'HEAD').split(' ').length, 3, 'it is a merge');
});

test('a merge in progress is still one after a task failed', () => {
  const flag = join(folder(), 'fail');
  const repo = withTasks({ '*.ts': script(`test ! -e ${flag}`) });
  repo.git('switch', '-qc', 'side');
  repo.commit('feat: side', { 'src/a.ts': 'side\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('feat: main', { 'src/a.ts': 'main\n' });
  is(repo.tryGit('merge', 'side').code, 1);
  repo.write('src/a.ts', 'both\n').git('add', '-A');
  writeFileSync(flag, '');
  const before = state(repo);
  is(repo.tryGit('commit', '-q', '--no-edit').code, 1);
  equal(state(repo), before);
  rmSync(flag);
  passes(repo.tryGit('commit', '-q', '--no-edit'));
  is(repo.git('rev-list', '--parents', '-1', 'HEAD').split(' ').length, 3);
});

test('a task that stages a change to a protected file is refused by commit-msg', () => {
  const repo = withTasks({ '*.ts': script('echo evil > server/pay.ts; git add server/pay.ts') });
  repo.write('src/a.ts', 'b\n').git('add', '-A');
  const head = repo.head();
  const refused = repo.tryGit('commit', '-qm', 'feat: b');
  is(refused.code, 1);
  match(refused.out, 'error[protected-files] server/pay.ts');
  is(repo.head(), head);
});

test('a task that deletes what it is given, and one that takes everything back', () => {
  const repo = withTasks({ '*.gone': 'rm', '*.ts': 'git checkout HEAD --' });
  repo.write('x.gone', '1\n').write('kept.txt', '1\n').git('add', '-A');
  passes(repo.tryGit('commit', '-qm', 'feat: x'));
  is(repo.git('ls-tree', '--name-only', 'HEAD', 'x.gone', 'kept.txt'), 'kept.txt');
  is(repo.has('x.gone'), false);
  repo.write('src/a.ts', 'b\n').git('add', '-A');
  const before = state(repo);
  const refused = repo.tryGit('commit', '-qm', 'feat: b');
  is(refused.code, 1);
  match(refused.out, 'the tasks take back all that is staged');
  equal(state(repo), before);
});

test('a missing tool is undecided, and so are tasks that were killed and a configuration that is none', () => {
  for (const [tasks, words] of [
    ['no-such-tool --fix', 'the task no-such-tool --fix could not be started: not found'],
    [script('kill -9 $$'), 'was killed'],
    ['', 'passed'],
  ] as const) {
    const repo = withTasks({ '*.ts': tasks || 'true' });
    repo.write('src/a.ts', 'b\n').git('add', '-A');
    repo.write('src/a.ts', 'c\n');
    const before = state(repo);
    const done = repo.protect('hook', 'pre-commit');
    is(done.code, words === 'passed' ? 0 : 3, done.out);
    if (words !== 'passed') match(done.out, words);
    equal(state(repo), before);
  }
  const { repo } = guardedRepo({ more: 'staged: { "*.ts": 5 }', remote: false });
  repo.write('src/a.ts', 'b\n').git('add', '-A');
  const done = repo.protect('hook', 'pre-commit');
  is(done.code, 3, done.out);
  match(done.out, 'undecided[staged-tasks]');
});

test('names: spaces, quotes, dashes and a thousand files reach the tasks whole', () => {
  const log = join(folder(), 'log');
  const repo = withTasks({ '**/*.ts': script(`for f in "$@"; do test -f "$f" || exit 9; echo x >> ${log}; done`) });
  const names = ['-n.ts', 'a b.ts', '"q".ts', "it's.ts", '$HOME.ts', '*.ts', 'ü.ts', '-d/--x.ts', '[a].ts', '{a,b}.ts'];
  for (const name of names) repo.write(name, `${name}\n`);
  for (let at = 0; at < 1000; at++)
    repo.write(`many/a-rather-long-folder-name-${at % 10}/${'n'.repeat(100)}-${at}.ts`, `${at}\n`);
  repo.git('add', '-A');
  for (const name of names) repo.write(name, `${name}\nmine\n`);
  const before = snapshot(repo);
  passes(repo.tryGit('commit', '-qm', 'feat: names'));
  is(readFileSync(log, 'utf8').length, 2 * (1000 + names.length));
  equal(snapshot(repo), before);
});

test('a file whose name is a pattern stages no other', () => {
  const repo = withTasks({ '*.ts': format });
  repo.write('src/*.ts', 'star\n').write('src/a.ts', 'not staged\n').git('--literal-pathspecs', 'add', 'src/*.ts');
  passes(repo.tryGit('commit', '-qm', 'feat: star'));
  is(repo.git('show', '--format=', '--name-only', 'HEAD'), 'src/*.ts');
  is(repo.git('show', 'HEAD:src/*.ts'), 'star;');
  is(repo.git('diff-files', '--name-only'), 'src/a.ts');
});

test('names that lint-staged would misread are undecided', () => {
  for (const name of [
    Buffer.from('caf\xe9.ts', 'latin1'),
    Buffer.from('a\nb.ts'),
    Buffer.from('a\\b.ts'),
    Buffer.from(':a.ts'),
  ]) {
    const repo = withTasks({ '*.ts': 'true' });
    writeFileSync(Buffer.concat([Buffer.from(`${repo.dir}/`), name]), 'x\n');
    repo.git('add', '-A');
    const done = repo.protect('hook', 'pre-commit');
    is(done.code, 3, done.out);
    match(done.out, 'lint-staged cannot read such a name');
  }
});

test('symlinks and submodules are not for tasks; a link that became a file is', () => {
  const log = join(folder(), 'log');
  const repo = withTasks({ '*': script(`for f in "$@"; do echo "$\{f##*/}" >> ${log}; done`) });
  symlinkSync('a.ts', join(repo.dir, 'src/became.ts'));
  repo.commit('chore: link');
  repo.remove('src/became.ts').write('src/became.ts', 'a file now\n');
  symlinkSync('a.ts', join(repo.dir, 'src/link.ts'));
  const sub = new Repo(join(repo.dir, 'sub'));
  mkdirSync(sub.dir);
  sub.git('init', '-q');
  sub.commit('x', { x: '1' });
  repo.git('add', '-A');
  sub.write('x', 'dirty');
  const done = repo.tryGit('commit', '-qm', 'feat: odd');
  is(done.code, 0, done.out);
  is(readFileSync(log, 'utf8'), 'became.ts\n');
});

test('what Git is told not to look at, and what stands in the way, is undecided and untouched', () => {
  const repo = withTasks({ '*': format });
  repo.write('src/a.ts', 'b\n').git('add', '-A');
  repo.git('update-index', '--assume-unchanged', 'src/a.ts');
  repo.write('src/a.ts', 'hidden edit\n');
  const unseen = repo.protect('hook', 'pre-commit');
  is(unseen.code, 3, unseen.out);
  match(unseen.out, 'git update-index --no-assume-unchanged --no-skip-worktree src/a.ts');
  is(repo.read('src/a.ts'), 'hidden edit\n');
  repo.git('update-index', '--no-assume-unchanged', 'src/a.ts');
  repo.remove('src/a.ts').write('src/a.ts/untracked', 'precious\n');
  const folderThere = repo.protect('hook', 'pre-commit');
  is(folderThere.code, 3, folderThere.out);
  is(repo.read('src/a.ts/untracked'), 'precious\n');
  const elsewhere = folder('elsewhere');
  writeFileSync(join(elsewhere, 'a.ts'), 'elsewhere\n');
  repo.remove('src');
  symlinkSync(elsewhere, join(repo.dir, 'src'));
  const linked = repo.protect('hook', 'pre-commit');
  is(linked.code, 3, linked.out);
  match(linked.out, 'in the working tree src is something else');
  is(readFileSync(join(elsewhere, 'a.ts'), 'utf8'), 'elsewhere\n');
  is(leftOver(repo), false);
});

test("tasks get the tools of the top level and none of Git's variables", () => {
  const log = join(folder(), 'log');
  const repo = withTasks({ 'packages/*/src/*.ts': 'my-tool' });
  repo.write(
    'node_modules/.bin/my-tool',
    `#!/bin/sh\n(pwd; env | grep ^GIT_; echo "opts $NODE_OPTIONS") > ${log}\n`,
    0o755,
  );
  repo.write('packages/one/src/a.ts', '1\n').write('packages/one/.lintstagedrc', '{ "*": "false" }').git('add', '-A');
  passes(new Repo(repo.dir, { GIT_AUTHOR_NAME: 'X' }).tryGit('commit', '-qm', 'feat: a'));
  is(readFileSync(log, 'utf8'), `${repo.dir}\nopts \n`);
});

test('a task that works with Git elsewhere does not touch this repository, from a linked worktree either', () => {
  const repo = withTasks({
    '*.ts': script(
      'set -e; cd "$(mktemp -d)"; git init -q .; git config core.bare false; git config user.name fixture; echo x > fixture; git add .; git commit -qm fixture; git init -q --bare ../bare.$$; test "$(git ls-files)" = fixture',
    ),
  });
  const tree = join(folder('trees'), 'linked');
  repo.git('worktree', 'add', '-q', tree, '-b', 'other');
  const config = repo.read('.git/config');
  for (const place of [new Repo(tree), repo]) {
    place.write('src/a.ts', 'b\n');
    passes(place.tryGit('commit', '-qam', 'feat: b'));
    place.write('src/a.ts', 'c\n').git('add', '-A');
    passes(place.tryGit('commit', '-qm', 'feat: c'));
    is(place.git('ls-files', 'fixture'), '');
    is(place.git('status', '--short'), '');
  }
  is(repo.read('.git/config'), config);
});

test('two worktrees at the same time keep their own', async () => {
  const both = folder('both');
  const repo = withTasks({
    '*.ts': script(`touch ${both}/$$; while [ "$(ls ${both} | wc -l)" -lt 2 ]; do sleep 0.05; done; test ! -e fail`),
  });
  repo.write('.git/info/exclude', 'node_modules\nfail\n');
  repo.write('src/a.ts', 'stashed\n').git('stash', '-q');
  const tree = join(folder('trees'), 'linked');
  repo.git('worktree', 'add', '-q', tree, '-b', 'other');
  const linked = new Repo(tree);
  for (const place of [repo, linked]) {
    place.write('src/a.ts', `staged ${place.dir}\n`).git('add', '-A');
    place.write('src/a.ts', `staged ${place.dir}\nmine ${place.dir}\n`);
  }
  linked.write('fail', '');
  const before = [snapshot(repo), state(linked)];
  const [one, other] = await Promise.all([
    start(repo, 'git', 'commit', '-qm', 'feat: a').ended,
    start(linked, 'git', 'commit', '-qm', 'feat: a').ended,
  ]);
  is(one.code, 0, one.out);
  is(other.code, 1, other.out);
  equal([snapshot(repo), state(linked)], before);
  is(repo.git('stash', 'list').split('\n').length, 1);
});

test('one run at a time in a working tree', async () => {
  const { repo, go, started } = waiting();
  const first = start(repo, 'git', 'commit', '-qm', 'feat: a');
  await until(started);
  const second = repo.protect('hook', 'pre-commit');
  is(second.code, 3, second.out);
  match(second.out, 'another commit runs its tasks in this working tree');
  writeFileSync(go, '');
  is((await first.ended).code, 0);
  is(repo.read('src/a.ts'), 'staged\nmine\n');
});

test('Ctrl-C, twice, ends with the files as they were and a line that says so', async () => {
  for (const stubborn of ['', "trap '' INT TERM;"]) {
    const { repo, started } = waiting(stubborn);
    const before = state(repo);
    const commit = start(repo, process.execPath, join(distFolder, 'hook.cjs'), 'pre-commit');
    await until(started);
    is(repo.read('src/a.ts'), 'half written', 'the task is in the middle');
    process.kill(-commit.child.pid!, 'SIGINT');
    await new Promise((done) => setTimeout(done, 100));
    // Whoever obeyed the first at once hears no second; a stubborn task has to be there for it.
    if (stubborn || commit.child.exitCode === null) process.kill(-commit.child.pid!, 'SIGINT');
    const ended = await commit.ended;
    is(ended.code, 3, ended.out);
    match(ended.out, 'it was interrupted; every staged file is as it was');
    equal(state(repo), before);
    is(leftOver(repo), false);
    is(alive(started), false, 'the task is gone');
  }
});

test('Ctrl-C under git commit: nothing is committed and the files are as they were', async () => {
  const { repo, started } = waiting();
  const before = state(repo);
  const head = repo.head();
  const commit = start(repo, 'git', 'commit', '-qm', 'feat: a');
  await until(started);
  process.kill(-commit.child.pid!, 'SIGINT');
  const ended = await commit.ended;
  ok(ended.code !== 0);
  match(ended.out, 'it was interrupted; every staged file is as it was');
  // Git does not wait for its hook; the pipe that it inherited is closed when the hook is done.
  equal(state(repo), before);
  is(leftOver(repo), false);
  is(repo.head(), head);
});

test('a timeout stops the tasks with all they started, and puts everything back', () => {
  const { repo, started } = waiting("trap '' TERM; sleep 300 &", 'checks: { staged-tasks: { timeout: 1s } }');
  const before = state(repo);
  const late = repo.protect('hook', 'pre-commit');
  is(late.code, 3, late.out);
  match(late.out, 'the tasks took longer than 1 s and were stopped; every staged file is as it was');
  match(late.out, 'raise checks.staged-tasks.timeout');
  equal(state(repo), before);
  is(alive(started), false);
});

test('SIGKILL of the process for lint-staged: everything is put back', async () => {
  const { repo, started } = waiting();
  const before = state(repo);
  const commit = start(repo, 'git', 'commit', '-qm', 'feat: a');
  await until(started);
  const task = Number(readFileSync(started, 'utf8'));
  process.kill(parentOf(task), 'SIGKILL');
  const ended = await commit.ended;
  is(ended.code, 1, ended.out);
  match(ended.out, 'lint-staged was killed before it answered; every staged file is as it was');
  equal(state(repo), before);
  is(leftOver(repo), false);
  is(alive(started), false);
});

test('SIGKILL of the whole hook: the next commit says so, touches nothing, and its command brings everything back', async () => {
  const { repo, started } = waiting();
  stageEverything(repo);
  repo.git('add', 'src/a.ts');
  const before = state(repo);
  const hook = start(repo, process.execPath, join(distFolder, 'hook.cjs'), 'pre-commit');
  await until(started);
  hook.child.kill('SIGKILL');
  await hook.ended;
  while (alive(started)) await new Promise((done) => setTimeout(done, 20));
  is(repo.read('src/a.ts'), 'half written');
  is(repo.read('kinds/new.txt'), 'new\n', 'unstaged changes are out');
  const index = state(repo);
  const refused = repo.tryGit('commit', '-qm', 'feat: a');
  is(refused.code, 1);
  match(refused.out, 'undecided[staged-tasks] a run of the tasks was killed here before');
  equal(state(repo), index);
  const help = /help: (cp .*)/.exec(refused.out)?.[1];
  ok(help, refused.out);
  const mended = run(folder(), 'sh', ['-c', help!]);
  is(mended.code, 0, mended.out);
  equal(state(repo), before);
  is(leftOver(repo), false);
});

test('killed at any moment, nothing is lost', async () => {
  const repo = withTasks({ '*.txt': script('for f in "$@"; do echo changed >> "$f"; done; exit 1') });
  stageEverything(repo);
  const before = state(repo);
  for (let delay = 40; delay < 440; delay += Number(process.env['KILL_STEP'] ?? 40)) {
    const hook = start(repo, process.execPath, join(distFolder, 'hook.cjs'), 'pre-commit');
    await new Promise((done) => setTimeout(done, delay));
    hook.child.kill('SIGKILL');
    await hook.ended;
    while (isBusy(repo)) await new Promise((done) => setTimeout(done, 20));
    const next = repo.protect('hook', 'pre-commit');
    const help = /help: (cp .*)/.exec(next.out)?.[1];
    is(next.code, help ? 3 : 1, next.out);
    if (help) is(run(folder(), 'sh', ['-c', help]).code, 0);
    equal(state(repo), before, `${delay} ms`);
    is(leftOver(repo), false);
  }
});

test('a run killed before it touched a file leaves nothing to say', () => {
  const repo = withTasks({ '*.ts': 'true' });
  repo.write('.git/protect/set-aside/pid', '999999999').write('.git/protect/set-aside/copying/src/a.ts', 'half a co');
  repo.write('src/a.ts', 'b\n');
  passes(repo.tryGit('commit', '-qam', 'feat: b'));
  is(leftOver(repo), false);
});

test('on a terminal a line tells what runs when it takes a while', () => {
  const repo = withTasks({ '*.ts': 'sh -c "sleep 2"' });
  repo.write('src/a.ts', 'b\n').git('add', '-A');
  const hook = `'${process.execPath}' '${join(distFolder, 'hook.cjs')}' pre-commit`;
  const shown = run(repo.dir, 'script', ['-qec', hook, '/dev/null'], { env: { TERM: 'xterm' } });
  match(shown.out, /^protect: staged tasks: sh -c "sleep 2"/);
  is(shown.out.trim().split('\n').length, 1, 'and nothing else');
});

/** A file with an unstaged change, and a task that writes half of it and waits. */
function waiting(first = '', more = '') {
  const traces = folder('traces');
  const [started, go] = [join(traces, 'started'), join(traces, 'go')];
  const task = script(
    `${first}\nfor f in "$@"; do cp "$f" ${traces}/copy; printf 'half written' > "$f"; done\necho $$ > ${started}\nwhile [ ! -e ${go} ]; do sleep 0.05; done\ncp ${traces}/copy "$f"`,
  );
  const spoil = script('echo changed >> "$1"');
  const repo = withTasks({ 'src/a.ts': task, 'kinds/whole.txt': spoil }, more);
  repo.write('src/a.ts', 'staged\n').git('add', '-A');
  repo.write('src/a.ts', 'staged\nmine\n');
  return { repo, go, started };
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Result>;
}

/** Starts something as the leader of a process group, as a shell does. */
function start(repo: Repo, command: string, ...args: string[]): Running {
  const child = spawn(command, args, {
    cwd: repo.dir,
    env: environment({ ...repo.env, ...hooksApart }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (out += chunk));
  const ended = new Promise<Result>((done) => child.on('close', (code) => done({ code, stdout: '', stderr: '', out })));
  return { child, ended };
}

async function until(file: string): Promise<void> {
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((done) => setTimeout(done, 20));
}

/** Does the process run whose id the file holds? A zombie does not. */
function alive(file: string): boolean {
  const stat = `/proc/${readFileSync(file, 'utf8').trim()}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

/** Does a process work in the repository? */
function isBusy(repo: Repo): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(repo.dir);
    } catch {
      return false; // It ended, or is not ours.
    }
  });
}

function parentOf(pid: number): number {
  return Number(run('/', 'ps', ['-o', 'ppid=', '-p', String(pid)]).stdout);
}
