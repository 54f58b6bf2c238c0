import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not, ok } from 'uvu/assert';
import { suite } from './support/suite.ts';
import {
  addRemote,
  approve,
  distFolder,
  folder,
  guardedRepo,
  type Key,
  makeKey,
  policyText,
  Repo,
  run,
} from './support/world.ts';

const test = suite('predeploy');

/** A repository that is ready to be deployed. The tests may run as root, which `not-root` is not about here. */
function shop(
  options: { deploy?: string; more?: string; files?: Record<string, string>; keys?: Record<string, Key> } = {},
) {
  const deploy = options.deploy ?? 'production: {}';
  const more = `checks: { not-root: { severity: off } }\ndeploy: { ${deploy} }\n${options.more ?? ''}`;
  const made = guardedRepo({
    more,
    hooks: false,
    ...(options.files ? { files: options.files } : {}),
    ...(options.keys ? { keys: options.keys } : {}),
  });
  made.repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  return { ...made, origin: made.origin! };
}

const land = (repo: Repo, message: string, files: Record<string, string>) => {
  const commit = repo.commit(message, files);
  repo.publish();
  return commit;
};

const statuses = (repo: Repo, ...args: string[]): Record<string, string> => {
  const { outcomes } = JSON.parse(repo.protect('predeploy', '--format', 'json', ...args).stdout);
  return Object.fromEntries(outcomes.map(({ check, status }: { check: string; status: string }) => [check, status]));
};

test('a clean commit that the remote has passes, with and without deploy: in the policy', () => {
  for (const more of ['', 'deploy: { production: {} }']) {
    const { repo } = guardedRepo({ hooks: false, more: `checks: { not-root: { severity: off } }\n${more}` });
    repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
    const done = repo.protect('predeploy');
    is(done.code, 0, done.out);
    match(done.stdout, '✓ clean-tree');
    match(done.stdout, 'protect: passed (pre-deploy');
  }
});

test('one environment needs no name, several need one, an unknown one is exit 2', () => {
  const { repo } = shop({ deploy: 'production: {}, staging: { branch: next }' });
  const several = repo.protect('predeploy');
  is(several.code, 2);
  match(several.stderr, 'there are several environments: production, staging');
  is(repo.protect('predeploy', 'production').code, 0);
  const unknown = repo.protect('predeploy', 'prodution');
  is(unknown.code, 2);
  match(unknown.stderr, "did you mean 'production'?");
  const none = guardedRepo({ hooks: false }).repo.protect('predeploy', 'production');
  is(none.code, 2);
});

test('without a policy nothing can be said', () => {
  const repo = new Repo(folder());
  repo.git('init', '-q', '-b', 'main');
  repo.commit('start');
  is(repo.protect('predeploy').code, 2);
});

test('clean-tree: staged, changed, untracked, hidden, in the middle of a merge', () => {
  const ways: [string, (repo: Repo) => void][] = [
    ['src/a.ts is changed', (repo) => repo.write('src/a.ts', 'other\n')],
    ['src/new.ts is staged', (repo) => repo.write('src/new.ts', '1\n').git('add', 'src/new.ts')],
    ['src/new.ts is untracked', (repo) => repo.write('src/new.ts', '1\n')],
    ['not to look at src/a.ts', (repo) => repo.git('update-index', '--assume-unchanged', 'src/a.ts')],
    ['not to look at src/a.ts', (repo) => repo.git('update-index', '--skip-worktree', 'src/a.ts')],
    ['a merge is under way', (repo) => writeFileSync(join(repo.dir, '.git/MERGE_HEAD'), `${repo.head()}\n`)],
  ];
  for (const [words, act] of ways) {
    const { repo } = shop();
    act(repo);
    const refused = repo.protect('predeploy');
    is(refused.code, 1, words);
    match(refused.stdout, `error[clean-tree]`);
    match(refused.stdout, words);
  }
});

test('clean-tree looks at the whole tree from a folder below', () => {
  const { repo } = shop();
  repo.write('top', '1\n');
  const refused = repo.protectWith({ cwd: join(repo.dir, 'src') }, 'predeploy');
  is(refused.code, 1);
  match(refused.stdout, 'top is untracked');
});

