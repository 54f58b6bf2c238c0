import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { craft, propose, pushed, stepsOf } from './support/attacks.ts';
import { suite } from './support/suite.ts';
import { approve, guardedRepo, makeKey, type Repo } from './support/world.ts';

/** What lands is what was judged, commit by commit where the host makes them, and what is taken away is gone. */
const test = suite('laws-landing');
const deploy = 'checks: { not-root: { severity: off } }\ndeploy: { production: {} }';
const landedChecks = (repo: Repo) => repo.protect('predeploy', '--only', 'landed-checks');

test('law 3: with landing: rebase a file that only a commit on the way removes, or adds, is judged; the printed command helps', () => {
  for (const path of ['server/pay.ts', 'config/new.json']) {
    const { repo } = guardedRepo({ more: 'landing: rebase' });
    repo.git('switch', '-qc', 'topic');
    const isThere = repo.has(path);
    const text = isThere ? repo.read(path) : 'new\n';
    const turn = (isNow: boolean) => (isNow ? repo.write(path, text) : repo.remove(path));
    turn(!isThere);
    repo.commit('CRITICAL: there');
    turn(isThere);
    repo.commit('CRITICAL: and back', { 'src/b.ts': 'b\n' });
    const judged = propose(repo);
    is(judged.code, 1, judged.out);
    match(judged.out, `${path}: changed without approval in a commit on the way`);
    const [, base] = /help: git rebase -i ([0-9a-f]{12}) {2}# make one commit of those that change /.exec(judged.out)!;
    repo.git('-c', "sequence.editor=sed -i '2,$s/^pick/fixup/'", 'rebase', '-q', '-i', base!);
    const again = propose(repo);
    is(again.code, 0, again.out);
  }
});

test('law 3: owners who approve both ways of an edit that is taken back let it land by a rebase', () => {
  const { repo, keys } = guardedRepo({ more: 'landing: rebase' });
  repo.git('switch', '-qc', 'topic');
  for (const fee of [2, 1]) {
    repo.commit('CRITICAL: fee', { 'server/pay.ts': `export const fee = ${fee};\n` });
    is(approve(repo, keys['lead']!, '--range', 'HEAD~1..HEAD').code, 0);
    repo.git('commit', '-q', '--no-verify', '--amend', '--no-edit');
  }
  const both = propose(repo);
  is(both.code, 0, both.out);
  repo.git('rm', '-q', repo.git('ls-tree', '--name-only', 'HEAD~1', '.protect/approvals/'));
  repo.commit('chore: half of them');
  is(propose(repo).code, 1, 'an approval counts where it is used whole: at the end');
});

test('law 3: the entry of a queue that takes back what an earlier one brings needs an owner for it', () => {
  const { repo, keys } = guardedRepo();
  repo.git('switch', '-qc', 'first');
  repo.write('server/pay.ts', 'export const fee = 2;\n').git('add', '-A');
  is(approve(repo, keys['lead']!, '--staged').code, 0);
  const first = repo.commit('CRITICAL: fee');
  repo.git('switch', '-qc', 'second');
  const entry = (head: string) => {
    repo.write(
      '.git/event.json',
      JSON.stringify({
        repository: { default_branch: 'main' },
        merge_group: { base_ref: 'refs/heads/main', base_sha: first, head_sha: head },
      }),
    );
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'merge_group',
      GITHUB_EVENT_PATH: join(repo.dir, '.git/event.json'),
    };
    return repo.protectWith({ env }, 'ci', '--format', 'text');
  };
  const back = entry(repo.commit('CRITICAL: back', { 'server/pay.ts': 'export const fee = 1;\n' }));
  is(back.code, 1, back.out);
  match(back.out, 'server/pay.ts: ');
  match(back.out, 'help: queue it again once what is before it has landed');
  is(approve(repo, keys['lead']!, '--range', `${first}..HEAD`).code, 0);
  const approved = entry(repo.commit('CRITICAL: back, approved'));
  is(approved.code, 0, approved.out);
});

