import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import type { Baseline } from '../src/databases/fingerprint/baseline.ts';
import { compare } from '../src/databases/fingerprint/compare.ts';
import { orderAs, orderOf, take, takeOf } from '../src/databases/fingerprint/take.ts';
import { watch } from '../src/databases/fingerprint/watch.ts';
import type { Place } from '../src/databases/place.ts';
import { parseTarget } from '../src/databases/target.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { asServant, bin, Cluster, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { folder, guardedRepo, projectRoot } from './support/world.ts';

const test = suite('db-verify');

let made: Promise<Cluster> | undefined;
const cluster = () => {
  made ??= Cluster.create('-c autovacuum=off').then(async (one) => {
    await one.shop('shop');
    return one;
  });
  return made;
};

const policyOf = (more: string) => `databases: { production: { url: DATABASE_URL, reader: READER_URL${more} } }\n`;

/** Takes fingerprints without a command around them. */
function placeOf(more = ''): Place {
  const policy = parsePolicy(`version: 1\n${policyOf(more)}`, 'p');
  return {
    policy,
    topLevel: projectRoot,
    commonDir: folder(),
    env: {},
    now: () => new Date(),
    signal: new AbortController().signal,
    tell: () => {},
  };
}

async function print(
  server: Cluster,
  database: string,
  before?: Baseline,
  more = '',
  user = 'root',
): Promise<Baseline> {
  const place = placeOf(more);
  const order = before ? orderAs(before, true) : orderOf(place.policy.databases['production']!);
  return take(place, parseTarget('URL', server.url(database, user)), order);
}

const found = (before: Baseline, after: Baseline) => compare(before, after).map(({ message }) => message);

let copies = 0;
/** A database of its own, made by SQL. */
async function database(sql: string): Promise<{ server: Cluster; name: string }> {
  const server = await cluster();
  const name = `d${++copies}`;
  await server.sql('postgres', `create database ${name}`);
  await server.sql(name, sql);
  return { server, name };
}

/** What a statement changes, as the comparison says it. */
async function changes(make: string, then: string, more = ''): Promise<string[]> {
  const { server, name } = await database(make);
  const before = await print(server, name, undefined, more);
  await server.sql(name, then);
  return found(before, await print(server, name, before, more));
}

needing(test, missing, 'baseline and verify by command: nothing moved, then one row', async () => {
  const server = await cluster();
  const { repo } = guardedRepo({ more: policyOf(''), hooks: false, remote: false });
  const env = { DATABASE_URL: server.url('shop', 'shop_app'), READER_URL: server.url('shop', 'shop_reader') };
  const taken = repo.protectWith({ env }, 'db', 'baseline');
  is(taken.code, 0, taken.out);
  match(taken.stdout, /baseline of production: 4 tables, 280 rows/);
  const folder = join(repo.dir, '.git/protect/baselines');
  const file = join(folder, readdirSync(folder)[0]!);
  is(statSync(file).mode & 0o777, 0o600);
  not.match(readFileSync(file, 'utf8'), /item 1|secret|postgres:/);
  const same = repo.protectWith({ env }, 'db', 'verify');
  is(same.code, 0, same.out);
  await server.sql('shop', 'update orders set price = 1 where id = 7');
  const moved = repo.protectWith({ env }, 'db', 'verify');
  is(moved.code, 1, moved.out);
  match(moved.out, /production: public\.orders: as many rows \(200\), with other contents/);
  for (const { out } of [taken, same, moved]) not.match(out, /secret/);
});

