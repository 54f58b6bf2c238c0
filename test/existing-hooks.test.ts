import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import {
  addRemote,
  copyRepo,
  copyWithRemote,
  distFolder,
  folder,
  guardedRepo,
  installPackage,
  makeKey,
  newRepo,
  projectRoot,
  Repo,
  run,
} from './support/world.ts';

hooksStay();
const test = suite('existing hooks');

/** Everything in a repository that is not its objects: path → mode and content. */
function snapshot(dir: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string) => {
    for (const name of readdirSync(join(dir, path))) {
      const inner = path === '' ? name : `${path}/${name}`;
      if (
        /^(node_modules|\.git\/(objects|logs|refs|index|COMMIT_EDITMSG|ORIG_HEAD|packed-refs|worktrees))$/.test(inner)
      )
        continue;
      const at = lstatSync(join(dir, inner));
      if (at.isDirectory()) visit(inner);
      else
        found[inner] =
          `${(at.mode & 0o777).toString(8)} ${at.isSymbolicLink() ? readlinkSync(join(dir, inner)) : readFileSync(join(dir, inner), 'latin1')}`;
    }
  };
  visit('');
  return found;
}

/** A hook that writes down that it ran, and what it was told. */
function hook(name: string, shebang = '#!/bin/sh'): string {
  const input = name === 'pre-push' ? 'cat; ' : '';
  return `${shebang}\n{ echo "${name} $#"; ${input}} >> "$RAN"\n`;
}

const names = ['pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit', 'pre-push', 'post-checkout'];

interface Case {
  readonly name: string;
  /** Makes the repository as it was before; hooks write what they did to `$RAN`. */
  prepare(repo: Repo): void;
  /** Which of the hooks have run before; default: all. */
  readonly ran?: readonly string[];
  /** Its hooks read a file that a linked worktree does not have, with us or without. */
  readonly failsInWorktrees?: true;
}

const writeAll = (repo: Repo, where: string) => {
  for (const name of names) repo.write(`${where}/${name}`, hook(name), 0o755);
};

