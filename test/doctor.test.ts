import { chmodSync, copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { diagnoses } from '../src/install/doctor/index.ts';
import { suite } from './support/suite.ts';
import {
  addRemote,
  copyRepo,
  copyWithRemote,
  folder,
  makeKey,
  newRepo,
  policyText,
  Repo,
  run,
} from './support/world.ts';

const test = suite('doctor');

interface Found {
  readonly id: string;
  readonly severity: string;
  readonly message: string;
  readonly help: string;
  readonly mends: boolean;
}

/** A repository with nothing wrong: wired, policy on main of a remote, two keys, CI. */
function makeHealthy() {
  const home = folder('home');
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const [first, second] = [makeKey('first'), makeKey('second')];
  for (const suffix of ['', '.pub']) copyFileSync(first.file + suffix, join(home, `.ssh/id_ed25519${suffix}`));
  chmodSync(join(home, '.ssh/id_ed25519'), 0o600);
  const repo = new Repo(newRepo().dir, { HOME: home });
  repo.git('config', '--global', 'user.name', 'A');
  repo.git('config', '--global', 'user.email', 'a@example.com');
  repo.commit('start', {
    'package.json': '{ "name": "x" }\n',
    'server/pay.ts': '1\n',
    'config/a.json': '1\n',
    '.protectionrc': policyText({ one: first, two: second }),
  });
  is(repo.protect('init', '--ci', 'github').code, 0);
  repo.commit('chore: protect');
  return { repo, home, origin: addRemote(repo) };
}

const made = makeHealthy();

/** A copy of it, to spoil. */
function healthy() {
  const home = copyRepo(new Repo(made.home)).dir;
  const { repo } = copyWithRemote(made.repo, made.origin);
  return { repo: new Repo(repo.dir, { HOME: home }), home };
}

function examine(repo: Repo, ...flags: string[]): { code: number | null; found: Found[]; mended: Found[] } {
  const { code, stdout, stderr } = repo.protect('doctor', '--format', 'json', ...flags);
  is(stderr, '');
  const { version, found, mended } = JSON.parse(stdout);
  is(version, 1);
  return { code, found, mended };
}

interface Case {
  /** The diagnosis that has to come out. */
  readonly id: string;
  spoil(repo: Repo, home: string): void;
  readonly says: RegExp;
  readonly severity: 'error' | 'warning';
}

const cases: Case[] = [
  {
    id: 'hooks-path',
    severity: 'error',
    says: /this clone is not wired/,
    spoil: (repo) => repo.git('config', '--unset', 'core.hooksPath'),
  },
  {
    id: 'hooks-path',
    severity: 'error',
    says: /'\/dev\/null' \(core\.hooksPath, local/,
    spoil: (repo) => repo.git('config', 'core.hooksPath', '/dev/null'),
  },
  {
    id: 'hooks-path',
    severity: 'error',
    says: /from other \(core\.hooksPath\), those of git-protect are in \.husky/,
    spoil(repo) {
      repo.write('other/pre-commit', '#!/bin/sh\n', 0o755);
      repo.git('config', 'core.hooksPath', 'other');
    },
  },
  {
    id: 'hook-files',
    severity: 'error',
    says: /\.husky\/pre-push does not start git-protect first/,
    spoil: (repo) => repo.write('.husky/pre-push', 'exit 0\n'),
  },
  {
    id: 'hook-files',
    severity: 'warning',
    says: /\.husky\/git-protect is from another version/,
    spoil: (repo) => repo.write('.husky/git-protect', `${repo.read('.husky/git-protect')}\n`),
  },
  {
    id: 'hook-files',
    severity: 'warning',
    says: /\.husky\/commit-msg is missing/,
    spoil: (repo) => repo.remove('.husky/commit-msg'),
  },
  {
    id: 'shims',
    severity: 'error',
    says: /\.husky\/_\/pre-commit is not what git-protect wrote/,
    spoil: (repo) => repo.write('.husky/_/pre-commit', '#!/bin/sh\n', 0o755),
  },
  {
    id: 'lfs',
    severity: 'error',
    says: /files are kept in Git LFS, but no pre-push hook uploads them/,
    spoil(repo) {
      repo.write('assets/.gitattributes', '# images\n*.png filter=lfs diff=lfs merge=lfs -text\n');
      repo.git('add', 'assets');
    },
  },
  {
    id: 'executable',
    severity: 'error',
    says: /commit-msg is not executable/,
    spoil: (repo) => chmodSync(join(repo.dir, '.husky/_/commit-msg'), 0o644),
  },
  {
    id: 'husky-off',
    severity: 'error',
    says: /init\.sh sets HUSKY=0/,
    spoil: (_, home) => new Repo(home).write('.config/husky/init.sh', 'export HUSKY=0 # quick\n'),
  },
  {
    id: 'worktrees',
    severity: 'error',
    says: /the worktree .* runs no hooks: it has no \.husky\/_\/shim/,
    spoil(repo) {
      const linked = join(folder('linked'), 'w');
      repo.git('-c', 'core.hooksPath=/dev/null', 'worktree', 'add', '-q', linked);
    },
  },
  {
    id: 'set-aside',
    severity: 'error',
    says: /a run of the tasks was killed here before/,
    spoil: (repo) => repo.write('.git/protect/set-aside/pid', '999999999').write('.git/protect/set-aside/files/a', '1'),
  },
  {
    id: 'strict',
    severity: 'error',
    says: /strict mode is asked for, but .*reference-transaction is missing/,
    spoil: (repo) => repo.git('config', 'protect.strict', 'true'),
  },
  {
    id: 'install-script',
    severity: 'warning',
    says: /no script of package\.json wires/,
    spoil: (repo) => repo.write('package.json', '{ "name": "x" }\n'),
  },
  {
    id: 'install-script',
    severity: 'warning',
    says: /ignore-scripts=true/,
    spoil: (repo) => repo.write('.npmrc', 'ignore-scripts=true\n'),
  },
  {
    id: 'not-found',
    severity: 'error',
    says: /git-protect is not installed here/,
    spoil: (repo) => repo.remove('node_modules/git-protect'),
  },
  {
    id: 'versions',
    severity: 'warning',
    says: /the hooks run git-protect 9\.9\.9/,
    spoil(repo) {
      repo.remove('node_modules/git-protect');
      repo
        .write('node_modules/git-protect/package.json', '{ "version": "9.9.9" }')
        .write('node_modules/git-protect/dist/hook.cjs', 'x');
    },
  },
  {
    id: 'ci-missing',
    severity: 'warning',
    says: /no CI file runs protect ci/,
    spoil: (repo) => repo.remove('.github'),
  },
  {
    id: 'ci-own-judge',
    severity: 'warning',
    says: /judges a pull request by files that the pull request may change/,
    spoil: (repo) =>
      repo.write(
        '.github/workflows/protect.yml',
        'on: pull_request\njobs: { a: { steps: [ { uses: actions/checkout@v4, with: { fetch-depth: 0 } }, { run: npx git-protect ci } ] } }\n',
      ),
  },
  {
    id: 'ci-shallow',
    severity: 'warning',
    says: /a part of the history/,
    spoil: (repo) => repo.write('.gitlab-ci.yml', 'a: { script: npx git-protect ci }\n'),
  },
  {
    id: 'ci-shallow',
    severity: 'warning',
    says: /a part of the history/,
    spoil: (repo) =>
      repo.write(
        '.github/workflows/other.yml',
        'on: push\njobs: { a: { steps: [ { uses: actions/checkout@v4, with: { fetch-depth: 1 } }, { run: npx git-protect ci } ] } }\n',
      ),
  },
  {
    id: 'ci-shallow',
    severity: 'warning',
    says: /a part of the history/,
    spoil: (repo) =>
      repo.write(
        '.github/workflows/more.yml',
        'on: pull_request\njobs: { a: { steps: [ { uses: actions/checkout@v4 }, { run: git fetch origin main && npx git-protect ci } ] } }\n',
      ),
  },
  {
    id: 'ci-version',
    severity: 'warning',
    says: /runs git-protect 0\.0\.1, this is/,
    spoil: (repo) =>
      repo.write(
        '.github/workflows/protect.yml',
        repo.read('.github/workflows/protect.yml').replace(/git-protect@[\w.-]+/, 'git-protect@0.0.1'),
      ),
  },
  {
    id: 'no-policy',
    severity: 'error',
    says: /version/,
    spoil(repo) {
      repo.commit('chore: broken', { '.protectionrc': 'version: 7\n' });
      repo.publish();
    },
  },
  {
    id: 'no-policy',
    severity: 'warning',
    says: /the policy is not committed/,
    spoil(repo) {
      const policy = repo.read('.protectionrc');
      repo.git('rm', '-q', '.protectionrc');
      repo.commit('chore: no policy');
      repo.publish();
      repo.write('.protectionrc', policy);
    },
  },
  {
    id: 'weak-policy',
    severity: 'warning',
    says: /one is the only owner and has one key/,
    spoil(repo, home) {
      const [line] = [`${join(home, '.ssh/id_ed25519.pub')}`].map((file) => run(home, 'cat', [file]).stdout.trim());
      repo.commit('chore: one owner', { '.protectionrc': policyText({ one: { file: '', line: line! } }) });
      repo.publish();
    },
  },
  {
    id: 'open-key',
    severity: 'warning',
    says: /has no passphrase, and Claude Code works on this machine/,
    spoil: (repo) => repo.write('CLAUDE.md', ''),
  },
  {
    id: 'key-mode',
    severity: 'error',
    says: /can be read by others \(mode 644\)/,
    spoil: (_, home) => chmodSync(join(home, '.ssh/id_ed25519'), 0o644),
  },
  {
    id: 'key-mode',
    severity: 'error',
    says: /can be read by others \(mode 640\)/,
    spoil: (_, home) => chmodSync(join(home, '.ssh/id_ed25519'), 0o640),
  },
  {
    id: 'default-branch',
    severity: 'warning',
    says: /the default branch of origin is not known/,
    spoil: (repo) => repo.git('remote', 'set-head', 'origin', '--delete'),
  },
];

test('nothing is wrong where nothing is wrong', () => {
  const { repo } = healthy();
  const done = repo.protect('doctor');
  is(done.code, 0, done.out);
  match(done.out, 'protect: all is well');
  equal(examine(repo).found, []);
});

for (const { id, says, severity, spoil } of cases)
  test(`${id}: ${says.source}`, () => {
    const { repo, home } = healthy();
    spoil(repo, home);
    const { code, found } = examine(repo);
    const one = found.find((ailment) => ailment.id === id && says.test(ailment.message));
    ok(one, JSON.stringify(found, null, 1));
    is(one.severity, severity);
    ok(one.help.length > 0);
    is(code, found.some((ailment) => ailment.severity === 'error') ? 1 : 0);
    const fixed = examine(repo, '--fix');
    const still = fixed.found.some((ailment) => ailment.message === one.message);
    is(still, !one.mends, 'what can be mended is gone, what cannot stays');
    is(
      fixed.mended.some((ailment) => ailment.message === one.message),
      one.mends,
    );
  });

test('this clone is shallow', () => {
  const { repo } = healthy();
  const dir = folder('shallow');
  run(dir, 'git', ['clone', '-q', '--depth', '1', `file://${repo.git('remote', 'get-url', 'origin')}`, '.']);
  const { found } = examine(new Repo(dir, repo.env));
  ok(found.some(({ id, help }) => id === 'shallow-clone' && help === 'git fetch --unshallow'));
  ok(found.some(({ id }) => id === 'hooks-path'));
});

test('a program with a window finds node where wire saw it; without that, it is told', () => {
  const { repo } = healthy();
  equal(
    examine(repo).found.filter(({ id }) => id === 'node-not-found'),
    [],
  );
  repo.git('config', '--unset', 'protect.node');
  const { found } = examine(repo);
  const inPlain =
    run(repo.dir, 'sh', ['-c', 'command -v node'], { env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' } }).code === 0;
  const elsewhere = run(repo.dir, 'sh', ['-c', 'ls /usr/local/bin/node /opt/homebrew/bin/node'], {}).stdout !== '';
  is(
    found.some(({ id }) => id === 'node-not-found'),
    !inPlain && !elsewhere,
  );
});

test('every diagnosis has a case, but those of versions that this machine cannot have', () => {
  const seen = new Set([
    ...cases.map(({ id }) => id),
    'shallow-clone',
    'node-not-found',
    'git-version',
    'node-version',
  ]);
  equal([...seen].sort(), diagnoses.map(({ id }) => id).sort());
  for (const { id, symptom, why, fix } of diagnoses) ok(symptom && why && fix, id);
});

test('an encrypted key is no open key', () => {
  const { repo, home } = healthy();
  const file = join(home, '.ssh/id_ed25519');
  is(run(dirname(file), 'ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret', '-f', file]).code, 0);
  repo.write('CLAUDE.md', '');
  equal(
    examine(repo).found.filter(({ id }) => id === 'open-key'),
    [],
  );
});

test('a key in the old format without a passphrase is an open key', () => {
  const { repo, home } = healthy();
  const file = join(home, '.ssh/id_rsa');
  is(run(home, 'ssh-keygen', ['-q', '-t', 'rsa', '-m', 'PEM', '-N', '', '-f', file]).code, 0);
  const line = run(home, 'cat', [`${file}.pub`]).stdout.trim();
  repo.commit('chore: owners', { '.protectionrc': policyText({ old: { file, line } }), 'CLAUDE.md': '' });
  repo.publish();
  const open = () => examine(repo).found.filter(({ message }) => message.startsWith(file));
  equal(
    open().map(({ id }) => id),
    ['open-key'],
  );
  is(run(home, 'ssh-keygen', ['-q', '-p', '-m', 'PEM', '-P', '', '-N', 'secret', '-f', file]).code, 0);
  equal(open(), []);
});

test('husky switched off in this environment', () => {
  const { repo } = healthy();
  const { code, stdout } = repo.protectWith({ env: { ...repo.env, HUSKY: '0' } }, 'doctor', '--format', 'json');
  is(code, 1);
  match(stdout, 'HUSKY=0 is set in this environment');
  repo.git('config', '--unset', 'core.hooksPath');
  const fixed = repo.protectWith({ env: { ...repo.env, HUSKY: '0' } }, 'doctor', '--fix');
  is(fixed.code, 1);
  match(fixed.stderr, 'protect: the hooks are not wired: HUSKY=0');
  match(fixed.stdout, 'error[hooks-path]');
  match(fixed.stdout, 'error[husky-off] HUSKY=0 is set in this environment');
  not.match(fixed.stdout, 'mended');
});

test('what could not be looked at is no health', () => {
  const { repo } = healthy();
  const blob = repo.head('origin/main:.protectionrc');
  rmSync(join(repo.dir, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  const { code, stdout } = repo.protect('doctor', '--format', 'json');
  is(code, 3, stdout);
  const { healthy: isHealthy, unseen } = JSON.parse(stdout);
  is(isHealthy, false);
  ok(unseen.some(({ id }: { id: string }) => id === 'no-policy'));
  match(repo.protect('doctor').out, 'undecided[no-policy]');
});

test('the line that is told brings Git LFS its push, and the push its standard input', () => {
  const { repo } = healthy();
  repo.write('.gitattributes', '*.bin filter=lfs\n').git('add', '.gitattributes');
  const { found } = examine(repo);
  const help = found.find(({ id }) => id === 'lfs')!.help!;
  is(help, `echo 'git lfs pre-push "$@"' >> .husky/pre-push`);
  is(run(repo.dir, 'sh', ['-c', help]).code, 0);
  is(examine(repo).code, 0);
  const bin = new Repo(folder('bin'));
  bin.write('git-lfs', '#!/bin/sh\necho "lfs $*"; cat\n', 0o755);
  const env = { ...repo.env, PATH: `${bin.dir}:${process.env['PATH']}` };
  const pushed = run(repo.dir, 'git', ['push', 'origin', 'HEAD:refs/heads/topic'], { env });
  match(pushed.out, /lfs pre-push origin .*\nHEAD [0-9a-f]{40} refs\/heads\/topic/);
});

test('words for people: what is wrong, and how much of it --fix mends', () => {
  const { repo } = healthy();
  repo.git('config', '--unset', 'core.hooksPath');
  const done = repo.protect('doctor');
  is(done.code, 1);
  match(done.out, 'error[hooks-path] this clone is not wired');
  match(done.out, '  help: npx git-protect wire');
  match(done.out, 'protect: 1 error, 0 warnings; 1 can be fixed: npx git-protect doctor --fix');
  const fixed = repo.protect('doctor', '--fix');
  is(fixed.code, 0, fixed.out);
  match(fixed.out, 'fixed[hooks-path]');
  not.match(fixed.out, 'error');
  is(repo.protect('doctor', '--format', 'sarif').code, 2);
});

test('a command to paste runs nothing that a file name says', () => {
  const { repo } = healthy();
  repo.remove('.github').write(".github/workflows/a;touch 'x';.yml", 'run: npx git-protect ci\n');
  repo.git('add', '-A');
  const { found } = examine(repo);
  is(
    found.find(({ id }) => id === 'ci-own-judge')?.help,
    "git rm '.github/workflows/a;touch '\\''x'\\'';.yml' && npx git-protect init --ci github",
  );
});
