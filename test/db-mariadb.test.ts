import { is, match, not, ok } from 'uvu/assert';
import { MariaDb, missing } from './support/mariadb.ts';
import { needing, suite } from './support/suite.ts';
import { guardedRepo } from './support/world.ts';

const test = suite('db-mariadb');

const policy = `databases:
  production:
    url: DATABASE_URL
    reader: READER_URL
    roles: { shop_app: { may: [select, insert, update], login: DATABASE_URL } }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test" }
`;
const { repo } = guardedRepo({ more: policy, hooks: false, remote: false });

let made: Promise<{ production: MariaDb; test: MariaDb }> | undefined;
const both = () => {
  made ??= (async () => {
    const [production, other] = [await MariaDb.create(), await MariaDb.create()];
    await production.shop('shop');
    await other.sql('', [
      'create database shop_test',
      "create user tester identified by 'tester secret'",
      'grant all on shop_test.* to tester',
    ]);
    return { production, test: other };
  })();
  return made;
};

async function protect(more: NodeJS.ProcessEnv, ...args: string[]) {
  const { production, test: other } = await both();
  const env = {
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
    ...more,
  };
  const done = repo.protectWith({ env }, ...args);
  not.match(done.out, /(?:shop_\w+|tester|root)(?: |%20)secret/);
  return done;
}
const check = (more: NodeJS.ProcessEnv = {}) => protect(more, 'db', 'check');

needing(test, missing, 'isolation: two servers, one server, one database, a user that is let in', async () => {
  const { production } = await both();
  const apart = await check();
  is(apart.code, 0, apart.out);
  const one = await check({ TEST_DATABASE_URL: production.url('shop') });
  is(one.code, 1, one.out);
  match(one.out, /are one database/);
  await production.sql('', [
    'create database if not exists own_test',
    "create or replace user own identified by 'own secret'",
    'grant all on own_test.* to own',
  ]);
  const server = await check({ TEST_DATABASE_URL: production.url('own_test', 'own') });
  is(server.code, 1, server.out);
  match(server.out, /are on one server/);
  const wrong = await check({ DATABASE_URL: production.url('shop', 'shop_app').replace('secret', 'nonsense') });
  is(wrong.code, 3, wrong.out);
  match(wrong.out, /DATABASE_URL\): it refuses the user/);
});

const cases: readonly (readonly [way: string, make: string, destroy: readonly string[]])[] = [
  ['delete', "grant delete on shop.* to shop_app@'%'", ['delete from customers']],
  ['drop', "grant drop on shop.* to shop_app@'%'", ['truncate customers']],
  ['alter', "grant alter on shop.* to shop_app@'%'", ['alter table customers drop column name']],
  [
    'role',
    'create or replace role adm; grant delete on shop.* to adm; grant adm to shop_app',
    ['set role adm', 'delete from customers'],
  ],
  [
    'definer routine empty_all',
    "create procedure shop.empty_all() delete from shop.customers; grant execute on procedure shop.empty_all to shop_app@'%'",
    ['call empty_all()'],
  ],
  [
    'definer trigger orders.wipe',
    'create trigger shop.wipe after update on shop.orders for each row delete from shop.customers',
    ['update orders set note = 1 limit 1'],
  ],
  ['file', "grant file on *.* to shop_app@'%'", []],
];

needing(
  test,
  missing,
  'every way to destroy rows really does, is found, and is closed by the SQL that the finding names',
  async () => {
    const { production } = await both();
    for (const [way, make, destroy] of cases) {
      await production.sql('shop', make.split('; '));
      const found = await check();
      is(found.code, 1, `${way}\n${found.out}`);
      ok(found.out.includes(`: ${way}`), `${way}\n${found.out}`);
      const ends = [...found.out.matchAll(/^ +help: ([A-Z]+ .*);$/gm)].map(([, sql]) => sql!);
      if (destroy.length > 0) ok(await destroys(production, destroy), `${way} destroys`);
      await production.sql('shop', ends);
      const closed = await check();
      is(closed.code, 0, `${way}\n${ends.join('\n')}\n${closed.out}`);
      if (destroy.length > 0) is(await destroys(production, destroy), false, `${way} is closed`);
    }
  },
);

