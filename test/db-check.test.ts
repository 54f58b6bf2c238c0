import { createServer } from 'node:net';
import { is, match, not, ok, throws } from 'uvu/assert';
import { parseTarget } from '../src/databases/target.ts';
import { Cluster, freePort, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { guardedRepo, type Repo } from './support/world.ts';

const test = suite('db-check');

const policy = `databases:
  production:
    url: DATABASE_URL
    reader: READER_URL
    roles:
      shop_app: { may: [select, insert, update], login: DATABASE_URL }
      shop_owner: { may: migrate }
  test:
    url: TEST_DATABASE_URL
    admin: TEST_ADMIN_URL
    disposable: true
    name: "*_test"
`;

let servers: Promise<{ production: Cluster; test: Cluster }> | undefined;

/** Production and a test server, each with a shop. */
function both() {
  servers ??= (async () => {
    const [production, other] = [await Cluster.create('-c wal_level=replica'), await Cluster.create()];
    await production.shop('shop');
    await other.sql('postgres', "create role tester login password 'tester secret' createdb");
    await other.sql('postgres', 'create database shop_test owner tester');
    return { production, test: other };
  })();
  return servers;
}

interface Urls {
  readonly [name: string]: string;
}

async function urls(more: Urls = {}): Promise<Urls> {
  const { production, test: other } = await both();
  return {
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
    TEST_ADMIN_URL: other.url('shop_test', 'tester'),
    ...more,
  };
}

const secrets = /shop_app(?: |%20)secret|tester(?: |%20)secret|root(?: |%20)secret/;

async function check(repo: Repo, more: Urls = {}, ...args: string[]) {
  const done = repo.protectWith({ env: await urls(more) }, 'db', 'check', ...args);
  not.match(done.out, secrets);
  return done;
}

const shop = (more = policy) => guardedRepo({ more, hooks: false, remote: false }).repo;

needing(test, missing, 'two servers, a test user that production does not know: only the mark is missing', async () => {
  const done = await check(shop());
  is(done.code, 1, done.out);
  match(done.out, /does not say of itself that it is disposable/);
  is(done.out.match(/error\[/g)?.length, 1, done.out);
});

needing(test, missing, 'one database under two names is refused', async () => {
  const { production } = await both();
  const other = production.url('shop').replace('127.0.0.1', 'localhost');
  const done = await check(shop(), { TEST_DATABASE_URL: other, TEST_ADMIN_URL: other });
  is(done.code, 1, done.out);
  match(done.out, /are one database/);
});

needing(test, missing, 'the standby of production and a cold copy of its files are no other databases', async () => {
  const { production } = await both();
  const standby = await production.standby();
  const asStandby = await check(shop(), {
    TEST_DATABASE_URL: standby.url('shop'),
    TEST_ADMIN_URL: standby.url('shop'),
  });
  standby.stop();
  is(asStandby.code, 1, asStandby.out);
  match(asStandby.out, /one database and its standby/);
  const copy = await production.coldCopy();
  await copy.sql(
    'postgres',
    "create role copier login password 'copier secret'; alter database shop rename to shop_test",
  );
  const env = { TEST_DATABASE_URL: copy.url('shop_test', 'copier'), TEST_ADMIN_URL: copy.url('shop_test', 'copier') };
  const asCopy = await check(shop(), env);
  is(asCopy.code, 1, asCopy.out);
  match(asCopy.out, /physical copy/);
  const accepted = await check(shop(`${policy}    copyOf: production\n`), env);
  not.match(accepted.out, /physical copy/);
  copy.stop();
});

needing(
  test,
  missing,
  'one server: refused, or allowed by name; a user that production lets in; a mark on production',
  async () => {
    const { production, test: other } = await both();
    await production.sql('postgres', "create role lodger login password 'lodger secret'");
    await production.sql('postgres', 'create database lodger_test owner lodger');
    const env = {
      TEST_DATABASE_URL: production.url('lodger_test', 'lodger'),
      TEST_ADMIN_URL: production.url('lodger_test', 'lodger'),
    };
    const refused = await check(shop(), env);
    is(refused.code, 1, refused.out);
    match(refused.out, /are on one server/);
    match(refused.out, /lodger, the user of test, can log in to production/);
    await production.sql(
      'postgres',
      'revoke connect on database shop from public; grant connect on database shop to shop_app, shop_reader',
    );
    const allowed = await check(shop(`${policy}    sameServer: allow\n`), env);
    not.match(allowed.out, /are on one server|can log in/);
    match(allowed.out, /does not say of itself/);
    await production.sql('postgres', 'grant connect on database shop to public');
    await production.sql('postgres', "create role tester login password 'tester secret'");
    const let_in = await check(shop());
    await production.sql('postgres', 'drop role tester');
    is(let_in.code, 1, let_in.out);
    match(let_in.out, /tester, the user of test, can log in to production/);
    await other.sql(
      'postgres',
      "create role shop_app login password 'shop_app secret'; grant all on database shop_test to shop_app",
    );
    const one = await check(shop(), { TEST_DATABASE_URL: other.url('shop_test', 'shop_app') });
    match(one.out, /shop_app is the user of test and of production/);
    await production.sql(
      'postgres',
      `comment on database shop is 'git-protect disposable {"project":"x","server":"1","oid":"1","tables":1}'`,
    );
    match((await check(shop())).out, /production .* is marked as disposable/);
    await production.sql('postgres', 'comment on database shop is null');
  },
);

needing(test, missing, 'a foreign server and a name that does not fit are refused, a pooler is a warning', async () => {
  const { production, test: other } = await both();
  await other.sql('postgres', 'create database plain owner tester');
  await other.sql(
    'plain',
    `create extension postgres_fdw; create server far foreign data wrapper postgres_fdw options (host 'localhost', port '${production.port}')`,
  );
  const done = await check(shop(), {
    TEST_DATABASE_URL: other.url('plain', 'tester'),
    TEST_ADMIN_URL: other.url('plain', 'tester'),
  });
  is(done.code, 1, done.out);
  match(done.out, /foreign server far in test leads to the host of production/);
  match(done.out, /name that does not fit '\*_test'/);
});

needing(
  test,
  missing,
  'what cannot be asked is not judged: password, port, a server that hangs, one that speaks no TLS',
  async () => {
    const { production } = await both();
    const fails = async (what: RegExp, more: Urls) => {
      const done = await check(shop(policy.replace('    reader: READER_URL\n', '')), more);
      is(done.code, 3, done.out);
      match(done.out, what);
    };
    const url = production.url('shop', 'shop_app');
    await fails(/DATABASE_URL\): it refuses the user and its password \(28P01\)/, {
      DATABASE_URL: url.replace('secret', 'wrong'),
    });
    await fails(/nothing listens there/, { DATABASE_URL: url.replace(/:\d+\//, `:${await freePort()}/`) });
    await fails(/there is no such database/, { DATABASE_URL: production.url('shoop', 'shop_app') });
    await fails(/./, { DATABASE_URL: `${url}?sslmode=require` });
    await fails(/DATABASE_URL is empty/, { DATABASE_URL: '' });
    const deaf = createServer(() => {});
    const port = await freePort();
    await new Promise<void>((done) => deaf.listen(port, '127.0.0.1', done));
    await fails(/there is no answer/, { DATABASE_URL: url.replace(/:\d+\//, `:${port}/`) });
    deaf.close();
    const unknown = await check(shop(), {}, 'prodution');
    is(unknown.code, 2, unknown.out);
    match(unknown.out, /did you mean 'production'/);
  },
);

test('a URL that readers could differ over is named by its variable alone', () => {
  const bad = [
    '',
    'secret',
    'postgres://',
    'postgres://u:secret@/db',
    'postgres://h/db',
    'postgres://u:secret@h',
    'postgres://u:secret@h/',
    'postgres://u:secret@a:1,b:2/db',
    'postgres://u:sec#ret@h/db',
    'postgres://u:12#secret@h/db',
    'postgres://u:se@cret@h/db',
    'postgres://u:secret@h/db?host=prod',
    'postgres://u:secret@h/db?HostAddr=10.0.0.1',
    'postgres://u:secret@h/db?dbname=x',
    'postgres://u:secret@h/db?service=x',
    'postgres://u:secret@h/db?user=x',
    'postgres://u:secret@h/db?port=1',
    'mysql://u:secret@h/db?socketPath=/x',
    'mysql://u:secret@h/db?uri=x',
    'postgres://u:secret@h/db?sslmode=maybe',
    'postgres://u:secret@h/db?sslmode=require&sslmode=disable',
    'postgres://u:secret@h/a/b',
    'prisma+postgres://u:secret@h/db',
    'file:secret.db',
    'libsql://u:secret@h/db',
    'postgres://u:%zz@h/db',
    'postgres://u:secret@h/db\n',
    'postgres://u:secret @h/db',
  ];
  for (const value of bad)
    throws(
      () => parseTarget('DATABASE_URL', value),
      (error: Error) =>
        error.name === 'Undecided' && error.message.startsWith('DATABASE_URL ') && !/secret/.test(error.message),
      value,
    );
  const read = parseTarget('X', 'postgres://us%40er:p%23w%2F@[::1]:5433/d%20b?schema=public&sslmode=verify-full');
  ok(
    read.host === '::1' &&
      read.user === 'us@er' &&
      read.password === 'p#w/' &&
      read.database === 'd b' &&
      read.port === 5433,
  );
  is(read.tls.mode, 'verify-full');
  is(parseTarget('X', 'postgres://u@%2Fvar%2Frun/db').host, '/var/run');
});

needing(test, missing, 'what reader and admin lack is told with the SQL that gives it, which then does', async () => {
  const { production } = await both();
  await production.sql('postgres', 'create database rights owner shop_owner');
  await production.sql(
    'rights',
    `create role poor login password 'poor secret'; create role builder login password 'builder secret'; create role "other owner";
     set role shop_owner; create table public.orders (id serial); create table customers (id int); alter table customers enable row level security;
     create policy p on customers for select using (id > 5); grant select on customers to poor; reset role;
     create schema apart; create table apart.things (n int); alter table apart.things owner to "other owner"; select lo_create(4711);`,
  );
  const { repo } = guardedRepo({
    hooks: false,
    remote: false,
    more: `databases:
  production: { url: DATABASE_URL, reader: READER_URL, admin: ADMIN_URL }
`,
  });
  const more = {
    DATABASE_URL: production.url('rights', 'shop_app'),
    READER_URL: production.url('rights', 'poor'),
    ADMIN_URL: production.url('rights', 'builder'),
  };
  const found = await check(repo, more);
  is(found.code, 0, found.out);
  const expected: [RegExp, string][] = [
    [
      /reader of production \(poor, .*cannot read apart.things, public.orders, public.orders_id_seq/,
      'GRANT pg_read_all_data TO "poor"',
    ],
    [/sees only a part of (?:public\.)?customers/, 'ALTER ROLE "poor" BYPASSRLS'],
    [/cannot read 1 large object/, 'GRANT SELECT ON LARGE OBJECT 4711 TO "poor"'],
    [/admin of production \(builder, .*cannot create databases/, 'ALTER ROLE "builder" CREATEDB'],
    [/cannot end the sessions/, 'GRANT pg_signal_backend TO "builder"'],
    [/is not a member of other owner/, 'GRANT "other owner" TO "builder"'],
    [/is not a member of shop_owner/, 'GRANT "shop_owner" TO "builder"'],
  ];
  for (const [says, sql] of expected) {
    match(found.out, says);
    ok(found.out.includes(`${sql};`), `${sql}\n${found.out}`);
    await production.sql('rights', sql);
  }
  const last = await check(repo, more);
  is(last.code, 0, last.out);
  // What is the superuser's is no other user's to be a member of.
  const left = last.out.split('\n').filter((line) => line.includes('[db-rights]'));
  is(left.filter((line) => !line.includes('not a member of root')).length, 0, left.join('\n'));
  const away = await check(repo, { ...more, ADMIN_URL: production.url('rights', 'nobody') });
  ok(away.code === 3 || /was not found out/.test(away.out), away.out);
});
