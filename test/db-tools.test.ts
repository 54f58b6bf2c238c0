import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import { bin, Cluster, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { folder, guardedRepo, Repo } from './support/world.ts';

const test = suite('db-tools');

let servers: Promise<{ production: Cluster; other: Cluster }> | undefined;
function both() {
  servers ??= (async () => {
    const [production, other] = [await Cluster.create(), await Cluster.create()];
    await production.shop('shop');
    await other.sql('postgres', "create role tester login password 'tester secret' createdb");
    await other.sql('postgres', 'create database shop_test owner tester');
    return { production, other };
  })();
  return servers;
}

/** A clone whose policy lists tools. @param path of its environment; null: the tests' own */
async function clone(tools: readonly string[], path: string | null = null): Promise<Repo> {
  const { production, other } = await both();
  const { repo } = guardedRepo({
    hooks: false,
    remote: false,
    more: `databases:
  production: { url: DATABASE_URL, reader: READER_URL }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test", reseed: { from: production } }
${tools.length === 0 ? '' : `tools: ${JSON.stringify(tools)}\n`}`,
  });
  return new Repo(repo.dir, {
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
    ...(path === null ? {} : { PATH: path }),
  });
}

/** The real programs, which say that they are of a version and leave a trace. */
function toolsOf(version: number): { at: string; used(): boolean } {
  const at = folder(`tools${version}`);
  const trace = join(at, 'used');
  for (const name of ['pg_dump', 'pg_restore'])
    writeFileSync(
      join(at, name),
      `#!/bin/sh\n[ "$1" = --version ] && echo "${name} (PostgreSQL) ${version}.2" && exit 0\n: > '${trace}'\nexec '${bin}/${name}' "$@"\n`,
      { mode: 0o755 },
    );
  return { at, used: () => existsSync(trace) };
}

const major = bin === null ? 0 : Number(bin.split('/').at(-2));

needing(test, missing, 'of the tools that are listed those of the version of the server are used', async () => {
  const [older, same, newer] = [toolsOf(major - 1), toolsOf(major), toolsOf(major + 1)];
  const none = await (await clone([older.at, newer.at, '/nonexistent'])).protect('db', 'reseed');
  is(none.code, 3, none.out);
  match(
    none.out,
    new RegExp(`tools: lists no pg_dump of version ${major}, .*\\(${major - 1}\\), .*\\(${major + 1}\\)`),
  );
  const git = folder('git-alone');
  symlinkSync('/usr/bin/git', join(git, 'git'));
  // Also one by one, and where there is nothing on PATH.
  const listed = [older.at, join(newer.at, 'pg_dump'), join(same.at, 'pg_dump'), join(same.at, 'pg_restore')];
  const done = (await clone(listed, git)).protect('db', 'reseed');
  is(done.code, 0, done.out);
  ok(same.used() && !older.used() && !newer.used());
  const relative = (await clone(['bin'])).protect('db', 'reseed');
  is(relative.code, 2, relative.out);
  const empty = (await clone([], git)).protect('db', 'reseed');
  is(empty.code, 3, empty.out);
  match(empty.out, /pg_dump is not installed here/);
});

needing(test, missing, 'a dump of newer tools than the target is not begun with', async () => {
  const { other } = await both();
  const repo = await clone([]);
  is(repo.protect('db', 'reseed', '--fresh-start').code, 0);
  const dumps = join(repo.dir, '.git/protect/backups');
  const file = join(dumps, readdirSync(dumps).find((name) => name.endsWith('.dump'))!);
  const bytes = readFileSync(file);
  // Of the server and of pg_dump, each behind its length.
  const version = Buffer.from(`\0${major}.`);
  const at = bytes.indexOf(version, bytes.indexOf(version) + 1) + 1;
  ok(at > 1 && at < 300);
  bytes.write('99', at);
  const changed = join(folder('dump'), 'new.dump');
  writeFileSync(changed, bytes);
  writeFileSync(`${changed}.baseline.json`, readFileSync(`${file}.baseline.json`));
  const refused = repo.protect('db', 'reseed', '--from', changed);
  is(refused.code, 3, refused.out);
  match(refused.out, `the dump was made by pg_dump 99`);
  is((await other.sql('shop_test', 'select count(*)::int as n from orders'))[0]!['n'], 200);
  const left = await other.sql('postgres', "select 1 from pg_database where datname = 'shop_test_new'");
  is(left.length, 0);
});

needing(
  test,
  missing,
  'without room nothing is begun; dumps of earlier runs go once a newer one is proven',
  async () => {
    const { other } = await both();
    const repo = await clone([]);
    const dumps = join(repo.dir, '.git/protect/backups');
    mkdirSync(dumps, { recursive: true });
    // A file with a hole, as large as no disk.
    const large = join(dumps, 'production_2026-01-01T00-00-00-000Z.dump');
    writeFileSync(large, 'x');
    truncateSync(large, 2 ** 42);
    writeFileSync(`${large}.baseline.json`, '{}');
    for (const name of [
      'production_before-restore_2026-01-01T00-00-00-000Z.dump',
      'staging_2026-01-01T00-00-00-000Z.dump',
      'mine.dump',
      'production_7_2099-01-01T00-00-00-000Z.dump',
    ])
      writeFileSync(join(dumps, name), 'x');
    const kept = readdirSync(dumps).filter((name) => !name.startsWith('production_2026'));
    truncateSync(join(dumps, 'production_7_2099-01-01T00-00-00-000Z.dump'), 2 ** 42);
    const full = repo.protect('db', 'reseed', '--fresh-start');
    is(full.code, 3, full.out);
    match(full.out, /are free in .*, and .* may be needed for a dump of production/);
    ok(existsSync(large), 'nothing goes without a successor');
    truncateSync(join(dumps, 'production_7_2099-01-01T00-00-00-000Z.dump'), 1);
    // One that fails proves nothing.
    await other.sql('postgres', 'alter role tester nocreatedb');
    const failed = repo.protect('db', 'reseed', '--fresh-start');
    is(failed.code, 3, failed.out);
    ok(existsSync(large));
    await other.sql('postgres', 'alter role tester createdb');
    const done = repo.protect('db', 'reseed', '--fresh-start');
    is(done.code, 0, done.out);
    ok(!existsSync(large) && !existsSync(`${large}.baseline.json`));
    const names = readdirSync(dumps);
    for (const name of kept) ok(names.includes(name), name);
    is(names.filter((name) => /^production_20(?!99).*\.dump$/.test(name)).length, 1, names.join());
  },
);
