import { equal, is, match, ok } from 'uvu/assert';
import type { MigrationFolder } from '../src/model/index.ts';
import { judgeCode } from '../src/readers/migrations/code.ts';
import { changedEntry, readJournal } from '../src/readers/migrations/journal.ts';
import { isAtOrAbove, migrationOf } from '../src/readers/migrations/layout.ts';
import { judgeLiquibase } from '../src/readers/migrations/liquibase.ts';
import { judgeRuby } from '../src/readers/migrations/ruby.ts';
import { sameMeaning } from '../src/readers/migrations/same-meaning.ts';
import { marksOf, upSections } from '../src/readers/migrations/sections.ts';
import { suite } from './support/suite.ts';

const test = suite('migrations: layouts and code');

function kindOf(tool: MigrationFolder['tool'], path: string, folder = 'db/m'): string | null {
  const bytes = Buffer.from(path, 'utf8').toString('latin1');
  const file = migrationOf({ folder, tool, dialect: 'postgres', placeholders: [], schema: [] }, bytes);
  if (file === null) return null;
  return [file.kind, file.way === 'down' ? 'down' : '', file.repeatable ? 'again' : '', file.grows ? 'grows' : '']
    .filter((word) => word !== '')
    .join(' ');
}

const layouts: readonly [MigrationFolder['tool'], string, string | null][] = [
  ['drizzle', 'db/m/0000_x.sql', 'sql'],
  ['drizzle', 'db/m/meta/_journal.json', 'metadata grows'],
  ['drizzle', 'db/m/meta/0000_snapshot.json', 'metadata'],
  ['drizzle', 'db/m/20260101_x/migration.sql', 'sql'],
  ['drizzle', 'db/m/20260101_x/snapshot.json', 'metadata'],
  ['drizzle', 'db/m/schema.ts', null],
  ['drizzle', 'db/m/seeds/x.sql', null],
  ['drizzle', 'DB/M/0000_x.SQL', 'sql'],
  ['drizzle', 'db/mm/0000_x.sql', null],
  ['prisma', 'db/m/20260101_x/migration.sql', 'sql'],
  ['prisma', 'db/m/migrations/20260101_x/migration.sql', 'sql'],
  ['prisma', 'db/m/migration_lock.toml', 'metadata'],
  ['prisma', 'db/m/20260101_x/down.sql', 'sql down'],
  ['prisma', 'db/m/schema.prisma', null],
  ['knex', 'db/m/20260101_x.js', 'code'],
  ['knex', 'db/m/20260101_x.ts', 'code'],
  ['knex', 'db/m/20260101_x.mjs', 'code'],
  ['knex', 'db/m/nested/20260101_x.cjs', 'code'],
  ['knex', 'db/m/types.d.ts', null],
  ['knex', 'db/m/README.md', null],
  ['typeorm', 'db/m/1700000000000-Init.ts', 'code'],
  ['flyway', 'db/m/V1__x.sql', 'sql'],
  ['flyway', 'db/m/a/V1.2__x.sql', 'sql'],
  ['flyway', 'db/m/U1__x.sql', 'sql down'],
  ['flyway', 'db/m/B1__x.sql', 'sql'],
  ['flyway', 'db/m/R__view.sql', 'sql again'],
  ['flyway', 'db/m/afterMigrate.sql', 'sql again'],
  ['flyway', 'db/m/V2__x.java', 'code'],
  ['flyway', 'db/m/V2__x.sql.conf', null],
  ['alembic', 'db/m/versions/1a2b_x.py', 'code'],
  ['alembic', 'db/m/1a2b_x.py', 'code'],
  ['alembic', 'db/m/env.py', null],
  ['alembic', 'db/m/versions/__init__.py', null],
  ['alembic', 'db/m/script.py.mako', null],
  ['plain', 'db/m/1_x.sql', 'sql'],
  ['plain', 'db/m/1_x.up.sql', 'sql'],
  ['plain', 'db/m/1_x.down.sql', 'sql down'],
  ['plain', 'db/m/a/b/1_x.sql', 'sql'],
  ['plain', 'db/m/notes.md', null],
  ['plain', 'other/1_x.sql', null],
  ['plain', 'db/m', null],
];