const cases: Case[] = [
  { name: '.git/hooks', prepare: (repo) => writeAll(repo, '.git/hooks') },
  {
    name: '.git/hooks in Python, and one that is not executable',
    prepare(repo) {
      repo.write(
        '.git/hooks/pre-commit',
        '#!/usr/bin/env python3\nimport os\nopen(os.environ["RAN"], "a").write("pre-commit 0\\n")\n',
        0o755,
      );
      repo.write('.git/hooks/commit-msg', hook('commit-msg'), 0o644);
    },
    ran: ['pre-commit'],
  },
  {
    name: '.githooks in the tree, by core.hooksPath',
    prepare(repo) {
      writeAll(repo, '.githooks');
      repo.write('.githooks/commit-msg', `${hook('commit-msg', '#!/usr/bin/env bash')}exit 0\n`, 0o755);
      repo.git('config', 'core.hooksPath', '.githooks');
    },
  },
  {
    name: '.githooks and a dead .git/hooks beside it',
    prepare(repo) {
      writeAll(repo, '.git/hooks');
      repo.write('.githooks/pre-commit', hook('pre-commit'), 0o755);
      repo.git('config', 'core.hooksPath', './.githooks/');
    },
    ran: ['pre-commit'],
  },
  {
    name: 'a folder outside the tree',
    prepare(repo) {
      const outside = folder('hooks');
      writeAll(new Repo(outside), '.');
      repo.git('config', 'core.hooksPath', outside);
    },
  },
  {
    name: 'a folder of the whole machine, by the global configuration',
    prepare(repo) {
      writeAll(new Repo(repo.env['HOME']!), 'all hooks');
      repo.git('config', '--global', 'core.hooksPath', '~/all hooks');
    },
  },
  {
    name: 'an ignored folder of the tree',
    prepare(repo) {
      repo.write('.gitignore', 'tmp/\n');
      writeAll(repo, 'tmp/hooks');
      repo.git('config', 'core.hooksPath', 'tmp/hooks');
    },
  },
  {
    name: 'core.hooksPath that names .git/hooks itself',
    prepare(repo) {
      writeAll(repo, '.git/hooks');
      repo.git('config', 'core.hooksPath', '.git/hooks/');
    },
  },
  {
    name: 'hooks switched off by /dev/null',
    prepare(repo) {
      writeAll(repo, '.git/hooks');
      repo.git('config', 'core.hooksPath', '/dev/null');
    },
    ran: [],
  },
  {
    name: 'husky with every hook, behind exit and exec',
    prepare(repo) {
      repo.write('package.json', '{"name":"x","scripts":{"prepare":"husky"}}\n');
      for (const name of names)
        repo.write(`.husky/${name}`, `${hook(name)}${name === 'commit-msg' ? 'exec true' : 'exit 0'}\n`);
      execFileSync(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js')], { cwd: repo.dir });
    },
  },
  {
    name: 'husky in a folder of its own below the top, and dead .git/hooks',
    prepare(repo) {
      repo.write(
        'frontend/package.json',
        '{\n\t"name": "f",\n\t"scripts": {\n\t\t"prepare": "cd .. && husky frontend/.husky"\n\t}\n}',
      );
      writeAll(repo, '.git/hooks');
      repo.write('frontend/.husky/pre-commit', hook('pre-commit')).write('frontend/.husky/pre-push', hook('pre-push'));
      execFileSync(process.execPath, [join(projectRoot, 'node_modules/husky/bin.js'), 'frontend/.husky'], {
        cwd: repo.dir,
      });
    },
    ran: ['pre-commit', 'pre-push'],
  },
  {
    name: 'husky of the eighth version',
    failsInWorktrees: true,
    prepare(repo) {
      repo
        .write('.husky/_/husky.sh', '#!/usr/bin/env sh\n[ "$HUSKY" = 0 ] && exit 0\n')
        .write('.husky/_/.gitignore', '*');
      for (const name of ['pre-commit', 'pre-push'])
        repo.write(`.husky/${name}`, hook(name, '#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n'), 0o755);
      repo.git('config', 'core.hooksPath', '.husky');
    },
    ran: ['pre-commit', 'pre-push'],
  },
  {
    name: 'empty and odd hook files',
    prepare(repo) {
      repo
        .write('.husky/pre-commit', '')
        .write('.husky/commit-msg', '#!/bin/sh')
        .write('.husky/pre-push', 'true')
        .write('.husky/post-checkout', '#!/bin/sh\n');
    },
    ran: [],
  },
  {
    name: 'hooks that are no UTF-8',
    prepare(repo) {
      const bytes = (name: string) => Buffer.from(`${hook(name)}# caf\xe9 \xff\n`, 'latin1');
      repo.write('.githooks/pre-commit', bytes('pre-commit'), 0o755);
      repo.write('.githooks/pre-push', bytes('pre-push'), 0o755);
      repo.git('config', 'core.hooksPath', '.githooks');
    },
    ran: ['pre-commit', 'pre-push'],
  },
  {
    name: 'overcommit: one script under many names',
    prepare(repo) {
      const script =
        '#!/usr/bin/env python3\nimport os, sys\nopen(os.environ["RAN"], "a").write(os.path.basename(sys.argv[0]) + f" {len(sys.argv) - 1}\\n" + (sys.stdin.read() if "push" in sys.argv[0] else ""))\n';
      for (const name of names) repo.write(`.git/hooks/${name}`, script, 0o755);
    },
  },
];

/** A repository with a commit and a remote, and the samples of hooks that Git puts there. */
const base = (() => {
  const home = folder('home');
  const repo = new Repo(newRepo({ install: false }).dir, { HOME: home });
  repo.git('init', '-q');
  repo.git('config', '--global', 'user.name', 'A');
  repo.git('config', '--global', 'user.email', 'a@example.com');
  repo.commit('start', { 'src/a.ts': 'a\n' });
  return { home, repo, origin: addRemote(repo) };
})();

function start({ prepare, name }: Case) {
  const home = copyRepo(new Repo(base.home)).dir;
  const ran = join(folder('ran'), 'ran');
  const repo = new Repo(copyWithRemote(base.repo, base.origin).repo.dir, { HOME: home, RAN: ran });
  prepare(repo);
  installPackage(name.includes('below the top') ? join(repo.dir, 'frontend') : repo.dir);
  repo.commit('more');
  const take = () => {
    const text = existsSync(ran) ? readFileSync(ran, 'utf8') : '';
    rmSync(ran, { force: true });
    return text;
  };
  return { repo, take };
}

/** A commit, a push and a checkout; returns what the hooks wrote. */
function work(repo: Repo, take: () => string, n: number): string {
  take();
  repo.write('src/a.ts', `${n}\n`);
  const committed = repo.tryGit('commit', '-qam', `feat: number ${n}`);
  is(committed.code, 0, committed.out);
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 0, pushed.out);
  repo.git('switch', '-qc', `branch-${n}`);
  repo.git('switch', '-q', 'main');
  return take().replace(/[0-9a-f]{40}/g, 'ID');
}

