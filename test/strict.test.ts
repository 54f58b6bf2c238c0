import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, copyWithRemote, folder, guardedRepo, hooksApart, Repo, type Result, run } from './support/world.ts';

hooksStay();
const test = suite('strict mode');

interface World {
  readonly repo: Repo;
  readonly origin: Repo;
  readonly keys: ReturnType<typeof guardedRepo>['keys'];
}

let made: World | undefined;

/** A clone in strict mode, on main as the remote has it; branch `evil` holds an edit that nobody approved, `good` an honest one. */
function strictWorld(): World {
  made ??= makeWorld();
  const { repo, origin } = copyWithRemote(made.repo, made.origin);
  // What the hook looks for lies by absolute paths.
  is(repo.protect('wire').code, 0);
  repo.git('update-index', '-q', '--refresh');
  return { repo: new Repo(repo.dir, hooksApart), origin, keys: made.keys };
}

function makeWorld(): World {
  const { repo, origin, keys } = guardedRepo({ more: 'strict: true' });
  is(repo.protect('wire').code, 0);
  repo.git('switch', '-q', '-c', 'evil');
  repo.commit('CRITICAL: fee', { 'server/pay.ts': 'export const fee = 0;\n' });
  repo.git('switch', '-q', '-c', 'good', 'main');
  repo.commit('feat: good', { 'src/good.ts': 'good\n' });
  repo.git('switch', '-q', 'main');
  return { repo, origin: origin!, keys };
}

/** Git refused, in the words of strict mode, and main is where it was. */
function refused({ repo }: World, before: string, result: Result, what: string): string {
  is.not(result.code, 0, `${what}: ${result.out}`);
  match(result.out, 'protect: refused (strict mode', what);
  match(result.out, 'server/pay.ts', what);
  is(repo.head('refs/heads/main'), before, what);
  const way = /^main stays where it is; (.*)$/m.exec(result.out)?.[1];
  ok(way, `${what}: ${result.out}`);
  return way!;
}

interface Row {
  readonly what: string;
  readonly prepare?: (repo: Repo) => void;
  readonly run: string;
  /** The command of the way back, which is run; null: nothing has changed. */
  readonly back: string | null;
  /** What `git status` says after it; nothing by default. */
  readonly left?: string;
  /** Is HEAD elsewhere than on main then? */
  readonly on?: string;
}

const edit = (repo: Repo) => repo.write('server/pay.ts', 'export const fee = 2;\n');
const stageEdit = (repo: Repo) => edit(repo).git('add', 'server/pay.ts');
const diverge = (repo: Repo) => {
  repo.commit('feat: local', { 'src/local.ts': 'l\n' });
};