needing(test, missing, 'one way each to change something, and what is said of it', async () => {
  const table =
    "create table t (id int, n numeric, f float8, i interval, j json, a text, b text); insert into t values (1, 1.0, 0, '1 month', '{\"a\":1.0}', null, 'x'), (2, 2, 2, null, null, '', 'y');";
  const contents = ['public.t: as many rows (2), with other contents'];
  equal(await changes(table, 'update t set n = 1.00 where id = 1'), contents, '1.0 and 1.00');
  equal(await changes(table, "update t set f = '-0' where id = 1"), contents, '-0');
  equal(await changes(table, "update t set i = '30 days' where id = 1"), contents, 'a month and thirty days');
  equal(await changes(table, 'update t set j = \'{"a": 1.0}\' where id = 1'), contents, 'json');
  equal(await changes(table, "update t set a = 'x', b = null where id = 1"), contents, 'where the NULL is');
  equal(await changes(table, 'update t set a = null where id = 2'), contents, 'NULL and nothing');
  equal(
    await changes(table, "delete from t where id = 2; insert into t values (3, 2, 2, null, null, '', 'y')"),
    contents,
    'as many',
  );
  equal(await changes(table, 'delete from t where id = 2'), ['public.t: 2 rows before, 1 now: 1 fewer']);
  equal(
    await changes(table, 'drop table t; create table u (id int)').then((said) => said[0]),
    'the table public.t is gone, with 2 rows',
  );
  const twice = "create table t (a text); insert into t values ('p'), ('q'), ('p'), ('q');";
  equal(
    await changes(twice, "update t set a = 'r' where a = 'p'"),
    ['public.t: as many rows (4), with other contents'],
    'pairs do not cancel out',
  );
  equal(
    await changes(
      twice,
      'create table o as table t; truncate t; insert into t select a from o order by a; drop table o',
    ),
    [],
    'order is nothing',
  );
});

needing(test, missing, 'the schema, rights, large objects, sequences', async () => {
  const make = `create table t (id serial primary key, t text, git_protect_row int, public int);
    insert into t (t) values ('x'); alter table t enable row level security; create policy p on t using (true);
    create function f() returns trigger language plpgsql as 'begin return new; end'; create trigger g before update on t for each row execute function f();
    grant select on t to shop_app; select lo_from_bytea(7, 'abc');`;
  equal(await changes(make, 'drop trigger g on t'), ['triggers: public.t.g is gone']);
  equal(await changes(make, 'alter table t disable trigger g'), ['triggers: public.t.g is another']);
  equal(await changes(make, 'drop policy p on t'), ['policies: public.t.p is gone']);
  equal(await changes(make, 'revoke select on t from shop_app'), ['rights: table public.t is another']);
  equal(await changes(make, 'alter table t alter t set not null'), ['columns: public.t is another']);
  equal(await changes(make, "select lo_put(7, 1, 'x')"), ['as many large objects (1), with other contents']);
  equal(await changes(make, 'select lo_unlink(7)'), ['1 large objects before, 0 now']);
  equal(
    await changes(make, "update t set t = 'y'"),
    ['public.t: as many rows (1), with other contents'],
    'a column named like the table',
  );
  equal(await changes(make, "select nextval('t_id_seq')"), [], 'a sequence may go on');
  equal(await changes(make, "select setval('t_id_seq', 5); select setval('t_id_seq', 6)"), []);
  equal(await changes(`${make} select setval('t_id_seq', 9);`, "select setval('t_id_seq', 2)"), [
    'the sequence public.t_id_seq went back from 9 to 2',
  ]);
  equal(
    await changes(
      "create table t (a int); create type odd as (x int); insert into t values (1); create function lie(t) returns text language sql as $$ select 'same' $$; create cast (t as text) with function lie(t) as implicit;",
      'update t set a = 2',
    ),
    ['public.t: as many rows (1), with other contents'],
    "a cast of the user's makes the row a constant",
  );
});

