import { chmodSync, existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, installPackage, makeKey, newRepo, policyText, Repo } from './support/world.ts';

const test = suite('hooks');

test('a protected file is refused, approved, committed and pushed', () => {
  const { repo, keys } = guardedRepo();
  repo.write('server/pay.ts', 'export const fee = 2;\n');
  const refused = repo.tryGit('commit', '-am', 'CRITICAL: raise the fee');
  is(refused.code, 1);
  match(refused.out, 'error[protected-files] server/pay.ts: changed without approval (critical: Payments)');
  repo.git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  is(repo.tryGit('commit', '-m', 'CRITICAL: raise the fee').code, 0);
  is(repo.tryGit('push', 'origin', 'main').code, 0);
});

test('a hook that passes says nothing', () => {
  const { repo } = guardedRepo();
  repo.write('src/a.ts', 'b\n');
  const done = repo.tryGit('commit', '-qam', 'feat: b');
  is(done.code, 0);
  is(done.out, '');
});

test('commit -a and commit PATH are judged by their own index', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', 'x\n').write('src/a.ts', 'b\n');
  is(repo.tryGit('commit', '-am', 'CRITICAL: x').code, 1);
  is(repo.tryGit('commit', 'server/pay.ts', '-m', 'CRITICAL: x').code, 1);
  is(repo.tryGit('commit', 'src/a.ts', '-m', 'feat: b').code, 0);
  repo.git('add', 'server/pay.ts');
  repo.write('src/a.ts', 'c\n');
  is(repo.tryGit('commit', 'src/a.ts', '-m', 'feat: c').code, 0, 'what is staged besides is not committed');
  is(repo.tryGit('commit', '-m', 'CRITICAL: x').code, 1);
});

test('from a subfolder, and with GIT_DIR set', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', 'x\n').git('add', '-A');
  is(new Repo(join(repo.dir, 'src')).tryGit('commit', '-m', 'CRITICAL: x').code, 1);
  const elsewhere = new Repo(folder(), { GIT_DIR: join(repo.dir, '.git'), GIT_WORK_TREE: repo.dir });
  is(elsewhere.tryGit('commit', '-m', 'CRITICAL: x').code, 1);
});

