import fc from 'fast-check';
import { equal, is, match, ok } from 'uvu/assert';
import { Undecided } from '../src/model/index.ts';
import { judgeMysql } from '../src/readers/sql/mysql/index.ts';
import { entries } from './fixtures/sql/mysql.ts';
import { suite } from './support/suite.ts';

const test = suite('sql-mysql');

const rules = (sql: string, dialect: 'mysql' | 'tidb' = 'mysql') => judgeMysql(sql, dialect).map(({ rule }) => rule);
const at = (sql: string) => judgeMysql(sql, 'mysql').map(({ line, rule }) => `${line} ${rule}`);

for (const { sql, dialect, verdict, rule, about } of entries)
  test(`${verdict}: ${sql}${about ? ` (${about})` : ''}`, () => {
    const problems = judgeMysql(sql, dialect ?? 'mysql');
    const worst = problems.some(({ severity }) => severity === 'error')
      ? 'error'
      : problems.length
        ? 'warning'
        : 'none';
    const said = problems.map((problem) => `${problem.rule}: ${problem.message}`).join('\n');
    is(worst, verdict, said);
    if (rule)
      ok(
        problems.some((problem) => problem.rule === rule),
        `${rule} is missing: ${said}`,
      );
  });

test('a column may become wider, and never narrower', () => {
  const rows: [from: string, to: string, verdict: 'none' | 'error'][] = [
    ['DECIMAL(10, 2)', 'DECIMAL(12, 2)', 'none'],
    ['DECIMAL(10, 2)', 'DECIMAL(12, 4)', 'none'],
    ['DECIMAL(10, 2)', 'DECIMAL(11, 4)', 'error'],
    ['DECIMAL(10, 2)', 'DECIMAL(12, 1)', 'error'],
    ['INT UNSIGNED', 'INT', 'error'],
    ['INT UNSIGNED', 'BIGINT', 'none'],
    ['INT', 'BIGINT UNSIGNED', 'error'],
    ['TEXT', 'LONGTEXT', 'none'],
    ['LONGTEXT', 'TEXT', 'error'],
    ['BLOB', 'TINYBLOB', 'error'],
    ['FLOAT', 'DOUBLE', 'none'],
    ['DOUBLE', 'FLOAT', 'error'],
    ['CHAR(10)', 'VARCHAR(10)', 'none'],
    ['VARCHAR(10)', 'VARCHAR(9)', 'error'],
    ['VARCHAR(10)', 'VARCHAR(10) CHARACTER SET latin1', 'error'],
    ["ENUM('a', 'b')", "ENUM('a', 'b', 'c')", 'none'],
    ["ENUM('a', 'b')", "ENUM('b', 'a')", 'error'],
    ['DATETIME', 'DATE', 'error'],
  ];
  for (const [from, to, verdict] of rows) {
    const found = judgeMysql(`ALTER TABLE t ADD b ${from};\nALTER TABLE t MODIFY b ${to};`, 'mysql');
    is(found.some(({ severity }) => severity === 'error') ? 'error' : 'none', verdict, `${from} to ${to}`);
  }
});

test('there are enough of them, for both', () => {
  ok(entries.length >= 90);
  ok(entries.filter(({ dialect }) => dialect === 'tidb').length >= 15);
});

test('the line is that of the first token, whatever stands before it', () => {
  equal(at('\ufeff\r\n-- a\r\n/* b\r\n*/ DROP\r\n TABLE\r\n users;\r\n\r\nTRUNCATE x;'), [
    '4 drop-table',
    '8 truncate-table',
  ]);
  equal(at("SELECT 'a\nb';\nDELETE FROM users;"), ['3 delete-without-where']);
  equal(at('CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO\nBEGIN\n  SELECT 1;\n  DELETE FROM users;\nEND;'), [
    '4 delete-without-where',
  ]);
  equal(at('ALTER TABLE users\n  ADD b INT,\n  DROP a,\n  DROP c;'), ['1 drop-column', '1 drop-column']);
});

test('one broken statement hides nothing', () => {
  equal(at('DROP TABLE a;\nSELEC 1;\nDROP TABLE b;\nSELECT ((1);\nDROP TABLE c;'), [
    '1 drop-table',
    '2 unparsed',
    '3 drop-table',
    '4 unparsed',
    '5 drop-table',
  ]);
  ok(at("SELECT 'x\n;\nDROP TABLE a;").includes('3 drop-table'));
  ok(at('DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; //\nDROP TABLE a//').includes('3 drop-table'));
});