test('law 4: what is no approval lands in no push that takes it away again, and where it lies anybody can take it away', () => {
  const { repo } = guardedRepo({ more: deploy });
  repo.git('branch', '-q', '--set-upstream-to=origin/main');
  const forged = () =>
    craft(makeKey('mallory'), { changes: [{ ...stepsOf(repo, 'HEAD', 'HEAD', 'server/pay.ts')[0]!, to: null }] });
  const before = repo.head();
  const lands = forged();
  repo.commit('chore: forged', { [lands.path]: lands.content.toString() });
  repo.remove(lands.path);
  repo.commit('chore: gone');
  is(pushed(repo, before).code, 0, 'judged by its ends');
  repo.publish();
  const gone = landedChecks(repo);
  is(gone.code, 3, gone.out);
  match(gone.out, /note\[landed-checks\] .*is not an approval: .*, and taken away since/);
  const stays = forged();
  repo.commit('chore: forced', { [stays.path]: stays.content.toString() });
  repo.publish();
  const named = landedChecks(repo);
  is(named.code, 1, named.out);
  match(named.out, `help: git rm ${stays.path}`);
  repo.git('rm', '-q', stays.path);
  repo.commit('chore: away with it');
  repo.publish();
  const mended = landedChecks(repo);
  is(mended.code, 3, mended.out);
  not.match(mended.out, 'error[');
});

test('law 7: an approval of a path that no line can hold counts once too, whatever Git prints its text in', () => {
  for (const path of ['config/a\r', 'config/a\nb', 'config/a\r/b\nc', 'config/a']) {
    const { repo, keys } = guardedRepo({ hooks: false });
    repo.git('config', 'i18n.logOutputEncoding', 'UTF-16');
    const lands = (text: string) => {
      const before = repo.head();
      repo.commit('feat: x', { [path]: text });
      repo.publish();
      return pushed(repo, before);
    };
    const signed = (text: string) => {
      repo.write(path, text).git('add', '-A');
      is(approve(repo, keys['lead']!, '--staged').code, 0);
    };
    signed('1\n');
    is(lands('1\n').code, 0);
    signed('2\n');
    repo.git('restore', '-q', '--staged', '--worktree', '--', 'config');
    is(lands('1\n').code, 0, 'the approval alone');
    is(lands('2\n').code, 0);
    signed('1\n');
    is(lands('1\n').code, 0);
    const replay = lands('2\n');
    is(replay.code, 1, JSON.stringify(path) + replay.out);
    match(replay.out, 'is spent');
  }
});

test('law 4: what landed approved is not taken for a longer way that began with what was forced', () => {
  const keys = { lead: makeKey('lead'), second: makeKey('second') };
  const files =
    'files: [{ paths: [server/pay.ts], risk: high, required: 1 }, { paths: [config/], risk: high, required: 2 }]';
  const { repo } = guardedRepo({ hooks: false, keys, more: `${files}\n${deploy}` });
  repo.git('branch', '-q', '--set-upstream-to=origin/main');
  const forced = repo.commit('feat: forced', { 'server/pay.ts': '2\n' });
  repo.publish();
  repo.write('server/pay.ts', '3\n').write('config/app.json', '{"a":1}\n').git('add', '-A');
  is(approve(repo, keys.lead, '--staged').code, 0);
  const before = repo.git('ls-files', '.protect');
  is(approve(repo, keys.second, '--staged', '--as', 'second').code, 0);
  const [dropped] = repo
    .git('ls-files', '.protect')
    .split('\n')
    .filter((path) => !before.split('\n').includes(path)) as [string];
  repo.commit('feat: both files');
  is(pushed(repo, forced).code, 0);
  repo.publish();
  is(approve(repo, keys.lead, '--landed', forced).code, 0);
  repo.git('rm', '-q', dropped);
  repo.commit('chore: afterwards');
  repo.publish();
  const judged = landedChecks(repo);
  is(judged.code, 3, judged.out);
  match(judged.out, 'approved afterwards by lead');
});
