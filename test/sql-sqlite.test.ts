import fc from 'fast-check';
import { equal, is, match, ok } from 'uvu/assert';
import { judgeSqlite } from '../src/readers/sql/sqlite/index.ts';
import { suite } from './support/suite.ts';

const test = suite('sql-sqlite');

const said = (sql: string, how: Parameters<typeof judgeSqlite>[1] = {}) =>
  judgeSqlite(sql, how).map(({ severity, rule }) => `${severity} ${rule}`);
const messages = (sql: string, how: Parameters<typeof judgeSqlite>[1] = {}) =>
  judgeSqlite(sql, how)
    .map(({ line, severity, message }) => `${line} ${severity}: ${message}`)
    .join('\n');

const verdicts: readonly (readonly [sql: string, said: string])[] = [
  ['CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT (1, 2)) STRICT', ''],
  ['CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a); CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(a)', ''],
  ["INSERT INTO t (a) VALUES (1), ('x;y'), (x'00'), (NULL); INSERT OR IGNORE INTO t SELECT 1", ''],
  ['ALTER TABLE t ADD COLUMN a TEXT; ALTER TABLE t ADD b INT NOT NULL DEFAULT 0', ''],
  ['ALTER TABLE t ADD a TEXT NOT NULL', 'warning add-required-column'],
  ['DROP TABLE t', 'error drop-table'],
  ['drop table if exists "my table"', 'error drop-table'],
  ['CREATE TABLE t (a); DROP TABLE t', ''],
  ['CREATE TABLE IF NOT EXISTS t (a); DROP TABLE t', 'error drop-table'],
  ['CREATE TABLE t (a); DROP TABLE main.t', 'error drop-table'],
  ['ALTER TABLE t DROP COLUMN a', 'error drop-column'],
  ['ALTER TABLE t DROP a', 'error drop-column'],
  ['ALTER TABLE t ADD a; ALTER TABLE t DROP a', ''],
  ['ALTER TABLE t RENAME TO u', 'warning rename-table'],
  ['ALTER TABLE t RENAME COLUMN a TO b', 'warning rename-column'],
  ['ALTER TABLE t RENAME a TO b', 'warning rename-column'],
  ['DROP VIEW v; DROP INDEX i; DROP TRIGGER g', 'warning drop-view,warning drop-index,warning drop-trigger'],
  ['DELETE FROM t', 'error delete-without-where'],
  ['DELETE FROM t WHERE a = 1', ''],
  ['DELETE FROM "t" AS x WHERE x.a = "t"."a"', 'error delete-without-where'],
  ['DELETE FROM t WHERE 1', 'error delete-without-where'],
  ['DELETE FROM t WHERE 1 == 1', 'error delete-without-where'],
  ['DELETE FROM t WHERE a IS a', 'error delete-without-where'],
  ['DELETE FROM t WHERE a ISNULL OR a NOTNULL', 'error delete-without-where'],
  ['DELETE FROM t WHERE a ISNULL', ''],
  ['DELETE FROM t WHERE a NOT NULL', ''],
  ["DELETE FROM t WHERE a IS 'x'", ''],
  ["DELETE FROM t WHERE a IS NOT 'x' LIMIT 5", ''],
  ["DELETE FROM t WHERE a GLOB '*'", 'error delete-without-where'],
  ["DELETE FROM t WHERE a GLOB 'x*' AND b || c = 'y'", ''],
  ['DELETE FROM t WHERE a IN (SELECT b FROM u WHERE c)', ''],
  ['UPDATE t SET a = 1', 'error update-without-where'],
  ['UPDATE OR IGNORE t SET a = 1, b = 2 WHERE true RETURNING a', 'error update-without-where'],
  ['UPDATE t SET a = 1 WHERE b > 2', ''],
  ['UPDATE t SET a = u.b FROM u WHERE t.c = u.c', ''],
  ['ALTER TABLE t ADD a; UPDATE t SET a = 1', 'warning update-without-where'],
  ['REPLACE INTO t VALUES (1)', 'warning replace-rows'],
  ['INSERT OR REPLACE INTO t VALUES (1)', 'warning replace-rows'],
  ['WITH x AS (SELECT 1 FROM y WHERE z) DELETE FROM t', 'error delete-without-where'],
  ['WITH x AS (DELETE FROM y) SELECT 1', ''],
  ['BEGIN IMMEDIATE; SELECT 1; COMMIT; VACUUM; ANALYZE; EXPLAIN DELETE FROM t', 'warning vacuum'],
  ['PRAGMA foreign_keys=OFF; PRAGMA foreign_key_check; PRAGMA user_version = 3', ''],
  ['BEGIN; PRAGMA foreign_keys = OFF; COMMIT', 'warning foreign-keys-in-transaction'],
  ['PRAGMA writable_schema = 1', 'error writable-schema'],
  ['PRAGMA journal_mode=OFF', 'warning unsafe-writes'],
  ["ATTACH 'x.db' AS x; SELECT load_extension('x')", 'warning attach,error run-code'],
  [
    'CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE u SET a = CASE WHEN 1 THEN 2 END WHERE b = new.b; SELECT 1; END',
    '',
  ],
  [
    'CREATE TEMP TRIGGER g INSERT ON t BEGIN DELETE FROM u; END; DROP TABLE t',
    'error delete-without-where,error drop-table',
  ],
  ['CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u WHERE a = 1;', 'error unparsed'],
  ['.read other.sql\nDROP TABLE t', 'error unparsed'],
  ["SELECT 'a", 'error unparsed'],
  ['/* DROP TABLE t;', 'error unparsed'],
  ['-- DROP TABLE t\n/* DROP TABLE t; */ SELECT [a;b], `c;d`, "e;f" -- x', ''],
  [
    'SELECT 1 /* --> statement-breakpoint DROP TABLE t; --> statement-breakpoint */',
    'error unparsed,error drop-table,error unparsed',
  ],
  ['TRUNCATE TABLE t', 'error unparsed'],
  ['ALTER TABLE t MODIFY a TEXT', 'error unparsed'],
];