needing(test, missing, 'rules: append, grow, any; partitions once, inheritance apart', async () => {
  const make = 'create table t (id int, a text); insert into t select n, n::text from generate_series(1, 10) n;';
  const rule = (word: string) => `, tables: [{ table: t, rule: ${word} }]`;
  const touched = await changes(make, "insert into t values (11, 'new')", rule('append'));
  equal(touched, [], 'new rows');
  match(
    (await changes(make, "insert into t values (11, 'new'); update t set a = 'z' where id = 3", rule('append')))[0]!,
    /1 are not as they were/,
  );
  match(
    (await changes(make, "delete from t where id = 3; insert into t values (3, '3')", rule('append')))[0]!,
    /1 are not as they were/,
  );
  equal(await changes(make, "update t set a = 'z'; insert into t values (12, '')", rule('grow')), []);
  match((await changes(make, 'delete from t where id < 3', rule('grow')))[0]!, /2 fewer/);
  equal(await changes(make, 'truncate t', rule('any')), []);
  const parts =
    'create table p (id int, a text) partition by range (id); create table p1 partition of p for values from (0) to (10); create table p2 partition of p default; insert into p select n, n::text from generate_series(1, 20) n; create table base (a int); create table child () inherits (base); insert into child values (1), (2); insert into base values (3);';
  const { server, name } = await database(parts);
  const before = await print(server, name);
  equal(
    before.tables.map((one) => [one.name, one.rows]),
    [
      ['public.base', '1'],
      ['public.child', '2'],
      ['public.p', '20'],
    ],
  );
});

needing(test, missing, 'what cannot be read whole is not judged', async () => {
  const { server, name } = await database(
    'create table seen (a int); create table hidden (a int); insert into hidden values (1); grant select on seen to shop_app;',
  );
  const fails = async (what: RegExp, user = 'shop_app', more = '') => {
    try {
      await print(server, name, undefined, more, user);
    } catch (error) {
      return match((error as Error).message, what);
    }
    throw new Error('it was read');
  };
  await fails(/shop_app may not read public\.hidden/);
  await server.sql(
    name,
    'grant select on hidden to shop_app; alter table hidden enable row level security; create policy p on hidden using (a > 5)',
  );
  await fails(/sees only a part of it/);
  await fails(/no such table; did you mean 'seen'/, 'root', ', tables: [{ table: sen, rule: any }]');
  await server.sql('postgres', 'create database empty');
  const empty = await print(server, 'empty').then(
    () => 'read',
    (error: Error) => error.message,
  );
  match(empty, /has no table/);
});

/** Values of 30 types, as SQL. */
const types: readonly string[] = [
  'int2 7',
  'int4 -5',
  'int8 9007199254740993',
  'numeric 1.50',
  'float4 0.1',
  'float8 1e-300',
  'money 12.34',
  'text é',
  'varchar x',
  'bpchar y',
  'bytea \\x00ff',
  'bool t',
  'date 2024-02-29',
  'time 10:00',
  'timetz 10:00+02',
  'timestamp 2024-01-01 00:00',
  'timestamptz 2024-01-01 00:00+05',
  'interval 1 mon 30 days',
  'uuid 00000000-0000-0000-0000-000000000001',
  'json {"b":1, "a":2}',
  'jsonb {"b":1.00}',
  'inet 10.0.0.1/8',
  'cidr 10.0.0.0/8',
  'macaddr 08:00:2b:01:02:03',
  'bit 1',
  'varbit 101',
  'point (1,2)',
  'tsvector a b',
  'int4range [1,5)',
  '_int4 {1,NULL,3}',
  'xml <a/>',
  'jsonpath $.a',
];

