import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { Manifest } from '../src/backups/manifest.ts';
import { judge } from '../src/backups/sql/reaching.ts';
import { StatementReader } from '../src/backups/sql/statements.ts';
import { MariaDb, missing } from './support/mariadb.ts';
import { needing, suite } from './support/suite.ts';
import { folder, guardedRepo, hooksApart, Repo, run } from './support/world.ts';

const test = suite('backups: MariaDB');

let made: Promise<{ production: MariaDb; other: MariaDb }> | undefined;
const both = () => {
  made ??= (async () => {
    const [production, other] = [await MariaDb.create(), await MariaDb.create()];
    await production.shop('shop');
    await production.sql('shop', [
      "insert into orders (item, note) values ('it''s; -- a /* trap */ ? \\\\', 'DELIMITER ;;\\n\\\"`'), ('ü', '\\0\\r\\n')",
      'create table odd (`a``b; c` varchar(20) character set utf8mb4, bits bit(3), day datetime(3) default current_timestamp(3), up varchar(20) character set utf8mb4 generated always as (upper(`a``b; c`)) stored)',
      "insert into odd (`a``b; c`, bits) values ('ü 🙂', b'101')",
      'create sequence numbers start with 7',
      'select nextval(numbers)',
      'create view bought as select o.item, c.name from orders o join customers c on c.id = o.id where exists (select 1 from customers x where x.id = o.id)',
      'create trigger noted before update on orders for each row begin set new.note = old.note; set new.item = concat(new.item, 1); end',
      'create function twice(n int) returns int deterministic return n * 2',
      'create procedure tidy() begin declare done int default 0; update shop.orders o set o.note = null where o.id < 0; end',
      'create event nightly on schedule every 1 day do delete from customers where id < 0',
      "revoke select on mysql.* from shop_reader@'%'",
      "grant event, show view on shop.* to shop_reader@'%'",
    ]);
    await other.sql('', [
      'create database shop_test',
      "create user tester identified by 'tester secret'",
      'grant all on shop_test.* to tester',
      'grant all on `protect\\_restore\\_%`.* to tester',
      'grant set user on *.* to tester',
      'grant select on mysql.proc to tester',
    ]);
    return { production, other };
  })();
  return made;
};

async function world() {
  const { production, other } = await both();
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const { repo, keys } = guardedRepo({
    remote: false,
    hooks: false,
    more: `databases:
  production: { url: DATABASE_URL, reader: READER_URL }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test" }
backups:
  production: { database: production, encrypt: { to: [owners, "${await identityToRecipient(identity)}"] }, identity: BACKUP_IDENTITY, restoreInto: test }
`,
  });
  repo.write('.git/info/exclude', 'node_modules\n.backups\n');
  const env = {
    ...hooksApart,
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
    BACKUP_IDENTITY: identity,
    XDG_STATE_HOME: folder('state'),
  };
  const guarded = new Repo(repo.dir, env);
  const protect = (...args: string[]) => {
    const done = guarded.protect(...args);
    not.match(done.out, /(?:shop_\w+|tester|root)(?: |%20)secret/);
    return done;
  };
  return { repo: guarded, protect, production, other, key: keys['lead']!.file };
}

function newest(repo: Repo): { manifest: Manifest; path: string; file: string } {
  const names = readdirSync(join(repo.dir, '.backups')).filter((name) => name.endsWith('.json'));
  const path = join(repo.dir, '.backups', names.sort().at(-1)!);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  return { manifest, path, file: join(repo.dir, '.backups', manifest.parts[0]!.file) };
}

needing(test, missing, 'a reader that does not see all is told what it lacks, and no backup is made', async () => {
  const { protect, production, repo } = await world();
  const told = protect('backup', 'create');
  is(told.code, 3, told.out);
  match(told.stderr, 'may not see all that shop holds (routines)');
  match(told.stderr, 'GRANT SELECT ON mysql.proc TO shop_reader;');
  await production.sql('', ["revoke event on shop.* from shop_reader@'%'"]);
  match(protect('backup', 'create').stderr, '(event, routines)');
  ok(!repo.has('.backups') || readdirSync(join(repo.dir, '.backups')).length === 0);
  await production.sql('', ["grant event on shop.* to shop_reader@'%'", "grant select on mysql.* to shop_reader@'%'"]);
});

