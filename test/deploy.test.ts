import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { Journal, readJournals } from '../src/deploys/journal.ts';
import { begin, deployable, stopService, stopServices, until } from './support/deploys.ts';
import { suite } from './support/suite.ts';
import { folder } from './support/world.ts';

const test = suite('deploy');
test.after(stopServices);

test('a deploy goes live, is watched and written down; the next one that fails is taken back, and the way back is proven', async () => {
  const { repo, change, lines, runs, journals, origin } = await deployable();
  const first = repo.head();
  const done = repo.protect('deploy', 'production');
  is(done.code, 0, done.out);
  match(done.out, `protect: production runs ${first.slice(0, 12)}`);
  match(done.out, 'sample 4 of 4');
  is(await runs(), first);
  const steps = [
    'begin',
    'checked',
    'way back checked',
    'backed up',
    'archived',
    'tagged',
    'will run',
    'ran',
    'ready',
    'ended',
  ];
  equal(
    lines()
      .map(({ step }) => step)
      .filter((step) => step !== 'runs' && step !== 'sample'),
    steps,
  );
  is(lines().at(-1)!['state'], 'live');
  match(origin.git('tag', '--list'), `-${first}`.slice(0, 13));

  const bad = change('errors');
  const taken = repo.protect('deploy');
  is(taken.code, 4, taken.out);
  match(taken.out, `${bad.slice(0, 12)} was taken back, and production runs ${first.slice(0, 12)} again, verified`);
  is(await runs(), first);
  is(lines().at(-1)!['state'], 'taken-back');
  not.match(taken.out, 's3cret');

  const status = repo.protect('deploy', 'status');
  is(status.code, 0, status.out);
  match(status.out, `runs     ${first.slice(0, 12)}`);
  match(status.out, 'taken-back');
  for (const name of readdirSync(journals)) is(statSync(join(journals, name)).mode & 0o077, 0, name);
});

test('what does not come up is taken back: an old instance, a command that fails, a sick answer, a slow one, one that dies', async () => {
  const { repo, change, runs } = await deployable();
  const first = repo.head();
  is(repo.protect('deploy').code, 0);
  const table = [
    ['stays', 'by $.commit, expected'],
    ['fails', 'run ended with 7: no such host …'],
    ['sick', 'has "sick" at $.status, expected "ok"'],
    ['slow', 'answers took longer than 1 s'],
    ['dies', 'nothing listens there'],
  ] as const;
  for (const [mode, why] of table) {
    change(mode);
    const done = repo.protect('deploy');
    is(done.code, 4, `${mode}: ${done.out}`);
    match(done.out, why);
    is(await runs(), first, mode);
  }
  change('late');
  is(repo.protect('deploy').code, 0, 'one that starts slowly is waited for');
});

test('what cannot be taken back needs a person: 5, the next deploy is refused, and resume says what stands', async () => {
  const { repo, change, runs } = await deployable();
  const first = repo.head();
  is(repo.protect('deploy').code, 0);
  const bad = change('sick');
  repo.write('no-way-back', '');
  const stuck = repo.protect('deploy');
  is(stuck.code, 5, stuck.out);
  match(stuck.out, 'and the way back failed: undo ended with 9');
  match(stuck.out, 'a person is needed now');
  const next = repo.protect('deploy');
  is(next.code, 3, next.out);
  match(next.out, 'failed and could not be taken back');
  match(next.out, 'npx git-protect deploy resume production');
  is(repo.protect('deploy', 'status').code, 1);
  const seen = repo.protect('deploy', 'resume');
  is(seen.code, 5, seen.out);
  match(seen.out, `${bad.slice(0, 12)} runs`);
  repo.remove('no-way-back');
  const undone = repo.protect('deploy', 'resume', '--undo');
  is(undone.code, 4, undone.out);
  is(await runs(), first);
  change('good');
  is(repo.protect('deploy').code, 0);
});

