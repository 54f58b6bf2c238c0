import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { Cluster, freePort, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { distFolder, environment, guardedRepo, type Repo } from './support/world.ts';

const test = suite('db-reseed');

const policy = `databases:
  production: { url: DATABASE_URL, reader: READER_URL }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test", reseed: { from: production } }
`;

let servers: Promise<{ production: Cluster; test: Cluster }> | undefined;
function both() {
  servers ??= (async () => {
    const [production, other] = [await Cluster.create(), await Cluster.create()];
    await production.shop('shop');
    await other.sql('postgres', "create role tester login password 'tester secret' createdb");
    await other.sql('postgres', 'create database shop_test owner tester');
    return { production, test: other };
  })();
  return servers;
}

async function env(): Promise<NodeJS.ProcessEnv> {
  const { production, test: other } = await both();
  return {
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
  };
}

const repo: Repo = guardedRepo({ more: policy, hooks: false, remote: false }).repo;

async function reseed(more: NodeJS.ProcessEnv = {}, ...args: string[]) {
  const done = repo.protectWith({ env: { ...(await env()), ...more } }, 'db', 'reseed', ...args);
  not.match(done.out, /(?:tester|shop_\w+|root)(?: |%20)secret/);
  return done;
}

const rows = async (name = 'shop_test') =>
  (await (await both()).test.sql(name, 'select count(*)::int as n from orders'))[0]!['n'];
const names = async () =>
  (
    await (
      await both()
    ).test.sql('postgres', "select datname as n from pg_database where datname ~ '^shop_test' order by 1")
  ).map(({ n }) => n);

needing(test, missing, 'an empty test database is filled, then filled anew, and the old one is kept', async () => {
  const first = await reseed();
  is(first.code, 0, first.out);
  is(await rows(), 200);
  const { test: other } = await both();
  await other.sql('shop_test', 'delete from orders');
  const second = await reseed();
  is(second.code, 0, second.out);
  is(await rows(), 200);
  is(await rows('shop_test_old'), 0);
  equal(await names(), ['shop_test', 'shop_test_old']);
  const checked = repo.protectWith({ env: await env() }, 'db', 'check');
  is(checked.code, 0, checked.out);
});

needing(test, missing, 'a test database that lost its tables ends with 99, and says so on the issue', async () => {
  const { test: other } = await both();
  await other.sql(
    'shop_test',
    'drop schema public cascade; create schema public; grant all on schema public to tester',
  );
  const posted: { url: string; token: string; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      posted.push({ url: request.url!, token: request.headers.authorization!, body });
      response.writeHead(201).end('{}');
    });
  });
  const port = await freePort();
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const github = { GITHUB_TOKEN: 'token', GITHUB_REPOSITORY: 'a/b', GITHUB_API_URL: `http://127.0.0.1:${port}` };
  const { code, out } = await apart({ ...(await env()), ...github }, 'db', 'reseed', '--issue', '7');
  server.close();
  is(code, 99, out);
  match(out, /CATASTROPHIC: test .* has no table, and had 4 after the last reseed/);
  equal([posted.length, posted[0]?.url, posted[0]?.token], [1, '/repos/a/b/issues/7/comments', 'Bearer token']);
  match(posted[0]!.body, /CATASTROPHIC/);
  const gone = await reseed(
    { GITHUB_TOKEN: 'token', GITHUB_REPOSITORY: 'a/b', GITHUB_API_URL: 'http://127.0.0.1:1' },
    '--issue',
    '7',
  );
  is(gone.code, 99, gone.out);
  match(gone.out, /warning: the comment on issue 7 was not posted/);
  const meant = await reseed({}, '--fresh-start');
  is(meant.code, 0, meant.out);
  is(await rows(), 200);
});

