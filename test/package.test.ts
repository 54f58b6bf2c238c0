import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { npm, pack } from './support/npm.ts';
import { suite } from './support/suite.ts';
import { folder, newRepo, projectRoot, run } from './support/world.ts';

const test = suite('package');

test('the tarball holds what runs, and nothing else', () => {
  const { files } = pack();
  for (const needed of [
    'dist/cli.js',
    'dist/hook.cjs',
    'dist/index.js',
    'dist/staged-tasks-run.js',
    'dist/types/index.d.ts',
    'dist/wire.js',
    'hooks/git-protect',
    'hooks/pre-commit',
    'templates/github.yml',
    'templates/audit.css',
    'templates/audit.js',
    'schema/protectionrc.json',
    'schema/audit.json',
    '.protectionrc.example',
    'docs/README.md',
    'docs/policy.md',
    'docs/pictures/refusal.svg',
    'LICENSE',
    'README.md',
  ])
    ok(files.includes(needed), needed);
  const stray = files.filter(
    (file) =>
      !/^(dist|hooks|templates|schema|docs)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE|\.protectionrc\.example)$/.test(
        file,
      ),
  );
  equal(stray, []);
});

test('an install from the tarball: commands, library and types', () => {
  const { tarball } = pack();
  const repo = newRepo({ install: false });
  repo.write('package.json', '{ "name": "x", "type": "module" }\n');
  const installed = npm(repo.dir, 'install', '--save-dev', tarball);
  is(installed.code, 0, installed.out);
  for (const bin of ['protect', 'git-protect'])
    match(run(repo.dir, join(repo.dir, 'node_modules/.bin', bin), ['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
  repo.write(
    'use.mjs',
    "import { judge, parsePolicy, parseApproval, verifyStatement, Repository } from 'git-protect';\nconsole.log([judge, parsePolicy, parseApproval, verifyStatement, Repository].every((x) => typeof x === 'function'), parsePolicy('version: 1', 'p').landing);\n",
  );
  is(run(repo.dir, process.execPath, ['use.mjs']).stdout, 'true merge\n');
  repo.write(
    'use.ts',
    "import { judge, type Policy, type Report } from 'git-protect';\nexport const policy = (report: Report, p: Policy): string => report.verdict + p.landing + typeof judge;\n",
  );
  const typed = run(repo.dir, process.execPath, [
    join(projectRoot, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--moduleResolution',
    'nodenext',
    '--types',
    'node',
    '--typeRoots',
    join(projectRoot, 'node_modules/@types'),
    'use.ts',
  ]);
  is(typed.code, 0, typed.out);
  is(run(repo.dir, join(repo.dir, 'node_modules/.bin/protect'), ['wire']).code, 0);
  is(repo.tryGit('commit', '--allow-empty', '-m', 'x').code, 0);
});

test('an install from a Git URL builds itself', () => {
  if (!existsSync(join(projectRoot, '.git')))
    throw new Error('the project is no Git repository here, so this cannot be checked');
  const dir = folder('git-install');
  const installed = npm(dir, 'install', `git+file://${projectRoot}`);
  is(installed.code, 0, installed.out);
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  is(run(dir, join(dir, 'node_modules/.bin/protect'), ['--version']).stdout, `${version}\n`);
});

test('publint has nothing to say', () => {
  const linted = run(projectRoot, process.execPath, ['node_modules/publint/src/cli.js', '--strict', '--pack', 'false']);
  is(linted.code, 0, linted.out);
});

test('the lock file names no download host', () => {
  const lock = readFileSync(join(projectRoot, 'package-lock.json'), 'utf8');
  is(/"resolved": "https?:/.test(lock), false);
});