for (const one of cases)
  test(`${one.name}: all goes on running, and uninstall restores it to the byte`, () => {
    const { repo, take } = start(one);
    const cwd = one.name.includes('below the top') ? join(repo.dir, 'frontend') : repo.dir;
    const ranBefore = work(repo, take, 1);
    equal(
      [...new Set([...ranBefore.matchAll(/^([a-z-]+) \d$/gm)].map(([, name]) => name))].sort(),
      [...(one.ran ?? names)].sort(),
    );
    const before = snapshot(repo.dir);
    const done = repo.protectWith({ cwd }, 'init', '--ci', 'github');
    is(done.code, 0, done.out);
    const wired = snapshot(repo.dir);
    is(repo.protectWith({ cwd }, 'wire').out, '');
    equal(snapshot(repo.dir), wired, 'wiring twice is wiring once');
    repo.git('add', '-A');
    const refused = repo.tryGit('commit', '-m', 'bad words');
    is(refused.code, 1, refused.out);
    match(refused.out, 'error[commit-message]');
    is(repo.tryGit('commit', '-m', 'chore: protect').code, 0);
    is(work(repo, take, 2), ranBefore);
    is(repo.tryGit('push', 'origin', '+main~2:main').code, 1, 'a force push is refused');
    const worktree = join(folder('worktree'), 'w');
    repo.git('worktree', 'add', '-q', worktree);
    is(run(worktree, 'git', ['commit', '--allow-empty', '-m', 'bad'], { env: repo.env }).code, 1);
    take();
    const there = run(worktree, 'git', ['commit', '--allow-empty', '-m', 'chore: x'], { env: repo.env });
    is(there.code, one.failsInWorktrees ? 1 : 0, there.out);
    const ranThere = take();
    for (const name of one.failsInWorktrees ? [] : ['pre-commit', 'commit-msg', 'post-commit'])
      is(ranThere.includes(`${name} `), ranBefore.includes(`${name} `), `${name} in a linked worktree`);
    repo.git('worktree', 'remove', '--force', worktree);
    const out = repo.protectWith({ cwd }, 'uninstall');
    is(out.code, 0, out.out);
    repo.write('src/a.ts', '1\n');
    equal(snapshot(repo.dir), before);
    is(work(repo, take, 3), ranBefore);
  });

