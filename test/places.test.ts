import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, copyRepo, folder, guardedRepo, installPackage, Repo, type Result } from './support/world.ts';

hooksStay();
const test = suite('places');
const world = guardedRepo();
const lead = world.keys['lead']!;
const past = ['-c', 'core.hooksPath=/dev/null'];

/** A copy that owns its `origin`, so that a push of one place is not seen in another. */
function start(): Repo {
  const repo = copyRepo(world.repo);
  repo.git('remote', 'set-url', 'origin', copyRepo(world.origin!).dir);
  return repo;
}

/** Settings of a clone, each with what else it takes. */
function configured(settings: Record<string, string>, ...commands: string[][]): () => Repo {
  return () => {
    const repo = start();
    for (const [key, value] of Object.entries(settings)) repo.git('config', key, value);
    for (const command of commands) repo.git(...command);
    return repo;
  };
}

function linked(repo: Repo, install: boolean): Repo {
  const dir = join(folder('linked'), 'w');
  repo.git('worktree', 'add', '-q', dir, '-b', 'linked', 'main');
  if (install) installPackage(dir);
  return new Repo(dir);
}

/** Where a commit may be made. Each place has main's files, and the policy of main holds. */
const places: Record<string, () => Repo> = {
  'the repository itself': start,
  'GIT_DIR and GIT_WORK_TREE set': () => {
    const { dir } = start();
    return new Repo(dir, { GIT_DIR: join(dir, '.git'), GIT_WORK_TREE: dir });
  },
  'a Git directory that only GIT_DIR leads to': () => {
    const { dir } = start();
    const [gitDir, work] = [join(dir, '.git'), join(folder('work'), 'w')];
    cpSync(dir, work, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.startsWith(gitDir) });
    return new Repo(work, { GIT_DIR: gitDir, GIT_WORK_TREE: work });
  },
  'GIT_DIR set, relative': () => new Repo(start().dir, { GIT_DIR: '.git' }),
  'a Git directory elsewhere (git init --separate-git-dir)': () => {
    const repo = start();
    repo.git('init', '-q', '--separate-git-dir', join(folder('separate'), 'git'));
    return repo;
  },
  'a linked worktree without node_modules': () => linked(start(), false),
  'a linked worktree with its own node_modules': () => linked(start(), true),
  'a worktree of a bare repository': () => {
    const bare = new Repo(join(folder('bare'), 'r.git'));
    world.repo.git('clone', '-q', '--bare', copyRepo(world.origin!).dir, bare.dir);
    bare.git('config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
    bare.git('fetch', '-q');
    const tree = linked(bare, true);
    bare.write('info/exclude', 'node_modules\n');
    const wired = tree.protect('wire');
    is(wired.code, 0, wired.out);
    return tree;
  },
  'a detached HEAD': () => {
    const repo = start();
    repo.git('checkout', '-q', '--detach');
    return repo;
  },
  'a clone without a remote': () => {
    const repo = start();
    repo.git('remote', 'remove', 'origin');
    return repo;
  },
  'a sparse checkout, by cones': configured({}, ['sparse-checkout', 'set', '--cone', 'src', 'server']),
  'a sparse index': configured({}, ['sparse-checkout', 'set', '--cone', '--sparse-index', 'src', 'server']),
  'a split index': configured({ 'core.splitIndex': 'true' }, ['update-index', '--split-index']),
  'an index of version 4': configured({ 'index.version': '4' }, ['update-index', '--index-version', '4']),
  'an untracked cache': configured({ 'core.untrackedCache': 'true' }, ['update-index', '--untracked-cache']),
  'a file system monitor that says nothing has changed': () => {
    const repo = start();
    repo.write('.git/monitor', '#!/bin/sh\nprintf "token\\0"\n', 0o755).git('config', 'core.fsmonitor', '.git/monitor');
    return repo;
  },
  'core.ignoreCase=true': configured({ 'core.ignoreCase': 'true' }),
  'core.autocrlf=input': configured({ 'core.autocrlf': 'input' }),
  'core.fileMode=false': configured({ 'core.fileMode': 'false' }),
  'diff and status set to hide things': configured({
    'diff.ignoreSubmodules': 'all',
    'diff.renames': 'copies',
    'status.showUntrackedFiles': 'no',
    'diff.noprefix': 'true',
    'diff.relative': 'true',
    'color.ui': 'always',
  }),
  'a partial clone': () => {
    const repo = new Repo(join(folder('partial'), 'r'));
    const origin = copyRepo(world.origin!);
    origin.git('config', 'uploadpack.allowFilter', 'true');
    world.repo.git('clone', '-q', '--filter=blob:none', `file://${origin.dir}`, repo.dir);
    repo.write('.git/info/exclude', 'node_modules\n');
    installPackage(repo.dir);
    is(repo.protect('wire').code, 0);
    return repo;
  },
  'SHA-256 ids': () => guardedRepo({ format: 'sha256', keys: world.keys }).repo,
};

