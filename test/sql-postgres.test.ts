import { equal, is, match, ok, unreachable } from 'uvu/assert';
import { Undecided } from '../src/model/index.ts';
import { judgeSql } from '../src/readers/sql/index.ts';
import type { SqlProblem } from '../src/readers/sql/problem.ts';
import { postgresCases } from './fixtures/sql/postgres.ts';
import { suite } from './support/suite.ts';

const test = suite('sql-postgres');

const judge = (sql: string) => judgeSql(sql, 'postgres', { marked: true });
const brief = (problems: readonly SqlProblem[]) => problems.map(({ line, severity, rule }) => [line, severity, rule]);

function verdictOf(problems: readonly SqlProblem[]): string {
  if (problems.some(({ severity }) => severity === 'error')) return 'error';
  return problems.length > 0 ? 'warning' : 'none';
}

for (const { sql, verdict, rule, about } of postgresCases)
  test(`${verdict}: ${JSON.stringify(sql)}${about ? ` (${about})` : ''}`, async () => {
    const problems = await judge(sql);
    const shown = JSON.stringify(problems);
    is(verdictOf(problems), verdict, shown);
    if (rule)
      ok(
        problems.some((problem) => problem.rule === rule && problem.severity === verdict),
        shown,
      );
  });

test('the list is long enough to mean something', () => {
  ok(postgresCases.length >= 90);
  for (const verdict of ['error', 'warning', 'none'])
    ok(postgresCases.filter((one) => one.verdict === verdict).length >= 25, verdict);
});

test('a message is short, lower case and names the thing', async () => {
  const said = await judge('DROP TABLE shop.orders; DELETE FROM "Line Items"; ALTER TABLE a DROP b CASCADE');
  equal(
    said.map(({ message }) => message),
    ['drops table shop.orders', 'deletes every row of Line Items', 'drops column a.b and all that depends on it'],
  );
});

test('every finding of a file is told, each on the line of its own first word', async () => {
  const sql = [
    '\uFEFF-- a comment with ünïcödé ✂️',
    '/* over',
    '   lines */ DROP',
    '  TABLE a;',
    "INSERT INTO t VALUES ('x",
    "y'); TRUNCATE b;",
    '',
    '-- why',
    'DO $$ -- first line',
    'BEGIN',
    '  IF true THEN',
    '    DELETE FROM c',
    '    WHERE true;',
    '  END IF;',
    "  EXECUTE 'DROP TABLE d';",
    'END $$;',
    "CREATE FUNCTION f(ü text DEFAULT 'é') RETURNS void LANGUAGE sql AS $$",
    '  SELECT 1;',
    '  DELETE FROM e;',
    '$$;',
  ];
  const expected = [
    [3, 'error', 'drop-table'],
    [6, 'error', 'truncate'],
    [12, 'error', 'delete-all-rows'],
    [15, 'error', 'drop-table'],
    [19, 'warning', 'delete-all-rows'],
  ];
  equal(brief(await judge(sql.join('\n'))), expected);
  equal(brief(await judge(sql.join('\r\n'))), expected, 'the same with CRLF');
});

test('lines hold behind COPY rows, psql commands and ways back', async () => {
  const sql = [
    '\\set a 1',
    'COPY t FROM stdin;',
    "it's 1",
    '\\.',
    'DROP TABLE a;',
    '-- migrate:up',
    'DROP TABLE b;',
    '-- migrate:down',
    'DROP TABLE c;',
    '-- migrate:up',
    'DROP TABLE d;',
  ].join('\n');
  equal(
    brief(await judge(sql)).map(([line]) => line),
    [5, 7, 11],
  );
});

test('a statement that cannot be read hides none of the others', async () => {
  const sql = 'DROP TABLE a;\nDROP TABEL b;\nDROP TABLE c;\nSELECT (1;\nDROP TABLE d;\n';
  equal(brief(await judge(sql)), [
    [1, 'error', 'drop-table'],
    [2, 'error', 'unparsed'],
    [3, 'error', 'drop-table'],
    [4, 'error', 'unparsed'],
    [5, 'error', 'drop-table'],
  ]);
  const [, unread] = await judge(sql);
  is(unread!.message, 'line 2 cannot be read as PostgreSQL: syntax error at or near "TABEL"');
});