test('a rollback that is refused settles nothing: the deploy before it still needs a person', async () => {
  const { repo, change, runs } = await deployable();
  is(repo.protect('deploy').code, 0);
  const good = change('good', { 'src/b.ts': 'b' });
  is(repo.protect('deploy').code, 0);
  change('sick');
  repo.write('no-way-back', '');
  is(repo.protect('deploy').code, 5);
  repo.remove('no-way-back');
  const undo = repo.read('undo.sh');
  repo.write('undo.sh', undo, 0o644);
  is(repo.protect('deploy', 'rollback').code, 1);
  repo.write('undo.sh', undo, 0o755);
  const next = repo.protect('deploy');
  is(next.code, 3, next.out);
  match(next.out, 'failed and could not be taken back');
  const back = repo.protect('deploy', 'rollback');
  is(back.code, 0, back.out);
  is(await runs(), good, 'and not what ran before that');
});

test('journals keep their order where the clock was set back', () => {
  const at = folder('journals');
  const begin = (commit: string, time: string) => {
    const facts = { environment: 'production', kind: 'deploy', replaced: '', pid: 1, host: 'a' } as const;
    return Journal.begin(at, { ...facts, commit: commit.repeat(40) }, () => new Date(time));
  };
  begin('f', '2026-11-27T23:59:59Z');
  begin('a', '2026-11-27T21:00:00Z');
  begin('b', '2026-11-27T21:00:01Z');
  const order = readJournals(at, 'production', () => new Date()).map(({ begun }) => begun.commit[0]);
  equal(order, ['f', 'a', 'b']);
});

test('nothing is changed before the way back is there', async () => {
  const { repo, change, lines, runs, origin } = await deployable({
    way: 'undo: ./undo.sh\n    undoCheck: ./can-go-back.sh',
  });
  const first = repo.head();
  repo.write('can-go-back.sh', '#!/bin/sh\nexit 4\n', 0o755).commit('chore: way');
  repo.publish();
  const done = repo.protect('deploy');
  is(done.code, 1, done.out);
  match(done.out, 'the way back is not there: undoCheck ended with 4');
  is(await runs(), null);
  is(origin.git('tag', '--list'), '');
  is(lines().at(-1)!['state'], 'refused');
  repo.write('can-go-back.sh', '#!/bin/sh\nexit 0\n', 0o755).write('deploy.sh', 'x', 0o644);
  change('good');
  const missing = repo.protect('deploy');
  is(missing.code, 3, missing.out);
  match(missing.out, 'run: ./deploy.sh is not there, or cannot be run');
  ok(!lines().some(({ step }) => step === 'will run'));
  is(first.length, 40);
});

test('a release that brought migrations is not taken back by itself', async () => {
  const more = 'migrations:\n  - { folder: db/migrations, dialect: postgres }\n';
  const { repo, change } = await deployable({ more });
  is(repo.protect('deploy').code, 0);
  change('errors', { 'db/migrations/0001.sql': 'CREATE TABLE a (id bigint PRIMARY KEY);\n' });
  const done = repo.protect('deploy');
  is(done.code, 5, done.out);
  match(done.out, 'should it fail, it is not taken back');
  match(done.out, 'it brought the migration db/migrations/0001.sql, and older code may not fit the database');
});

test('one at a time: a second deploy, from another clone too, is told who is at it', async () => {
  const { repo, lines } = await deployable();
  const { end } = begin(repo, 'deploy');
  await until('it watches', () => lines().some(({ step }) => step === 'sample'));
  const second = repo.protect('deploy');
  is(second.code, 3, second.out);
  match(second.out, /production is being changed by process \d+/);
  is((await end).code, 0);
});

test('asked to stop once, the deploy is taken back; nothing outlives it', async () => {
  const { repo, change, lines, runs } = await deployable();
  const first = repo.head();
  is(repo.protect('deploy').code, 0);
  const hanging = change('hangs');
  const { child, end } = begin(repo, 'deploy');
  await until('it runs', () => lines()[0]?.['commit'] === hanging && lines().some(({ command }) => command === 'run'));
  child.kill('SIGINT');
  const { code, out } = await end;
  is(code, 4, out);
  match(out, 'run was interrupted');
  is(await runs(), first);
});

