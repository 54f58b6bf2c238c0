import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { npm, outerEnvironment, pack } from './support/npm.ts';
import { suite } from './support/suite.ts';
import { folder, gitConfig, newRepo, Repo, run } from './support/world.ts';

const test = suite('package managers');

const { tarball } = pack();
const managers = folder('managers');
const installed = npm(
  managers,
  'install',
  '--ignore-scripts',
  'pnpm@10.34.8',
  'yarn@1.22.22',
  '@yarnpkg/cli-dist@4.18.1',
  'bun@1.4.5',
);
if (installed.code !== 0) throw new Error(`the package managers could not be installed:\n${installed.out}`);
run(join(managers, 'node_modules/bun'), process.execPath, ['install.js'], { env: outerEnvironment() });

/** A folder with the manager under its usual name, for PATH. */
function bin(name: string, script: string): string {
  const dir = folder('bin');
  new Repo(dir).write(name, `#!/bin/sh\nexec ${script} "$@"\n`, 0o755);
  return dir;
}
const yarn4 = `${process.execPath} ${join(managers, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')}`;
const yarnSettings = 'enableGlobalCache: false\nenableImmutableInstalls: false\nenableTelemetry: false\n';

interface Manager {
  readonly name: string;
  readonly add: string;
  readonly install: string;
  readonly run: string;
  readonly path: string;
  readonly files?: Record<string, string>;
  readonly script: 'prepare' | 'postinstall';
}

const all: Manager[] = [
  {
    name: 'npm',
    add: `npm install -D ${tarball}`,
    install: 'npm ci',
    run: 'npx --no git-protect',
    path: '',
    script: 'prepare',
  },
  {
    name: 'pnpm',
    add: `pnpm add -D ${tarball}`,
    install: 'pnpm install --frozen-lockfile',
    run: 'pnpm exec git-protect',
    path: bin('pnpm', join(managers, 'node_modules/.bin/pnpm')),
    script: 'prepare',
  },
  {
    name: 'Yarn 1',
    add: `yarn add -D ${tarball}`,
    install: 'yarn install',
    run: 'yarn -s git-protect',
    path: bin('yarn', `${process.execPath} ${join(managers, 'node_modules/yarn/bin/yarn.js')}`),
    script: 'prepare',
  },
  {
    name: 'Yarn 4 with node_modules',
    add: `yarn add -D git-protect@file:${tarball}`,
    install: 'yarn install',
    run: 'yarn git-protect',
    path: bin('yarn', yarn4),
    files: { '.yarnrc.yml': `nodeLinker: node-modules\n${yarnSettings}`, 'yarn.lock': '' },
    script: 'postinstall',
  },
  {
    name: "Yarn 4 with Plug'n'Play",
    add: `yarn add -D git-protect@file:${tarball}`,
    install: 'yarn install',
    run: 'yarn git-protect',
    path: bin('yarn', yarn4),
    files: { '.yarnrc.yml': yarnSettings, 'yarn.lock': '' },
    script: 'postinstall',
  },
  {
    name: 'bun',
    add: `bun add -d ${tarball}`,
    install: 'bun install --frozen-lockfile',
    run: 'npx --no git-protect',
    path: bin('bun', join(managers, 'node_modules/bun/bin/bun.exe')),
    script: 'prepare',
  },
];

function shell(cwd: string, command: string, path: string) {
  const outer = outerEnvironment();
  const env = {
    ...outer,
    PATH: path === '' ? outer['PATH'] : `${path}:${outer['PATH']}`,
    GIT_CONFIG_GLOBAL: gitConfig,
  };
  return run(cwd, 'sh', ['-c', command], { env });
}

for (const { name, add, install, run: start, path, files = {}, script } of all)
  test(`${name}: added, set up, and a clone is wired by its install`, () => {
    const repo = newRepo({ install: false });
    repo.commit('start', {
      'package.json': '{ "name": "x", "version": "1.0.0", "private": true }\n',
      '.gitignore': 'node_modules\n.yarn\n.pnp*\n',
      ...files,
    });
    const added = shell(repo.dir, add, path);
    is(added.code, 0, added.out);
    const done = shell(repo.dir, `${start} init --ci none`, path);
    is(done.code, 0, done.out);
    match(JSON.parse(repo.read('package.json')).scripts[script], 'git-protect/wire');
    repo.git('add', '-A');
    const committed = shell(repo.dir, 'git commit -m "chore: protect"', path);
    is(committed.code, 0, committed.out);
    const clone = folder('clone');
    run(clone, 'git', ['clone', '-q', repo.dir, '.']);
    const wired = shell(clone, install, path);
    is(wired.code, 0, wired.out);
    const refused = shell(clone, 'git commit --allow-empty -m "bad words"', path);
    is(refused.code, 1, refused.out);
    match(refused.out, 'error[commit-message]');
    is(shell(clone, 'git commit --allow-empty -m "feat: good words"', path).code, 0);
  });