test('in-sync: ahead, behind, another branch, no upstream, gone on the remote, detached', () => {
  const ahead = shop().repo;
  ahead.commit('feat: x', { 'src/x.ts': '1\n' });
  match(ahead.protect('predeploy').stdout, '1 commit is not pushed to origin/main');

  const { repo: behind, origin } = shop();
  const other = new Repo(folder());
  other.git('clone', '-q', origin.dir, '.');
  land(other, 'feat: y', { 'src/y.ts': '1\n' });
  const refused = behind.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, '1 commit of origin/main is missing here');
  match(refused.stdout, 'help: git pull --ff-only origin main');

  const { repo: branch } = shop();
  branch.git('switch', '-q', '-c', 'topic');
  match(branch.protect('predeploy').stdout, 'HEAD is on topic, and production is deployed from main');

  const { repo: alone } = shop();
  alone.git('branch', '--unset-upstream');
  match(alone.protect('predeploy').stdout, 'main has no upstream');

  const { repo: gone } = shop({ deploy: 'production: { branch: release }' });
  gone.git('switch', '-q', '-c', 'release');
  match(gone.protect('predeploy').stdout, 'origin has no branch release');

  const { repo: detached } = shop();
  detached.git('checkout', '-q', '--detach');
  is(detached.protect('predeploy').code, 0, 'the tip of the branch, as CI checks it out');
  detached.git('checkout', '-q', '--detach', 'HEAD');
  detached.commit('feat: z', { 'src/z.ts': '1\n' });
  match(detached.protect('predeploy').stdout, 'HEAD is on no branch');
});

test('in-sync: a remote that cannot be asked is undecided, not a pass', () => {
  const { repo } = shop();
  repo.git('remote', 'set-url', 'origin', join(repo.dir, 'nowhere'));
  const done = repo.protect('predeploy');
  is(done.code, 3, done.out);
  match(done.stdout, 'undecided[in-sync] origin could not be asked');
  is(statuses(repo)['tests'], 'skipped');
});

test('landed-checks: what went around the hooks is caught, and made good by an owner', () => {
  const { repo, keys } = shop();
  const oops = land(repo, 'CRITICAL: fee', { 'server/pay.ts': 'export const fee = 2;\n' });
  land(repo, 'feat: other', { 'src/b.ts': '1\n' });
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, 'error[landed-checks] server/pay.ts: changed without approval');
  match(refused.stdout, `help: npx git-protect approve --landed ${oops.slice(0, 12)} --reason "…"`);
  const made = approve(repo, keys['lead']!, '--landed', oops);
  is(made.code, 0, made.out);
  land(repo, 'chore: approve what landed', {});
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
});

test('landed-checks: an approval counts once, and a replay after the revert is refused', () => {
  const { repo, keys } = shop();
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  land(repo, 'CRITICAL: fee', {});
  is(repo.protect('predeploy').code, 0);
  land(repo, 'CRITICAL: back', { 'server/pay.ts': 'export const fee = 1;\n' });
  match(repo.protect('predeploy').stdout, 'changed without approval');
  is(approve(repo, keys['lead']!, '--landed', 'HEAD').code, 0);
  land(repo, 'chore: approve what landed', {});
  is(repo.protect('predeploy').code, 0);
  const replay = land(repo, 'CRITICAL: again', { 'server/pay.ts': 'export const fee = 2;\n' });
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, `in ${replay.slice(0, 12)}`);
});

test('landed-checks: an expired approval is no matter once it has landed; another approver, key or project is', () => {
  const { repo, keys } = shop();
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged', '--expires', '4s').code, 0);
  land(repo, 'CRITICAL: fee', {});
  run(repo.dir, 'sleep', ['4.2']);
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);

  const stranger = makeKey('stranger');
  const second = shop();
  const own = new Repo(folder());
  own.git('clone', '-q', second.origin.dir, '.');
  own.write('.protectionrc', policyText({ lead: stranger }, 'deploy: { production: {} }'));
  own.commit('chore: other owners');
  own.write('server/pay.ts', 'export const fee = 3;\n').git('add', '-A');
  is(approve(own, stranger, '--staged').code, 0);
  const approval = own.git('diff', '--cached', '--name-only', '--', '.protect');
  land(second.repo, 'CRITICAL: fee', { 'server/pay.ts': 'export const fee = 3;\n', [approval]: own.read(approval) });
  const refused = second.repo.protect('predeploy');
  is(refused.code, 1, refused.out);
});