/** Tries a command that must be refused for a protected file. */
function refused(done: Result, path = 'server/pay.ts'): void {
  is.not(done.code, 0, done.out);
  match(done.out, `error[protected-files] ${path}`);
}

for (const [name, make] of Object.entries(places))
  test(name, () => {
    const repo = make();
    const commit = (...args: string[]) => repo.tryGit('commit', ...args);
    repo.write('src/a.ts', 'free\n').write('server/pay.ts', 'evil\n');
    const free = commit('-m', 'feat: free', 'src/a.ts');
    is(free.code, 0, free.out);
    is(free.stderr, '', 'a hook that passes says nothing');
    refused(commit('-am', 'CRITICAL: evil'));
    refused(commit('-m', 'CRITICAL: evil', 'server/pay.ts'));
    repo.git('add', 'server/pay.ts');
    const evil = commit('-m', 'CRITICAL: evil');
    refused(evil);
    match(commit('--allow-empty', '-m', 'words', '--only').out, 'error[commit-message]');
    const help = /help: npx(?: --prefix \S+)? git-protect (request --staged -o \S+)/.exec(evil.out);
    is(help !== null, true, evil.out);
    const requested = repo.protect(...help![1]!.replace('../', `${folder('request')}/`).split(' '));
    is(requested.code, 0, requested.out);
    const approved = approve(repo, lead, '--staged');
    is(approved.code, 0, approved.out);
    const good = commit('-m', 'CRITICAL: approved');
    is(good.code, 0, good.out);
    if (repo.git('remote') === '') return;
    const pushed = repo.tryGit('push', 'origin', 'HEAD:main');
    is(pushed.code, 0, pushed.out);
    repo.git(...past, 'commit', '-q', '--allow-empty', '-m', 'words');
    is.not(repo.tryGit('push', 'origin', 'HEAD:refs/heads/topic').code, 0);
  });

/** A repository with another one, of which `guarded` says whether it has a policy and hooks, as its submodule vendor/lib. */
function superproject(guarded: boolean): { outer: Repo; inner: Repo } {
  const library = guardedRepo({ keys: world.keys, remote: guarded, hooks: guarded });
  if (!guarded) {
    library.repo.git('rm', '-q', '.protectionrc');
    library.repo.commit('no policy here');
  }
  const { repo: outer } = guardedRepo({
    keys: world.keys,
    more: 'files:\n  - { paths: [server/pay.ts, vendor/], risk: high }',
  });
  outer.git('submodule', '--quiet', 'add', (library.origin ?? library.repo).dir, 'vendor/lib');
  outer.commit('feat: a library');
  outer.publish();
  const inner = new Repo(join(outer.dir, 'vendor/lib'));
  outer.write('.git/modules/vendor/lib/info/exclude', 'node_modules\n');
  return { outer, inner };
}

