import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import { npm } from './support/npm.ts';
import { suite } from './support/suite.ts';
import { addRemote, environment, folder, newRepo, Repo } from './support/world.ts';

const test = suite('hook managers');

const tools = folder('tools');
const installed = npm(
  tools,
  'install',
  '--ignore-scripts',
  'lefthook@2.2.2',
  '@j178/prek@0.5.3',
  'simple-git-hooks@2.14.0',
  'husky@9.1.7',
);
if (installed.code !== 0) throw new Error(`the hook managers could not be installed:\n${installed.out}`);
const bin = join(tools, 'node_modules/.bin');

interface Manager {
  readonly name: string;
  readonly files: Record<string, string>;
  readonly install: readonly string[];
  /** How it installs itself once core.hooksPath is ours. */
  readonly again: readonly string[];
}

const ran = 'sh -c "echo ran >> $RAN"';
const managers: Manager[] = [
  {
    name: 'lefthook',
    files: {
      'lefthook.yml': `pre-commit:\n  commands:\n    a:\n      run: ${ran}\npre-push:\n  commands:\n    a:\n      run: ${ran}\n`,
    },
    install: ['lefthook', 'install'],
    again: ['lefthook', 'install', '--force'],
  },
  {
    name: 'prek, which does what pre-commit does',
    files: {
      '.pre-commit-config.yaml': `repos:\n- repo: local\n  hooks:\n  - {id: a, name: a, language: system, entry: ${JSON.stringify(ran)}, stages: [pre-commit, pre-push], always_run: true, pass_filenames: false}\n`,
    },
    install: ['prek', 'install', '-t', 'pre-commit', '-t', 'pre-push'],
    again: ['prek', 'install', '-t', 'pre-commit', '-t', 'pre-push'],
  },
  {
    name: 'simple-git-hooks',
    files: {
      'package.json': JSON.stringify({ name: 'x', 'simple-git-hooks': { 'pre-commit': ran, 'pre-push': ran } }),
    },
    install: ['simple-git-hooks'],
    again: ['simple-git-hooks'],
  },
];

for (const { name, files, install, again } of managers)
  test(`${name}: runs before, beside and after us, and when it installs itself over us`, () => {
    const log = join(folder('ran'), 'ran');
    const home = folder('home');
    const env = { HOME: home, RAN: log, PATH: `${bin}:${environment()['PATH']}`, PREK_HOME: join(home, 'prek') };
    const repo = new Repo(newRepo().dir, env);
    repo.git('config', '--global', 'user.name', 'A');
    repo.git('config', '--global', 'user.email', 'a@example.com');
    repo.commit('start', files);
    addRemote(repo);
    const tool = (words: readonly string[]) => {
      const done = repo.tryGit('-c', `alias.tool=!${words.join(' ')}`, 'tool');
      is(done.code, 0, done.out);
    };
    let n = 0;
    const work = (when: string) => {
      rmSync(log, { force: true });
      repo.write('a.txt', `${++n}`).git('add', 'a.txt');
      const committed = repo.tryGit('commit', '-m', `feat: number ${n}`);
      is(committed.code, 0, `${when}: ${committed.out}`);
      const pushed = repo.tryGit('push', 'origin', 'main');
      is(pushed.code, 0, `${when}: ${pushed.out}`);
      return existsSync(log) ? readFileSync(log, 'utf8') : '';
    };
    const refuses = (when: string) => {
      const refused = repo.tryGit('commit', '--allow-empty', '-m', 'bad words');
      is(refused.code, 1, `${when}: ${refused.out}`);
      match(refused.out, 'error[commit-message]');
    };
    tool(install);
    is(work('before'), 'ran\nran\n');
    is(repo.protect('init', '--ci', 'none').code, 0);
    repo.commit('chore: protect');
    repo.git('push', '-q', '--no-verify', 'origin', 'main');
    is(work('beside'), 'ran\nran\n');
    refuses('beside');

    tool(again);
    ok(work('over us').startsWith('ran\n'));
    if (name.startsWith('prek')) {
      repo.write('b.txt', `${n}`).git('add', 'b.txt');
      repo.commit('bad words');
      is(repo.tryGit('push', 'origin', 'main').code, 1, 'prek runs what it moved aside');
      repo.git('reset', '-q', '--hard', 'HEAD~1');
    }
    const seen = repo.protect('doctor');
    is(seen.code, 1, seen.out);
    match(seen.out, 'error[shims] .husky/_/pre-commit is not what git-protect wrote');
    is(repo.protect('doctor', '--fix').code, 0);
    refuses('wired again');
    is(work('wired again'), 'ran\nran\n', 'once each');

    const out = repo.protect('uninstall');
    is(out.code, 0, out.out);
    is(work('after'), 'ran\nran\n');
  });