test('landed-checks: several commits of one push under one approval pass; one of its files alone does not', () => {
  const { repo, keys } = shop({ more: 'files:\n  - { paths: [server/pay.ts, config/], required: 1 }' });
  const base = repo.head();
  repo.commit('feat: one', { 'server/pay.ts': 'export const fee = 5;\n' });
  repo.commit('feat: two', { 'config/app.json': '{"a":1}\n' });
  is(approve(repo, keys['lead']!, '--range', `${base}..HEAD`).code, 0);
  land(repo, 'chore: approve', {});
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);

  const half = shop({ more: 'files:\n  - { paths: [server/pay.ts, config/], required: 1 }', keys });
  half.repo.write('server/pay.ts', 'export const fee = 5;\n').write('config/app.json', '{"a":1}\n').git('add', '-A');
  is(approve(half.repo, keys['lead']!, '--staged').code, 0);
  half.repo.git('reset', '-q', 'config');
  half.repo.git('checkout', '-q', 'config');
  land(half.repo, 'feat: half', {});
  match(half.repo.protect('predeploy').stdout, 'is not used whole: it also covers config/app.json');
});

test('landed-checks: a merge is one step, judged by the policy of its moment', () => {
  const { repo, keys } = shop();
  repo.git('switch', '-q', '-c', 'topic');
  repo.write('server/pay.ts', 'export const fee = 7;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  repo.commit('CRITICAL: fee');
  repo.git('switch', '-q', 'main');
  land(repo, 'feat: main goes on', { 'src/m.ts': '1\n' });
  repo.git('merge', '-q', '--no-ff', '--no-verify', '-m', 'Merge topic', 'topic');
  repo.publish();
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
  // Another owner from now on does not judge what landed before.
  const next = makeKey('next');
  const policy = policyText({ next }, 'checks: { not-root: { severity: off } }\ndeploy: { production: {} }');
  repo.write('.protectionrc', policy).git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  land(repo, 'chore: owners', {});
  const later = repo.protect('predeploy');
  is(later.code, 0, later.out);
});

test('landed-checks: the form of a message that landed is a warning: nobody can mend it', () => {
  const { repo } = shop();
  land(repo, 'words', { 'src/b.ts': '1\n' });
  const told = repo.protect('predeploy');
  is(told.code, 0, told.out);
  match(told.stdout, "'words' starts with no type");
  match(told.stdout, 'warning[landed-checks]');
});

test('--deployed is gone: it let anybody pass over what landed, and only an owner can stand by that', () => {
  const { repo, keys } = shop();
  const bad = land(repo, 'CRITICAL: past the gates', { 'server/pay.ts': 'export const fee = 0;\n' });
  for (const flags of [['--deployed', bad], [`--deployed=${bad}`]]) {
    const gone = repo.protect('predeploy', ...flags);
    is(gone.code, 2, gone.out);
    match(gone.stderr, 'npx git-protect approve --up-to REV --reason');
  }
  is(repo.protect('predeploy').code, 1);
  const stranger = makeKey('stranger');
  is(repo.protect('approve', '--up-to', bad, '--key', stranger.file, '--reason', 'r', '--yes').code, 2);
  is(approve(repo, keys['lead']!, '--up-to', bad).code, 0);
  land(repo, 'chore: stand by it', {});
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
  match(done.stdout, `since ${bad.slice(0, 12)}: an owner stands by all up to there`);
  land(repo, 'CRITICAL: past the gates again', { 'server/pay.ts': 'export const fee = 9;\n' });
  is(repo.protect('predeploy').code, 1, 'and no further');
});

test('landed-checks: a policy that was invalid is no matter once a valid one is back', () => {
  const { repo, keys } = shop();
  const valid = repo.read('.protectionrc');
  land(repo, 'chore: policy', { '.protectionrc': `${valid}landnig: merge\n` });
  is(repo.protect('predeploy').code, 1, 'nothing passes with it');
  land(repo, 'chore: mend the policy', { '.protectionrc': valid });
  for (const commit of ['HEAD~1', 'HEAD']) is(approve(repo, keys['lead']!, '--landed', commit).code, 0);
  land(repo, 'chore: approve', {});
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
  match(done.stdout, /note\[landed-checks\] \.protectionrc:\d+: landnig: .*, in [0-9a-f]{12}, and fixed since\n/);
});

test('no rollback point shortens what is judged, whoever pushed it', () => {
  const { repo } = shop({ deploy: 'production: { rollback: { tag: "v{date}-{time}" } }' });
  land(repo, 'CRITICAL: fee', { 'server/pay.ts': 'export const fee = 2;\n' });
  repo.git('tag', '-a', '-m', 'mine', 'v20260101-0900');
  is(repo.protect('predeploy').code, 1, 'made here a moment ago');
  repo.git('tag', 'v20260101-0901');
  repo.git('push', '-q', '--no-verify', 'origin', 'v20260101-0901');
  is(repo.protect('predeploy').code, 1, 'a light tag says nothing');
  repo.git('push', '-q', '--no-verify', 'origin', 'v20260101-0900');
  const refused = repo.protect('predeploy');
  is(refused.code, 1, refused.out);
  match(refused.stdout, /since the policy began, [0-9a-f]{12}/);
});

test('in-sync: what was deployed must be behind what is deployed now', () => {
  const { repo } = shop({ deploy: 'production: { rollback: { tag: "v{date}-{time}" } }' });
  land(repo, 'feat: one', { 'src/b.ts': '1\n' });
  is(repo.protect('predeploy', '--tag', '--push').code, 0);
  const tag = repo.git('tag', '--list', 'v*').trim();
  repo.git('reset', '-q', '--hard', 'HEAD~1');
  repo.commit('feat: two', { 'src/c.ts': '1\n' });
  repo.git('push', '-q', '--no-verify', '--force', 'origin', 'main');
  // Also where this clone has not seen the tag.
  for (const known of [true, false]) {
    if (!known) repo.git('tag', '-d', tag);
    const refused = repo.protect('predeploy');
    is(refused.code, 1, refused.out);
    match(refused.stdout, `history was rewritten: the rollback point ${tag} is not behind`);
    match(refused.stdout, 'git log --oneline');
  }
});

test('tests and build run on the commit, in turn, and are remembered by the gate alone', () => {
  const log = join(folder(), 'log');
  const commands = `commands: { test: "echo test >> ${log}", build: "echo build >> ${log}" }`;
  const { repo } = shop({ deploy: `production: { ${commands} }`, more: `build: { command: "echo build >> ${log}" }` });
  repo.protect('wire');
  repo.git('push', '--quiet', 'origin', 'HEAD:refs/heads/other');
  is(readFileSync(log, 'utf8'), 'build\n', 'the push built');
  repo.git('push', '--quiet', '--no-verify', 'origin', ':other');
  repo.git('config', '--unset', 'core.hooksPath');
  const clean = () => repo.git('clean', '-qfd', '-e', 'node_modules');
  clean();
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
  is(readFileSync(log, 'utf8'), 'build\ntest\nbuild\n', 'what another gate recorded is not believed');
  is(repo.protect('predeploy').code, 0);
  is(readFileSync(log, 'utf8'), 'build\ntest\nbuild\n', 'what this gate recorded is');
  land(repo, 'feat: x', { 'src/x.ts': '1\n' });
  is(repo.protect('predeploy').code, 0);
  is(readFileSync(log, 'utf8'), 'build\ntest\nbuild\ntest\nbuild\n');
});

test('remembered tests do not count once the report that they wrote has changed', () => {
  const log = join(folder(), 'log');
  const report = '{"total":{},"src/a.ts":{"lines":{"total":1,"covered":1}}}';
  const test = `echo test >> ${log}; mkdir -p coverage; echo '${report}' > coverage/report.json`;
  const coverage = 'coverage: { report: coverage/report.json, minimums: { src/: 50 } }';
  const { repo } = shop({
    deploy: `production: { commands: { test: ${JSON.stringify(test)} }, ${coverage} }`,
    files: { '.gitignore': 'coverage/\n' },
  });
  const runs = () => readFileSync(log, 'utf8').split('\n').length - 1;
  is(repo.protect('predeploy').code, 0);
  is(runs(), 1);
  repo.write('coverage/report.json', `${report}\n`);
  const same = repo.protect('predeploy');
  is(same.code, 0, same.out);
  is(runs(), 1, 'the report in the working tree is the one that the tests wrote');
  repo.write('coverage/report.json', report.replace('"covered":1', '"covered":0'));
  const again = repo.protect('predeploy');
  is(again.code, 0, again.out);
  is(runs(), 2, 'another report is not theirs');
});

test('a lock file that is not tracked counts for what is remembered', () => {
  const log = join(folder(), 'log');
  const { repo } = shop({
    deploy: `production: { commands: { test: "echo test >> ${log}" } }`,
    files: { '.gitignore': 'package-lock.json\n' },
  });
  repo.write('package-lock.json', '{}');
  is(repo.protect('predeploy').code, 0);
  repo.write('package-lock.json', '{"other":1}');
  is(repo.protect('predeploy').code, 0);
  is(readFileSync(log, 'utf8'), 'test\ntest\n');
});

test('a failing cheap check spares the tests, --all runs them, and failures do not hide each other', () => {
  const log = join(folder(), 'log');
  const commands = `commands: { test: "echo test >> ${log}; exit 1", build: "echo build >> ${log}; exit 1" }`;
  const { repo } = shop({ deploy: `production: { ${commands} }` });
  repo.write('a', '1\n');
  is(repo.protect('predeploy').code, 1);
  is(existsSync(log), false);
  const all = repo.protect('predeploy', '--all');
  is(all.code, 1);
  for (const check of ['clean-tree', 'tests', 'build']) match(all.stdout, `error[${check}]`);
  is(readFileSync(log, 'utf8'), 'test\nbuild\n');
});

test('tests that move HEAD, change the tree or leave files behind do not pass', () => {
  const ways = {
    'git -c user.name=x -c user.email=x@x commit -q --allow-empty --no-verify -m "feat: x"':
      'HEAD moved while the tests ran',
    'echo x >> src/a.ts': 'the tests left it behind (changed)',
    'mkdir out && echo x > out/file': 'out/file: the tests left it behind (untracked)',
  };
  for (const [command, words] of Object.entries(ways)) {
    const { repo } = shop({ deploy: `production: { commands: { test: ${JSON.stringify(command)} } }` });
    const refused = repo.protect('predeploy');
    is(refused.code, 1, refused.out);
    match(refused.stdout, words);
    is(statuses(repo)['tests'] === 'passed', false, 'nothing of it is remembered');
  }
});

test('a test command that is killed, missing or too slow is undecided', () => {
  const { repo: slow, keys } = shop({ deploy: 'production: { commands: { test: "sleep 60" } }' });
  slow.write(
    '.protectionrc',
    slow
      .read('.protectionrc')
      .replace('not-root: { severity: off }', 'not-root: { severity: off }, tests: { timeout: 1s }'),
  );
  slow.git('add', '-A');
  is(approve(slow, keys['lead']!, '--staged').code, 0);
  land(slow, 'chore: timeout', {});
  const late = slow.protect('predeploy');
  is(late.code, 3, late.out);
  match(late.stdout, 'undecided[tests] the tests took longer than 1 s and was stopped'.replace(' was', ' were'));
});

test('Ctrl-C on tests: undecided, said, nothing more is started, nothing left running', async () => {
  const marks = folder();
  const commands = `{ test: 'touch ${marks}/began; sleep 60', build: 'touch ${marks}/built' }`;
  const { repo } = shop({ deploy: `production: { commands: ${commands} }` });
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'predeploy', '--all'], {
    cwd: repo.dir,
    env: repo.env,
    detached: true,
  });
  let out = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  while (!existsSync(join(marks, 'began'))) await new Promise((done) => setTimeout(done, 50));
  // A terminal signals all that runs in it: the Git processes as well.
  process.kill(-child.pid!, 'SIGINT');
  is(await ended, 3, out);
  match(out, 'undecided[tests]');
  match(out, 'it was interrupted');
  is(existsSync(join(marks, 'built')), false);
});