needing(test, missing, 'a dump is made, proven on another server, and nothing is left there', async () => {
  const { repo, protect, other, key } = await world();
  const created = protect('backup', 'create');
  is(created.code, 0, created.out);
  const { manifest, file } = newest(repo);
  is(manifest.parts[0]!.format, 'SQL');
  match(manifest.parts[0]!.tool, 'MariaDB');
  equal(manifest.bracketed, []);
  const verified = protect('backup', 'verify');
  is(verified.code, 0, verified.out);
  match(verified.stdout, 'orders.f is a float, of which dumps hold six digits');
  match(verified.stdout, 'left out of the copy, since it would run by itself: event nightly');
  equal(await other.sql('', ["show databases like 'protect%'"]), []);
  // By hand, as the page says.
  const [place, url] = [folder('hand'), new URL(other.url('hand'))];
  await other.sql('', ['create database hand']);
  const by = `mariadb --no-defaults --protocol=TCP --skip-ssl -h ${url.hostname} -P ${url.port} -u root hand`;
  const done = run(place, 'sh', ['-c', `age -d -i '${key}' '${file}' | gunzip | ${by}`], {
    env: { MYSQL_PWD: decodeURIComponent(url.password) },
  });
  is(done.code, 0, done.out);
  equal(await other.sql('hand', ['select count(*) as n from bought']), [{ n: 50 }]);
});

/** A `mariadb-dump` that does something else besides. */
function instead(script: string): string {
  const bin = folder('bin');
  writeFileSync(
    join(bin, 'mariadb-dump'),
    `#!/bin/sh\n[ "$1" = --version ] && exec /usr/bin/mariadb-dump --version\n${script}\n`,
    { mode: 0o755 },
  );
  return `${bin}:${hooksApart['PATH']}`;
}

needing(test, missing, 'what is written to while it is dumped is bracketed, and every report says so', async () => {
  const { repo, protect, production } = await world();
  const url = new URL(production.url('shop'));
  const sql = (text: string) =>
    `MYSQL_PWD='${decodeURIComponent(url.password)}' /usr/bin/mariadb --no-defaults --skip-ssl -h 127.0.0.1 -P ${url.port} -u root shop -e "${text}"`;
  const PATH = instead(
    `${sql("insert into orders (item) values ('one'), ('two')")}\n/usr/bin/mariadb-dump "$@" || exit\n${sql("insert into orders (item) values ('three')")}`,
  );
  const made = repo.protectWith({ env: { PATH } }, 'backup', 'create');
  is(made.code, 0, made.out);
  const said = /orders was written to while it was dumped: between 202 and 205 rows, contents not compared/;
  match(made.stdout, said);
  equal(newest(repo).manifest.bracketed, [{ table: 'orders', rows: ['202', '205'] }]);
  const verified = protect('backup', 'verify');
  is(verified.code, 0, verified.out);
  match(verified.stdout, said);
  match(protect('backup', 'list').stdout, 'whole, 1 table bracketed');
  match(protect('backup', 'status').stdout, '1 table bracketed');
  // Outside of what was counted before and afterwards it is another dump.
  const { manifest, path } = newest(repo);
  writeFileSync(path, JSON.stringify({ ...manifest, bracketed: [{ table: 'orders', rows: ['202', '203'] }] }));
  const other = protect('backup', 'verify');
  is(other.code, 1, other.out);
  match(other.stderr, 'orders: 202 rows before, 204 now: 2 more');
  const changed = repo.protectWith(
    { env: { PATH: instead(`${sql('alter table odd add column more int')}\n/usr/bin/mariadb-dump "$@"`) } },
    'backup',
    'create',
  );
  is(changed.code, 3, changed.out);
  match(changed.stderr, 'the schema was changed while it was dumped');
});

needing(
  test,
  missing,
  'a dump that ends late with 1, writes half or nothing, or no last line makes no backup',
  async () => {
    const { repo } = await world();
    for (const [script, says] of [
      ['/usr/bin/mariadb-dump "$@"; exit 1', 'ended with 1'],
      ['/usr/bin/mariadb-dump "$@" | head -c 2000; exit 2', 'ended with 2'],
      ['exit 0', 'does not end as a whole one does'],
      ['/usr/bin/mariadb-dump "$@" | head -n 60', 'does not end as a whole one does'],
    ] as const) {
      const failed = repo.protectWith({ env: { PATH: instead(script) } }, 'backup', 'create');
      is(failed.code, 3, failed.out);
      match(failed.stderr, says);
      equal(
        readdirSync(join(repo.dir, '.backups')).filter((name) => !name.endsWith('.partial')),
        [],
      );
    }
  },
);