needing(
  test,
  missing,
  'a differential test over 32 types: a table differs exactly where a plain reading of its rows does',
  async () => {
    const columns = types.map((type) => ({
      type: type.split(' ')[0]!,
      value: `'${type.slice(type.indexOf(' ') + 1).replaceAll("'", "''")}'`,
    }));
    const { server, name } = await database(
      columns
        .map(
          ({ type, value }, n) =>
            `create table t${n} (id int, c ${type}, d ${type}); insert into t${n} values (1, ${value}, null), (2, null, ${value});`,
        )
        .join(' '),
    );
    const plain = async () =>
      (
        await server.sql(
          name,
          `${columns.map((_, n) => `select ${n} as n, string_agg(x::text, e'\\n' order by x::text) as rows from t${n} x`).join(' union all ')} order by n`,
        )
      ).map(({ rows }) => rows);
    for (const kind of ['exact', 'fast']) {
      const before = await print(server, name, undefined, `, fingerprint: ${kind}`);
      const text = await plain();
      // The values of two rows are swapped; then they are put back.
      for (const moved of [true, false]) {
        await server.sql(name, columns.map((_, n) => `update t${n} set c = d, d = c;`).join(' '));
        const differing = found(before, await print(server, name, before)).map((said) => said.split(':')[0]);
        const now = await plain();
        equal(differing.sort(), columns.flatMap((_, n) => (now[n] === text[n] ? [] : [`public.t${n}`])).sort(), kind);
        is(differing.length, moved ? types.length : 0);
      }
    }
  },
);

needing(test, missing, 'the same after dump and restore, and in halves as whole', async () => {
  const server = await cluster();
  await server.sql(
    'shop',
    "insert into orders (item, price) select repeat('long ', 100), n from generate_series(1, 60000) n; analyze orders",
  );
  const before = await print(server, 'shop');
  const file = join(folder(), 'dump');
  const env = { PGPASSWORD: 'root secret' };
  const { writeFileSync, chmodSync } = await import('node:fs');
  writeFileSync(file, '');
  chmodSync(file, 0o666);
  asServant(
    join(bin!, 'pg_dump'),
    ['-Fc', '-Z1', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'root', '-f', file, 'shop'],
    env,
  );
  await server.sql('postgres', 'create database restored');
  asServant(
    join(bin!, 'pg_restore'),
    [
      '--no-owner',
      '--no-privileges',
      '--exit-on-error',
      '-h',
      '127.0.0.1',
      '-p',
      String(server.port),
      '-U',
      'root',
      '-d',
      'restored',
      file,
    ],
    env,
  );
  const after = await print(server, 'restored', before);
  equal(compare(before, after, true), []);
  await server.sql('restored', 'delete from orders where id = 500');
  equal(
    compare(before, await print(server, 'restored', before), true).map(({ object }) => object),
    ['public.orders'],
  );
});

needing(test, missing, 'writes that go on meanwhile are not of its moment', async () => {
  const { server, name } = await database(
    'create table a (n int); create table b (n int); insert into a select generate_series(1, 1000);',
  );
  let going = true;
  const writing = (async () => {
    while (going)
      await server.sql(
        name,
        'with gone as (delete from a where ctid in (select ctid from a limit 1) returning n) insert into b select n from gone',
      );
  })();
  try {
    for (let n = 0; n < 5; n++) {
      const { tables } = await print(server, name);
      is(
        tables.reduce((all, { rows }) => all + Number(rows), 0),
        1000,
      );
    }
  } finally {
    going = false;
    await writing;
  }
});

needing(test, missing, '--watch proposes the strictest rule that what moves by itself does not break', async () => {
  const { server, name } = await database(
    'create table still (n int); create table log (n int); create table state (n int); create table queue (n int); insert into state values (1); insert into queue values (1), (2)',
  );
  const { baseline, proposals } = await watched(server, name);
  is(baseline.tables.length, 4);
  equal(
    proposals.map(({ name: table, rule }) => [table, rule]),
    [
      ['public.log', 'append'],
      ['public.queue', 'any'],
      ['public.state', 'grow'],
      ['public.still', 'equal'],
    ],
  );
});

async function watched(server: Cluster, name: string) {
  const place = { ...placeOf(), env: { DATABASE_URL: server.url(name), READER_URL: server.url(name) } };
  const baseline = await takeOf(place, 'production');
  const watching = watch(place, 'production', baseline, 1_000);
  await server.sql(name, 'insert into log values (1); update state set n = 2; delete from queue where n = 1');
  return { baseline, proposals: await watching };
}