for (const [sql, expected] of verdicts)
  test(`${expected || 'nothing'}: ${sql}`, () => is(said(sql).join(), expected, messages(sql)));

const users = 'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);';
/** As Prisma and Drizzle write it. */
const rebuild = (
  into: string,
  from: string,
  made = 'id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER',
) => `PRAGMA foreign_keys=OFF;
CREATE TABLE "new_users" (${made});
INSERT INTO "new_users" (${into}) SELECT ${from} FROM "users";
DROP TABLE "users";
ALTER TABLE "new_users" RENAME TO "users";
PRAGMA foreign_keys=ON;`;
const all = '"id", "name", "age"';

test('a table that is made anew with all it held is no loss', () => {
  for (const sql of [
    rebuild(all, all),
    rebuild(all, '"id", coalesce("name", \'\') AS "name", "age"'),
    rebuild('id, name, age', 'id, users.name, age'),
    rebuild('"id", "name", "age"', '*'),
    rebuild('id, name, age, made', 'id, name, age, CURRENT_TIMESTAMP', 'id, name, age, made'),
    rebuild('id, full_name, age', 'id, name, age', 'id, full_name TEXT, age'),
    'ALTER TABLE users RENAME TO old; CREATE TABLE users (id, name, age); INSERT INTO users SELECT id, name, age FROM old; DROP TABLE old',
    'CREATE TEMP TABLE b (id, name, age); INSERT INTO b SELECT * FROM users; DROP TABLE users; CREATE TABLE users (id, name, age, x); INSERT INTO users (id, name, age) SELECT id, name, age FROM b; DROP TABLE b',
    'CREATE TABLE n AS SELECT * FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users',
  ])
    is(messages(sql, { before: [users] }), '', sql);
});

test('what a table that is made anew leaves behind is lost', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [rebuild('"id", "name"', '"id", "name"'), /^4 error: drops column users\.age$/],
    [rebuild(all, '"id", upper("name"), "age"'), /error: computes new_users\.name from an expression over users/],
    [rebuild(all, `${all} FROM "users" WHERE id > 5; SELECT 1`), /error: keeps only some of the rows of users/],
    [rebuild(all, `DISTINCT ${all}`), /error: keeps only some of the rows/],
    [rebuild(all, all).replace('INSERT', 'INSERT OR IGNORE'), /error: leaves out the rows of users that do not fit/],
    [rebuild(all, all, 'id UNIQUE ON CONFLICT REPLACE, name, age'), /error: leaves out the rows/],
    [rebuild(all, all).replace('INSERT', '--'), /error: drops table users with its rows/],
    [rebuild(all, all).replace('DROP', 'DELETE FROM new_users; DROP'), /error: drops table users with its rows/],
    [rebuild(all, all).replace('DROP', 'UPDATE new_users SET name = 1; DROP'), /error: drops table users/],
    [rebuild(all, all).replace('DROP', 'ALTER TABLE new_users DROP age; DROP'), /error: drops table users/],
    [`${rebuild(all, all)} DROP TABLE users;`, /error: drops table users with its rows/],
    [rebuild(all, all).replace('ALTER', 'DELETE FROM new_users; ALTER'), /error: deletes every row of new_users/],
    ['CREATE TEMP TABLE b AS SELECT * FROM users; DROP TABLE users', /in a temporary table only/],
  ];
  for (const [sql, expected] of cases) match(messages(sql, { before: [users] }), expected, sql);
  match(messages(rebuild(all, all)), /error: recreates users, and no migration here says which columns it has/);
  match(
    messages(rebuild(all, all), { before: ['CREATE TABLE IF NOT EXISTS users (id, name, age);'] }),
    /no migration here says which columns it has/,
  );
  match(
    messages(rebuild(all, all), { before: [users, 'ALTER TABLE users ADD mail TEXT;'] }),
    'error: drops column users.mail',
  );
  match(
    messages(rebuild(all, all), { before: [users, rebuild(`${all}, "x"`, `${all}, 1`, 'id, name, age, x')] }),
    'users.x',
  );
});