test('every tool names its files its own way', () => {
  for (const [tool, path, expected] of layouts) is(kindOf(tool, path), expected, `${tool} ${path}`);
});

test('a folder may be the top, hold other letters, and be found in either case', () => {
  is(kindOf('django', 'db/m/0002_x.py'), 'code');
  is(kindOf('django', 'apps/shop/migrations/0001_a.py', 'apps'), 'code');
  is(kindOf('django', 'apps/shop/models.py', 'apps'), null);
  is(kindOf('django', 'db/m/__init__.py'), null);
  is(kindOf('rails', 'db/m/20260101000000_x.rb'), 'code');
  is(kindOf('rails', 'db/m/x.rb'), null);
  is(kindOf('sequelize', 'db/m/1_x.js'), 'code');
  is(kindOf('supabase', 'db/m/20260101_x.sql'), 'sql');
  is(kindOf('supabase', 'db/m/seed.sql'), null);
  is(kindOf('liquibase', 'db/m/001_x.xml'), 'code');
  is(kindOf('liquibase', 'db/m/db.changelog-master.yaml'), 'code again');
  is(kindOf('liquibase', 'db/m/001_x.sql'), 'sql');
  is(kindOf('goose', 'db/m/001_x.sql'), 'sql');
  is(kindOf('goose', 'db/m/001_x.go'), 'code');
  is(kindOf('goose', 'db/m/001_x_test.go'), null);
  is(kindOf('dbmate', 'db/m/2026_x.sql'), 'sql');
  is(kindOf('golang-migrate', 'db/m/1_x.up.sql'), 'sql');
  is(kindOf('golang-migrate', 'db/m/1_x.down.sql'), 'sql down');
  is(kindOf('golang-migrate', 'db/m/1_x.sql'), null);
  is(kindOf('drizzle', 'db/m/ROLLBACK-0001.sql'), 'sql down');
  is(kindOf('plain', 'x.sql', '.'), 'sql');
  is(kindOf('plain', 'données/x.sql', 'données'), 'sql');
  is(kindOf('plain', 'DONNÉES/x.sql', 'données'), 'sql');
  is(kindOf('plain', 'donne\u0301es/x.sql', 'données'), 'sql');
  is(kindOf('plain', 'a*b/x.sql', 'a*b'), 'sql');
  ok(isAtOrAbove('db/m', 'db') && isAtOrAbove('db/m', 'DB/m'));
  ok(!isAtOrAbove('db/m', 'db/m/x') && !isAtOrAbove('db/m', 'd'));
});

test('a journal keeps its entries in their order', () => {
  const journal = (...entries: object[]) => readJournal(JSON.stringify({ version: '7', entries }))!;
  const [a, b, c] = ['a', 'b', 'c'].map((tag, idx) => ({ idx, when: 1, tag, breakpoints: true }));
  is(changedEntry(journal(a!, b!), journal(a!, b!, c!)), null);
  is(changedEntry(journal(a!), journal({ breakpoints: true, tag: 'a', when: 1, idx: 0 })), null, 'order of the keys');
  is(changedEntry(journal(a!, b!), journal(a!)), 'b');
  is(changedEntry(journal(a!, b!), journal(b!, a!)), 'a');
  is(changedEntry(journal(a!, b!), journal(a!, { ...b!, when: 2 })), 'b');
  for (const text of ['', '{}', '[]', 'null', '{"entries":1}', '{"entries":[{}]}', '{"entries":["x"]}'])
    is(readJournal(text), null, text);
});

test('marks split a file only where the tool would', () => {
  const text = '-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n-- migrate:up\nDROP TABLE b;';
  is(marksOf(text), 'dbmate');
  is(upSections(text, 'dbmate'), '-- migrate:up\nCREATE TABLE a ();\n\n\n-- migrate:up\nDROP TABLE b;');
  for (const near of [
    ' -- migrate:down',
    '--migrate:downwards',
    '-- Migrate:down',
    '-- +goose Down',
    'x -- migrate:down',
  ])
    ok(upSections(`-- migrate:up\n${near}\nDROP TABLE a;`, 'dbmate').includes('DROP'), near);
  is(marksOf('-- +goose Up\nSELECT 1;'), 'goose');
  is(marksOf('-- +goose Up\n-- migrate:up\n'), null, 'of two tools');
  is(marksOf('SELECT 1'), null);
});