const unfit: { name: string; prepare(repo: Repo): void; says: RegExp }[] = [
  {
    name: 'a tracked hook that is no shell script',
    prepare(repo) {
      repo.write('.githooks/pre-commit', '#!/usr/bin/env python3\nprint(1)\n', 0o755);
      repo.git('config', 'core.hooksPath', '.githooks');
    },
    says: /\.githooks\/pre-commit is not a shell script \(#!\/usr\/bin\/env python3\)/,
  },
  {
    name: 'a tracked hook that Git does not run, because it is not executable',
    prepare(repo) {
      repo.write('.githooks/pre-push', '#!/bin/sh\nexit 1\n', 0o644);
      repo.git('config', 'core.hooksPath', '.githooks');
    },
    says: /is not executable, so Git does not run it/,
  },
  {
    name: 'a hook that is a link',
    prepare(repo) {
      repo.write('tools/check.sh', 'true\n').write('.husky/.keep', '');
      symlinkSync('../tools/check.sh', join(repo.dir, '.husky/pre-commit'));
    },
    says: /\.husky\/pre-commit is a symbolic link/,
  },
  {
    name: 'a folder of hooks that is a link out of the repository',
    prepare: (repo) => symlinkSync(folder('elsewhere'), join(repo.dir, '.husky')),
    says: /\.husky is a symbolic link/,
  },
  {
    name: 'a folder of shims that is a link',
    prepare(repo) {
      const elsewhere = folder('elsewhere');
      new Repo(elsewhere).write('mine', 'mine\n');
      repo.write('.husky/.keep', '');
      symlinkSync(elsewhere, join(repo.dir, '.husky/_'));
    },
    says: /\.husky\/_ is a symbolic link/,
  },
  {
    name: 'a package.json that is no object',
    prepare: (repo) => repo.write('package.json', '[]\n'),
    says: /package\.json is not an object whose scripts are strings/,
  },
  {
    name: 'a package.json whose scripts are no strings',
    prepare: (repo) => repo.write('package.json', '{ "scripts": { "prepare": 1 } }\n'),
    says: /package\.json is not an object whose scripts are strings/,
  },
  {
    name: 'a file where the folder has to be',
    prepare: (repo) => repo.write('.husky', 'mine\n'),
    says: /\.husky is a file/,
  },
  {
    name: 'a package.json that is not JSON',
    prepare: (repo) => repo.write('package.json', '{ "name": "x", }\n'),
    says: /package\.json is not valid JSON/,
  },
];

for (const { name, prepare, says } of unfit)
  test(`${name} is refused before anything is written`, () => {
    const repo = newRepo();
    repo.commit('start', { 'src/a.ts': 'a\n' });
    prepare(repo);
    const before = snapshot(repo.dir);
    const refused = repo.protect('init', '--ci', 'none');
    is(refused.code, 2, refused.out);
    match(refused.out, says);
    match(refused.out, 'help: ');
    equal(snapshot(repo.dir), before);
  });

test('hooks that somebody switched off come back with those that ran before', () => {
  const repo = newRepo();
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  repo.write('.git/hooks/pre-commit', '#!/bin/sh\necho theirs\n', 0o755);
  repo.protect('wire');
  repo.git('config', 'core.hooksPath', '/dev/null');
  is(repo.protect('wire').code, 0);
  match(repo.tryGit('commit', '--allow-empty', '-m', 'feat: x').out, 'theirs');
  repo.protect('uninstall');
  is(repo.tryGit('config', 'core.hooksPath').code, 1);
});

test('files of ours stay as they are where Git runs them itself, and the other way round', () => {
  const repo = newRepo();
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  repo.protect('wire');
  repo.commit('chore: wired by husky');
  repo.git('config', 'core.hooksPath', '.husky');
  is(repo.protect('wire').code, 0);
  is(repo.git('status', '--porcelain'), '');
  is(repo.tryGit('commit', '--allow-empty', '-m', 'bad').code, 1);
});

test('the help for a hook that is no shell script, pasted, keeps it running with its arguments and its input', () => {
  const repo = newRepo();
  repo.commit('start', { 'src/a.ts': 'a\n' });
  repo.write(
    'my hooks/pre-push',
    '#!/usr/bin/env -S node\nconsole.log("ran", process.argv.length, require("fs").readFileSync(0).length)\n',
    0o755,
  );
  repo.git('config', 'core.hooksPath', 'my hooks');
  const refused = repo.protect('init', '--ci', 'none');
  is(refused.code, 2);
  const help = /of that name: (.*)/.exec(refused.out)![1]!;
  is(run(repo.dir, 'sh', ['-c', help]).code, 0);
  const done = repo.protect('init', '--ci', 'none');
  is(done.code, 0, done.out);
  addRemote(repo);
  match(repo.tryGit('push', 'origin', 'HEAD:refs/heads/other').out, /ran 4 [1-9]/);
});

test('the policy that init writes protects the folder that the hooks are in', () => {
  const repo = new Repo(newRepo().dir, { HOME: folder('home') });
  const key = makeKey('lead');
  repo.write('.githooks/pre-commit', '#!/bin/sh\n', 0o755);
  repo.git('config', 'core.hooksPath', '.githooks');
  const done = repo.protect('init', '--ci', 'none', '--key', `${key.file}.pub`, '--owner', 'lead');
  is(done.code, 0, done.out);
  match(repo.read('.protectionrc'), 'paths: ["/.githooks/"]');
  match(done.out, 'git add .githooks .protect/.gitattributes .protectionrc && git commit');
});

test('hooks of the main worktree, named by an absolute path, are wired there', () => {
  const repo = newRepo();
  repo.commit('start', { '.githooks/pre-commit': '#!/bin/sh\n' });
  chmodSync(join(repo.dir, '.githooks/pre-commit'), 0o755);
  repo.git('config', 'core.hooksPath', join(repo.dir, '.githooks'));
  const linked = join(folder('linked'), 'w');
  repo.git('worktree', 'add', '-q', linked);
  const refused = new Repo(linked).protect('wire');
  is(refused.code, 2, refused.out);
  match(refused.out, `cd ${repo.dir} && npx git-protect wire`);
  is(repo.protect('wire').code, 0);
  is(run(linked, 'git', ['commit', '--allow-empty', '-m', 'bad']).code, 0, 'without a policy nothing is judged');
  match(run(linked, 'git', ['commit', '--allow-empty', '-m', 'bad']).out, 'no policy yet');
});

test('what a hook manager writes over our shims afterwards runs, and so do we once wired again', () => {
  const repo = newRepo();
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  repo.protect('wire');
  const theirs = '#!/bin/sh\necho theirs\n';
  repo.write('.husky/_/pre-commit.old', repo.read('.husky/_/pre-commit'), 0o755);
  repo.write('.husky/_/pre-commit', theirs, 0o755);
  is(repo.protect('wire').out, '');
  is(repo.has('.husky/_/pre-commit.old'), false);
  const done = repo.tryGit('commit', '--allow-empty', '-m', 'bad');
  is(done.code, 1);
  match(done.out, 'theirs');
  match(done.out, 'error[commit-message]');
  is(repo.protect('uninstall').code, 0);
  is(repo.read('.git/hooks/pre-commit'), theirs, 'it stays, where Git runs it now');
});

test('a package.json comes back to the byte, whatever its form', () => {
  for (const text of [
    '{}',
    '{ }\n',
    '{"name":"x"}',
    '{\r\n  "name": "x"\r\n}\r\n',
    '\ufeff{\n  "name": "x"\n}\n',
    '{\n\t"name": "x",\n\t"scripts": {}\n}',
    '{\n    "name": "x",\n    "scripts": {\n        "build": "true",\n        "prepare": "husky && say \\"hi\\""\n    },\n    "husky": {}\n}\n',
    '{"scripts":{"test":"node -e \\"1\\""},"description":"\\"scripts\\": { }"}',
    '{"a":{"scripts":{"prepare":"no"}},"scripts":{"prepare":"no"},"b":"no"}',
  ]) {
    const repo = newRepo();
    repo.commit('start', { 'package.json': text });
    is(repo.protect('init', '--ci', 'none').code, 0);
    match(repo.read('package.json'), "import('git-protect/wire')");
    is(repo.protect('uninstall').code, 0);
    is(repo.read('package.json'), text);
  }
});

test('uninstall keeps what no commit holds, and says so; --dry-run changes nothing', () => {
  const repo = newRepo();
  repo.commit('start', { 'src/a.ts': 'a\n' });
  repo.protect('init', '--ci', 'none');
  repo.write('.protectionrc', `${repo.read('.protectionrc')}# mine\n`);
  const before = snapshot(repo.dir);
  const dry = repo.protect('uninstall', '--dry-run');
  is(dry.code, 0);
  match(dry.out, 'remove  .husky/pre-commit');
  equal(snapshot(repo.dir), before);
  const done = repo.protect('uninstall');
  match(done.out, 'keep    .protectionrc');
  match(repo.read('.protectionrc'), '# mine');
  is(repo.has('.husky'), false);
  is(repo.has('.protect'), false);
  is(repo.protect('uninstall').code, 0, 'twice is once');
  repo.write('.git/protect/set-aside/files/mine', '1').write('.git/protect/passed/x', '1');
  is(repo.protect('uninstall').code, 0);
  is(repo.has('.git/protect/set-aside/files/mine'), true, 'what killed tasks left of files stays');
  is(repo.has('.git/protect/passed'), false);
});

test('an install that a hook of another repository started wires the one it runs in', () => {
  const [repo, other] = [newRepo(), newRepo({ install: false })];
  const wired = repo.protectWith({ env: { ...repo.env, GIT_DIR: join(other.dir, '.git') } }, 'wire');
  is(wired.code, 0, wired.out);
  is(repo.git('config', 'core.hooksPath'), '.husky/_');
  is(other.tryGit('config', 'core.hooksPath').code, 1, 'the other repository is as it was');
});

test('what keeps Git from running the hooks is said, and fails no install', () => {
  const repo = newRepo();
  const off = repo.protectWith({ env: { ...repo.env, HUSKY: '0' } }, 'wire');
  is(off.code, 0);
  match(off.stderr, 'protect: the hooks are not wired: HUSKY=0');
  repo.write('.git/more', `[core]\n\thooksPath = ${folder('elsewhere')}\n`);
  repo.write('.git/config', `${repo.read('.git/config')}[include]\n\tpath = more\n`);
  const stays = repo.protect('wire');
  is(stays.code, 0);
  match(stays.stderr, /the hooks are not wired: core\.hooksPath stays '.*elsewhere/);
  const init = repo.protect('init', '--ci', 'none');
  is(init.code, 2);
  match(init.stderr, /the hooks are not wired: core\.hooksPath stays/);
});

test('a hook that is not UTF-8 runs as it is and comes back to the byte', () => {
  const repo = newRepo();
  const theirs = Buffer.from('#!/bin/sh\necho caf\xe9\n', 'latin1');
  repo.write('.husky/pre-commit', theirs, 0o755);
  repo.commit('start');
  is(repo.protect('wire').code, 0);
  ok(readFileSync(join(repo.dir, '.husky/pre-commit')).includes(theirs.subarray(10)));
  is(repo.protect('uninstall').code, 0);
  equal(readFileSync(join(repo.dir, '.husky/pre-commit')), theirs);
});

test('files beside those that are written stay, and nothing is written through a link', () => {
  const repo = newRepo();
  const mine = join(folder('elsewhere'), 'mine');
  writeFileSync(mine, 'mine\n');
  repo.write('.husky/pre-commit.new', 'mine\n');
  symlinkSync(mine, join(repo.dir, '.husky/commit-msg.new'));
  is(repo.protect('wire').code, 0);
  is(repo.read('.husky/pre-commit.new'), 'mine\n');
  is(readFileSync(mine, 'utf8'), 'mine\n');
  is(lstatSync(join(repo.dir, '.husky/commit-msg')).isFile(), true);
});

test('uninstall keeps the hooks of another manager where Git has no folder, or one of that name', () => {
  const theirs = '#!/bin/sh\necho theirs\n';
  for (const mine of [null, '#!/bin/sh\necho mine\n']) {
    const repo = newRepo();
    repo.remove('.git/hooks');
    if (mine !== null) repo.write('.git/hooks/pre-commit', mine, 0o755);
    repo.protect('wire');
    repo.write('.husky/_/pre-commit', theirs, 0o755);
    repo.protect('wire');
    const done = repo.protect('uninstall');
    is(done.code, 0, done.out);
    is(repo.read('.git/hooks/pre-commit'), mine ?? theirs);
    if (mine !== null) is(repo.read('.git/hooks/pre-commit.chained'), theirs);
  }
});

test('uninstall keeps what Git was told not to look at', () => {
  for (const flag of ['--assume-unchanged', '--skip-worktree']) {
    const repo = newRepo();
    repo.commit('start', { '.protectionrc': 'version: 1\n' });
    repo.git('update-index', flag, '.protectionrc');
    repo.write('.protectionrc', 'version: 1\n# mine\n');
    match(repo.protect('uninstall').out, 'keep    .protectionrc');
    match(repo.read('.protectionrc'), '# mine');
  }
});

test('in a linked worktree a folder of shims that is a link is refused, and what it leads to is let alone', () => {
  const repo = newRepo();
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  repo.protect('wire');
  repo.commit('chore: hooks');
  const [linked, elsewhere] = [new Repo(join(folder('linked'), 'w')), new Repo(folder('elsewhere'))];
  elsewhere.write('mine', 'mine\n');
  repo.git('worktree', 'add', '-q', linked.dir);
  linked.remove('.husky/_');
  symlinkSync(elsewhere.dir, join(linked.dir, '.husky/_'));
  for (const command of ['wire', 'uninstall']) {
    const refused = repo.protect(command);
    is(refused.code, 2, refused.out);
    match(refused.out, '.husky/_ is a symbolic link');
    equal(snapshot(elsewhere.dir), { mine: '644 mine\n' });
  }
});

test('links among the shims: one that leads to a hook goes on running it, one that leads nowhere is replaced', () => {
  const repo = newRepo();
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  repo.write('tools/check', '#!/bin/sh\necho checked\n', 0o755).write('.husky/_/h', '');
  symlinkSync('../../tools/check', join(repo.dir, '.husky/_/pre-commit'));
  symlinkSync('nowhere', join(repo.dir, '.husky/_/commit-msg'));
  const wired = repo.protect('wire');
  is(wired.code, 0, wired.out);
  is(repo.read('tools/check'), '#!/bin/sh\necho checked\n');
  is(repo.has('.husky/_/nowhere'), false);
  const done = repo.tryGit('commit', '--allow-empty', '-m', 'feat: x');
  is(done.code, 0, done.out);
  match(done.out, 'checked');
});

test('a hook file that lost our line, by an edit or on an old branch, does not switch the gate off', () => {
  const { repo } = guardedRepo();
  for (const name of ['pre-commit', 'commit-msg', 'pre-push'])
    repo.write(`.husky/${name}`, name === 'pre-push' ? 'echo "theirs $(cat)"\n' : 'echo theirs\n');
  repo.write('server/pay.ts', 'evil\n').git('add', 'server');
  const refused = repo.tryGit('commit', '-m', 'CRITICAL: x');
  is(refused.code, 1, refused.out);
  match(refused.out, 'error[protected-files] server/pay.ts');
  repo.git('checkout', '-q', 'HEAD', '--', 'server');
  repo.write('src/a.ts', 'good\n').git('add', 'src');
  const passed = repo.tryGit('commit', '-m', 'feat: x');
  is(passed.code, 0, passed.out);
  match(passed.out, 'theirs');
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 0, pushed.out);
  match(pushed.out, 'theirs refs/heads/main', 'what Git says reaches it too');
});

test('a line that only looks like ours, or stands below an exit, does not switch the gate off', () => {
  const { repo } = guardedRepo();
  const ours = repo.read('.husky/pre-commit');
  repo.write('server/pay.ts', 'evil\n').git('add', 'server');
  for (const content of ['exit 0 # git-protect\n', `exit 0\n${ours}`, `#!/bin/sh\nexit 0\n${ours}`]) {
    repo.write('.husky/pre-commit', content).write('.husky/commit-msg', content);
    const refused = repo.tryGit('commit', '-m', 'CRITICAL: x');
    is(refused.code, 1, content + refused.out);
    match(refused.out, 'error[protected-files] server/pay.ts');
  }
});

test('wiring side by side, as installs in several worktrees do', () => {
  const repo = newRepo();
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  repo.git('worktree', 'add', '-q', join(folder('linked'), 'w'));
  const wire = `'${process.execPath}' '${join(distFolder, 'cli.js')}' wire`;
  const script = `for i in 1 2 3 4 5 6; do ${wire} & done; wait`;
  for (let round = 0; round < 3; round++) is(run(repo.dir, 'sh', ['-c', script]).out, '');
  is(repo.tryGit('commit', '--allow-empty', '-m', 'bad').code, 1);
  is(repo.has('.husky/_/chained'), false);
  repo.write('.git/protect/wiring.lock', '999999999 0123456789abcdef');
  is(repo.protect('wire').out, '', 'whoever was killed holds nobody up');
});