const rows: readonly Row[] = [
  {
    what: 'commit -n',
    prepare: stageEdit,
    run: 'git commit -nqm "CRITICAL: x"',
    back: 'git commit -eF .git/COMMIT_EDITMSG',
    left: 'M  server/pay.ts',
  },
  {
    what: 'commit -a -n',
    prepare: edit,
    run: 'git commit -anqm "CRITICAL: x"',
    back: 'git commit -a -eF .git/COMMIT_EDITMSG',
    left: ' M server/pay.ts',
  },
  {
    what: 'commit PATH -n',
    prepare: edit,
    run: 'git commit -nqm "CRITICAL: x" server/pay.ts',
    back: 'git commit -a -eF .git/COMMIT_EDITMSG',
    left: ' M server/pay.ts',
  },
  {
    what: 'commit --amend -n',
    prepare: (repo) => {
      diverge(repo);
      stageEdit(repo);
    },
    run: 'git commit --amend -nqm "CRITICAL: x"',
    back: 'git commit --amend -eF .git/COMMIT_EDITMSG',
    left: 'M  server/pay.ts',
  },
  {
    what: 'HUSKY=0 commit',
    prepare: stageEdit,
    run: 'HUSKY=0 git commit -nqm "CRITICAL: x"',
    back: 'git commit -eF .git/COMMIT_EDITMSG',
    left: 'M  server/pay.ts',
  },
  { what: 'update-ref', run: 'git update-ref refs/heads/main evil', back: null },
  {
    what: 'update-ref --stdin',
    run: 'printf "update refs/heads/main %s\\n" "$(git rev-parse evil)" | git update-ref --stdin',
    back: null,
  },
  { what: 'merge --ff-only', run: 'git merge -q --ff-only evil', back: 'git reset --merge' },
  {
    what: 'merge --ff-only beside work that is not committed',
    prepare: (repo) => repo.write('src/a.ts', 'mine\n'),
    run: 'git merge -q --ff-only evil',
    back: 'git reset --merge',
    left: ' M src/a.ts',
  },
  { what: 'merge', prepare: diverge, run: 'git merge -q --no-verify --no-edit evil', back: 'git merge --abort' },
  {
    what: 'pull, fast-forward',
    prepare: (repo) => repo.git('push', '-q', '--no-verify', 'origin', 'evil'),
    run: 'git pull -q origin evil',
    back: 'git reset --merge',
  },
  {
    what: 'pull --rebase',
    prepare: (repo) => {
      diverge(repo);
      repo.git('push', '-q', '--no-verify', 'origin', 'evil');
    },
    run: 'git pull -q --rebase origin evil',
    back: 'git rebase --abort',
  },
  { what: 'rebase', prepare: diverge, run: 'git rebase -q evil', back: 'git rebase --abort' },
  {
    what: 'rebase --apply',
    prepare: diverge,
    run: 'git rebase -q --apply evil',
    back: 'git rebase --quit && git checkout main',
  },
  { what: 'cherry-pick', prepare: diverge, run: 'git cherry-pick evil', back: 'git cherry-pick --abort' },
  {
    what: 'cherry-pick of several',
    prepare: diverge,
    run: 'git cherry-pick evil good',
    back: 'git cherry-pick --abort',
  },
  {
    what: 'revert',
    prepare: (repo) => {
      repo.git('-c', 'core.hooksPath=/dev/null', 'merge', '-q', '--ff-only', 'evil');
      repo.git('-c', 'core.hooksPath=/dev/null', 'update-ref', 'refs/remotes/origin/main', 'evil');
    },
    run: 'git revert --no-edit HEAD',
    back: 'git reset --merge',
  },
  {
    what: 'am',
    prepare: (repo) => {
      diverge(repo);
      repo.write('.git/patch', `${repo.git('format-patch', '--stdout', '-1', 'evil')}\n\n`);
    },
    run: 'git am -q .git/patch',
    back: 'git am --abort',
  },
  { what: 'reset --hard', run: 'git reset -q --hard evil', back: 'git reset --merge' },
  { what: 'reset, of the index alone', run: 'git reset -q evil', back: 'git reset' },
  { what: 'reset --soft', run: 'git reset -q --soft evil', back: null },
  { what: 'checkout -B', run: 'git checkout -q -B main evil', back: 'git reset --merge' },
  {
    what: 'checkout -B from another branch',
    prepare: (repo) => repo.git('switch', '-q', 'good'),
    run: 'git checkout -q -B main evil',
    back: 'git reset --merge',
    on: 'good',
  },
  {
    what: 'switch -C',
    prepare: (repo) => repo.git('switch', '-q', 'good'),
    run: 'git switch -q -C main evil',
    back: 'git reset --merge',
    on: 'good',
  },
  {
    what: 'branch -f',
    prepare: (repo) => repo.git('switch', '-q', 'good'),
    run: 'git branch -f main evil',
    back: null,
    on: 'good',
  },
  {
    what: 'fetch x:main',
    prepare: (repo) => repo.git('switch', '-q', 'good'),
    run: 'git fetch -q . evil:main',
    back: null,
    on: 'good',
  },
  {
    what: 'push . x:main',
    prepare: (repo) => repo.git('switch', '-q', 'good'),
    run: 'git push -q --no-verify . evil:main',
    back: null,
    on: 'good',
  },
  {
    what: 'worktree add -B',
    prepare: (repo) => repo.git('switch', '-q', 'good'),
    run: 'git worktree add -q -B main ../w$$ evil',
    back: null,
    on: 'good',
  },
  {
    what: 'fast-import',
    run: '{ printf "commit refs/heads/main\\ncommitter A <a@b> 1 +0000\\ndata 1\\nx\\nfrom refs/heads/main^0\\nM 100644 inline server/pay.ts\\ndata 2\\n9\\n\\n"; } | git fast-import --quiet --force',
    back: null,
  },
  {
    what: 'a symbolic ref',
    prepare: (repo) => repo.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main'),
    run: 'git update-ref refs/heads/alias evil',
    back: null,
  },
  { what: 'a name in other letters', run: 'git update-ref refs/heads/MAIN evil', back: null },
  {
    what: 'a commit in a detached HEAD, then the branch',
    run: 'git checkout -q --detach evil && git branch -f main HEAD',
    back: null,
    on: 'HEAD',
  },
];