test('a quote that is never closed hides none of the others', async () => {
  const sql =
    "SELECT 1;\nINSERT INTO t VALUES ('it's);\nDROP TABLE a;\nSELECT $x$ ;\nTRUNCATE b;\n/* open\n\nDROP TABLE c;";
  equal(brief(await judge(sql)), [
    [2, 'error', 'unparsed'],
    [3, 'error', 'drop-table'],
    [4, 'error', 'unparsed'],
    [5, 'error', 'truncate'],
    [6, 'error', 'unparsed'],
    [8, 'error', 'drop-table'],
  ]);
});

test('a body that cannot be read is told, and so is one the parser gives up on', async () => {
  is((await judge('DO $$ BEGIN garbage here; END $$'))[0]!.rule, 'unparsed');
  is((await judge('DO $$ BEGIN SELECT 1'))[0]!.rule, 'unparsed');
  const abort = 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql BEGIN ATOMIC DELETE FROM orders; SELECT 1; END;';
  const problems = await judge(`${abort} ${abort} DROP TABLE orders;`);
  ok(problems.length > 0 && problems.some(({ rule }) => rule === 'drop-table'), JSON.stringify(problems));
});

test('a definition is told once with the routine, its call once more', async () => {
  const sql = 'CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS $$ TRUNCATE orders $$;\nSELECT purge();';
  equal(
    (await judge(sql)).map(({ line, severity, message }) => [line, severity, message]),
    [
      [1, 'warning', 'purge() removes every row of orders'],
      [2, 'error', 'calls purge(), which removes every row of orders'],
    ],
  );
});

test('deep nesting ends in a verdict', async () => {
  const deep = (depth: number) => `SELECT ${'('.repeat(depth)}1${')'.repeat(depth)}; DROP TABLE orders;`;
  for (const depth of [1_000, 100_000]) {
    const problems = await judge(deep(depth));
    ok(
      problems.some(({ rule }) => rule === 'drop-table'),
      String(depth),
    );
  }
  const or = `DELETE FROM orders WHERE ${Array.from({ length: 20_000 }, (_, n) => `a = ${n}`).join(' OR ')}`;
  equal(await judge(or), []);
  const sum = `DELETE FROM orders WHERE a = ${'1 + '.repeat(30_000)}1; TRUNCATE orders`;
  ok((await judge(sum)).some(({ rule }) => rule === 'truncate'));
  const nots = `DELETE FROM orders WHERE ${'NOT '.repeat(30_000)}true`;
  is(verdictOf(await judge(nots)), 'error');
});

test('large files are judged to their end', async () => {
  const row = "(1, 'some text; it''s', now_is, NULL, -1.5e3)".replace('now_is', "'2026-01-01'");
  const rows = Array.from({ length: 100_000 }, () => row).join(',\n');
  const bulk = `INSERT INTO notes VALUES\n${rows};\nDROP TABLE orders;`;
  ok(bulk.length > 4_000_000);
  equal(brief(await judge(bulk)), [[100_002, 'error', 'drop-table']]);
  const copied = `COPY notes FROM stdin;\n${"it's\t1\n".repeat(700_000)}\\.\nTRUNCATE orders;`;
  equal(brief(await judge(copied)), [[700_003, 'error', 'truncate']]);
  const many = `${'UPDATE notes SET a = 1 WHERE id = 2;\n'.repeat(20_000)}TRUNCATE orders;`;
  equal(brief(await judge(many)), [[20_001, 'error', 'truncate']]);
});

test('a row of a bulk INSERT that holds more than literals is read', async () => {
  const plain = "(1, 'x'),\n".repeat(10_000);
  const call = 'CREATE FUNCTION p() RETURNS int LANGUAGE sql AS $$ DELETE FROM orders RETURNING 1 $$;\n';
  const sql = `${call}INSERT INTO notes VALUES ${plain}(p(), 'x'),\n${plain}(1, 'y');`;
  equal(brief(await judge(sql)).at(-1), [2, 'error', 'call-destructive-routine']);
});

test('endless quotes and comments do not make it slow', async () => {
  for (const piece of ["'\n;\n", '$a$;\n', '/*;\n', '"\n\n', '(;\n', '\\x\n', ': :a ', "E'\\", '-- a', '$$$'])
    ok((await judge(piece.repeat(30_000))).length >= 0, piece);
});