test('messages name the thing in one line', () => {
  const [problem] = judgeMysql(`DROP TABLE \`a\nb${'x'.repeat(500)}\``, 'mysql');
  ok(!problem!.message.includes('\n'));
  ok(problem!.message.length < 150);
  is(judgeMysql('DROP TABLE users', 'mysql')[0]!.message, 'drops table users with its rows');
  is(judgeMysql('\nFOO', 'mysql')[0]!.message, 'line 2 cannot be read as MySQL: FOO starts no known statement');
});

test('an index without a lock: TiDB always, MySQL when told', () => {
  equal(rules('CREATE INDEX i ON users (a);'), ['add-index']);
  equal(rules('CREATE INDEX i ON users (a);', 'tidb'), []);
});

for (const sql of [' '.repeat(16 * 1024 * 1024 + 1), 'a '.repeat(2_100_000)])
  test(`too long is undecided: ${sql.slice(0, 2)}`, () => {
    let thrown: unknown;
    try {
      judgeMysql(sql, 'mysql');
    } catch (error) {
      thrown = error;
    }
    ok(thrown instanceof Undecided);
  });

test('a seed of 100,000 rows is read to its end', () => {
  const row = `(1, 'some name with it''s quotes', NULL, 'DELETE FROM users', -1.5)`;
  const rows = `INSERT INTO a VALUES ${Array.from({ length: 100_000 }, () => row).join(',\n')}`;
  equal(at(`${rows};\nDROP TABLE users;`), ['100001 drop-table']);
  equal(at(`${rows} ON DUPLICATE KEY UPDATE a = DEFAULT;\nDROP TABLE users;`), ['100001 drop-table']);
});

const deep = 100_000;
const hostile: readonly string[] = [
  `DELETE FROM users WHERE ${'('.repeat(deep)}1${')'.repeat(deep)}`,
  `DELETE FROM users WHERE ${'NOT '.repeat(deep)}1`,
  `DELETE FROM users WHERE ${'a = 1 OR '.repeat(deep)} b = 2`,
  `SELECT ${'('.repeat(deep)}`,
  `CREATE PROCEDURE p() ${'BEGIN '.repeat(deep)}`,
  `CREATE PROCEDURE p() ${'IF 1 THEN '.repeat(deep)} SELECT 1; ${'END IF; '.repeat(deep)}`,
  'CREATE PROCEDURE p() BEGIN SELECT 1; '.repeat(20_000),
  "'\\".repeat(deep),
  '/*'.repeat(deep),
  '/*!50000 '.repeat(deep),
  '/*! a */ '.repeat(deep),
  'DELIMITER '.repeat(deep),
  `ALTER TABLE a ${'ADD b INT, '.repeat(deep)}`,
  `ALTER TABLE a COMMENT ${'ENGINE '.repeat(20_000)}`,
  '"\\"`'.repeat(deep),
  '-- migrate:up\n'.repeat(deep),
];
for (const sql of hostile)
  test(`hostile text does not stop what follows: ${sql.slice(0, 40)}`, () => {
    const found = judgeMysql(`${sql}\n;;\nDROP TABLE victims;`, 'mysql');
    ok(found.length > 0);
  });

const words =
  `DROP TABLE DELETE FROM WHERE UPDATE SET ALTER ADD COLUMN MODIFY CHANGE CREATE PROCEDURE FUNCTION TRIGGER EVENT
  BEGIN END IF THEN ELSE CASE WHEN LOOP WHILE DO REPEAT UNTIL DECLARE HANDLER FOR SELECT INSERT INTO VALUES WITH AS ( ) , ; ' " \`
  \\ /* */ /*! /*!50000 /*M! /*T![ttl] -- # // DELIMITER $$ \\G @ @@ . = <=> || 1 1.5 NULL a b t IN EXISTS NOT LIKE '%' 'x' \n \0
  --> statement-breakpoint PREPARE EXECUTE IMMEDIATE CALL USE RENAME TO PARTITION ENGINE TTL BATCH ON LIMIT EXPLAIN ANALYZE`.split(
    / +/,
  );