test('comments and white space change no schema', () => {
  const same: [string, string, string][] = [
    ['schema.ts', 'const a = 1; // x', 'const  a = 1;'],
    ['schema.ts', '/* x */\nconst a = `t \x24{b}`;\n', 'const a = `t \x24{b}`;'],
    ['schema.prisma', 'model A {\n  id Int // x\n}', 'model A {\n    id   Int\n\n}'],
    ['schema.sql', 'CREATE TABLE a (id int); -- x', '/* y */ CREATE TABLE a\n(id int);'],
    ['models.py', 'class A:\n    x = 1  # x\n', 'class A:\n\n    x = 1\n'],
  ];
  for (const [path, before, after] of same) ok(sameMeaning(before, after, path), after);
  const different: [string, string, string][] = [
    ['schema.ts', "const a = '// x';", "const a = '// y';"],
    ['schema.ts', 'const a = `\x24{b}`;', 'const a = `\x24{c}`;'],
    ['schema.ts', 'const a = "hole";', 'const a = `\x24{c}`;'],
    ['schema.ts', 'const a = /x/;', 'const a = /y/;'],
    ['schema.ts', 'const a = 1', 'const a = 2'],
    ['schema.prisma', 'model A {\n  id Int\n  b Int\n}', 'model A {\n  id Int b Int\n}'],
    ['schema.sql', "SELECT '-- a'", "SELECT '-- b'"],
    ['schema.sql', '/*! DROP TABLE a */', ''],
    ['models.py', 'if a:\n    x = 1\ny = 2', 'if a:\n    x = 1\n    y = 2'],
    ['models.py', "x = '# a'", "x = '# b'"],
    ['schema.rb', '# a', '# b'],
    ['schema', 'a', 'a '],
    ['schema.ts', 'const a = "x', 'const a = "x '],
  ];
  for (const [path, before, after] of different) ok(!sameMeaning(before, after, path), after);
});

async function judged(code: string, language: 'js' | 'python' = 'js'): Promise<string> {
  const found = await judgeCode(code, language, 'postgres');
  return found
    .filter(({ severity }) => severity === 'error')
    .map(({ line, message }) => `${line}: ${message}`)
    .join('\n');
}

const up = (body: string) =>
  `exports.up = async (knex) => {\n${body}\n};\nexports.down = async (knex) => {\n  await knex.schema.dropTable('a');\n};\n`;

const harmless = [
  up("await knex.schema.createTable('a', (t) => { t.increments(); t.timestamp('x').defaultTo(knex.fn.now()); });"),
  up("await knex.schema.alterTable('a', (t) => { t.text('b').defaultTo(knex.raw('gen_random_uuid()')); });"),
  up("await knex('a').where('id', 1).del();"),
  up("await knex('a').del().whereIn('id', [1, 2]);"),
  up("await knex('a').where({ id: 1 }).update({ b: 2 });"),
  up('await knex.raw("CREATE TABLE b (id int)");'),
  up("await knex.raw('UPDATE a SET b = ? WHERE id = ?', [1, 2]);"),
  up("// knex.schema.dropTable('x')\n/* TRUNCATE a */"),
  up("const note = 'drop the old way of counting; update the docs';"),
  up("const sql = 'CREATE INDEX i ON a (b)';\nawait knex.raw(sql);").replace('const sql', 'const sql'),
  "exports.up = (knex) => knex.schema.createTable('a', () => {});\nexports.down = (knex) => knex.schema.dropTable('a');\n",
  "exports.up = function (knex) {\n  return knex.schema.createTable('a', () => {});\n};\n\nexports.down = function (knex) {\n  return knex.schema.dropTable('a');\n};\n",
  "export async function up(knex: Knex): Promise<void> {\n  await knex.schema.createTable('a', (t) => {});\n}\n\nexport async function down(knex: Knex): Promise<void> {\n  await knex.schema.dropTableIfExists('a');\n}\n",
  "module.exports = {\n  async up(knex) { await knex.raw('SELECT 1'); },\n  async down(knex) { await knex.raw('DROP TABLE a'); },\n};",
  "const up = async (k) => k.raw('SELECT 1');\nconst down = async (k) => k.raw('DROP TABLE a');\nmodule.exports = { up, down };",
  'export class Init1700000000000 implements MigrationInterface {\n  name = \'Init1700000000000\';\n  public async up(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.query(`CREATE TABLE "a" ("id" int)`);\n  }\n\n  public async down(queryRunner: QueryRunner): Promise<void> {\n    await queryRunner.query(`DROP TABLE "a"`);\n  }\n}\n',
];