for (const { what, prepare, run: command, back, left = '', on = 'main' } of rows)
  test(`refused: ${what}`, () => {
    const world = strictWorld();
    const { repo } = world;
    prepare?.(repo);
    const before = repo.head('refs/heads/main');
    const result = run(repo.dir, 'sh', ['-c', command], { env: hooksApart });
    if (what === 'a name in other letters') {
      is.not(result.code, 0);
      return match(result.out, 'MAIN stays where it is; nothing else has changed');
    }
    const way = refused(world, before, result, what);
    if (back === null) is(way, 'nothing else has changed', result.out);
    else {
      ok(way.endsWith(`: ${back}`), way);
      const gone = run(repo.dir, 'sh', ['-c', back], { env: { ...hooksApart, GIT_EDITOR: 'true' } });
      // A commit is refused again: it is still not approved. All else leads back.
      if (back.startsWith('git commit')) match(gone.out, 'error[protected-files]');
      else is(gone.code, 0, gone.out);
    }
    is(repo.git('rev-parse', '--abbrev-ref', 'HEAD'), on);
    is(repo.git('status', '--porcelain', '-uno').split('\n').filter(Boolean).join('\n'), left);
    is(repo.head('refs/heads/main'), before);
  });

test('the way on: what is approved is committed with the message that was written', () => {
  const { repo, keys } = strictWorld();
  stageEdit(repo);
  const first = repo.tryGit('commit', '-n', '-q', '-m', 'CRITICAL: fee of two');
  match(first.out, 'once that is put right: git commit -eF .git/COMMIT_EDITMSG');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const second = run(repo.dir, 'sh', ['-c', 'git commit -eF .git/COMMIT_EDITMSG'], {
    env: { ...hooksApart, GIT_EDITOR: 'true' },
  });
  is(second.code, 0, second.out);
  is(repo.git('log', '-1', '--format=%s'), 'CRITICAL: fee of two');
});

test('with approvals at the landing the way leads to a branch of its own', () => {
  const { repo } = guardedRepo({ more: 'strict: true\napprovals: { needed: landing }' });
  is(repo.protect('wire').code, 0);
  stageEdit(repo);
  const refusal = repo.tryGit('commit', '-n', '-q', '-m', 'CRITICAL: fee');
  const way = /on a branch of its own: (.*)$/m.exec(refusal.out)?.[1];
  is(way, 'git switch -c fix && git commit -eF .git/COMMIT_EDITMSG', refusal.out);
  const done = run(repo.dir, 'sh', ['-c', way!], { env: { ...hooksApart, GIT_EDITOR: 'true' } });
  is(done.code, 0, done.out);
  is(repo.git('log', '-1', '--format=%s', 'fix'), 'CRITICAL: fee');
});

test('a branch that was moved behind the hook is found by the next commit on it', () => {
  const world = strictWorld();
  const { repo } = world;
  repo.git('switch', '-q', 'good');
  repo.git('branch', '-M', 'evil', 'main');
  repo.git('switch', '-q', 'main');
  const before = repo.head('main');
  repo.write('src/b.ts', 'b\n').git('add', 'src/b.ts');
  refused(world, before, repo.tryGit('commit', '-q', '-m', 'feat: b'), 'the next commit');
});

test('what came in from the side of a merge vouches for nothing', () => {
  const world = strictWorld();
  const { repo } = world;
  // Main takes the branch, and not what it holds: the edit is behind main, and was never its state.
  repo.git('-c', 'core.hooksPath=/dev/null', 'merge', '-q', '-s', 'ours', '-m', 'chore: merge evil', 'evil');
  repo.git('push', '-q', '--no-verify', 'origin', 'main');
  const before = repo.head('main');
  refused(world, before, repo.tryGit('reset', '-q', '--hard', 'evil'), 'to the merged side');
  repo.git('reset', '-q', '--merge');
  repo.git('switch', '-q', '-c', 'on-evil', 'evil');
  repo.commit('feat: on top', { 'src/top.ts': 't\n' });
  refused(world, before, repo.tryGit('branch', '-f', 'main', 'on-evil'), 'on top of the merged side');
});

test('a branch of another name on the remote vouches for nothing', () => {
  const world = strictWorld();
  const { repo } = world;
  repo.git('push', '-q', '--no-verify', 'origin', 'evil');
  repo.git('fetch', '-q');
  refused(world, repo.head('main'), repo.tryGit('merge', '-q', '--ff-only', 'origin/evil'), 'origin/evil');
});

