import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { is, match } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { environment, folder, guardedRepo, newRepo, Repo, run } from './support/world.ts';

hooksStay();
const test = suite('finder');

/** Another git-protect, that only says where it is. */
function lay(dir: string, name: string): void {
  new Repo(dir).write('node_modules/git-protect/dist/hook.cjs', `console.log('found ${name}');\n`);
}

/** A wired repository without the package, and a linked worktree of it. */
function wired() {
  const { repo } = guardedRepo();
  repo.remove('node_modules/git-protect');
  const linked = new Repo(join(folder('linked'), 'w'));
  repo.git('worktree', 'add', '-q', linked.dir);
  return { repo, linked };
}

const bins = folder('bins');
for (const name of ['git', 'sh', 'env', 'cat', 'cp', 'mkdir', 'dirname', 'basename']) {
  const found = run(bins, 'sh', ['-c', `command -v ${name}`]).stdout.trim();
  symlinkSync(found, join(bins, name));
}
/** A commit with this PATH; the folder of `node` is on it only where a test says so. */
function commit(repo: Repo, path: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return run(repo.dir, 'git', ['commit', '--allow-empty', '-m', 'feat: x'], { env: { PATH: path.join(':'), ...env } });
}
const nodeFolder = dirname(process.execPath);
const withNode = (() => {
  const dir = folder('node');
  symlinkSync(process.execPath, join(dir, 'node'));
  return dir;
})();

test('this worktree, the recorded package, the main worktree, its recorded package, PATH', () => {
  const { repo, linked } = wired();
  const onPath = folder('path');
  new Repo(onPath).write('git-protect', '#!/bin/sh\necho "found on PATH: $*"\n', 0o755);
  const path = [withNode, onPath, bins];
  match(commit(linked, path).out, 'found on PATH: hook pre-commit');
  repo.git('config', 'protect.folder', 'web app');
  lay(join(repo.dir, 'web app'), 'in the recorded package of the main worktree');
  match(commit(linked, path).out, 'found in the recorded package of the main worktree');
  lay(repo.dir, 'in the main worktree');
  match(commit(linked, path).out, 'found in the main worktree');
  lay(join(linked.dir, 'web app'), 'in the recorded package');
  match(commit(linked, path).out, 'found in the recorded package');
  lay(linked.dir, 'here');
  match(commit(linked, path).out, 'found here');
});

test('found nowhere it refuses, and the remedy fits the lock file', () => {
  const { repo } = wired();
  const remedies: [string[], string][] = [
    [[], 'npm install --global git-protect'],
    [['package.json'], 'npm install'],
    [['package.json', 'package-lock.json'], 'npm ci'],
    [['package.json', 'bun.lock'], 'bun install'],
    [['package.json', 'yarn.lock'], 'yarn install'],
    [['package.json', 'pnpm-lock.yaml'], 'pnpm install'],
  ];
  for (const [files, remedy] of remedies) {
    for (const file of files) repo.write(file, '{}');
    const refused = commit(repo, [withNode, bins]);
    is(refused.code, 1);
    match(refused.out, 'protect: refused: git-protect is not installed here, so nothing was checked');
    match(refused.out, `  help: ${remedy}\n`);
  }
  repo.git('config', 'protect.folder', 'frontend');
  repo.write('frontend/yarn.lock', '');
  match(commit(repo, [withNode, bins]).out, '  help: cd frontend && yarn install\n');
  repo.remove('frontend/yarn.lock').write('frontend/package.json', '{}');
  match(commit(repo, [withNode, bins]).out, '  help: pnpm install\n', 'a workspace has one lock file, at the top');
  for (const lock of ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'package-lock.json']) repo.remove(lock);
  match(commit(repo, [withNode, bins]).out, '  help: cd frontend && npm install\n');
});

test('a bare repository with worktrees looks at nothing beside it', () => {
  const { repo } = guardedRepo();
  const beside = folder('beside');
  const bare = join(beside, 'x.git');
  run(beside, 'git', ['clone', '-q', '--bare', repo.dir, bare]);
  run(bare, 'git', ['worktree', 'add', '-q', '../w', 'main']);
  run(bare, 'git', ['config', 'core.hooksPath', '.husky']);
  lay(beside, 'a stranger');
  const refused = commit(new Repo(join(beside, 'w')), [withNode, bins]);
  is(refused.code, 1);
  match(refused.out, 'git-protect is not installed here');
});