test('a text that is too large is undecided, not passed', async () => {
  try {
    await judge(' '.repeat(17 * 1024 * 1024));
    unreachable();
  } catch (error) {
    ok(error instanceof Undecided);
  }
});

const after = async (before: string | readonly string[], sql: string) => {
  const problems = await judgeSql(sql, 'postgres', { before: [before].flat() });
  return problems.map(({ severity, message }) => `${severity}: ${message}`).join();
};

test('a type that becomes wider loses nothing, where a migration before tells the old one', async () => {
  const table =
    'CREATE TABLE t (a numeric(10,2) NOT NULL, b varchar(50), c serial, d char(3), e float8, f timestamp(3));';
  for (const [column, type] of [
    ['a', 'numeric(12,2)'],
    ['a', 'decimal(12, 2) USING a::decimal(12,2)'],
    ['b', 'varchar(100)'],
    ['b', 'text'],
  ])
    is(await after(table, `ALTER TABLE t ALTER COLUMN ${column} TYPE ${type};`), '', type);
  for (const [column, type] of [
    ['a', 'numeric(12,4)'],
    ['c', 'bigint'],
    ['c', 'numeric(10,0)'],
    ['d', 'varchar(3)'],
    ['f', 'timestamp'],
  ])
    match(
      await after(table, `ALTER TABLE t ALTER ${column} TYPE ${type}`),
      /^warning: (?:widens t\.|changes t\.)/,
      type,
    );
  for (const [column, type] of [
    ['a', 'numeric(11,4)'],
    ['a', 'bigint'],
    ['b', 'varchar(49)'],
    ['c', 'smallint'],
    ['c', 'numeric(9,0)'],
    ['d', 'char(2)'],
    ['e', 'real'],
    ['f', 'timestamp(0)'],
  ])
    match(await after(table, `ALTER TABLE t ALTER ${column} TYPE ${type}`), /^error: narrows t\./, type);
  match(await after(table, 'ALTER TABLE t ALTER b TYPE varchar(100) USING left(b, 9)'), 'error: computes');
  match(await after(table, 'ALTER TABLE t ALTER b TYPE varchar(100)[]'), 'error: changes');
});

test('the old type is the last one, under the last name; what may not be true tells none', async () => {
  const table = 'CREATE TABLE t (b varchar(50));';
  const up = 'ALTER TABLE t ALTER b TYPE varchar(100);';
  for (const between of [
    'ALTER TABLE t ADD c int;',
    'ALTER TABLE t ALTER b TYPE varchar(80);',
    "DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT c CHECK (b <> ''); EXCEPTION WHEN duplicate_object THEN NULL; END $$;",
  ])
    is(await after([table, between], up), '', between);
  match(await after([table, 'ALTER TABLE t ALTER b TYPE varchar(200);'], up), 'error: narrows');
  is(
    await after(
      [table, 'ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME b TO c;'],
      up.replace('t ALTER b', 'u ALTER c'),
    ),
    '',
  );
  is(await after([table, 'ALTER TABLE t RENAME b TO c;', 'ALTER TABLE t ADD b varchar(60)'], up), '');
  for (const [before, why] of [
    ['CREATE TABLE IF NOT EXISTS t (b varchar(50));', 'it may have been there'],
    ['CREATE TEMP TABLE t (b varchar(50));', 'another table'],
    ['CREATE TABLE x.t (b varchar(50));', 'another schema'],
    [`${table} ROLLBACK;`, 'taken back'],
    [`SET search_path = x; ${table}`, 'who knows where'],
    [`${table} ALTER TABLE t RENAME TO u;`, 'renamed'],
    [`${table} DROP TABLE t;`, 'dropped'],
    [`${table} ALTER TABLE t DROP b;`, 'dropped'],
    [`${table} DO $$ BEGIN ALTER TABLE t ALTER b TYPE text; END $$;`, 'perhaps changed'],
    [`${table} DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER b TYPE ' || x; END $$;`, 'hidden'],
    [`${table} FOO BAR;`, 'unreadable'],
    [`${table} DROP SCHEMA public CASCADE;`, 'gone'],
    [`${table} CREATE TABLE t AS SELECT 1 AS b;`, 'made of something'],
  ] as const)
    match(await after(before, up), 'error: changes t.b to varchar', why);
  match(await after(table, `SET search_path = x; ${up}`), 'error: changes', 'another t');
  match(await after(table, `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS '${up}'; SELECT f();`), 'error', 'later');
});