test('--only and --dry-run decide nothing', () => {
  const { repo } = shop({ deploy: 'production: { commands: { test: "exit 1" } }' });
  const only = repo.protect('predeploy', '--only', 'clean-tree', '--only', 'in-sync');
  is(only.code, 3);
  match(only.stdout, 'only a part was run (--only clean-tree,in-sync), so nothing is decided');
  not.match(only.stdout, 'not applicable: policy');
  is(statuses(repo, '--only', 'clean-tree,in-sync')['in-sync'], 'passed');
  is(statuses(repo, '--only', 'clean-tree')['landed-checks'], 'skipped');
  const dry = repo.protect('predeploy', '--dry-run');
  is(dry.code, 3);
  match(dry.stdout, '- tests  would run');
  const wrong = repo.protect('predeploy', '--only', 'clean-three');
  is(wrong.code, 2);
  match(wrong.stderr, "did you mean 'clean-tree'?");
  is(repo.protect('predeploy', '--tag', '--dry-run').code, 2);
  repo.write('a', '');
  is(repo.protect('predeploy', '--only', 'clean-tree').code, 1);
});

test('--tag marks the commit that passed, never moves a tag, and --push pushes it', () => {
  const { repo, origin } = shop({ deploy: 'production: { rollback: { tag: "live-{environment}-{commit}" } }' });
  repo.write('a', '');
  is(repo.protect('predeploy', '--tag').code, 1);
  is(repo.git('tag'), '', 'what is refused is not tagged');
  repo.remove('a');
  const done = repo.protect('predeploy', '--tag');
  is(done.code, 0, done.out);
  const name = `live-production-${repo.head().slice(0, 12)}`;
  is(repo.git('tag'), name);
  is(repo.git('cat-file', '-t', name), 'tag');
  is(repo.head(`${name}^{commit}`), repo.head());
  match(repo.git('tag', '-n9', name), 'checks: ');
  match(done.stderr, `push it: git push origin refs/tags/${name}`);
  const again = repo.protect('predeploy', '--tag');
  is(again.code, 2);
  match(again.stderr, 'is there already, and is never moved');
  repo.git('tag', '-d', name);
  is(repo.protect('predeploy', '--tag', '--push').code, 0);
  is(origin.git('cat-file', '-t', name), 'tag');
  const { repo: without } = shop();
  is(without.protect('predeploy', '--tag').code, 2);
});