test('node is found where wire saw it, where version managers keep it, and nowhere', () => {
  const { repo } = guardedRepo();
  repo.git('config', '--unset', 'protect.node');
  const home = folder('home');
  new Repo(home).write('.gitconfig', '[user]\n\tname = A\n\temail = a@example.com\n');
  const plain = [bins];
  // Where Homebrew, /usr/local or a snap have a node of their own, it is that one that is found.
  const machine =
    run(home, 'sh', ['-c', 'ls /usr/local/bin/node /opt/homebrew/bin/node /opt/local/bin/node /snap/bin/node'])
      .stdout !== '';
  if (!machine) {
    const refused = commit(repo, plain, { HOME: home });
    is(refused.code, 1);
    match(refused.out, 'node was not found on PATH, nor where version managers keep it');
  }
  const places = [
    '.nvm/versions/node/v22.0.0/bin',
    '.volta/bin',
    '.local/share/fnm/aliases/default/bin',
    '.asdf/shims',
    '.local/share/mise/shims',
  ];
  for (const place of places) {
    const at = folder('home');
    new Repo(at).write('.gitconfig', '[user]\n\tname = A\n\temail = a@example.com\n');
    mkdirSync(join(at, '.nvm/versions/node/v12.0.0/bin'), { recursive: true });
    new Repo(at).write('.nvm/versions/node/v12.0.0/bin/node', '#!/bin/sh\nexit 1\n', 0o755);
    mkdirSync(join(at, place), { recursive: true });
    symlinkSync(join(nodeFolder, 'node'), join(at, place, 'node'));
    const done = commit(repo, plain, { HOME: at });
    is(done.code, 0, `${place}: ${done.out}`);
  }
  repo.git('config', 'protect.node', process.execPath);
  is(commit(repo, plain, { HOME: home }).code, 0);
});

test('a global install is found from a program that does not have it on PATH', () => {
  const repo = newRepo({ install: false });
  repo.commit('start', { '.protectionrc': 'version: 1\n' });
  is(repo.protect('wire').code, 0);
  const refused = commit(repo, [withNode, bins], {});
  is(refused.code, 0, refused.out);
  is(run(repo.dir, 'git', ['commit', '--allow-empty', '-m', 'bad'], { env: { PATH: `${withNode}:${bins}` } }).code, 1);
  repo.git('config', 'protect.entry', '/nowhere/hook.cjs');
  match(commit(repo, [withNode, bins]).out, 'npm install --global git-protect');
});

test("with Yarn's Plug'n'Play there is no folder to look in, so Yarn is asked", () => {
  const { repo } = wired();
  repo.write('.pnp.cjs', '');
  const dir = folder('yarn');
  new Repo(dir).write('yarn', '#!/bin/sh\necho "yarn $*"\n', 0o755);
  const done = commit(repo, [dir, withNode, bins]);
  is(done.code, 0);
  match(done.out, 'yarn run git-protect hook pre-commit');
});

test('what is to be pasted fits the place that the package was found in', () => {
  const { repo } = guardedRepo();
  const linked = new Repo(join(folder('linked'), 'w'));
  repo.git('worktree', 'add', '-q', linked.dir);
  const refused = (at: Repo) => {
    at.write('server/pay.ts', 'x\n').git('add', '-A');
    return at.tryGit('commit', '-m', 'CRITICAL: x').out;
  };
  match(refused(repo), 'help: npx git-protect request');
  match(refused(linked), /help: npx --prefix \S+ git-protect request/);
  const nested = newRepo({ install: false });
  nested.commit('start', { 'web app/package.json': '{}' });
  const at = folder('global');
  symlinkSync(join(repo.dir, 'node_modules/git-protect/dist/cli.js'), join(at, 'git-protect'));
  chmodSync(join(at, 'git-protect'), 0o755);
  match(nested.protect('policy', 'check').out, 'help: npx git-protect init', 'nowhere');
  const onPath = { PATH: `${at}:${environment()['PATH']}` };
  match(nested.protectWith({ env: onPath }, 'policy', 'check').out, 'help: git-protect init');
  mkdirSync(join(nested.dir, 'web app/node_modules/git-protect'), { recursive: true });
  nested.git('config', 'protect.folder', 'web app');
  match(nested.protect('policy', 'check').out, "help: npx --prefix 'web app' git-protect init");
});

test('a push is refused where what Git says of it cannot be read', () => {
  const bare = folder('bare-bins');
  for (const name of ['git', 'sh', 'env', 'mkdir', 'dirname', 'basename'])
    symlinkSync(run(bare, 'sh', ['-c', `command -v ${name}`]).stdout.trim(), join(bare, name));
  const places: ((repo: Repo) => void)[] = [
    (repo) => {
      repo.write('.githooks/pre-commit', '#!/bin/sh\n', 0o755);
      repo.git('config', 'core.hooksPath', '.githooks');
    },
    (repo) => repo.write('.git/hooks/pre-push', '#!/bin/sh\nexit 0\n', 0o755),
  ];
  for (const prepare of places) {
    const { repo } = guardedRepo({ hooks: false });
    prepare(repo);
    is(repo.protect('wire').code, 0);
    repo.commit('CRITICAL: x', { 'server/pay.ts': 'evil\n' });
    const pushed = run(repo.dir, 'git', ['push', '--dry-run', 'origin', 'main'], {
      env: { PATH: `${withNode}:${bare}` },
    });
    is(pushed.code, 1, pushed.out);
    match(pushed.out, 'failed to push');
  }
});

test('an empty file, as an install on a full disk leaves it, is no git-protect', () => {
  const { repo } = wired();
  repo.write('node_modules/git-protect/dist/hook.cjs', '');
  const refused = commit(repo, [withNode, bins]);
  is(refused.code, 1, refused.out);
  match(refused.out, 'git-protect is not installed here, so nothing was checked');
});