test('what SQLite makes of a text, and of a column that is not there, is told', () => {
  match(
    messages(rebuild(`${all}, "mail"`, `${all}, "mail"`, 'id, name, age, mail'), { before: [users] }),
    'warning: "mail" is not a column of users, so SQLite takes it for a text',
  );
  match(
    messages(rebuild(all, all, 'id INTEGER, name INTEGER, age INTEGER'), { before: [users] }),
    'warning: users.name becomes INTEGER: a text such as 007 becomes the number 7',
  );
});

test('with foreign keys on, what hangs on a dropped table goes along', () => {
  const before = [users, 'CREATE TABLE posts (id, user_id REFERENCES users(id) ON UPDATE SET NULL ON DELETE CASCADE);'];
  is(messages(rebuild(all, all), { before }), '', 'they are off');
  const cascades = /error: drops table users, .* deletes the rows of posts that refer to it \(ON DELETE CASCADE\)/;
  match(messages(rebuild(all, all), { before, inTransaction: true }), cascades);
  match(messages(`BEGIN;\n${rebuild(all, all)}\nCOMMIT;`, { before }), cascades);
  match(messages(rebuild(all, all).replace('foreign_keys=OFF', 'defer_foreign_keys=ON'), { before }), cascades);
  const nulls = [users, 'CREATE TABLE posts (u INT, FOREIGN KEY (u) REFERENCES "users" (id) ON DELETE SET NULL);'];
  match(messages(rebuild(all, all), { before: nulls, inTransaction: true }), 'empties columns of posts');
  const kept = [users, 'CREATE TABLE posts (u INT REFERENCES users (id) ON DELETE RESTRICT);'];
  is(messages(rebuild(all, all), { before: kept, inTransaction: true }).includes('error'), false);
  is(
    messages(rebuild(all, all), { before: [...before, 'DROP TABLE posts;'], inTransaction: true }).includes('error'),
    false,
  );
});

test('a message is short and in one line, and lines are counted', () => {
  const [problem] = judgeSqlite(`\n\nDROP TABLE "a\nb${'x'.repeat(900)}"`);
  is(problem!.line, 3);
  ok(problem!.message.length <= 400 && !problem!.message.includes('\n'));
  equal(
    judgeSqlite('SELECT 1;\n--> statement-breakpoint\nDROP TABLE a;--> statement-breakpoint\nDELETE FROM b;').map(
      ({ line }) => line,
    ),
    [3, 4],
  );
});

test('whatever stands before and behind, a dropped table is seen', () => {
  const pieces = [
    ';',
    '--\n',
    '/* x */',
    '"a"',
    "'b'",
    '[c]',
    'CREATE TABLE x (a)',
    'BEGIN',
    'END',
    'CREATE TRIGGER g INSERT ON t BEGIN SELECT 1; END',
    'CASE',
    '(',
    ')',
    'SELECT 1',
    '\n',
    '--> statement-breakpoint',
    'PRAGMA x',
    '?1',
    ':a',
    '.5',
    '0x1F',
    '1e9',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const sql = `${parts.join(' ')}\n;\nDROP TABLE victims;`;
      const found = judgeSqlite(sql);
      ok(
        found.some(
          ({ severity, rule, message }) => severity === 'error' && (rule === 'unparsed' || message.includes('victims')),
        ),
        sql,
      );
    }),
    { numRuns: 2000 },
  );
});

test('a hostile megabyte takes no longer than an ordinary one', () => {
  for (const piece of [
    '(',
    'a OR ',
    "'",
    '"',
    '[',
    '/*',
    'CREATE TRIGGER g INSERT ON t BEGIN ',
    'WITH x AS (',
    '1,',
    ':a ',
  ]) {
    const started = process.cpuUsage();
    try {
      judgeSqlite(`DELETE FROM t WHERE ${piece.repeat(Math.floor(1_000_000 / piece.length))}`);
    } catch (error) {
      match((error as Error).message, 'so many words');
    }
    const { user } = process.cpuUsage(started);
    ok(user < 4_000_000, `${piece}: ${Math.round(user / 1000)} ms`);
  }
});