test('a waiver lets one check of one commit pass, and the report and the tag say who and why', () => {
  const { repo, keys } = shop({ deploy: 'production: { rollback: { tag: "live-{commit}" } }' });
  repo.write('a', '1\n');
  const waive = (...more: string[]) =>
    repo.protect(
      'approve',
      '--deploy',
      'production',
      '--waive',
      'clean-tree',
      '--reason',
      'a hotfix',
      '--key',
      keys['lead']!.file,
      '--yes',
      ...more,
    );
  const made = waive();
  is(made.code, 0, made.out);
  const token = made.stdout.trim();
  match(token, /^pt1_/);
  const done = repo.protect('predeploy', '--waiver', token, '--tag');
  is(done.code, 0, done.out);
  match(done.stdout, 'warning[clean-tree] a is untracked (waived by lead: a hotfix)');
  match(done.stdout, '! clean-tree');
  const tag = repo.git('cat-file', 'tag', `live-${repo.head().slice(0, 12)}`);
  match(tag, '"reason": "a hotfix"');
  match(tag, '-----BEGIN SSH SIGNATURE-----');
  repo.remove('a');
  land(repo, 'feat: x', { 'src/x.ts': '1\n' });
  const later = repo.protect('predeploy', '--waiver', token);
  is(later.code, 2, later.out);
  match(later.stderr, "lead's waiver is for commit");
});

