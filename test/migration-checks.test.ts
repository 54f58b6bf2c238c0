import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { passes, propose, pushed } from './support/attacks.ts';
import {
  addDrizzle,
  commit,
  commitByGit,
  first,
  journal,
  migrationWorld,
  otherClone,
  refusedBy,
} from './support/migration-world.ts';
import { hooksStay } from './support/staying-hooks.ts';
import { suite } from './support/suite.ts';
import { approve, folder, guardedRepo, type Repo } from './support/world.ts';

hooksStay();
const test = suite('migrations: the checks');
const [destructive, unedited, schema] = ['destructive-migration', 'unedited-migrations', 'schema-migration'];
const drop = 'DROP TABLE orders;\n';
const add = 'ALTER TABLE orders ADD COLUMN total bigint;\n';

test('nothing is said where no migration is touched', () => {
  const { repo } = migrationWorld('work');
  repo.write('src/a.ts', 'b\n');
  passes(commit(repo));
  const report = JSON.parse(propose(repo, '--format', 'json').stdout);
  const of = (id: string) => report.outcomes.find(({ check }: { check: string }) => check === id);
  for (const id of [destructive, unedited]) is(of(id).reason, 'no migration is changed');
  is(of(schema).reason, 'no schema file is changed');
});

test('a harmless migration passes everywhere; a warning lets pass', () => {
  const { repo } = migrationWorld('work');
  addDrizzle(repo, '0001_total', add);
  passes(commitByGit(repo));
  passes(repo.tryGit('push', 'origin', 'HEAD:work'));
  passes(propose(repo));
  repo.git('switch', '--quiet', 'main');
  repo.git('merge', '--quiet', '--ff-only', 'work');
  passes(repo.tryGit('push', 'origin', 'main'));
  addDrizzle(repo, '0002_index', 'CREATE INDEX i ON orders (note);\n');
  const warned = commitByGit(repo);
  passes(warned);
  match(warned.out, `warning[${destructive}] drizzle/0002_index.sql:1`);
});

test('a destructive migration is refused at every gate, with the way to an owner', () => {
  const { repo } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', `SELECT 1;\n\n${drop}TRUNCATE orders;\n`);
  const refused = commitByGit(repo);
  refusedBy(destructive!, refused, 'drizzle/0001_drop.sql:3', 'drops table orders', 'drizzle/0001_drop.sql:4');
  is(refused.out.match(/npx git-protect (?:request|approve) --staged/g)?.length, 1, refused.out);
  repo.commit('feat: past the hook');
  refusedBy(destructive!, repo.tryGit('push', 'origin', 'HEAD:work'), '--range');
  refusedBy(destructive!, repo.tryGit('push', 'origin', 'HEAD:main'), '--target main');
  refusedBy(destructive!, propose(repo), 'drops table orders');
});

test('an agent is told whom to ask', () => {
  const { repo } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.git('add', '--all');
  const refused = repo.protectWith({ env: { CLAUDECODE: '1' } }, 'hook', 'pre-commit');
  refusedBy(destructive!, refused, 'ask lead to approve this change');
  not.match(refused.out, 'npx git-protect approve');
});