test('code that keeps the data passes, whatever its way down does', async () => {
  for (const code of harmless) is(await judged(code), '', code);
});

const harmful: readonly [string, string][] = [
  [up("await knex.schema.dropTable('orders');"), '2: drops table orders'],
  [up("await knex.schema['dropTable']('orders');"), '2: drops table orders'],
  [up("await knex.schema?.dropTable?.('orders');"), '2: drops table orders'],
  [up("await knex.schema.alterTable('a', (t) => { t.dropColumn('b'); });"), '2: drops column b'],
  [up("await knex('a').truncate();"), '2: empties a table'],
  [up("await knex('a').del();"), '2: deletes rows with del() without a condition'],
  [up("await knex('a').where({}).del();"), '2: deletes rows with del() without a condition'],
  [up("await knex('a').where(1, 1).delete('id');"), '2: deletes rows with delete() without a condition'],
  [up("await knex('a').update({ b: null });"), '2: changes all rows with update() without a condition'],
  [up("await knex.schema.alterTable('a', (t) => t.string('b', 2).alter());"), '2: changes a column'],
  [up("await knex.raw('DROP TABLE orders');"), '2: drops table orders'],
  [up("await knex.raw('DR\\x4fP ' + 'TABLE orders');"), '2: drops table orders'],
  [up('await knex.raw(`DROP TABLE \x24{name}`);'), '2: runs SQL that holds an expression'],
  [up('await knex.raw(`\x24{knex.schema.dropTable("x")}`);'), '2: drops table x'],
  [up("await knex.raw('DROP TABLE ' + name);"), '2: runs SQL that holds an expression'],
  [up("await knex.raw(verb + ' TABLE a');"), '2: raw() runs SQL that is not written out'],
  [up("await knex.raw(fs.readFileSync('x.sql', 'utf8'));"), '2: raw() runs SQL that is not written out there'],
  [up("await knex.raw(['DROP', 'TABLE', 'a'].join(' '));"), '2: raw() runs SQL that is not written out there'],
  [up("const sql = 'DROP TABLE orders';\nawait knex.raw(sql);"), '2: drops table orders'],
  [up("const run = knex.raw;\nawait run('DROP TABLE orders');"), '3: drops table orders'],
  [up('await knex.raw("now()); DROP TABLE orders; --");'), '2: '],
  [up("await knex.raw('DELETE FROM a WHERE true');"), '2: '],
  [up("await knex.raw('-- migrate:up\\n-- migrate:down\\nDROP TABLE a');"), '4: drops table a'],
  [up("await knex.raw('\\n\\nTRUNCATE a');"), '4: '],
  [up('await sql`DELETE FROM a`;'), '2: '],
  [up('await queryRunner.query<Row>("TRUNCATE a");'), '2: '],
  [up('await exports.down(knex);'), '5: drops table a'],
  [up("await exports['down'](knex);"), '5: drops table a'],
  ["exports.up = exports.down = async (k) => { await k.schema.dropTable('a'); };", '1: drops table a'],
  [
    "const down = async (k) => { await k.schema.dropTable('a'); };\nmodule.exports = { up: down, down };",
    '1: drops table a',
  ],
  ["exports.up = run(1, down = async (k) => { await k.schema.dropTable('a'); }, 2);", '1: drops table a'],
  [
    "import { down } from './x';\nexports.up = async (k) => {\nwork()\ndown(k)\n{ k.schema.dropTable('a') }\n};",
    '5: drops table a',
  ],
  ["function down(k) { k.schema.dropTable('a') }\nfunction down(k) {}\nexports.up = 1;", '1: drops table a'],
  ["exports.up = async (k) => { if (1) /'/.test(''); k.raw(\"DROP TABLE x\") //'\n};", '1: cannot be read for sure'],
  ['exports.up = async (k) => { k.schema.dr\\u006fpTable("a") };', '1: cannot be read for sure'],
  ['exports.up = async (k) => { x = 1 <!-- "\nk.raw("DROP TABLE a") };', '1: cannot be read for sure'],
  ['exports.up = async (k) => { k.raw("DROP TABLE a" };', '1: cannot be read for sure'],
  ["exports.up = (k) => k.schema.renameTable('a', 'b').dropTableIfExists('c');", '1: drops table c'],
  ['await queryRunner.manager.delete(User, {});', '1: deletes rows'],
  ['await manager.clear(User);\nawait repository.remove(all);', '1: empties a table\n2: deletes rows'],
  ["k.schema['drop' + 'Table']('a');", '1: drops table'],
  ["k.schema[name]('a');", '1: calls a method whose name is not written out'],
  ["const [a] = ['drop'];\nk.schema[`\x24{a}Table`]('a');", '2: calls a method whose name is not written out'],
  ["eval('x');", '1: runs code that is not looked at'],
  ["new Function('x')();", '1: runs code that is not looked at'],
  ["require('node:child_process').execSync('x');", '1: runs code that is not looked at'],
  [
    "await queryRunner.clearTable('a');\nawait queryRunner.dropColumns('a', ['b']);",
    '1: empties table a\n2: drops columns a',
  ],
];