test('waivers that do not count: tampered, another owner, another environment, too long, not waivable, an approval', () => {
  const { repo, keys } = shop({ deploy: 'production: {}, staging: {}' });
  const key = keys['lead']!;
  const waive = (...args: string[]) => repo.protect('approve', '--reason', 'r', '--key', key.file, '--yes', ...args);
  for (const id of ['policy', 'landed-checks', 'protected-files', 'nonsense'])
    is(waive('--deploy', 'production', '--waive', id).code, 2, id);
  is(waive('--deploy', 'production', '--waive', 'clean-tree', '--expires', '25h').code, 2);
  is(waive('--deploy', 'production', '--waive', 'clean-tree', '--expires', '24h').code, 0);
  is(waive('--deploy', 'production').code, 2);
  is(waive('--waive', 'clean-tree').code, 2);
  is(waive('--deploy', 'nowhere', '--waive', 'clean-tree').code, 2);
  const good = waive('--deploy', 'production', '--waive', 'clean-tree').stdout.trim();
  const text = Buffer.from(good.slice(4), 'base64url').toString();
  const bad = (from: string, to: string) => `pt1_${Buffer.from(text.replace(from, to)).toString('base64url')}`;
  repo.write('a', '');
  const use = (token: string, environment = 'production') => repo.protect('predeploy', environment, '--waiver', token);
  is(use(good).code, 0);
  is(use(good, 'staging').code, 2);
  match(use(bad('clean-tree', 'in-sync')).stderr, 'is broken');
  match(use(bad('production', 'staging'), 'staging').stderr, 'is broken');
  is(use(good.slice(0, -8)).code, 2);
  is(use('pt1_').code, 2);
  const stranger = makeKey('stranger');
  is(
    repo.protect(
      'approve',
      '--deploy',
      'production',
      '--waive',
      'clean-tree',
      '--reason',
      'r',
      '--key',
      stranger.file,
      '--yes',
    ).code,
    2,
  );
  repo.write('server/pay.ts', 'x\n').git('add', 'server/pay.ts');
  const approval = approve(repo, key, '--staged', '--print').stdout.trim();
  is(use(approval).code, 2);
  const agent = repo.protectWith(
    { env: { CLAUDECODE: '1' } },
    'approve',
    '--deploy',
    'production',
    '--waive',
    'clean-tree',
    '--reason',
    'r',
    '--yes',
  );
  is(agent.code, 1);
});