test('a submodule with a policy of its own is judged by that, and its move by the one outside', () => {
  const { outer, inner } = superproject(true);
  installPackage(inner.dir);
  const wired = inner.protect('wire');
  is(wired.code, 0, wired.out);
  inner.write('server/pay.ts', 'evil\n');
  refused(inner.tryGit('commit', '-am', 'CRITICAL: evil'));
  inner.git('reset', '-q', '--hard');
  const done = inner.tryGit('commit', '--allow-empty', '-m', 'feat: x');
  is(done.code, 0, done.out);
  is(inner.tryGit('commit', '--allow-empty', '-m', 'words').code, 1);
  is(inner.tryGit('push', 'origin', 'HEAD:main').code, 0);
  refused(outer.tryGit('commit', '-am', 'feat: move it'), 'vendor/lib');
  outer.git('config', 'diff.ignoreSubmodules', 'all');
  outer.git('add', 'vendor/lib');
  refused(outer.tryGit('commit', '-m', 'feat: move it'), 'vendor/lib');
  is(approve(outer, lead, '--staged').code, 0);
  const moved = outer.tryGit('commit', '-m', 'feat: move it');
  is(moved.code, 0, moved.out);
  const pushed = outer.tryGit('push', '--recurse-submodules=check', 'origin', 'main');
  is(pushed.code, 0, pushed.out);
});

test('a submodule without a policy is nobody’s business, its move is', () => {
  const { outer, inner } = superproject(false);
  inner.write('server/pay.ts', 'theirs\n');
  const done = inner.tryGit('commit', '-am', 'whatever words');
  is(done.code, 0, done.out);
  not.match(done.out, 'protect');
  refused(outer.tryGit('commit', '-am', 'feat: move it'), 'vendor/lib');
});

test('a branch without history takes over what main has, and no more', () => {
  const repo = start();
  repo.git('checkout', '-q', '--orphan', 'fresh');
  const same = repo.tryGit('commit', '-m', 'CRITICAL: a fresh start');
  is(same.code, 0, same.out);
  repo.git('checkout', '-q', '--orphan', 'fresher');
  repo.write('server/pay.ts', 'evil\n').git('add', '-A');
  refused(repo.tryGit('commit', '-m', 'CRITICAL: evil'));
  repo.git('rm', '-q', '--cached', '-r', '.');
  repo.write('index.html', 'hello\n').git('add', 'index.html');
  const pages = repo.tryGit('commit', '-m', 'docs: pages');
  is(pages.code, 0, pages.out);
});

test('git add -N is no change yet, git commit -a makes it one', () => {
  const repo = start();
  repo.write('config/new.json', '{}\n').write('src/a.ts', 'free\n').git('add', '-N', 'config/new.json');
  const free = repo.tryGit('commit', '-m', 'feat: free', 'src/a.ts');
  is(free.code, 0, free.out);
  refused(repo.tryGit('commit', '-am', 'feat: all'), 'config/new.json');
  repo.git('update-index', '--skip-worktree', 'server/pay.ts');
  repo.write('server/pay.ts', 'mine alone\n').write('src/a.ts', 'freer\n');
  const hidden = repo.tryGit('commit', '-m', 'feat: freer', 'src/a.ts');
  is(hidden.code, 0, hidden.out);
});

test('a conflict in a protected file: taking what main has is free, anything else is not', () => {
  const repo = start();
  repo.git('switch', '-qc', 'topic');
  repo.commit('CRITICAL: mine', { 'server/pay.ts': 'mine\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('CRITICAL: theirs', { 'server/pay.ts': 'theirs\n' });
  repo.publish();
  repo.git('switch', '-q', 'topic');
  repo.tryGit('merge', 'main');
  const early = repo.protect('hook', 'pre-commit');
  is(early.code, 3);
  match(early.out, 'server/pay.ts has an unresolved conflict');
  repo.write('server/pay.ts', 'both\n').git('add', '-A');
  refused(repo.tryGit('commit', '-m', 'CRITICAL: merge'));
  repo.git('checkout', '-q', 'main', '--', 'server/pay.ts');
  const theirs = repo.tryGit('commit', '-m', 'Merge main');
  is(theirs.code, 0, theirs.out);
});