/** Tries it, and puts back what was there. */
async function destroys(server: MariaDb, sql: readonly string[]): Promise<boolean> {
  let refused = false;
  await server.sql('shop', sql, 'shop_app').catch((error: { errno?: number }) => {
    if (![1142, 1044, 1370, 1959, 1227, 1143].includes(error.errno ?? 0)) throw error;
    refused = true;
  });
  const whole = await server
    .sql('shop', ["select count(*) as n, count(name) as named from customers where name like 'customer %'"])
    .catch(() => [{ named: 0 }]);
  await server.sql('shop', [
    'drop table customers',
    'create table customers (id int primary key, name varchar(20))',
    "insert into customers select seq, concat('customer ', seq) from seq_1_to_50",
  ]);
  return !refused && Number(whole[0]!['named']) < 50;
}

needing(test, missing, 'baseline and verify', async () => {
  const { production } = await both();
  await production.sql('shop', ['update orders set note = null']);
  const taken = await protect({}, 'db', 'baseline');
  is(taken.code, 0, taken.out);
  match(taken.out, /2 tables, 250 rows/);
  is((await protect({}, 'db', 'verify')).code, 0);
  const changes: readonly (readonly [sql: string, back: string, said: RegExp])[] = [
    [
      'update orders set f = f + 0.00001 where id = 1',
      'update orders set f = 1/3 where id = 1',
      /orders: as many rows \(200\), with other contents/,
    ],
    ["update orders set note = '' where id = 1", 'update orders set note = null where id = 1', /other contents/],
    [
      'update orders set item = null, note = item where id = 1',
      "update orders set item = 'item 1', note = null where id = 1",
      /other contents/,
    ],
    ['update orders set b = 0x00fe where id = 9', 'update orders set b = 0x00ff where id = 9', /other contents/],
    [
      'delete from customers where id = 7',
      "insert into customers values (7, 'customer 7')",
      /50 rows before, 49 now: 1 fewer/,
    ],
    [
      'create trigger t before update on orders for each row set new.note = old.note',
      'drop trigger t',
      /triggers: orders\.t is new/,
    ],
    [
      "grant delete on shop.* to shop_app@'%'",
      "revoke delete on shop.* from shop_app@'%'",
      /rights: user shop_app@% is another/,
    ],
  ];
  for (const [sql, back, said] of changes) {
    await production.sql('shop', [sql]);
    const moved = await protect({}, 'db', 'verify');
    is(moved.code, 1, `${sql}\n${moved.out}`);
    match(moved.out, said);
    await production.sql('shop', [back]);
  }
  is((await protect({}, 'db', 'verify')).code, 0, 'all is back');
  const blind = await protect({ READER_URL: (await both()).test.url('shop_test', 'tester') }, 'db', 'verify');
  is(blind.code, 3, blind.out);
  await production.sql('shop', ['create table old (id int) engine=MyISAM']);
  const myisam = await protect({}, 'db', 'verify');
  await production.sql('shop', ['drop table old']);
  is(myisam.code, 3, myisam.out);
  match(myisam.out, /old \(MyISAM\): only InnoDB/);
});

needing(test, missing, 'what the reader lacks is told with the GRANT that gives it', async () => {
  const { production } = await both();
  await production.sql('', [
    "create or replace user poor identified by 'poor secret'",
    'grant select on shop.orders to poor',
  ]);
  const url = { READER_URL: production.url('shop', 'poor') };
  const before = await check(url);
  for (const [says, sql] of [
    [/cannot see the rights of other users/, 'GRANT SELECT ON mysql.* TO poor'],
    [/cannot see triggers/, 'GRANT TRIGGER ON `shop`.* TO poor'],
  ] as const) {
    match(before.out, says);
    ok(before.out.includes(`${sql};`), before.out);
    await production.sql('', [sql]);
  }
  // A table that it had no right on at all was not there for it before.
  const seen = await check(url);
  match(seen.out, 'cannot read customers');
  ok(seen.out.includes('GRANT SELECT ON `shop`.* TO poor;'), seen.out);
  await production.sql('', ['GRANT SELECT ON `shop`.* TO poor']);
  const after = await check(url);
  not.match(after.out, /warning\[db-rights\]/, after.out);
});
