import { is, match, not } from 'uvu/assert';
import { Cluster, missing } from './support/postgres.ts';
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