test('what somebody else put there is no ground to stand on; resume watches it and writes it down', async () => {
  const { repo, change, runs } = await deployable();
  is(repo.protect('deploy').code, 0);
  const other = change('good');
  repo.git('rev-parse', 'HEAD');
  is(begunByHand(repo), 0);
  await until('it answers', () => repo.has('pid'));
  for (let n = 0; n < 100 && (await runs()) !== other; n++) await new Promise((done) => setTimeout(done, 50));
  change('good', { more: 'x' });
  const refused = repo.protect('deploy');
  is(refused.code, 3, refused.out);
  match(refused.out, 'was deployed last: somebody changed it');
  const adopted = repo.protect('deploy', 'resume');
  is(adopted.code, 0, adopted.out);
  match(adopted.out, `${other.slice(0, 12)} runs, and was not deployed from here`);
  is(repo.protect('deploy').code, 0);
});

function begunByHand(repo: Awaited<ReturnType<typeof deployable>>['repo']): number {
  const { code } = repo.tryGit('-c', 'alias.go=!sh ./deploy.sh', 'go');
  return code ?? 1;
}

test('a freeze stops a deploy, and not the way back', async () => {
  const { repo, change, runs } = await deployable();
  const first = repo.head();
  is(repo.protect('deploy').code, 0);
  const second = change('good', { b: 'b' });
  is(repo.protect('deploy').code, 0);
  is(repo.protect('freeze', 'orders are charged twice').code, 0);
  repo.commit('chore: freeze');
  repo.publish();
  const frozen = repo.protect('deploy');
  is(frozen.code, 1, frozen.out);
  match(frozen.out, 'orders are charged twice');
  match(repo.protect('deploy', 'status').out, 'frozen');
  const back = repo.protect('deploy', 'rollback');
  is(back.code, 0, back.out);
  is(await runs(), first);
  const again = repo.protect('deploy', 'rollback');
  is(again.code, 3, again.out);
  match(again.out, 'it was rolled back already');
  is(repo.protect('deploy', 'rollback', 'production', second.slice(0, 12)).code, 0);
  is(await runs(), second);
});

test('a backup is made first, under the same lock, and it is said how old the newest proven one is', async () => {
  const more = 'backups:\n  production: { files: [server.mjs], folder: .backups, encrypt: { to: [owners] } }\n';
  const { repo, runs } = await deployable({ way: 'undo: ./undo.sh\n    backup: production', more });
  const first = repo.head();
  const done = repo.protect('deploy');
  is(done.code, 0, done.out);
  match(done.out, /backup {5}\S+_production_\S+, none was restored yet/);
  is(await runs(), first);
  repo.remove('server.mjs');
  const missing = repo.protect('deploy');
  ok(missing.code === 1 || missing.code === 3, missing.out);
  is(await runs(), first);
});

test('a dry run says what would be done, and leaves nothing', async () => {
  const { repo, lines, origin, runs } = await deployable();
  const done = repo.protect('deploy', '--dry-run');
  is(done.code, 3, done.out);
  match(done.out, 'run       ./deploy.sh');
  match(done.out, 'way back  test -x undo.sh, then: ./undo.sh');
  equal(lines(), []);
  is(origin.git('tag', '--list'), '');
  is(await runs(), null);
});

test('as JSON and as Markdown the end stands alone on standard output', async () => {
  const { repo, change } = await deployable();
  const first = repo.head();
  const done = repo.protect('deploy', '--format', 'json');
  is(done.code, 0, done.out);
  const facts = JSON.parse(done.stdout) as Record<string, unknown>;
  equal([facts['state'], facts['commit'], facts['previous']], ['live', first, '']);
  is((facts['watch'] as { bad: number }).bad, 0);
  change('sick');
  const told = repo.protect('deploy', '--format', 'markdown');
  is(told.code, 4);
  match(told.stdout, '## Deploy of production: taken-back\n');
});

test('a journal that was changed is no evidence', async () => {
  const { repo, journals } = await deployable();
  is(repo.protect('deploy').code, 0);
  const [name] = readdirSync(journals).filter((each) => each.endsWith('.jsonl'));
  const path = join(journals, name!);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(
    path,
    readFileSync(path, 'utf8')
      .replace('"state":"live"', '"state":"stuck"')
      .replace('"kind":"deploy"', '"kind":"resume"'),
  );
  const done = repo.protect('deploy', 'status');
  is(done.code, 3, done.out);
  match(done.out, 'was changed');
  stopService(repo);
});
