// A day with databases: a production and a test server of their own, an agent that works inside `db run`, and a row that is
// gone from production when it has ended. Where PostgreSQL is not installed the part says so and is left out.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { env, home, repo, root, step } from './stage.mjs';

const versions = '/usr/lib/postgresql';
const shop = join(root, 'shop-with-data');

/** PostgreSQL refuses to run as root: then its own user runs it. */
function servant() {
  if (process.getuid?.() !== 0) return {};
  const [, , uid, gid] = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
    .split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts a server; it ends with the demo. */
async function startServer(bin, name) {
  const folder = join(root, name);
  mkdirSync(folder);
  const as = servant();
  if (as.uid !== undefined) {
    chownSync(folder, as.uid, as.gid);
    chmodSync(root, 0o711);
  }
  const [data, port] = [join(folder, 'data'), await freePort()];
  const run = (tool, ...args) =>
    execFileSync(join(bin, tool), args, { ...as, cwd: '/', env: { PATH: env.PATH }, stdio: 'ignore' });
  const secret = join(folder, 'password');
  writeFileSync(secret, 'of the administrator', { mode: 0o644 });
  run(
    'initdb',
    '-D',
    data,
    '-U',
    'admin',
    '-A',
    'scram-sha-256',
    `--pwfile=${secret}`,
    '--no-sync',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  );
  const options = `-k ${folder} -p ${port} -c listen_addresses=127.0.0.1 -c fsync=off`;
  run('pg_ctl', '-D', data, '-w', '-s', '-l', join(folder, 'log'), '-o', options, 'start');
  // Before the folder goes.
  process.prependListener('exit', () => run('pg_ctl', '-D', data, '-s', '-m', 'immediate', 'stop'));
  const sql = (database, text) =>
    execFileSync(
      join(bin, 'psql'),
      [
        '-qAt',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'admin',
        '-d',
        database,
        '-c',
        text,
      ],
      {
        env: { PATH: env.PATH, PGPASSWORD: 'of the administrator' },
        encoding: 'utf8',
      },
    );
  const url = (user, database) => `postgres://${user}:${user}-password@127.0.0.1:${port}/${database}`;
  return { sql, url };
}

/** Plays the part. */
export async function databaseDay(project) {
  const version = existsSync(versions) ? readdirSync(versions).sort((a, b) => b - a)[0] : undefined;
  if (version === undefined)
    return console.log('(The part about databases is left out: PostgreSQL is not installed here.)\n');
  const bin = join(versions, version, 'bin');
  const [production, test] = [await startServer(bin, 'production'), await startServer(bin, 'testing')];
  production.sql(
    'postgres',
    "create role shop_app login password 'shop_app-password'; create role reader login password 'reader-password'; grant pg_read_all_data to reader",
  );
  production.sql('postgres', 'create database shop');
  production.sql(
    'shop',
    'create table orders (id int, item text); insert into orders select n, $$item $$ || n from generate_series(1, 200) n; grant select, insert, update on orders to shop_app, reader',
  );
  test.sql('postgres', "create role tester createdb login password 'tester-password'");
  test.sql('postgres', 'create database shop_test owner tester');
  mkdirSync(shop);
  symlinkSync(join(repo, 'node_modules'), join(shop, 'node_modules'));
  if (!existsSync(join(repo, 'node_modules/postgres')))
    symlinkSync(join(project, 'node_modules/postgres'), join(repo, 'node_modules/postgres'));
  writeFileSync(
    join(shop, '.protectionrc'),
    `version: 1\nproject: 0123456789abcdef0123456789abcdef\nowners:\n  anna: { keys: [${JSON.stringify(readFileSync(join(home, '.ssh/id_ed25519.pub'), 'utf8').trim())}] }\ndatabases:\n  production:\n    url: DATABASE_URL\n    reader: READER_URL\n    admin: ADMIN_URL\n    roles:\n      shop_app: { may: [select, insert, update], login: DATABASE_URL }\n  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test", reseed: { from: production } }\n`,
  );
  writeFileSync(
    join(shop, 'agent.mjs'),
    `import { existsSync, writeFileSync } from 'node:fs';\nimport postgres from 'postgres';\nconst sql = postgres(process.env.DATABASE_URL);\nconst [{ n }] = await sql\`select count(*) as n from orders\`;\nawait sql\`delete from orders\`;\nconsole.log('agent: deleted ' + n + ' orders, of the test database');\nawait sql.end();\nwriteFileSync('../working', '');\nwhile (!existsSync('../gone')) await new Promise((done) => setTimeout(done, 50));\n`,
  );
  writeFileSync(
    join(shop, '../colleague.sh'),
    `while [ ! -e ../working ]; do sleep 0.1; done\nPGPASSWORD='of the administrator' ${join(bin, 'psql')} -q '${production.url('admin', 'shop').replace('admin:admin-password', 'admin')}' -c 'delete from orders where id = 77'\ntouch ../gone\n`,
  );
  Object.assign(env, {
    DATABASE_URL: production.url('shop_app', 'shop'),
    READER_URL: production.url('reader', 'shop'),
    ADMIN_URL: production.url('admin', 'shop').replace('admin-password', encodeURIComponent('of the administrator')),
    TEST_DATABASE_URL: test.url('tester', 'shop_test'),
  });
  const at = (line) => `cd ../shop-with-data && ${line}`;
  step(
    'Another repository, with databases.',
    at(
      'git init --quiet && printf "node_modules\\n" > .gitignore && npx git-protect wire && git add -A && git commit --quiet -m "chore: start"',
    ),
    { code: 0 },
  );
  production.sql('postgres', "create role tester login password 'tester-password'");
  step('A test user that production lets in is refused.', at('npx git-protect db check'), {
    code: 1,
    says: 'can log in to production',
  });
  production.sql('postgres', 'drop role tester');
  step('The test database is filled from production.', at('npx git-protect db reseed'), {
    code: 0,
    says: 'was refilled',
  });
  step('Apart, and no role can delete.', at('npx git-protect db check'), { code: 0 });
  step(
    'An agent works on the test database, while somebody deletes an order of production.',
    at('(sh ../colleague.sh &) ; npx git-protect db run -- node agent.mjs'),
    { code: 5, says: ['agent: deleted 200 orders', 'public.orders: 200 rows before, 199 now: 1 fewer'] },
  );
  step('Nothing is committed until a person has looked.', at('git commit --allow-empty -m "feat: by the agent"'), {
    code: 1,
    says: 'ended with production changed',
  });
  step('It was meant.', at('npx git-protect db end --accept --reason "order 77 was cancelled by hand"'), {
    code: 0,
    says: 'recorded as meant',
  });
  step('The gate is open.', at('git commit --quiet --allow-empty -m "feat: by the agent"'), { code: 0 });
  restoreDay(production, at);
}

/** All orders are gone, and come back from the dump of the run. */
function restoreDay(production, at) {
  production.sql('shop', 'delete from orders');
  const dump = '.git/protect/backups/production_*.dump';
  step('All orders are gone. Nobody restores production alone …', at(`npx protect db restore ${dump}`), {
    code: 1,
    says: ['200 rows of the backup changed or removed', 'an owner must let it be replaced'],
  });
  const signed = step(
    '… an owner signs for this backup …',
    at(`npx git-protect approve --restore ${dump} --to production --reason "orders were emptied" --yes`),
    { code: 0, says: 'may take the place of all that production holds, once' },
  );
  const token = /pt1_[\w-]+/.exec(signed)?.[0] ?? '';
  step(
    '… and it takes the place, with owners and rights. The original is kept.',
    at(`npx protect db restore ${dump} --waiver ${token}`),
    {
      code: 0,
      says: ['shop_app reads public.orders', 'production holds the backup', 'shop_before_'],
      shown: at(`npx protect db restore ${dump} --waiver pt1_…`),
    },
  );
  const kept = production.sql('postgres', "select datname from pg_database where datname like 'shop_before_%'").trim();
  const counts = [
    production.sql('shop', 'select count(*) from orders'),
    production.sql(kept, 'select count(*) from orders'),
  ];
  if (counts.map((text) => text.trim()).join() !== '200,0')
    throw new Error(`the restored shop holds ${counts.join(' and ')} orders`);
}