needing(test, missing, 'what is not ours is not touched', async () => {
  const { test: other, production } = await both();
  await other.sql('postgres', 'create database mine_test owner tester');
  await other.sql('mine_test', 'create table precious (n int); insert into precious values (1)');
  const url = { TEST_DATABASE_URL: other.url('mine_test', 'tester') };
  const refused = await reseed(url);
  is(refused.code, 1, refused.out);
  match(refused.out, /is not marked as ours.*\n.*--adopt mine_test/);
  const wrong = await reseed(url, '--adopt', 'shop_test');
  is(wrong.code, 1, wrong.out);
  is((await other.sql('mine_test', 'select n from precious'))[0]!['n'], 1);
  const adopted = await reseed(url, '--adopt', 'mine_test');
  is(adopted.code, 0, adopted.out);
  const same = await reseed({ TEST_DATABASE_URL: production.url('shop') }, '--adopt', 'shop');
  is(same.code, 1, same.out);
  match(same.out, /is not another one than production/);
  is((await production.sql('shop', 'select count(*)::int as n from orders'))[0]!['n'], 200);
});

needing(test, missing, 'a copy that could reach production is made harmless', async () => {
  const { production } = await both();
  await production.sql(
    'shop',
    `create extension postgres_fdw;
    create server self foreign data wrapper postgres_fdw options (host '127.0.0.1', port '${production.port}', dbname 'shop');
    create user mapping for public server self options (user 'root', password 'root secret');
    create foreign table far_orders (id int) server self options (table_name 'orders');
    create function reach() returns event_trigger language plpgsql as 'begin end'; create event trigger e on ddl_command_end execute function reach();
    create publication p for table orders; create subscription s connection 'host=127.0.0.1 dbname=x' publication p with (connect = false);
    grant select on far_orders to shop_reader`,
  );
  try {
    const done = await reseed();
    // The extension itself is a superuser's to create.
    is(done.code, 3, done.out);
    await (await both()).test.sql('postgres', 'alter role tester superuser');
    // Only a superuser's dump holds subscriptions.
    const left = await reseed({ READER_URL: production.url('shop') });
    is(left.code, 0, left.out);
    for (const what of [
      'SERVER - self',
      'FOREIGN TABLE public far_orders',
      'SUBSCRIPTION - s',
      'EVENT TRIGGER - e',
      'PUBLICATION - p',
    ])
      ok(left.out.includes(what), `${what}\n${left.out}`);
    const { test: other } = await both();
    const there =
      'select (select count(*) from pg_foreign_server) + (select count(*) from pg_subscription) + (select count(*) from pg_event_trigger) + (select count(*) from pg_user_mappings) + (select count(*) from pg_publication) as n';
    is((await other.sql('shop_test', there))[0]!['n'], '0');
  } finally {
    await (await both()).test.sql('postgres', 'alter role tester nosuperuser');
    await production.sql('shop', 'alter subscription s disable');
    await production.sql('shop', 'alter subscription s set (slot_name = none)');
    for (const sql of [
      'drop subscription s',
      'drop publication p',
      'drop event trigger e',
      'drop extension postgres_fdw cascade',
      'drop function reach',
    ])
      await production.sql('shop', sql);
  }
});

/** In a process of its own, which can be killed. */
async function apart(more: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), ...args], {
    cwd: repo.dir,
    env: environment(more),
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, out };
}

needing(
  test,
  missing,
  'killed at any step, the test database is whole, old or new, and the next run ends well',
  async () => {
    const { test: other } = await both();
    await reseed();
    await other.sql('shop_test', 'delete from orders where id > 100');
    for (const step of ['counting', 'dumping', 'restoring', 'comparing']) {
      const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'db', 'reseed'], {
        cwd: repo.dir,
        env: environment(await env()),
        detached: true,
      });
      child.stderr.on('data', (chunk) => {
        if (String(chunk).includes(step)) process.kill(-child.pid!, 'SIGKILL');
      });
      await new Promise((done) => child.on('close', done));
      const now = await rows();
      ok(now === 100 || now === 200, `${step}: ${now}`);
    }
    await other.sql('postgres', 'alter database shop_test allow_connections false');
    const next = await reseed();
    is(next.code, 0, next.out);
    is(await rows(), 200);
    equal(await names(), ['shop_test', 'shop_test_old']);
  },
);