test('a deleted main that comes back is judged from the trusted tip', () => {
  const { repo } = strictWorld();
  repo.git('switch', '-q', 'good');
  repo.git('branch', '-q', '-D', 'main');
  const back = repo.tryGit('branch', 'main', 'evil');
  is.not(back.code, 0);
  match(back.out, 'protect: refused (strict mode');
  is(repo.tryGit('branch', 'main', 'origin/main').code, 0);
});

test('everything else goes on', () => {
  const { repo, origin } = strictWorld();
  const passes = (...args: string[]) => {
    const done = repo.tryGit(...args);
    is(done.code, 0, `git ${args.join(' ')}: ${done.out}`);
    not.match(done.out, 'protect: refused');
  };
  repo.write('src/c.ts', 'c\n').git('add', 'src/c.ts');
  passes('commit', '-q', '-m', 'feat: c');
  passes('push', '-q', 'origin', 'main');
  passes('merge', '-q', '--no-edit', 'good');
  repo.write('src/a.ts', 'wip\n');
  passes('stash');
  passes('stash', 'pop');
  passes('checkout', '-q', '--', 'src/a.ts');
  passes('fetch', '-q');
  passes('pack-refs', '--all');
  passes('gc', '-q');
  passes('maintenance', 'run', '--quiet');
  passes('bisect', 'start', 'HEAD', 'HEAD~1');
  passes('bisect', 'reset');
  passes('worktree', 'add', '-q', '../linked', 'good');
  passes('tag', 'v1');
  passes('notes', 'add', '-m', 'n', 'HEAD');
  passes('branch', 'other', 'good');
  passes('branch', '-f', 'other', 'evil');
  passes('branch', '-m', 'other', 'better');
  passes('reset', '-q', '--hard', 'origin/main');
  passes('reset', '-q', '--hard', 'HEAD~1');
  passes('pull', '-q', '--ff-only', 'origin', 'main');
  passes('clone', '-q', '.', '../clone');
  passes('switch', '-q', 'evil');
  passes('commit', '-q', '--amend', '--allow-empty', '-n', '-m', 'feat: on a branch of its own');
  passes('switch', '-q', 'main');
  repo.commit('feat: local', { 'src/a.ts': 'mine\n' });
  // Another of the same lines lands meanwhile.
  const other = new Repo(join(folder('other'), 'c'));
  run(folder(), 'git', ['clone', '-q', origin.dir, other.dir]);
  other.commit('feat: theirs', { 'src/a.ts': 'theirs\n' });
  other.git('push', '-q', 'origin', 'main');
  is.not(repo.tryGit('pull', '-q', '--rebase', 'origin', 'main').code, 0, 'a conflict');
  repo.write('src/a.ts', 'both\n').git('add', 'src/a.ts');
  passes('-c', 'core.editor=true', 'rebase', '--continue');
  passes('push', '-q', 'origin', 'main');
});

test('linked worktrees are held, with and without packages', () => {
  const world = strictWorld();
  const { repo } = world;
  const place = join(folder('linked'), 'w');
  repo.git('switch', '-q', 'good');
  repo.git('worktree', 'add', '-q', place, 'main');
  const linked = new Repo(place, hooksApart);
  stageEdit(linked);
  const before = repo.head('main');
  const result = linked.tryGit('commit', '-n', '-q', '-m', 'CRITICAL: x');
  const way = refused(world, before, result, 'linked');
  match(way, /git commit -eF \S+\/worktrees\/w\/COMMIT_EDITMSG$/);
});

test('hooks in a folder of the tree, and a push into the clone', () => {
  const { repo, origin } = guardedRepo({ hooks: false, more: 'strict: true' });
  repo.write('.githooks/pre-commit', '#!/bin/sh\nexit 0\n', 0o755);
  repo.commit('chore: own hooks');
  repo.git('config', 'core.hooksPath', '.githooks');
  is(repo.protect('wire').code, 0);
  repo.commit('chore: hooks');
  repo.publish();
  repo.git('fetch', '-q');
  const clone = new Repo(repo.dir, hooksApart);
  stageEdit(clone);
  match(clone.tryGit('commit', '-n', '-q', '-m', 'CRITICAL: x').out, 'protect: refused (strict mode');
  clone.git('reset', '-q', '--hard');
  const other = new Repo(join(folder('other'), 'c'), hooksApart);
  run(folder(), 'git', ['clone', '-q', origin!.dir, other.dir]);
  const evil = other.commit('CRITICAL: x', { 'server/pay.ts': '0\n' });
  clone.git('switch', '-q', '-c', 'aside');
  const pushed = other.tryGit('push', clone.dir, `${evil}:refs/heads/main`);
  is.not(pushed.code, 0, pushed.out);
  match(pushed.out, 'protect: refused (strict mode');
  is(clone.protect('uninstall', '--yes').code, 0);
  is(clone.has('.git/.githooks'), false);
  is(clone.has('.githooks/reference-transaction'), false);
});