test('a waiver lets no check pass that could not judge', () => {
  const { repo, keys } = shop();
  const token = repo
    .protect(
      'approve',
      '--deploy',
      'production',
      '--waive',
      'in-sync',
      '--reason',
      'r',
      '--key',
      keys['lead']!.file,
      '--yes',
    )
    .stdout.trim();
  repo.git('remote', 'set-url', 'origin', join(repo.dir, 'nowhere'));
  is(repo.protect('predeploy', '--waiver', token).code, 3);
});

test('trigger: push runs the gate in pre-push to that branch of that remote, and nowhere else', () => {
  const { repo, keys } = shop({ deploy: 'production: { trigger: push, commands: { test: "test ! -f src/bad.ts" } }' });
  addRemote(repo, 'fork', false);
  is(repo.protect('wire').code, 0);
  repo.commit('chore: hooks');
  repo.git('push', '-q', 'origin', 'main');
  repo.commit('feat: bad', { 'src/bad.ts': '1\n' });
  const refused = repo.tryGit('push', 'origin', 'main');
  is(refused.code, 1, refused.out);
  match(refused.out, 'error[tests]');
  match(refused.out, 'protect: refused (pre-deploy');
  match(refused.out, /since the policy began, [0-9a-f]{12}/);
  is(repo.tryGit('push', 'origin', 'HEAD:topic').code, 0, 'another branch');
  is(repo.tryGit('push', 'fork', 'main').code, 0, 'another remote');
  const token = repo
    .protect(
      'approve',
      '--deploy',
      'production',
      '--waive',
      'tests',
      '--reason',
      'r',
      '--key',
      keys['lead']!.file,
      '--yes',
    )
    .stdout.trim();
  repo.protect('predeploy', '--waiver', token);
  const done = repo.tryGit('push', 'origin', 'main');
  is(done.code, 0, done.out);
  match(done.out, 'waived by lead');
});