needing(
  test,
  missing,
  'a dump that leads elsewhere, is cut off or lacks rows is broken, and nothing of it is left',
  async () => {
    const { repo, protect, other, key } = await world();
    is(protect('backup', 'create').code, 0);
    const { manifest, path, file } = newest(repo);
    const place = folder('open');
    is(run(place, 'sh', ['-c', `age -d -i '${key}' '${file}' > plain`]).code, 0);
    const sql = gunzipSync(readFileSync(join(place, 'plain'))).toString();
    await other.sql('', ['create database if not exists victim', 'create table victim.t (n int)']);
    const { createHash } = await import('node:crypto');
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    // Whoever can write here may seal what they like: the recipients are no secret.
    const verify = (text: string) => {
      const plain = gzipSync(text);
      writeFileSync(join(place, 'other'), plain);
      const to = manifest.recipients.find((one) => one.startsWith('age1'))!;
      is(run(place, 'age', ['-r', to, '-o', file, 'other']).code, 0);
      const bytes = readFileSync(file);
      const part = { ...manifest.parts[0]!, bytes: bytes.length, sha256: sha256(bytes) };
      const parts = [{ ...part, plainBytes: plain.length, plainSha256: sha256(plain) }];
      writeFileSync(path, JSON.stringify({ ...manifest, parts }));
      return protect('backup', 'verify');
    };
    const before = '-- Dump completed';
    const add = (text: string) => sql.replace(before, () => `${text}\n${before}`);
    const cases: readonly (readonly [text: string, says: string])[] = [
      [add('USE victim;'), 'holds USE'],
      [add('/*!40000 USE `victim` */;'), 'holds USE'],
      [add('CREATE DATABASE more;'), 'would create a database'],
      [add('DROP DATABASE victim;'), 'would drop a database'],
      [add('INSERT INTO `victim`.`t` VALUES (1);'), 'that no dump'],
      [add('INSERT INTO `orders` (`id`) VALUES ((select n from victim.t));'), 'INSERT with more than values'],
      [add('DROP TABLE `victim`.`t`;'), 'names victim.t, which is not its own'],
      [add('CREATE VIEW `spy` AS select `t`.`n` from `victim`.`t`;'), 'which is not its own'],
      [add("CREATE TABLE `far` (`n` int) ENGINE=FEDERATED CONNECTION='mysql://x';"), 'lies elsewhere'],
      [add("SET GLOBAL general_log = 'ON';"), 'sets something of the server'],
      [add('GRANT ALL ON *.* TO x;'), 'holds GRANT'],
      [add("LOAD DATA INFILE '/etc/passwd' INTO TABLE `orders`;"), 'holds LOAD'],
      [sql.slice(0, sql.length / 2), 'is cut off'],
      [sql.slice(0, sql.lastIndexOf('-- Dump completed')), 'is cut off'],
      [sql.replace(/INSERT INTO `customers` VALUES[^;]*;/, ''), 'customers: 50 rows before, 0 now'],
      [sql.replace("'customer 7'", "'customer 8'"), 'customers: as many rows (50), with other contents'],
    ];
    for (const [text, says] of cases) {
      const broken = verify(text);
      is(broken.code, 1, `${says}\n${broken.out}`);
      match(broken.stderr, says);
    }
    is(verify(sql).code, 0);
    equal(await other.sql('', ["show databases like 'protect%'"]), []);
    equal(await other.sql('victim', ['select count(*) as n from t']), [{ n: 0 }]);
  },
);

test('statements are cut where the server would end them, however the pieces come', () => {
  const texts = [
    "INSERT INTO `a;b` VALUES ('it''s; \\'; -- x','/* y */',NULL)",
    "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH ROW begin -- ; here\n set @a = ';'; # ; there\n /* ; */ end */",
    'SELECT 1',
  ];
  const dump = `/*M!999999\\- enable the sandbox mode */ \n-- a;\n--\n${texts[0]};\nDELIMITER ;;\n${texts[1]} ;;\nDELIMITER ;\n# b;\n${texts[2]} ; -- c\n-- Dump completed\n`;
  for (const size of [1, 2, 3, 7, 1000]) {
    const reader = new StatementReader();
    const found: string[] = [];
    for (let at = 0; at < dump.length; at += size)
      for (const { text } of reader.push(dump.slice(at, at + size))) found.push(text.trim());
    const { statements, rest } = reader.end();
    equal([...found, ...statements.map(({ text }) => text.trim())], texts, `in pieces of ${size}`);
    is(rest, '');
    is(reader.lastComment, '-- Dump completed');
  }
});

test('what dumps are made of is let through', () => {
  const judged = (code: string) => judge({ text: code, code }, 'shop', new Set(['orders', 'customers'])).kind;
  for (const code of [
    'SET @OLD_TIME_ZONE=@@TIME_ZONE',
    'CREATE VIEW `v` AS select extract(year from `orders`.`day`) AS `y` from (`orders` join `customers` `c` on (`c`.`id` = `orders`.`id`))',
    'CREATE DEFINER=`a`@`%` FUNCTION `f`(o int) RETURNS int return (select x.id from orders x where x.id = o)',
    'DROP TABLE IF EXISTS `orders`',
    'INSERT INTO `orders` (`id`, `b`) VALUES (1,0xFF,-1.5e10,_binary ,NULL)',
  ])
    is(judged(code), 'run', code);
  is(judged('CREATE FUNCTION f RETURNS string SONAME x'), 'refused');
  is(judged('ALTER DATABASE `shop` CHARACTER SET latin1 COLLATE latin1_swedish_ci'), 'database');
  is(judged('ALTER DATABASE `other` CHARACTER SET latin1 COLLATE latin1_swedish_ci'), 'refused');
});