test('code that destroys data is found, however it is written', async () => {
  for (const [code, expected] of harmful) ok((await judged(code)).includes(expected), `${code}\n${await judged(code)}`);
});

test('what is loaded from beside a migration is told', async () => {
  for (const code of ["import { a } from './a';", "const a = require('../a');", "await import('./a');"])
    is((await judgeCode(code, 'js', 'postgres'))[0]?.severity, 'warning', code);
  is((await judgeCode("import { Knex } from 'knex';", 'js', 'postgres')).length, 0);
});

const alembic = (body: string) =>
  `"""x"""\nfrom alembic import op\nimport sqlalchemy as sa\nrevision = 'a'\n\n\ndef upgrade():\n${body}\n\n\ndef downgrade() -> None:\n    op.drop_table('a')\n`;

test('Alembic: the way up is judged, the way down is not', async () => {
  for (const body of [
    "    op.create_table('a', sa.Column('id', sa.Integer()))",
    "    op.execute('CREATE INDEX i ON a (b)')",
    "    op.execute(sa.text('UPDATE a SET b = 1 WHERE id = :id'))",
    "    op.alter_column('a', 'b', nullable=True)",
    '    op.execute(users.update().where(users.c.id == 1).values(a=2))',
    "    # op.drop_table('x')\n    pass",
  ])
    is(await judged(alembic(body), 'python'), '', body);
  for (const [body, expected] of [
    ["    op.drop_table('orders')", '8: drops table orders'],
    ["    op.drop_column('a', 'b')", '8: drops column a'],
    ["    with op.batch_alter_table('a') as batch:\n        batch.drop_column('b')", '9: drops column b'],
    ["    op.alter_column('a', 'b', type_=sa.Integer())", '8: changes the type of a column'],
    ["    op.alter_column('a', 'b', **options)", '8: changes the type of a column'],
    ["    op.execute('DROP TABLE ' 'orders')", '8: drops table orders'],
    ["    op.execute('''\nDROP TABLE orders\n''')", '9: drops table orders'],
    ["    op.execute(f'DROP TABLE {t}')", '8: runs SQL that holds an expression'],
    ["    op.execute('DELETE FROM %s' % t)", '8: runs SQL that holds an expression'],
    ["    op.execute('DELETE FROM {}'.format(t))", '8: runs SQL that holds an expression'],
    ['    op.execute(open("x.sql").read())', '8: execute() runs SQL that is not written out there'],
    ['    op.execute(users.delete())', '8: deletes rows with delete()'],
    ['    op.execute(users.update().values(a=1))', '8: changes all rows'],
    ["    getattr(op, 'drop_table')('a')", '8: drops table'],
    ["    op.\uff44rop_table('orders')", '8: drops table orders'],
    ['    downgrade()', '12: drops table a'],
    ["    globals()['downgrade']()", '12: drops table a'],
  ] as const)
    ok((await judged(alembic(body), 'python')).includes(expected), `${body}\n${await judged(alembic(body), 'python')}`);
});