test('approved by an owner it lands: commit, push, proposal, squash, merge', () => {
  const { repo, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.git('add', '--all');
  passes(approve(repo, key, '--staged'));
  const committed = commitByGit(repo);
  passes(committed);
  match(committed.out, /drops table orders \(approved by \d{8}-[0-9a-f]{16}\.approval\)/);
  passes(repo.tryGit('push', 'origin', 'HEAD:work'));
  passes(propose(repo));
  const base = repo.head('origin/main');
  repo.git('switch', '--quiet', 'main');
  repo.git('merge', '--quiet', '--squash', 'work');
  repo.git('-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '-m', 'feat: squashed');
  passes(pushed(repo, base));
  passes(repo.tryGit('push', 'origin', 'main'));
});

test('edited after it was approved it is refused, until that is approved as well', () => {
  const { repo, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.git('add', '--all');
  passes(approve(repo, key, '--staged'));
  passes(commitByGit(repo));
  repo.write('drizzle/0001_drop.sql', `${drop}DROP TABLE users;\n`);
  refusedBy(destructive!, commitByGit(repo), 'drops table users');
  repo.commit('feat: past the hook');
  refusedBy(destructive!, propose(repo), 'the contents differ from what lead approved');
  repo.git('reset', '--quiet', '--soft', 'HEAD~1');
  passes(approve(repo, key, '--staged'));
  passes(commitByGit(repo));
  passes(propose(repo));
});

test('an approval of one file covers no other', () => {
  const { repo, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.git('add', '--all');
  passes(approve(repo, key, '--staged'));
  passes(commit(repo));
  addDrizzle(repo, '0002_again', 'DROP TABLE users;\n');
  refusedBy(destructive!, commit(repo), 'drizzle/0002_again.sql');
});

test('request, approve FILE, approval add TOKEN', () => {
  const { repo, origin, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.git('add', '--all');
  const file = join(folder(), 'x.request');
  passes(repo.protect('request', '--staged', '-o', file));
  const owner = otherClone(origin);
  const signed = approve(owner, key, file);
  passes(signed);
  match(signed.out, 'drizzle/0001_drop.sql');
  passes(repo.protect('approval', 'add', signed.stdout.trim()));
  passes(commit(repo));
  passes(propose(repo));
});

test('one approval serves a rule of the policy as well, and critical files still ask for CRITICAL', () => {
  const { repo, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.write('server/pay.ts', 'export const fee = 2;\n');
  repo.git('add', '--all');
  const signed = approve(repo, key, '--staged');
  match(signed.out, '2 files');
  match(signed.out, "its subject starts with 'CRITICAL: '");
  passes(commitByGit(repo, 'CRITICAL: both'));
  const other = migrationWorld('work');
  addDrizzle(other.repo, '0001_drop', drop);
  other.repo.git('add', '--all');
  not.match(approve(other.repo, other.key, '--staged').out, 'CRITICAL');
});

test('a rule of the policy on the same file is served by the same approval', () => {
  const { repo, key } = migrationWorld();
  repo.commit('chore: policy', { '.protectionrc': repo.read('.protectionrc').replace('[config/]', '[config/, fly/]') });
  repo.publish();
  repo.write('fly/V2__x.sql', drop);
  const refused = commit(repo);
  refusedBy(destructive!, refused, 'error[protected-files] fly/V2__x.sql');
  repo.git('add', '--all');
  match(approve(repo, key, '--staged').out, '1 file,');
  passes(commit(repo));
  passes(repo.tryGit('push', 'origin', 'main'));
});

test('what went around the hooks can be approved once it is committed, and once it has landed', () => {
  const { repo, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.commit('feat: past the hook');
  match(repo.protect('request').stdout, '0001_drop.sql');
  passes(approve(repo, key, '--range', 'origin/main..HEAD'));
  passes(commit(repo, 'chore: approve'));
  passes(propose(repo));
  const other = migrationWorld();
  addDrizzle(other.repo, '0001_drop', drop);
  other.repo.commit('feat: past everything');
  const landed = approve(other.repo, other.key, '--landed', 'HEAD');
  passes(landed);
  match(landed.out, '0001_drop.sql');
});

test('without an owner nobody can approve, and that is said', () => {
  const { repo } = migrationWorld('work');
  repo.git('switch', '--quiet', 'main');
  const policy = 'version: 1\nmigrations: [{ folder: drizzle, tool: drizzle }]\n';
  repo.commit('chore: no owners', { '.protectionrc': policy });
  repo.publish();
  addDrizzle(repo, '0001_drop', drop);
  refusedBy(destructive!, commit(repo), 'the policy names no owner');
});

test('approvals needed at landing: a branch of your own only warns', () => {
  const { repo } = migrationWorld();
  repo.commit('chore: policy', { '.protectionrc': `${repo.read('.protectionrc')}approvals: { needed: landing }\n` });
  repo.publish();
  repo.git('switch', '--quiet', '-c', 'work');
  addDrizzle(repo, '0001_drop', drop);
  const committed = commit(repo);
  passes(committed);
  match(committed.out, `warning[${destructive}]`);
  refusedBy(destructive!, propose(repo));
});

test('only what is new is judged: `git merge main` brings what has landed', () => {
  const { repo, origin, key } = migrationWorld('work');
  passes(commit(repo.write('src/b.ts', 'b\n')));
  const other = otherClone(origin);
  addDrizzle(other, '0001_drop', drop);
  other.git('add', '--all');
  passes(approve(other, key, '--staged'));
  other.commit('feat: landed');
  other.git('push', '--quiet', 'origin', 'main');
  repo.git('fetch', '--quiet');
  passes(repo.tryGit('merge', '--no-ff', '-m', 'chore: merge main', 'origin/main'));
  passes(repo.tryGit('push', 'origin', 'HEAD:work'));
  passes(propose(repo));
});

test('more than twenty findings of a file are counted', () => {
  const { repo } = migrationWorld('work');
  addDrizzle(repo, '0001_many', Array.from({ length: 25 }, (_, n) => `DROP TABLE t${n};\n`).join(''));
  const refused = commit(repo);
  refusedBy(destructive!, refused, 'and 5 more');
  is(refused.out.match(/drops table t/g)?.length, 20);
});

test('what cannot be read is refused: too large, binary, not UTF-8, a syntax error', () => {
  const { repo } = migrationWorld('work');
  addDrizzle(repo, '0001_a', `-- ${'x'.repeat(1 << 20)}\n`);
  addDrizzle(repo, '0002_b', 'SELECT 1;\0DROP TABLE orders;');
  addDrizzle(repo, '0003_c', `-- ${'x'.repeat(9000)}\n\0${drop}`);
  addDrizzle(repo, '0004_d', '');
  repo.write('drizzle/0004_d.sql', Buffer.from([0x2d, 0x2d, 0xff, 0x0a]));
  addDrizzle(repo, '0005_e', 'SELEKT 1;\n');
  refusedBy(
    destructive!,
    commit(repo),
    /0001_a\.sql: is \d+ bytes, too large to be checked/,
    '0002_b.sql: is not UTF-8 text',
    '0003_c.sql: is not UTF-8 text',
    '0004_d.sql: is not UTF-8 text',
    '0005_e.sql:1',
  );
});

test('a way down is not judged, but may not be edited', () => {
  const { repo } = migrationWorld('work');
  repo.write('sql/002_x.up.sql', 'CREATE TABLE users (id int);\n').write('sql/002_x.down.sql', 'DROP TABLE users;\n');
  repo.write('fly/U2__x.sql', 'DROP TABLE users;\n');
  repo.write('prisma/migrations/20260102_x/migration.sql', add);
  repo.write('prisma/migrations/20260102_x/down.sql', 'ALTER TABLE orders DROP COLUMN total;\n');
  passes(commit(repo));
  repo.write('sql/001_first.down.sql', 'DROP TABLE IF EXISTS orders;\n');
  refusedBy(unedited!, commit(repo), 'sql/001_first.down.sql');
});

test('dbmate: a section that goes down counts as one only where that is how migrations are written', () => {
  const { repo } = migrationWorld();
  const marked = (up: string, down: string) => `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`;
  repo.write('sql/002_x.sql', marked('SELECT 1;', 'DROP TABLE a;'));
  refusedBy(destructive!, commit(repo), 'sql/002_x.sql:4');
  repo.commit('feat: one of its kind does not make a habit');
  repo.publish();
  repo.write('sql/003_x.sql', marked('SELECT 1;', 'DROP TABLE a;'));
  refusedBy(destructive!, commit(repo), 'sql/003_x.sql:4');
  repo.remove('sql/001_first.up.sql').remove('sql/001_first.down.sql').remove('sql/003_x.sql');
  repo.commit('feat: all of them');
  repo.publish();
  repo.write('sql/003_x.sql', marked('CREATE TABLE b (id int);', 'DROP TABLE a;'));
  passes(commit(repo));
  repo.write('sql/004_x.sql', marked('DROP TABLE b;', 'CREATE TABLE b (id int);'));
  refusedBy(destructive!, commit(repo), 'sql/004_x.sql:2');
});

test('migrations written as code', () => {
  const { repo } = migrationWorld('work');
  repo.write(
    'knex/20260102_x.ts',
    "export const up = (k: Knex) => k.schema.createTable('a', () => {});\nexport const down = (k: Knex) => k.schema.dropTable('a');\n",
  );
  passes(commit(repo));
  repo.write('knex/20260103_x.ts', "export const up = (k: Knex) => k.schema.dropTable('orders');\n");
  repo.write('knex/20260104_x.coffee', 'exports.up = (k) -> k\n');
  refusedBy(
    destructive!,
    commit(repo),
    'knex/20260103_x.ts:1: drops table orders',
    '20260104_x.coffee: is written in a',
  );
});

const edits: readonly [string, (repo: Repo) => void, RegExp][] = [
  ['changed', (r) => r.write('drizzle/0000_first.sql', `${first}-- x\n`), /0000_first\.sql: has landed and is changed/],
  [
    'CRLF',
    (r) => r.write('fly/V1__first.sql', first.replace('\n', '\r\n')),
    /V1__first\.sql: has landed and is changed/,
  ],
  ['emptied', (r) => r.write('prisma/migrations/20260101_first/migration.sql', ''), /has landed and is changed/],
  ['removed', (r) => r.remove('sql/001_first.up.sql'), /001_first\.up\.sql: has landed and is removed/],
  [
    'code',
    (r) => r.write('knex/20260101_first.js', 'exports.up = () => {};\n'),
    /knex\/20260101_first\.js: has landed/,
  ],
  ['the lock', (r) => r.write('prisma/migrations/migration_lock.toml', 'provider = "mysql"\n'), /migration_lock\.toml/],
  ['a snapshot', (r) => r.write('drizzle/meta/0000_snapshot.json', '{}\n'), /0000_snapshot\.json: has landed/],
  [
    'renamed',
    (r) => renameSync(join(r.dir, 'fly/V1__first.sql'), join(r.dir, 'fly/V2__first.sql')),
    /V1__first\.sql: has landed and is renamed to fly\/V2__first\.sql/,
  ],
  [
    'renamed in its case',
    (r) => renameSync(join(r.dir, 'fly/V1__first.sql'), join(r.dir, 'fly/V1__First.sql')),
    /V1__first\.sql: has landed and is renamed/,
  ],
  [
    'moved to another folder',
    (r) => renameSync(join(r.dir, 'drizzle'), join(r.dir, 'attic')),
    /drizzle\/0000_first\.sql: has landed and is renamed to attic/,
  ],
  [
    'the folder in other letters',
    (r) => renameSync(join(r.dir, 'drizzle'), join(r.dir, 'Drizzle')),
    /drizzle\/0000_first\.sql: has landed and is renamed/,
  ],
  ['executable', (r) => r.write('fly/V1__first.sql', first, 0o755), /its mode is changed to 100755/],
  [
    'a symlink in its place',
    (r) => {
      writeFileSync(join(r.dir, 'other.sql'), first);
      rmSync(join(r.dir, 'fly/V1__first.sql'));
      symlinkSync('../other.sql', join(r.dir, 'fly/V1__first.sql'));
    },
    /V1__first\.sql: has landed and is changed/,
  ],
  [
    'a symlink in place of the folder',
    (r) => {
      renameSync(join(r.dir, 'fly'), join(r.dir, 'real'));
      symlinkSync('real', join(r.dir, 'fly'));
    },
    /fly\/V1__first\.sql: has landed and is renamed/,
  ],
  [
    'a journal without an entry',
    (r) => r.write('drizzle/meta/_journal.json', journal()),
    /its entry 0000_first has landed/,
  ],
  [
    'a journal with another time',
    (r) => r.write('drizzle/meta/_journal.json', journal('0000_first').replace('1700000000000', '1')),
    /its entry 0000_first has landed/,
  ],
  [
    'a journal that puts one before',
    (r) =>
      r.write('drizzle/0000_zero.sql', first).write('drizzle/meta/_journal.json', journal('0000_zero', '0000_first')),
    /its entry 0000_first has landed/,
  ],
  ['no journal', (r) => r.remove('drizzle/meta/_journal.json'), /_journal\.json: has landed and is removed/],
  ['no JSON', (r) => r.write('drizzle/meta/_journal.json', '{'), /_journal\.json: cannot be read as a journal/],
];

for (const [how, edit, message] of edits)
  test(`what has landed stays: ${how}`, () => {
    const { repo } = migrationWorld('work');
    edit(repo);
    repo.git('config', 'core.fileMode', 'true');
    refusedBy(unedited!, commit(repo), message);
    repo.commit('feat: past the hooks');
    refusedBy(unedited!, propose(repo), message);
  });

test('an edited migration is refused at every gate', () => {
  const { repo } = migrationWorld('work');
  const base = repo.head('origin/main');
  repo.commit('feat: past the hooks', { 'drizzle/0000_first.sql': `${first}-- x\n` });
  const message = '0000_first.sql: has landed and is changed';
  refusedBy(unedited!, repo.tryGit('push', 'origin', 'HEAD:work'), message);
  refusedBy(unedited!, repo.tryGit('push', 'origin', 'HEAD:main'), message);
  refusedBy(unedited!, pushed(repo, base), message);
});

test('an approval does not make an edited migration good', () => {
  const { repo, key } = migrationWorld('work');
  repo.write('drizzle/0000_first.sql', drop);
  repo.git('add', '--all');
  passes(approve(repo, key, '--staged'));
  refusedBy(unedited!, commit(repo), 'has landed and is changed', 'git checkout');
});

test('the help of a refusal puts the file back', () => {
  const { repo } = migrationWorld('work');
  repo.write('drizzle/0000_first.sql', drop);
  const refused = commit(repo);
  const command = /git checkout [0-9a-f]{12} -- \S+/.exec(refused.out)![0];
  repo.git(...command.split(' ').slice(1));
  is(repo.git('status', '--porcelain'), '');
});

test('a repeatable migration may change, and is judged each time', () => {
  const { repo } = migrationWorld('work');
  repo.write('fly/R__view.sql', 'CREATE OR REPLACE VIEW o AS SELECT id, note FROM orders;\n');
  passes(commit(repo));
  repo.write('fly/R__view.sql', drop);
  refusedBy(destructive!, commit(repo), 'fly/R__view.sql:1');
});

test('until it lands a migration may be edited, renamed and removed', () => {
  const { repo } = migrationWorld('work');
  addDrizzle(repo, '0001_a', add);
  passes(commit(repo));
  passes(repo.tryGit('push', 'origin', 'HEAD:work'));
  repo.write('drizzle/0001_a.sql', `${add}-- and more\n`);
  passes(commit(repo));
  repo.remove('drizzle/0001_a.sql').write('drizzle/0001_b.sql', add);
  repo.write('drizzle/meta/_journal.json', journal('0000_first', '0001_b'));
  passes(commit(repo));
  passes(repo.tryGit('push', 'origin', 'HEAD:work'));
  passes(propose(repo));
});

test('without a remote, what is committed has landed', () => {
  const { repo } = migrationWorld('work');
  repo.git('remote', 'remove', 'origin');
  addDrizzle(repo, '0001_a', add);
  passes(commit(repo));
  repo.write('drizzle/0001_a.sql', `${add}-- and more\n`);
  refusedBy(unedited!, commit(repo), 'has landed and is changed');
});

test('a revert of a migration that has landed is refused', () => {
  const { repo } = migrationWorld();
  addDrizzle(repo, '0001_a', add);
  passes(commit(repo));
  passes(repo.tryGit('push', 'origin', 'main'));
  repo.git('revert', '--no-edit', 'HEAD');
  refusedBy(
    unedited!,
    repo.tryGit('push', 'origin', 'main'),
    '0001_a.sql: has landed and is removed',
    'a new migration',
  );
});

test('a journal and its files belong together', () => {
  const { repo } = migrationWorld('work');
  repo.write('drizzle/0001_a.sql', add);
  refusedBy(unedited!, commit(repo), '0001_a.sql: has no entry in drizzle/meta/_journal.json');
  repo.write('drizzle/meta/_journal.json', journal('0000_first', '0001_a', '0002_b'));
  refusedBy(unedited!, commit(repo), '_journal.json: names 0002_b, which has no file');
  repo.write('drizzle/meta/_journal.json', journal('0000_first', '0001_a', '../src/evil'));
  repo.write('src/evil.sql', drop);
  refusedBy(unedited!, commit(repo), 'names ../src/evil, which is not a file of this folder');
  repo.remove('src/evil.sql').write('drizzle/meta/_journal.json', journal('0000_first', '0001_a'));
  passes(commit(repo));
});

test('a changed schema needs a migration: told at the commit, refused at the push', () => {
  const { repo } = migrationWorld('work');
  repo.write('src/schema.ts', 'export const orders = 1; // the first\n');
  const comment = commit(repo);
  passes(comment);
  not.match(comment.out, schema!);
  repo.write('src/schema.ts', 'export const orders = 2;\n');
  const told = commit(repo);
  passes(told);
  match(told.out, `warning[${schema}] src/schema.ts: is changed, and no new migration in drizzle comes with it`);
  refusedBy(schema!, repo.tryGit('push', 'origin', 'HEAD:work'));
  refusedBy(schema!, propose(repo));
  addDrizzle(repo, '0001_a', '-- nothing yet\n');
  passes(commit(repo));
  refusedBy(schema!, propose(repo));
  repo.write('drizzle/0001_a.sql', add);
  passes(commit(repo));
  passes(repo.tryGit('push', 'origin', 'HEAD:work'));
  passes(propose(repo));
  repo.write('src/schema.ts', 'export const orders = 3;\n');
  const later = commit(repo);
  not.match(later.out, schema!, 'the branch brings a migration already');
});

test('a new table or column has to be mentioned by a new migration', () => {
  const { repo } = migrationWorld('work');
  const prisma = 'model Order {\n  id Int @id\n}\n';
  const migration = (name: string, sql: string) => repo.write(`prisma/migrations/${name}/migration.sql`, sql);
  repo.write('prisma/schema.prisma', `${prisma}\nmodel UserNote {\n  id Int @id\n  order Order\n}\n`);
  migration('20260102_x', 'CREATE TABLE other (id int);\n');
  repo.commit('feat: notes');
  refusedBy(schema!, propose(repo), 'adds model UserNote, which no new migration in prisma/migrations mentions');
  migration('20260102_x', 'CREATE TABLE "user_notes" (id int);\n');
  repo.commit('fix: the migration');
  passes(propose(repo));
  repo.write(
    'prisma/schema.prisma',
    `${repo.read('prisma/schema.prisma')}model Tag {\n  name String @id @map("label")\n}\n`,
  );
  repo.commit('feat: tags');
  refusedBy(schema!, propose(repo), 'adds model Tag, Tag.name');
  migration('20260103_x', 'CREATE TABLE "Tag" (label text);\n');
  repo.commit('fix: tags');
  passes(propose(repo));
});

test('what a schema file loads from beside it is schema too', () => {
  const { repo } = migrationWorld('work');
  repo
    .write('src/schema.ts', "export * from './orders';\n")
    .write('src/orders.ts', "export { a } from './deep/a.js';\n");
  repo.write('src/deep/a.ts', 'export const a = 1;\n').write('src/other.ts', 'export const b = 1;\n');
  addDrizzle(repo, '0001_split', add);
  repo.commit('feat: split');
  passes(propose(repo));
  repo.git('push', '-q', '--no-verify', 'origin', 'HEAD:main');
  repo.git('fetch', '-q');
  repo.write('src/other.ts', 'export const b = 2;\n');
  repo.commit('feat: none of the schema');
  passes(propose(repo));
  repo.write('src/deep/a.ts', 'export const a = 2;\n');
  repo.commit('feat: deep');
  refusedBy(schema!, propose(repo), 'src/deep/a.ts: is changed, and no new migration in drizzle comes with it');
});

test('a new migration does not excuse what another commit changed before', () => {
  const { repo } = migrationWorld('work');
  repo.write('src/schema.ts', 'export const orders = 2;\n');
  const first = repo.commit('feat: without a migration');
  repo.write('src/schema.ts', 'export const orders = 3;\n');
  addDrizzle(repo, '0001_three', add);
  repo.commit('feat: with one');
  refusedBy(schema!, propose(repo), `src/schema.ts: is changed in ${first.slice(0, 12)}`);
  // One that comes by itself is for those before it.
  addDrizzle(repo, '0002_two', 'ALTER TABLE orders ADD COLUMN two int;\n');
  repo.commit('fix: the migration that was missing');
  passes(propose(repo));
});

test('a changed schema on a protected branch needs its migration at once', () => {
  const { repo } = migrationWorld();
  repo.write('prisma/schema.prisma', 'model Order {\n  id BigInt @id\n}\n');
  refusedBy(schema!, commit(repo), 'prisma/schema.prisma');
  addDrizzle(repo, '0001_a', add);
  refusedBy(schema!, commit(repo), 'no new migration in prisma/migrations');
  repo.write('prisma/migrations/20260102_x/migration.sql', add);
  passes(commit(repo));
});

test('a folder of links is refused', () => {
  const { repo } = migrationWorld('work');
  mkdirSync(join(repo.dir, 'attic/20260102_x'), { recursive: true });
  repo.write('attic/20260102_x/migration.sql', drop);
  symlinkSync('../../attic/20260102_x', join(repo.dir, 'prisma/migrations/20260102_x'));
  refusedBy(destructive!, commit(repo), 'prisma/migrations/20260102_x: is a symlink, so it cannot be checked');
});

test('attacks: new paths, links and names that only look harmless', () => {
  const ways: readonly [string, (repo: Repo) => void][] = [
    ['fly/V2__again.sql', (r) => r.write('fly/V2__again.sql', drop)],
    ['fly/beforeMigrate.sql', (r) => r.write('fly/beforeMigrate.sql', drop)],
    ['fly/v2__lower.sql', (r) => r.write('fly/v2__lower.sql', drop)],
    ['fly/V3__code.java', (r) => r.write('fly/V3__code.java', 'class V3__code {}\n')],
    ['Fly/V2__x.sql', (r) => r.write('Fly/V2__x.sql', drop)],
    ['prisma/migrations/20260102_x/Migration.SQL', (r) => r.write('prisma/migrations/20260102_x/Migration.SQL', drop)],
    ['knex/nested/x.js', (r) => r.write('knex/nested/x.js', "exports.up = (k) => k.schema.dropTable('a');\n")],
    ['knex/x.tsx', (r) => r.write('knex/x.tsx', '1;\n')],
    ['fly/V4__utf16.sql', (r) => r.write('fly/V4__utf16.sql', Buffer.from(`\ufeff${drop}`, 'utf16le'))],
    ['fly/V7__x.sql', (r) => r.write('fly/V7__x.sql', `-- migrate:up\nSELECT 1;\n-- migrate:down\n${drop}`)],
    ['fly/V8__x.sql', (r) => r.write('fly/V8__x.sql', `SELECT 1; -- +goose Down\n${drop}`)],
    ['fly/V5__bom.sql', (r) => r.write('fly/V5__bom.sql', `\ufeff${drop}`)],
    ['fly/V6__link.sql', (r) => symlinkSync('../README', join(r.dir, 'fly/V6__link.sql'))],
    ['knex/module', (r) => r.git('update-index', '--add', '--cacheinfo', `160000,${r.head()},knex/module`)],
  ];
  const { repo } = migrationWorld('work');
  for (const [, way] of ways) way(repo);
  // `git add` would take the submodule out again.
  repo.git('add', '--all', '--', ':!knex/module');
  const refused = repo.tryGit('commit', '-m', 'feat: a change');
  for (const [path] of ways) match(refused.out, `error[${destructive}] ${path}`);
});

test('attacks: `x.down.sql` where files are not named in pairs', () => {
  const { repo } = migrationWorld();
  repo.commit('chore: supabase', { 'sql/002_plain.sql': 'CREATE TABLE a (id int);\n' });
  repo.publish();
  repo.write('sql/003_x.down.sql', drop).write('sql/new/1.up.sql', 'SELECT 1;\n').write('sql/new/1.down.sql', drop);
  refusedBy(destructive!, commitByGit(repo), 'sql/003_x.down.sql:1', 'sql/new/1.down.sql:1');
});

test('attacks: from a branch that never ran a hook, by an evil merge, from a file that has landed', () => {
  const { repo } = migrationWorld('work');
  repo.commit('feat: x', { 'src/x.ts': 'x\n' });
  repo.git('switch', '--quiet', 'main');
  repo.git('switch', '--quiet', '-c', 'side');
  repo.git('merge', '--quiet', '--no-ff', '--no-commit', 'work');
  repo.write('fly/V2__x.sql', drop).write('fly/V1__first.sql', drop);
  repo.commit('chore: merge');
  const evil = propose(repo);
  refusedBy(destructive!, evil, 'fly/V2__x.sql');
  refusedBy(unedited!, evil, 'fly/V1__first.sql');
  // An approval that has landed with one path is worth nothing for a copy of the file.
  const other = migrationWorld();
  other.repo.write('fly/V2__x.sql', drop).git('add', '--all');
  passes(approve(other.repo, other.key, '--staged'));
  passes(commitByGit(other.repo));
  passes(other.repo.tryGit('push', 'origin', 'main'));
  other.repo.write('fly/V3__x.sql', drop);
  refusedBy(destructive!, commitByGit(other.repo), 'fly/V3__x.sql');
});

test('attacks: the policy of the same change switches nothing off', () => {
  const { repo } = migrationWorld('work');
  const policy = repo.read('.protectionrc');
  addDrizzle(repo, '0001_drop', drop);
  repo.write('.protectionrc', policy.slice(0, policy.indexOf('migrations:')));
  refusedBy(destructive!, commitByGit(repo), 'drizzle/0001_drop.sql');
  repo.write('.protectionrc', `${policy}checks: { ${destructive}: { severity: off } }\n`);
  repo.commit('feat: past the hooks');
  refusedBy(destructive!, propose(repo), 'drizzle/0001_drop.sql');
});

test('attacks: an approval for another target', () => {
  const { repo, key } = migrationWorld('work');
  addDrizzle(repo, '0001_drop', drop);
  repo.git('add', '--all');
  passes(approve(repo, key, '--staged', '--target', 'elsewhere'));
  repo.commit('feat: past the hooks');
  refusedBy(destructive!, propose(repo), 'is for elsewhere, not for main');
});

test('a type that becomes wider needs nobody where the folder tells the old one, at every gate', () => {
  const { repo } = migrationWorld();
  addDrizzle(repo, '0001_price', 'ALTER TABLE orders ADD price numeric(10,2), ADD name varchar(50);\n');
  is(commit(repo).code, 0);
  addDrizzle(repo, '0002_wider', 'ALTER TABLE orders ALTER price TYPE numeric(12,2), ALTER name TYPE varchar(100);\n');
  const wider = commit(repo);
  is(wider.code, 0, wider.out);
  not.match(wider.out, 'destructive-migration');
  const both = repo.protect('ci', '--base', 'HEAD~2');
  is(both.code, 0, both.out);
  addDrizzle(repo, '0003_narrower', 'ALTER TABLE orders ALTER name TYPE varchar(80);\n');
  refusedBy('destructive-migration', commit(repo), 'narrows orders.name from varchar(100) to varchar(80)');
  repo.git('reset', '-q', '--hard');
  // The journal says what runs, and when: a file that it does not name, or names later, tells nothing.
  repo.write('drizzle/0002_a.sql', 'ALTER TABLE orders ADD size varchar(9);\n');
  addDrizzle(repo, '0003_size', 'ALTER TABLE orders ALTER size TYPE varchar(10);\n');
  refusedBy('destructive-migration', commit(repo), 'changes orders.size to varchar, which may lose data');
});

test('SQLite: a table that is made anew is judged by what it keeps, under the tool that runs it', () => {
  const { repo } = guardedRepo({
    more: 'migrations:\n  - { folder: lite, tool: drizzle, dialect: sqlite }\n  - { folder: d1, tool: plain, dialect: sqlite }',
    files: {
      'lite/0000_first.sql': 'CREATE TABLE `users` (`id` integer PRIMARY KEY, `name` text, `age` integer);\n',
      'lite/meta/_journal.json': journal('0000_first'),
      'd1/0001_first.sql':
        'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\nCREATE TABLE posts (u INT REFERENCES users (id) ON DELETE CASCADE);\n',
    },
  });
  const drizzle = (columns: string) => `PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE \`__new_users\` (\`id\` integer PRIMARY KEY, \`name\` text NOT NULL, \`age\` integer);
--> statement-breakpoint
INSERT INTO \`__new_users\`(${columns}) SELECT ${columns} FROM \`users\`;--> statement-breakpoint
DROP TABLE \`users\`;--> statement-breakpoint
ALTER TABLE \`__new_users\` RENAME TO \`users\`;--> statement-breakpoint
PRAGMA foreign_keys=ON;\n`;
  const add = (tag: string, sql: string, ...tags: string[]) =>
    repo.write(`lite/${tag}.sql`, sql).write('lite/meta/_journal.json', journal('0000_first', ...tags, tag));
  add('0001_required', drizzle('"id", "name", "age"'));
  const kept = commit(repo);
  is(kept.code, 0, kept.out);
  add('0002_lost', drizzle('"id", "name"'), '0001_required');
  refusedBy('destructive-migration', commit(repo), 'lite/0002_lost.sql:5: drops column users.age');
  repo.git('reset', '-q', '--hard');
  repo.write('d1/0002_posts.sql', 'DELETE FROM posts;\n');
  refusedBy('destructive-migration', commit(repo), 'deletes every row of posts');
  repo.write(
    'd1/0002_posts.sql',
    'PRAGMA defer_foreign_keys=ON;\nCREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO n SELECT * FROM users;\nDROP TABLE users;\nALTER TABLE n RENAME TO users;\n',
  );
  refusedBy('destructive-migration', commit(repo), 'deletes the rows of posts that refer to it (ON DELETE CASCADE)');
});

test('scripts that a runner of their own runs beside Drizzle are pointed to the plain layout', () => {
  const { repo } = migrationWorld();
  repo.write('drizzle/0001_lone.sql', 'SELECT 1;\n');
  refusedBy('unedited-migrations', commit(repo), 'help: add the journal that drizzle-kit wrote with it');
  repo.commit('feat: past the hooks');
  repo.write('drizzle/0002_lone.sql', 'SELECT 1;\n');
  refusedBy('unedited-migrations', commit(repo), 'migrations: [{ folder: drizzle, tool: plain, dialect: postgres }]');
});