test('where nothing is known of another side, the branch itself vouches', () => {
  const { repo } = guardedRepo({ remote: false, more: 'strict: true' });
  is(repo.protect('wire').code, 0);
  const alone = new Repo(repo.dir, hooksApart);
  alone.write('src/n.ts', 'n\n').git('add', 'src/n.ts');
  is(alone.tryGit('commit', '-q', '-m', 'feat: n').code, 0);
  stageEdit(alone);
  match(alone.tryGit('commit', '-nq', '-m', 'CRITICAL: x').out, 'protect: refused (strict mode');
});

test('a policy that has changed since is asked about, and doctor says so', () => {
  const { repo } = strictWorld();
  const strict = join(repo.dir, '.git/protect/strict');
  ok(existsSync(strict));
  is(repo.protect('doctor').out.includes('strict mode'), false);
  writeFileSync(strict, readFileSync(strict, 'utf8').replace(/protect_moves.*/, 'protect_moves() { return 1; }'));
  match(repo.protect('doctor').out, 'strict mode looks for the branches of an older policy');
  // The list is older than the policy: Node is asked, whatever the list says.
  run(repo.dir, 'touch', ['-d', '2020-01-01', strict]);
  stageEdit(repo);
  match(repo.tryGit('commit', '-nq', '-m', 'CRITICAL: x').out, 'protect: refused (strict mode');
  repo.remove('.husky/_/reference-transaction');
  match(repo.protect('doctor').out, 'reference-transaction is missing');
  is(repo.protect('doctor', '--fix').code, 0);
  match(repo.tryGit('commit', '-nq', '-m', 'CRITICAL: x').out, 'protect: refused (strict mode');
});

test('a hook of before goes on running, and an uninstall leaves it', () => {
  const { repo } = guardedRepo({ hooks: false });
  repo.write('.git/hooks/reference-transaction', '#!/bin/sh\necho "$1 $(wc -l)" >> .git/seen\n', 0o755);
  is(repo.protect('init', '--strict', '--yes', '--ci', 'none').code, 0);
  match(repo.protect('init', '--strict', '--dry-run', '--yes').stdout, 'dry run');
  const clone = new Repo(repo.dir, hooksApart);
  clone.git('add', '-A');
  is(clone.tryGit('commit', '-q', '-m', 'chore: hooks').code, 0);
  match(clone.read('.git/seen'), /prepared 2\ncommitted 2/);
  stageEdit(clone);
  match(clone.tryGit('commit', '-nq', '-m', 'CRITICAL: x').out, 'protect: refused (strict mode');
  is(clone.protect('uninstall', '--yes').code, 0);
  is(clone.has('.git/protect'), false);
  is(clone.has('.git/.husky'), false);
  is(clone.tryGit('commit', '-nq', '-m', 'CRITICAL: x').code, 0);
  match(clone.read('.git/hooks/reference-transaction'), 'seen');
});

test('without strict mode no move of a ref starts anything', () => {
  const { repo } = guardedRepo();
  is(repo.has('.husky/_/reference-transaction'), false);
  is(repo.has('.git/protect/strict'), false);
  const { repo: strict } = strictWorld();
  strict.write('.protectionrc', strict.read('.protectionrc').replace('strict: true', 'strict: false'));
  strict.git('-c', 'core.hooksPath=/dev/null', 'commit', '-qam', 'chore: lax');
  is(strict.protect('wire').code, 0);
  is(strict.has('.husky/_/reference-transaction'), false);
  is(strict.has('.git/protect/strict'), false);
});

test('lines that are none are not judged', () => {
  const { repo } = strictWorld();
  const hook = (input: string) =>
    run(repo.dir, join(repo.dir, '.husky/_/reference-transaction'), ['prepared'], { input, env: hooksApart });
  equal(
    [hook('nonsense refs/heads/main\n').code, hook(`${'0'.repeat(40)} ${'0'.repeat(40)} refs/heads/main\n`).code],
    [1, 0],
  );
});