test('merging main into a feature branch just works, an evil merge does not', () => {
  const { repo, keys } = guardedRepo();
  repo.git('switch', '-qc', 'feature');
  repo.commit('feat: mine', { 'src/mine.ts': '1\n' });
  repo.git('switch', '-q', 'main');
  repo.write('server/pay.ts', 'approved\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  repo.git('commit', '-qm', 'CRITICAL: approved');
  repo.git('push', '-q', 'origin', 'main');
  repo.git('switch', '-q', 'feature');
  const merged = repo.tryGit('merge', '--no-edit', 'main');
  is(merged.code, 0, merged.out);
  repo.git('reset', '-q', '--hard', 'HEAD~1');
  repo.git('merge', '--no-commit', 'main');
  repo.write('server/pay.ts', 'evil\n').git('add', '-A');
  const evil = repo.tryGit('commit', '-m', 'Merge main');
  is(evil.code, 1);
  match(evil.out, 'server/pay.ts');
});

test('a merge is free in its words unless it changes a critical file by itself', () => {
  const { repo, keys } = guardedRepo();
  repo.git('switch', '-qc', 'side');
  repo.commit('feat: side', { 'src/side.ts': '1\n' });
  repo.git('switch', '-q', 'main');
  repo.commit('feat: main', { 'src/main.ts': '1\n' });
  is(repo.tryGit('merge', 'side', '-m', 'whatever words').code, 0);
  repo.git('reset', '-q', '--hard', 'HEAD~1');
  repo.git('merge', '-q', '--no-commit', 'side');
  repo.write('server/pay.ts', 'evil\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  const plain = repo.tryGit('commit', '-m', 'whatever words');
  is(plain.code, 1);
  match(plain.out, "server/pay.ts is critical, so the subject starts with 'CRITICAL: '");
  is(repo.tryGit('commit', '-m', 'CRITICAL: merge side').code, 0);
});

test('message: types, near misses, critical, revert, fixup', () => {
  const { repo, keys } = guardedRepo();
  const message = (text: string) => repo.tryGit('commit', '--allow-empty', '-m', text);
  match(message('feature: x').out, 'did you mean feat?');
  match(message('feat:x').out, "a space is missing after 'feat:'");
  match(message('feat x').out, "a colon is missing after 'feat'");
  for (const good of [
    'feat: x',
    'fix(api): x',
    'refactor!: x',
    'CRITICAL: x',
    'fixup! feat: x',
    'squash! feat: x',
    'amend! feat: x',
  ])
    is(message(good).code, 0, good);
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  is(repo.tryGit('commit', '-m', 'feat: fee').code, 1);
  is(repo.tryGit('commit', '-m', 'CRITICAL: fee').code, 0);
  repo.git('revert', '--no-commit', 'HEAD');
  approve(repo, keys['lead']!, '--staged');
  const reverted = repo.tryGit('commit', '-m', `Revert "CRITICAL: fee"\n\nThis reverts commit ${repo.head()}.`);
  is(reverted.code, 0, reverted.out);
});

test('comment lines count when no editor runs, and not when one does', () => {
  const { repo } = guardedRepo();
  is(repo.tryGit('commit', '--allow-empty', '-m', '# feat: x').code, 1);
  const editor = new Repo(repo.dir, { GIT_EDITOR: 'sh -c \'printf "# a comment\\nfeat: by editor\\n" > "$0"\'' });
  const done = editor.tryGit('commit', '--allow-empty');
  is(done.code, 0, done.out);
  is(repo.git('log', '-1', '--format=%s'), 'feat: by editor');
  const verbose = new Repo(repo.dir, {
    GIT_EDITOR: 'sh -c \'printf "feat: verbose\\n" | cat - "$0" > "$0.2" && mv "$0.2" "$0"\'',
  });
  is(verbose.tryGit('commit', '--allow-empty', '-v').code, 0);
});

test('cherry-pick, revert and rebase run no commit hooks; the push catches them', () => {
  const { repo, keys } = guardedRepo();
  repo.write('config/app.json', '{"a":1}\n').git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  repo.git('commit', '-qm', 'chore: configure');
  repo.git('push', '-q', 'origin', 'main');
  is(repo.tryGit('revert', '--no-edit', 'HEAD').code, 0);
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 1);
  match(pushed.out, 'config/app.json: changed without approval');
  const range = approve(repo, keys['lead']!, '--range', 'origin/main..HEAD');
  is(range.code, 0, range.out);
  repo.git('commit', '-qm', 'chore: approve the revert');
  const again = repo.tryGit('push', 'origin', 'main');
  is(again.code, 0, again.out);
});

test('a linked worktree runs the hooks, without node_modules of its own', () => {
  const { repo } = guardedRepo();
  const tree = join(folder('trees'), 'linked');
  repo.git('worktree', 'add', '-q', tree, '-b', 'other');
  ok(existsSync(join(tree, '.husky/_/h')));
  const linked = new Repo(tree);
  linked.write('server/pay.ts', 'x\n');
  const refused = linked.tryGit('commit', '-am', 'CRITICAL: x');
  is(refused.code, 1);
  match(refused.out, 'protected-files');
  const second = join(folder('trees'), 'second');
  linked.git('worktree', 'add', '-q', second, '-b', 'second');
  is(new Repo(second).write('server/pay.ts', 'x\n').tryGit('commit', '-am', 'CRITICAL: x').code, 1);
});

test('wire reaches worktrees that were there before', () => {
  const { repo } = guardedRepo();
  const tree = join(folder('trees'), 'linked');
  repo.git('-c', 'core.hooksPath=/dev/null', 'worktree', 'add', '-q', tree, '-b', 'other');
  const alone = new Repo(tree).write('server/pay.ts', 'x\n').tryGit('commit', '-am', 'CRITICAL: x');
  is(alone.code, 0, alone.out);
  repo.protect('wire');
  is(new Repo(tree).write('server/pay.ts', 'y\n').tryGit('commit', '-am', 'CRITICAL: x').code, 1);
});

test('when protect is not installed the hook refuses and says what to run', () => {
  const { repo } = guardedRepo({ files: { 'package.json': '{}', 'pnpm-lock.yaml': '' } });
  repo.remove('node_modules');
  const refused = repo.tryGit('commit', '--allow-empty', '-m', 'feat: x');
  is(refused.code, 1);
  match(refused.out, 'git-protect is not installed here');
  match(refused.out, 'help: pnpm install');
});

test('the policy protects from init on, before it is committed', () => {
  const repo = newRepo();
  repo.commit('chore: start', { 'server/pay.ts': '1\n' });
  repo.write('.protectionrc', policyText({ lead: makeKey('lead') }));
  is(repo.protect('wire').code, 0);
  repo.write('server/pay.ts', '2\n').git('add', 'server/pay.ts');
  const refused = repo.tryGit('commit', '-m', 'CRITICAL: x');
  is(refused.code, 1);
  match(refused.out, 'the policy is not committed yet');
  repo.git('reset', '-q', '--hard');
  repo.git('add', '-A');
  const adopted = repo.tryGit('commit', '-m', 'chore: protect');
  is(adopted.code, 0, adopted.out);
  is(repo.write('server/pay.ts', '2\n').tryGit('commit', '-am', 'CRITICAL: x').code, 1);
});

test('no policy at all is a note', () => {
  const repo = newRepo();
  repo.commit('chore: start');
  repo.protect('wire');
  const done = repo.tryGit('commit', '--allow-empty', '-m', 'any words');
  is(done.code, 0);
  match(done.out, 'no policy yet');
});

test('an unborn branch: the first commit brings the policy', () => {
  const repo = newRepo();
  repo.write('.protectionrc', policyText({ lead: makeKey('lead') })).write('server/pay.ts', '1\n');
  repo.protect('wire');
  repo.git('add', '-A');
  is(repo.tryGit('commit', '-m', 'no type').code, 1);
  is(repo.tryGit('commit', '-m', 'chore: begin').code, 1, 'a critical file is among it');
  const done = repo.tryGit('commit', '-m', 'CRITICAL: begin');
  is(done.code, 0, done.out);
});

test('a detached HEAD is judged as an unprotected branch', () => {
  const { repo, keys } = guardedRepo();
  repo.git('checkout', '-q', '--detach');
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  is(repo.tryGit('commit', '-m', 'CRITICAL: x').code, 1);
  is(approve(repo, keys['lead']!, '--staged', '--target', 'main').code, 0);
  is(repo.tryGit('commit', '-m', 'CRITICAL: x').code, 0);
});

test('needed: landing warns on a branch and refuses on main', () => {
  const { repo } = guardedRepo({ more: 'approvals: { needed: landing }' });
  repo.git('switch', '-qc', 'feature');
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  const warned = repo.tryGit('commit', '-m', 'CRITICAL: x');
  is(warned.code, 0);
  match(warned.out, 'warning[protected-files] server/pay.ts');
  is(repo.tryGit('push', 'origin', 'feature').code, 0);
  repo.git('switch', '-q', 'main');
  repo.git('merge', '-q', '--ff-only', 'feature');
  is(repo.tryGit('push', 'origin', 'main').code, 1);
});

test('SHA-256 repositories', () => {
  const { repo, keys } = guardedRepo({ format: 'sha256' });
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  is(repo.tryGit('commit', '-m', 'CRITICAL: x').code, 1);
  approve(repo, keys['lead']!, '--staged');
  is(repo.tryGit('commit', '-m', 'CRITICAL: x').code, 0);
  const pushed = repo.tryGit('push', 'origin', 'main');
  is(pushed.code, 0, pushed.out);
  is(repo.protect('ci', '--base', 'HEAD~1').code, 0);
});

test('where an invalid policy has landed the last valid one judges, and only a repair passes: its help is one', () => {
  const { repo } = guardedRepo();
  repo.commit('chore: break it', { '.protectionrc': 'version: 1\nprojekt: x\n' });
  const done = repo.tryGit('commit', '--allow-empty', '-m', 'feat: x');
  is(done.code, 1, 'Git turns every code into 1');
  match(done.out, "projekt: there is no such key; did you mean 'project'?");
  const help = /help: (git checkout [0-9a-f]{12} -- \.protectionrc)/.exec(done.out)?.[1] ?? '';
  repo.git(...help.split(' ').slice(1));
  repo.write('server/pay.ts', 'export const fee = 9;\n').git('add', '-A');
  match(repo.tryGit('commit', '-m', 'chore: repair, and more').out, 'error[protected-files] server/pay.ts');
  repo.git('reset', '-q', 'server');
  repo.git('checkout', '-q', 'server');
  const repaired = repo.tryGit('commit', '-m', 'chore: repair');
  is(repaired.code, 0, repaired.out);
});

test('an invalid policy with no valid one behind it is exit 2 with the way out', () => {
  const repo = newRepo();
  repo.commit('chore: policy', { '.protectionrc': 'version: 1\nprojekt: x\n' });
  const done = repo.protect('hook', 'pre-commit');
  is(done.code, 2, done.out);
  match(done.out, "projekt: there is no such key; did you mean 'project'?");
  match(done.out, 'npx git-protect policy check');
});

test('a change that brings an invalid policy is refused by the check', () => {
  const { repo, keys } = guardedRepo();
  repo.write('.protectionrc', `${repo.read('.protectionrc')}nonsense: 1\n`).git('add', '-A');
  approve(repo, keys['lead']!, '--staged');
  const refused = repo.tryGit('commit', '-m', 'chore: policy');
  is(refused.code, 1);
  match(refused.out, /error\[policy\] \.protectionrc:\d+: nonsense/);
});

test('owners may change the policy by the old policy', () => {
  const { repo, keys } = guardedRepo();
  repo.write('.protectionrc', `${repo.read('.protectionrc')}landing: squash\n`).git('add', '-A');
  is(repo.tryGit('commit', '-m', 'chore: policy').code, 1);
  approve(repo, keys['lead']!, '--staged');
  is(repo.tryGit('commit', '-m', 'chore: policy').code, 0);
});

test('an own check: passes, finds, crashes, is missing', () => {
  const more = 'checks:\n  no-todo: { command: [./tools/no-todo.sh], on: [pre-commit], options: { word: TODO } }';
  const { repo } = guardedRepo({ more, files: { 'tools/no-todo.sh': '#!/bin/sh\nexit 0\n' } });
  const script = (body: string) => {
    repo.write('tools/no-todo.sh', `#!/bin/sh\n${body}\n`);
    chmodSync(join(repo.dir, 'tools/no-todo.sh'), 0o755);
    return repo.tryGit('commit', '--allow-empty', '-m', 'feat: x');
  };
  is(script('cat > seen.json; env > seen.env').code, 0);
  const seen = JSON.parse(repo.read('seen.json'));
  is(seen.gate, 'pre-commit');
  is(seen.options.word, 'TODO');
  is(seen.change.head, null);
  not.match(repo.read('seen.env'), 'GIT_');
  match(
    script('echo \'{"message":"a TODO","path":"src/a.ts","line":3}\'; exit 1').out,
    'error[no-todo] src/a.ts:3: a TODO',
  );
  const crashed = script('exit 7');
  is(crashed.code, 1);
  match(crashed.out, 'undecided[no-todo] it ended with exit code 7');
  is(script('echo \'{"message":"x"}\'; exit 0').code, 1, 'a finding with exit 0 cannot open the gate');
  const silent = script('exit 1');
  is(silent.code, 1, 'nor can a refusal without a word');
  match(silent.out, 'undecided[no-todo] it ended with exit code 1 and 0 findings');
  repo.remove('tools/no-todo.sh');
  const missing = repo.tryGit('commit', '--allow-empty', '-m', 'feat: x');
  is(missing.code, 1);
  match(missing.out, 'could not be started');
});

test('staged tasks run on the staged files, after the other checks', () => {
  const more = 'staged: { "*.txt": "grep -L forbidden" }\n';
  const { repo } = guardedRepo({
    more: more.replace('grep -L forbidden', 'sh -c \'! grep -q forbidden \\"$@\\"\' sh'),
  });
  repo.write('a.txt', 'forbidden\n').git('add', '-A');
  const refused = repo.tryGit('commit', '-m', 'feat: a');
  is(refused.code, 1);
  match(refused.out, 'staged-tasks');
  repo.write('a.txt', 'fine\n').git('add', '-A');
  const done = repo.tryGit('commit', '-m', 'feat: a');
  is(done.code, 0, done.out);
});

test('under an AI agent the help names people', () => {
  const { repo } = guardedRepo();
  repo.write('server/pay.ts', '2\n').git('add', '-A');
  const refused = new Repo(repo.dir, { AI_AGENT: 'helper' }).tryGit('commit', '-m', 'CRITICAL: x');
  is(refused.code, 1);
  match(refused.out, 'help: ask lead to approve this change; only an owner can');
});

test('a submodule that moves, a symlink in place of a folder, a mode: all are states', () => {
  const { repo } = guardedRepo({
    more: 'files:\n  - { paths: [config/, /vendor/lib, run.sh, /deep/folder/**] }',
    files: { 'run.sh': 'x\n' },
  });
  repo.git('update-index', '--chmod=+x', 'run.sh');
  match(repo.tryGit('commit', '-m', 'feat: x').out, 'run.sh');
  repo.git('reset', '-q', '--hard');
  repo.git('update-index', '--add', '--cacheinfo', `160000,${repo.head()},vendor/lib`);
  match(repo.tryGit('commit', '-m', 'feat: x').out, 'vendor/lib');
  repo.git('reset', '-q', '--hard');
  symlinkSync('src', join(repo.dir, 'deep'));
  repo.git('add', 'deep');
  match(repo.tryGit('commit', '-m', 'feat: x').out, 'protected-files] deep: changed without approval');
});

test('a bare wire in a folder without Git is no failure', () => {
  const dir = folder();
  installPackage(dir);
  const done = new Repo(dir).protect('wire');
  is(done.code, 0);
  match(done.out, 'no Git repository');
});

function ok(value: unknown): void {
  is(Boolean(value), true);
}