test('the forms of the report hold the same', () => {
  const { repo } = shop();
  repo.write('a', '');
  const json = JSON.parse(repo.protect('predeploy', '--format', 'json').stdout);
  is(json.gate, 'pre-deploy');
  is(json.verdict, 'refuse');
  match(repo.protect('predeploy', '--format', 'github').stdout, '::error');
  is(JSON.parse(repo.protect('predeploy', '--format', 'sarif').stdout).version, '2.1.0');
  match(repo.protect('predeploy', '--format', 'markdown').stdout, 'a is untracked');
  not.match(repo.protect('predeploy').stdout, '\x1b');
});

test('a shallow clone and a bare repository are undecided', () => {
  const { repo, origin } = shop();
  land(repo, 'feat: x', { 'src/x.ts': '1\n' });
  const dir = folder();
  run(dir, 'git', ['clone', '-q', '--depth', '1', `file://${origin.dir}`, '.']);
  is(new Repo(dir).protect('predeploy').code, 3);
  is(origin.protect('predeploy').code, 3);
});

test('the policy of the remote judges, not that of the commit or the working tree', () => {
  const { repo, origin } = shop();
  const other = new Repo(folder());
  other.git('clone', '-q', origin.dir, '.');
  other.write(
    '.protectionrc',
    other.read('.protectionrc').replace('production: {}', 'production: { commands: { test: "exit 1" } }'),
  );
  land(other, 'chore: tests', {});
  const refused = repo.protect('predeploy', '--all');
  match(refused.stdout, 'error[tests]');
  ok(!repo.read('.protectionrc').includes('exit 1'));
});

test('landed-checks: a merge that two approvals lead to, one after the other, passes; one of them is not enough', () => {
  for (const both of [true, false]) {
    const { repo, keys } = shop();
    repo.git('switch', '-q', '-c', 'topic');
    repo.write('server/pay.ts', 'export const fee = 7;\n').git('add', '-A');
    if (both) is(approve(repo, keys['lead']!, '--staged').code, 0);
    repo.commit('CRITICAL: fee');
    repo.write('server/pay.ts', 'export const fee = 8;\n').git('add', '-A');
    is(approve(repo, keys['lead']!, '--staged').code, 0);
    repo.commit('CRITICAL: fee again');
    repo.git('switch', '-q', 'main');
    repo.git('merge', '-q', '--no-ff', '--no-verify', '-m', 'Merge topic', 'topic');
    repo.publish();
    const done = repo.protect('predeploy');
    is(done.code, both ? 0 : 1, done.out);
  }
});

test('landed-checks: two owners where two are needed', () => {
  const keys = { lead: makeKey('lead'), second: makeKey('second') };
  const more = 'files:\n  - { paths: [server/pay.ts], required: 2 }';
  const { repo } = shop({ keys, more });
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys.lead, '--staged').code, 0);
  const commit = land(repo, 'feat: fee', {});
  const refused = repo.protect('predeploy');
  is(refused.code, 1);
  match(refused.stdout, 'approved by lead; 2 owners are needed');
  is(approve(repo, keys.second, '--landed', commit).code, 0);
  land(repo, 'chore: approve what landed', {});
  const done = repo.protect('predeploy');
  is(done.code, 0, done.out);
});

test('landed-checks: on an unprotected branch an approval for any branch counts, on a protected one its own', () => {
  for (const [branches, code] of [
    ['{ main: {} }', 0],
    ['{ main: {}, release: {} }', 1],
  ] as const) {
    const { repo, keys } = shop({ deploy: 'production: { branch: release }' });
    repo.write('.protectionrc', repo.read('.protectionrc').replace('branches: { main: {} }', `branches: ${branches}`));
    repo.git('add', '-A');
    is(approve(repo, keys['lead']!, '--staged', '--target', 'main', '--target', 'release').code, 0);
    land(repo, 'chore: branches', {});
    repo.git('switch', '-q', '-c', 'release');
    repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
    is(approve(repo, keys['lead']!, '--staged', '--target', 'main').code, 0);
    repo.commit('CRITICAL: fee');
    repo.git('push', '-q', '--no-verify', '-u', 'origin', 'release');
    const done = repo.protect('predeploy');
    is(done.code, code, done.out);
  }
});