test('hostile code ends: nothing that grows faster than the file', async () => {
  const n = 20_000;
  const hostile: readonly string[] = [
    `x = ${'['.repeat(n)}${']'.repeat(n)}`,
    `x = ${Array.from({ length: n }, () => "'a'").join('+')}`,
    `x${'.update({})'.repeat(n)}`,
    `${'dropTable('.repeat(n)}${')'.repeat(n)}`,
    `${'a.update('.repeat(n)}${')'.repeat(n)}`,
    `${'down;'.repeat(n)}`,
    `${'raw(x);'.repeat(n)}`,
    `${"raw('a b');".repeat(n)}`,
    '`\x24{'.repeat(n),
    `${'/*'.repeat(n)}`,
    `${'x = "'.repeat(n)}`,
  ];
  for (const code of hostile) await judgeCode(code, 'js', 'postgres');
  await judgeCode(`${'alter_column('.repeat(n)}${')'.repeat(n)}`, 'python', 'postgres');
  is((await judgeCode("raw('a b');".repeat(n), 'js', 'postgres'))[0]?.message.slice(0, 20), 'holds 20000 strings,');
});

/** What a reader says: `line severity message`, the errors first where two are on a line. */
const said = (found: readonly { line: number; severity: string; message: string }[]) =>
  found.map(({ line, severity, message }) => `${line} ${severity} ${message}`);

test('Rails: calls that destroy and the SQL that is run, on the way up', async () => {
  const code = `class DropOrders < ActiveRecord::Migration[7.1]
  # drop_table :comments
  def up
    drop_table :orders
    remove_column :users, :email, :string
    change_column :users, :age, :integer
    change_column_default :users, :age, 1
    User.where(old: true).delete_all
    User.delete_all
    execute "DELETE FROM carts"
    execute <<~SQL
      SELECT 1;
      TRUNCATE logs;
    SQL
    execute "UPDATE x SET y = 1 WHERE id = 2"
    execute "DROP TABLE #{name}"
    add_column :users, :note, :string
  end

  def down
    drop_table :later
  end
end
`;
  equal(said(await judgeRuby(code, 'postgres')), [
    '4 error drops table orders',
    '5 error drops column users',
    '6 error changes a column, which can lose data: users',
    '9 error delete_all reaches every row',
    '10 error deletes every row of carts',
    '13 error removes every row of logs',
    '16 error runs SQL that is not written out there, so it cannot be checked',
  ]);
  const reversible =
    'def change\n  reversible do |dir|\n    dir.up { add_index :a, :b }\n    dir.down { drop_table :a }\n  end\nend\n';
  equal(await judgeRuby(reversible, 'postgres'), []);
});

test('a column that becomes text keeps what it holds in PostgreSQL, and in no other database', async () => {
  const change = (type: string) => `await queryInterface.changeColumn('a', 'b', { type: ${type}, allowNull: true });`;
  const widening: readonly [string, 'js' | 'python'][] = [
    [up("await knex.schema.alterTable('a', (t) => t.text('b').notNullable().alter());"), 'js'],
    [up(change('Sequelize.TEXT')), 'js'],
    [alembic("    op.alter_column('a', 'b', existing_type=sa.String(5), type_=sa.Text(), nullable=False)"), 'python'],
  ];
  for (const [code, language] of widening) {
    equal(
      (await judgeCode(code, language, 'postgres')).map(({ severity }) => severity),
      ['warning'],
      code,
    );
    equal(
      (await judgeCode(code, language, 'mysql')).map(({ severity }) => severity),
      ['error'],
      code,
    );
  }
  const others: readonly [string, 'js' | 'python'][] = [
    [up("await knex.schema.alterTable('a', (t) => t.string('text').alter());"), 'js'],
    [up("await knex.schema.alterTable('a', (t) => t.specificType('text', 'int').alter());"), 'js'],
    [up(change('Sequelize.STRING(5)')), 'js'],
    [up(change("'x', ...{ type: Sequelize.TEXT }")), 'js'],
    [up(change('Sequelize.TEXT, type: Sequelize.INTEGER')), 'js'],
    [up(change("Sequelize.TEXT, 'ty\\x70e': Sequelize.INTEGER")), 'js'],
    [up(change('Sequelize.TEXT, [key]: Sequelize.INTEGER')), 'js'],
    [alembic("    op.alter_column('a', 'b', type_=sa.Text(), **more)"), 'python'],
    [alembic("    op.alter_column('a', 'b', type_=sa.Text(), postgresql_using='left(b, 1)')"), 'python'],
    [alembic("    op.alter_column('a', 'b', type_=sa.Text().with_variant(sa.Integer(), 'postgresql'))"), 'python'],
  ];
  for (const [code, language] of others) is((await judgeCode(code, language, 'postgres'))[0]?.severity, 'error', code);
  for (const line of ['change_column :a, :b, :text', 'change_column(:a, :b, :text, null: false)'])
    is((await judgeRuby(`def up\n  ${line}\nend\n`, 'postgres'))[0]?.severity, 'warning', line);
  for (const line of ['change_column :a, :b, :text; drop_table :a', "change_column :a, :b, :text, using: 'left(b, 1)'"])
    is((await judgeRuby(`def up\n  ${line}\nend\n`, 'postgres'))[0]?.severity, 'error', line);
  is((await judgeRuby('def up\n  change_column :a, :b, :text\nend\n', 'mysql'))[0]?.severity, 'error');
});