test('token soup: problems with lines, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), { maxLength: 40 }),
      (soup) => {
        const sql = soup.join(' ');
        const count = sql.split('\n').length;
        for (const { line, message } of judgeMysql(sql, soup.length % 2 ? 'tidb' : 'mysql')) {
          ok(line >= 1 && line <= count, `line ${line} of ${count}`);
          ok(message !== '');
        }
      },
    ),
    { numRuns: 3000 },
  );
});

const wellFormed = entries.filter(({ sql }) => /;\s*$/.test(sql) && !/migrate:|\+goose|DELIMITER|open|oops/i.test(sql));
const quoted = fc.string({ maxLength: 20 }).map((text) => `SELECT '${text.replace(/['\\\0]/g, '')}';\n`);
const comment = fc.string({ maxLength: 20 }).map((text) => `/* ${text.replaceAll('*/', '')} */\n`);
const lineComment = fc.string({ maxLength: 20 }).map((text) => `-- ${text.replace(/[\r\n]/g, '')}\n`);
const known = fc.constantFrom(...wellFormed.map(({ sql }) => `${sql}\n`));
const destroying = fc.constantFrom(
  'DROP TABLE victims',
  'TRUNCATE victims',
  'DELETE FROM victims',
  'UPDATE victims SET a = 1 WHERE 1',
  'ALTER TABLE victims DROP a',
  '/*!50000 DROP TABLE victims */',
);

test('what destroys is found behind any well-formed text', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(known, quoted, comment, lineComment), { maxLength: 8 }),
      destroying,
      (before, last) => {
        const text = before.join('');
        const line = text.split('\n').length;
        const found = judgeMysql(`${text}${last};`, 'mysql').filter((problem) => problem.line === line);
        ok(
          found.some(
            ({ severity, rule, message }) => severity === 'error' && (rule === 'unparsed' || /victims/.test(message)),
          ),
        );
        ok(!found.some(({ rule }) => rule === 'unparsed'), 'it is read as what it is');
      },
    ),
    { numRuns: 2000 },
  );
});

const after = (before: string | readonly string[], sql: string) =>
  judgeMysql(sql, 'mysql', [before].flat())
    .map(({ severity, message }) => `${severity}: ${message}`)
    .join();

test('a type that becomes wider loses nothing, where a migration before tells the old one', () => {
  const table = "CREATE TABLE t (a DECIMAL(10,2) NOT NULL, b VARCHAR(50) DEFAULT 'x', `c` int NOT NULL, KEY k (a));";
  for (const to of [
    'MODIFY a DECIMAL(12,2) NOT NULL',
    'MODIFY b VARCHAR(100)',
    'MODIFY COLUMN c BIGINT NOT NULL',
    'CHANGE b b VARCHAR(60)',
  ])
    is(after(table, `ALTER TABLE t ${to};`), '', to);
  for (const to of [
    'MODIFY a DECIMAL(11,4)',
    'MODIFY b VARCHAR(49)',
    'MODIFY c SMALLINT',
    'MODIFY b INT',
    'MODIFY b VARCHAR(60) NOT NULL',
  ])
    match(after(table, `ALTER TABLE t ${to};`), /^error: narrows/, to);
  const up = 'ALTER TABLE t MODIFY b VARCHAR(100);';
  match(after([table, 'ALTER TABLE t MODIFY b VARCHAR(200);'], up), 'error: narrows');
  is(after([table, 'RENAME TABLE t TO u;'], up.replace('TABLE t', 'TABLE u')), '');
  is(after([table, 'ALTER TABLE t RENAME COLUMN b TO z;'], up.replace('b V', 'z V')), '');
  for (const before of [
    'CREATE TABLE IF NOT EXISTS t (b VARCHAR(50));',
    'CREATE TEMPORARY TABLE t (b VARCHAR(50));',
    '/*!50000 CREATE TABLE t (b VARCHAR(50)) */;',
    'CREATE TABLE x.t (b VARCHAR(50));',
    `${table} USE other;`,
    `${table} DROP TABLE t;`,
    `${table} ALTER TABLE t CONVERT TO CHARACTER SET latin1;`,
    `${table} SET @s = CONCAT('ALTER TABLE t ', x); PREPARE p FROM @s; EXECUTE p;`,
    `${table} CALL widen();`,
    `${table} FOO BAR;`,
  ])
    match(after(before, up), 'error: redefines column b of t, whose type is not known', before);
});