test('an install for production, without Git, without a repository, in a subfolder: none fails', () => {
  const repo = newRepo({ install: false });
  repo.commit('start', { 'package.json': '{ "name": "x", "version": "1.0.0" }\n', '.gitignore': 'node_modules\n' });
  is(npm(repo.dir, 'install', '--save-dev', tarball).code, 0);
  is(repo.protectWith({}, 'init', '--ci', 'none').code, 0);
  repo.commit('chore: protect');
  const production = folder('production');
  run(production, 'git', ['clone', '-q', repo.dir, '.']);
  const omitted = npm(production, 'ci', '--omit=dev');
  is(omitted.code, 0, omitted.out);
  is(run(production, 'git', ['config', 'core.hooksPath']).code, 1, 'what is not installed cannot be wired');

  // What a Dockerfile copies before the sources: no repository, and no Git either.
  const image = folder('image');
  for (const file of ['package.json', 'package-lock.json']) new Repo(image).write(file, repo.read(file));
  const copied = npm(image, 'ci');
  is(copied.code, 0, copied.out);
  match(copied.out, 'no Git repository here, so no hooks are wired');

  const without = folder('without');
  run(without, 'git', ['clone', '-q', repo.dir, '.']);
  is(npm(without, 'ci', '--ignore-scripts').code, 0);
  const script = JSON.parse(repo.read('package.json')).scripts.prepare as string;
  const bare = folder('bin');
  new Repo(bare).write('node', `#!/bin/sh\nexec ${process.execPath} "$@"\n`, 0o755);
  const noGit = run(without, '/bin/sh', ['-c', script], { env: { PATH: bare } });
  is(noGit.code, 0, noGit.out);
  match(noGit.out, /git/i, 'it says why it wired nothing');
  not.match(noGit.out, 'at ', 'in words, not in a stack');
});

test('a frontend beside a Python backend, without package.json at the top: its install wires the whole clone', () => {
  const repo = newRepo({ install: false });
  repo.commit('start', {
    'backend/app.py': 'print(1)\n',
    'web app/package.json': '{ "name": "web", "version": "1.0.0" }\n',
    '.gitignore': 'node_modules\n',
  });
  const web = join(repo.dir, 'web app');
  is(npm(web, 'install', '--save-dev', tarball).code, 0);
  const done = shell(web, 'npx --no git-protect init --ci none', '');
  is(done.code, 0, done.out);
  match(repo.read('web app/package.json'), 'git-protect/wire');
  is(repo.has('.protectionrc'), true, 'the policy is at the top');
  repo.commit('chore: protect');
  const clone = new Repo(folder('clone'));
  run(clone.dir, 'git', ['clone', '-q', repo.dir, '.']);
  is(npm(join(clone.dir, 'web app'), 'ci').code, 0);
  const refused = clone.write('backend/app.py', 'print(2)\n').tryGit('commit', '-am', 'bad words');
  is(refused.code, 1, refused.out);
  match(refused.out, 'error[commit-message]');
  is(clone.tryGit('commit', '-am', 'fix: two').code, 0);
  run(clone.dir, 'git', ['worktree', 'add', '-q', '../linked']);
  is(run(join(clone.dir, '../linked'), 'git', ['commit', '--allow-empty', '-m', 'bad']).code, 1);
  run(clone.dir, 'git', ['worktree', 'remove', '--force', '../linked']);
});

test('a monorepo of workspaces: set up from a package of it, wired by the install at the top', () => {
  const repo = newRepo({ install: false });
  repo.commit('start', {
    'package.json': '{ "name": "all", "private": true, "workspaces": ["packages/*"] }\n',
    'packages/a/package.json': '{ "name": "a", "version": "1.0.0" }\n',
    '.gitignore': 'node_modules\n',
  });
  is(npm(repo.dir, 'install', '--save-dev', tarball).code, 0);
  const done = shell(join(repo.dir, 'packages/a'), 'npx --no git-protect init --ci none', '');
  is(done.code, 0, done.out);
  match(repo.read('package.json'), 'git-protect/wire');
  is(repo.read('packages/a/package.json'), '{ "name": "a", "version": "1.0.0" }\n');
  repo.commit('chore: protect');
  const clone = new Repo(folder('clone'));
  run(clone.dir, 'git', ['clone', '-q', repo.dir, '.']);
  is(npm(clone.dir, 'ci').code, 0);
  is(run(join(clone.dir, 'packages/a'), 'git', ['commit', '--allow-empty', '-m', 'bad']).code, 1);
});