test('Liquibase: changes in XML and YAML, without their way back', async () => {
  const xml = `<databaseChangeLog>
<changeSet id="1" author="a">
  <dropTable tableName="orders"/>
  <delete tableName="carts"/>
  <delete tableName="carts"><where>id = 1</where></delete>
  <sql>TRUNCATE logs</sql>
  <addColumn tableName="x"><column name="y" type="int"/></addColumn>
  <rollback><dropTable tableName="back"/></rollback>
</changeSet></databaseChangeLog>
`;
  equal(said(await judgeLiquibase(xml, 'a.xml', 'postgres')), [
    '3 error drops table orders',
    '4 error deletes rows of carts',
    '6 error removes every row of logs',
  ]);
  const yaml =
    'databaseChangeLog:\n  - changeSet:\n      id: 1\n      changes:\n        - dropColumn:\n            tableName: orders\n        - sql: DROP TABLE x\n      rollback:\n        - dropTable: { tableName: back }\n';
  equal(
    said(await judgeLiquibase(yaml, 'a.yaml', 'postgres')).map((line) => line.slice(2)),
    ['error drops column of orders', 'error drops table x'],
  );
  match(said(await judgeLiquibase('<a>', 'a.xml', 'postgres'))[0]!, 'cannot be read: it never closes <a>');
});

test('Django: operations and SQL', async () => {
  const code = `from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [
        migrations.AddField('user', 'note', models.TextField(null=True)),
        migrations.DeleteModel(name='Order'),
        migrations.RemoveField(model_name='user', name='email'),
        migrations.RunSQL('TRUNCATE logs'),
        migrations.AlterField('user', 'age', models.SmallIntegerField(help_text='AlterField(')),
    ]
`;
  equal(said(await judgeCode(code, 'python', 'postgres')), [
    '5 error drops the table of Order',
    '6 error drops a column of user',
    '7 error removes every row of logs',
    '8 warning AlterField can change the type of a column, which can lose data: python manage.py sqlmigrate prints what it runs',
  ]);
});

test('f-strings as Python has them, and calls of MongoDB', async () => {
  const python = async (line: string) => said(await judgeCode(`def upgrade():\n    ${line}\n`, 'python', 'postgres'));
  equal(await python(`op.execute(f"SELECT {row['id']!r:>{width}} FROM orders")`), []);
  match((await python(`op.execute(f"DROP TABLE {names['a']}")`))[0]!, 'holds an expression');
  match((await python(`op.execute(f"SELECT {row["id"]}")`))[0]!, 'an expression in an f-string');
  match((await python(`op.execute(f"SELECT {op.drop_table('x')}")`))[0]!, 'drops table x');
  const js = async (line: string) =>
    said(await judgeCode(`export const up = async (db) => { ${line} };`, 'js', 'postgres'));
  equal(await js("await db.collection('a').drop();"), ['1 error drops a table or a collection']);
  equal(await js("await db.collection('a').deleteMany({});"), ['1 error deletes every document']);
  equal(await js("await db.collection('a').deleteMany({ old: true });"), []);
});
