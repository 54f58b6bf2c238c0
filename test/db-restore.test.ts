import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { equal, is, match, not, ok } from 'uvu/assert';
import { Cluster, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { approve, distFolder, environment, folder, guardedRepo, hooksApart, makeKey, Repo } from './support/world.ts';

const test = suite('db-restore');

/** A shop in production with owners, rights and settings of its own, a backup of it, and 20 orders that came afterwards. */
async function world(prepared = '-c max_prepared_transactions=5') {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const [production, other] = [await Cluster.create(prepared), await Cluster.create()];
  await production.shop('shop');
  await production.sql(
    'postgres',
    `revoke connect, temporary on database shop from public; grant connect on database shop to shop_app, shop_reader;
     grant temporary on database shop to shop_app with grant option; grant shop_owner to shop_admin; grant pg_signal_backend to shop_admin;
     alter database shop set statement_timeout to '7s'; alter database shop set search_path to "$user", public, "odd, name";
     alter role shop_app in database shop set work_mem to '8MB'; alter database shop connection limit 40; comment on database shop is 'the ''shop''';`,
  );
  await other.sql('postgres', "create role tester login password 'tester secret' createdb");
  await other.sql('postgres', 'create database shop_test owner tester');
  const { repo: made, keys } = guardedRepo({
    remote: false,
    hooks: false,
    more: `databases:
  production: { url: DATABASE_URL, reader: READER_URL, admin: ADMIN_URL }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test", reseed: { from: production } }
backups:
  production: { database: production, encrypt: { to: [owners, "${await identityToRecipient(identity)}"] }, identity: BACKUP_IDENTITY, restoreInto: test }
`,
  });
  made.write('.git/info/exclude', 'node_modules\n.backups\n');
  const env = {
    ...hooksApart,
    DATABASE_URL: production.url('shop', 'shop_app'),
    READER_URL: production.url('shop', 'shop_reader'),
    ADMIN_URL: production.url('shop'),
    TEST_DATABASE_URL: other.url('shop_test', 'tester'),
    BACKUP_IDENTITY: identity,
    XDG_STATE_HOME: folder('state'),
  };
  const repo = new Repo(made.dir, env);
  const backup = repo.protect('backup', 'create');
  is(backup.code, 0, backup.out);
  const id = readdirSync(join(repo.dir, '.backups'))
    .find((name) => name.endsWith('.json'))!
    .slice(0, -5);
  await production.sql('shop', "insert into orders (item) select 'new ' || n from generate_series(1, 20) n");
  await production.sql('shop', 'delete from customers where id <= 3');
  const key = keys['lead']!;
  const sign = (to = 'production', what = id, signer = key) => {
    const signed = approve(repo, signer, '--restore', what, '--to', to);
    return { ...signed, token: signed.stdout.trim() };
  };
  const restore = (...args: string[]) => {
    const done = repo.protect('db', 'restore', ...args);
    not.match(done.out, /(?:tester|shop_\w+|root)(?: |%20)secret/);
    return done;
  };
  const orders = async (name = 'shop') =>
    (await production.sql(name, 'select count(*)::int as n from orders'))[0]!['n'];
  return { repo, production, other, id, key, env, sign, restore, orders };
}

const made: { world?: ReturnType<typeof world> } = {};
const shared = () => (made.world ??= world());

async function databases(cluster: Cluster) {
  const rows = await cluster.sql(
    'postgres',
    "select datname as n from pg_database where datname ~ '^(shop|protect_)' and datname <> 'shop_template' order by 1",
  );
  return rows.map(({ n }) => String(n));
}

const likeness = `select pg_get_userbyid(datdba) as owner, datconnlimit as lim, shobj_description(oid, 'pg_database') as said,
  array(select x::text from unnest(datacl) x order by 1)::text as acl,
  array(select concat(setrole::regrole, ' ', c) from pg_db_role_setting, unnest(setconfig) c where setdatabase = oid order by 1)::text as settings
  from pg_database where datname = `;

needing(test, missing, 'without an owner nothing is replaced, and what was written since is told first', async () => {
  const { restore, id, orders, production } = await shared();
  const refused = restore(id);
  is(refused.code, 1, refused.out);
  match(refused.out, 'public.orders: 20 rows written since');
  match(refused.out, 'public.customers: 3 rows of the backup changed or removed');
  match(refused.out, /approve --restore sha256:[0-9a-f]{64} --to production/);
  is(await orders(), 220);
  equal(await databases(production), ['shop']);
});

needing(
  test,
  missing,
  'a waiver that is forged, of another backup, environment, project or key does not count',
  async () => {
    const { repo, restore, id, sign, orders, key, production } = await shared();
    const good = sign();
    is(good.code, 0, good.out);
    const read = (token: string) => Buffer.from(token.slice(4), 'base64url').toString();
    const write = (text: string) => `pt1_${Buffer.from(text).toString('base64url')}`;
    const text = read(good.token);
    const sha256 = /"sha256": "([0-9a-f]{64})"/.exec(text)![1]!;
    const wrong = sign('production', `sha256:${'0'.repeat(64)}`);
    is(wrong.code, 0, wrong.out);
    const forged = {
      'a longer life': write(text.replace(/"expiresAt": "\d{4}/, '"expiresAt": "2099')),
      'another environment': write(text.replace('"environment": "production"', '"environment": "staging"')),
      'another digest': write(text.replace(sha256, 'f'.repeat(64))),
      'another backup': wrong.token,
      'a key more': write(text.replace('"version": 1', '"version": 1,\n  "more": 1')),
      'no token': 'pt1_AAAA',
      'a waiver of a deploy': write(text.replace('"sha256"', '"commit"')),
      'cut off': good.token.slice(0, -40),
    };
    for (const [what, token] of Object.entries(forged)) {
      const done = restore(id, '--to', 'production', '--waiver', token);
      is(done.code, 2, `${what}: ${done.out}`);
      not.match(done.out, / {4}at /);
    }
    // Signed by nobody whom the policy knows, in the namespace of another thing, or by a policy that this clone alone has.
    const stranger = makeKey('stranger');
    is(sign('production', id, stranger).code, 2);
    const policy = repo.read('.protectionrc');
    const [, line] = /(ssh-ed25519 \S+)/.exec(policy)!;
    repo.write('.protectionrc', policy.replace(line!, stranger.line.split(' ').slice(0, 2).join(' ')));
    repo.git('-c', 'core.hooksPath=/dev/null', 'checkout', '-q', '-b', 'mine');
    repo.git('-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-am', 'feat: mine');
    const own = sign('production', id, stranger);
    is(own.code, 0, own.out);
    repo.git('checkout', '-q', 'main');
    const other = restore(id, '--waiver', own.token);
    is(other.code, 2, other.out);
    match(other.out, 'is signed with a key that is not one of');
    is(
      approve(new Repo(repo.dir, { ...repo.env, CLAUDECODE: '1' }), key, '--restore', id, '--to', 'production').code,
      1,
    );
    for (const args of [
      ['--restore', id],
      ['--to', 'production'],
      ['--restore', id, '--to', 'productoin'],
      ['--restore', id, '--to', 'test'],
    ])
      ok([2, 3].includes(approve(repo, key, ...args).code!), args.join(' '));
    is(await orders(), 220);
    equal(await databases(production), ['shop']);
  },
);

needing(
  test,
  missing,
  'it is restored beside, and takes the place with owners, rights and settings; the original is kept',
  async () => {
    const { repo, restore, id, sign, orders, production } = await shared();
    const [before] = await production.sql('postgres', `${likeness}'shop'`);
    const client = postgres(production.url('shop', 'shop_app'), { max: 1, onnotice: () => {}, connection: {} });
    await client`select 1`;
    repo.write('.protect/freezes/20261127T000000-x.freeze', '{}');
    const { token } = sign();
    const done = restore(id, '--to', 'production', '--waiver', token);
    is(done.code, 0, done.out);
    match(done.out, 'public.orders: 20 rows written since');
    match(done.out, /a backup of what is there now: \S+_production_/);
    match(done.out, 'shop_app reads public.audit');
    const names = await databases(production);
    is(names.length, 2, names.join());
    match(names[1]!, /^shop_before_\d{8}T\d{6}Z$/);
    is(await orders(), 200);
    is(await orders(names[1]), 220);
    equal((await production.sql('postgres', `${likeness}'shop'`))[0], before);
    // The application goes on, with its own rights and no others.
    is((await client`select count(*)::int as n from orders`)[0]!['n'], 200);
    await client`insert into orders (item) values ('after')`;
    await client.end();
    await production.sql('shop', 'insert into orders (item) values (1)', 'shop_app');
    const forbidden = await production
      .sql('shop', 'delete from orders', 'shop_app')
      .catch((error: Error) => error.message);
    match(String(forbidden), 'permission denied');
    // By the role that migrates, and what it makes is the application's to read.
    await production.sql('shop', 'create table later (n int); insert into later values (1)', 'shop_owner');
    is((await production.sql('shop', 'select n from later', 'shop_app'))[0]!['n'], 1);
    // A waiver counts once, also where this clone remembers nothing.
    for (const forget of [false, true]) {
      if (forget) repo.remove('.git/protect/restores.jsonl');
      const again = restore(id, '--to', 'production', '--waiver', token);
      is(again.code, 1, again.out);
      match(again.out, 'the waiver is spent');
    }
    is(await orders(), 202);
    repo.remove('.protect');
    equal(readdirSync(join(repo.dir, '.git/protect/opened')), [], 'nothing that was opened is left');
  },
);

needing(
  test,
  missing,
  'an administrator that is no superuser can do it, and an empty database needs no waiver',
  async () => {
    const { repo, id, production, env } = await shared();
    await production.sql('postgres', 'create database shop_empty owner shop_owner');
    const url = {
      DATABASE_URL: production.url('shop_empty', 'shop_app'),
      READER_URL: production.url('shop_empty', 'shop_reader'),
      ADMIN_URL: production.url('shop_empty', 'shop_admin'),
    };
    const done = repo.protectWith({ env: { ...env, ...url } }, 'db', 'restore', id);
    is(done.code, 0, done.out);
    is((await production.sql('shop_empty', 'select count(*)::int as n from orders', 'shop_app'))[0]!['n'], 200);
    const names = (await databases(production)).filter((name) => name.startsWith('shop_empty'));
    is(names.length, 2, names.join());
    // Now it is not empty any more.
    const again = repo.protectWith({ env: { ...env, ...url } }, 'db', 'restore', id);
    match(again.out, 'warning: the backup is of the database shop, and this is shop_empty');
    is(again.code, 1, again.out);
  },
);

needing(test, missing, 'what is not the target, or not the backup, is refused before anything is written', async () => {
  const { repo, restore, id, sign, production, other, env, orders } = await shared();
  const { token } = sign();
  const now = await orders();
  const before = await databases(production);
  const tried = (more: NodeJS.ProcessEnv, ...args: string[]) =>
    repo.protectWith({ env: { ...env, ...more } }, 'db', 'restore', ...args);
  await production.sql('postgres', 'create database elsewhere owner shop_owner');
  const gitAlone = folder('git-alone');
  symlinkSync('/usr/bin/git', join(gitAlone, 'git'));
  const cases: [string, number, RegExp, NodeJS.ProcessEnv, string[]][] = [
    ['two databases', 1, /lead to two databases/, { ADMIN_URL: production.url('elsewhere') }, [id, '--waiver', token]],
    ['a test database', 1, /marked as disposable/, {}, []],
    ['no identity', 3, /BACKUP_IDENTITY is not set/, { BACKUP_IDENTITY: '' }, [id, '--waiver', token]],
    ['no tools', 3, /pg_restore is not installed/, { PATH: gitAlone }, [id, '--waiver', token]],
    ['no such backup', 2, /did you mean/, {}, [id.replace(/.Z$/, id.endsWith('0Z') ? '1Z' : '0Z'), '--waiver', token]],
    ['no such file', 3, /cannot be read/, {}, ['nothing.dump', '--waiver', token]],
    ['no server', 3, /nothing listens/, { ADMIN_URL: 'postgres://a:b@127.0.0.1:1/shop' }, [id, '--waiver', token]],
    [
      'a driver of another kind',
      3,
      /only PostgreSQL/,
      { ADMIN_URL: 'mysql://a:b@127.0.0.1:1/shop' },
      [id, '--waiver', token],
    ],
    ['unset', 3, /ADMIN_URL is empty/, { ADMIN_URL: '' }, [id, '--waiver', token]],
  ];
  for (const [what, code, says, more, args] of cases) {
    if (what === 'a test database') {
      is(repo.protect('db', 'reseed').code, 0);
      const url = other.url('shop_test');
      const done = tried({ DATABASE_URL: url, READER_URL: url, ADMIN_URL: url }, id, '--waiver', token);
      is(done.code, code, `${what}: ${done.out}`);
      match(done.out, says, what);
      continue;
    }
    const done = tried(more, ...args);
    is(done.code, code, `${what}: ${done.out}`);
    match(done.out, says, what);
  }
  // Its bytes, its manifest.
  const file = join(repo.dir, '.backups', `${id}.dump.age`);
  const good = readFileSync(file);
  const bad = Buffer.from(good);
  bad[good.length >> 1]! ^= 1;
  writeFileSync(file, bad);
  const changed = restore(id, '--waiver', token);
  is(changed.code, 3, changed.out);
  match(changed.out, 'its sha256 is another');
  writeFileSync(file, good);
  const manifest = join(repo.dir, '.backups', `${id}.json`);
  const text = readFileSync(manifest, 'utf8');
  const parsed = JSON.parse(text);
  parsed.baseline.tables[0].rows = '999';
  writeFileSync(manifest, JSON.stringify(parsed));
  const another = restore(id, '--waiver', token);
  is(another.code, 3, another.out);
  match(another.out, 'the restored copy is not what was dumped');
  parsed.baseline.tables[0].rows = JSON.parse(text).baseline.tables[0].rows;
  parsed.baseline.grants['table public.orders'] = '0';
  writeFileSync(manifest, JSON.stringify(parsed));
  const rights = restore(id, '--waiver', token);
  is(rights.code, 3, rights.out);
  match(rights.out, 'rights: table public.orders is another');
  writeFileSync(manifest, text);
  is(await orders(), now);
  equal(
    (await databases(production)).filter((name) => name !== 'elsewhere'),
    before,
  );
});

interface Apart {
  readonly code: number | null;
  readonly out: string;
}

/** In a process of its own. @param seen is called once with what it has said, when that holds the word */
async function apart(
  repo: Repo,
  args: readonly string[],
  word: string,
  seen: (kill: () => void) => unknown,
): Promise<Apart> {
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'db', 'restore', ...args], {
    cwd: repo.dir,
    env: environment(repo.env),
    detached: true,
  });
  let out = '';
  let acted: unknown = null;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      out += chunk;
      if (acted !== null || !out.includes(word)) return;
      // It may have given up by itself meanwhile.
      acted = seen(() => (child.exitCode === null ? process.kill(-child.pid!, 'SIGKILL') : false));
    });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  await acted;
  return { code, out };
}

/** A transaction that keeps a database from being renamed, as long as it is open. */
async function holding(cluster: Cluster, database: string) {
  const sql = postgres(cluster.url('postgres'), { max: 1, onnotice: () => {} });
  await sql.unsafe(`begin; comment on database "${database}" is 'held'`);
  return async () => {
    await sql.unsafe('rollback');
    await sql.end({ timeout: 1 });
  };
}

needing(
  test,
  missing,
  'killed at any step, production is whole, old or new, and open; the next run ends well',
  async () => {
    const { repo, production, id, sign, restore, orders } = await world();
    const { token } = sign();
    const args = [id, '--waiver', token];
    const steps = [
      'opening',
      'counting what was written',
      'dumping',
      'restoring into',
      'comparing',
      'giving it',
      'reading it as',
      'shop_app reads',
      'swapping',
    ];
    for (const step of steps) {
      const { code, out } = await apart(repo, args, step, (kill) => kill());
      is(code, null, `${step}: ${out}`);
      const now = await production.sql('shop', 'select count(*)::int as n from orders', 'shop_app');
      ok([200, 220].includes(now[0]!['n'] as number), `${step}: ${now[0]!['n']}`);
      if (now[0]!['n'] === 200) break;
    }
    // In the middle of the swap: before the first name changes, and between the two.
    const swapped = (await orders()) === 200;
    for (const held of swapped ? [] : ['shop', 'protect_restore_']) {
      let free = held === 'shop' ? await holding(production, 'shop') : async () => {};
      const { code, out } = await apart(repo, args, held === 'shop' ? 'swapping' : 'shop_app reads', async (kill) => {
        if (held !== 'shop') {
          const fresh = (await databases(production)).find((name) => name.startsWith(held))!;
          free = await holding(production, fresh);
        }
        await new Promise((done) => setTimeout(done, 1500));
        kill();
      });
      ok(code === null || code === 3, `${held}: ${code} ${out}`);
      await free();
      is(await orders(), 220, held);
      is((await production.sql('shop', 'select count(*)::int as n from orders', 'shop_app'))[0]!['n'], 220);
    }
    const next = restore(...(swapped ? [id, '--waiver', sign().token] : args));
    is(next.code, 0, next.out);
    is(await orders(), 200);
    const names = await databases(production);
    equal(
      names.filter((name) => name.startsWith('protect_')),
      [],
      'what killed runs left is gone',
    );
  },
);

needing(test, missing, 'what cannot be ended or renamed changes nothing', async () => {
  const { production, id, sign, restore, orders, repo } = await world();
  const { token } = sign();
  await production.sql('shop', "begin; insert into orders (item) values ('prepared'); prepare transaction 'p'");
  const refused = restore(id, '--waiver', token);
  is(refused.code, 3, refused.out);
  match(refused.out, /sessions of shop could not be ended, so nothing was swapped/);
  await production.sql('shop', "rollback prepared 'p'");
  equal(await databases(production), ['shop']);
  // The application may not read what is restored: before the swap, so nothing is changed.
  await production.sql('postgres', 'alter role shop_app connection limit 0');
  const unread = restore(id, '--waiver', token);
  is(unread.code, 3, unread.out);
  await production.sql('postgres', 'alter role shop_app connection limit -1');
  equal(await databases(production), ['shop']);
  is(await orders(), 220);
  // Ctrl-C is heard until the swap.
  const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'db', 'restore', id, '--waiver', token], {
    cwd: repo.dir,
    env: environment(repo.env),
  });
  let out = '';
  child.stderr.on('data', (chunk) => {
    out += chunk;
    if (out.includes('restoring into') && !child.killed) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  ok(code !== 0, out);
  is(await orders(), 220);
});

needing(test, missing, 'two at once: one of them is told to wait', async () => {
  const { repo, production, id, sign, orders } = await world();
  const { token } = sign();
  const second: { done?: Promise<Apart> } = {};
  const first = await apart(repo, [id, '--waiver', token], 'restoring into', () => {
    second.done = apart(repo, [id, '--waiver', token], 'never said', () => {});
    return second.done;
  });
  const other = await second.done!;
  is(first.code, 0, first.out);
  ok([1, 3].includes(other.code!), other.out);
  match(other.out, /another restore of production is going on|the waiver is spent/);
  is(await orders(), 200);
  is((await databases(production)).length, 2);
});

needing(
  test,
  missing,
  'what the application cannot use is taken back; where that fails, it says what stands',
  async () => {
    const { repo, production, id, sign, orders } = await world();
    const shut = async (more: () => Promise<void>) => {
      const free = await holding(production, 'shop');
      const { token } = sign();
      return apart(repo, [id, '--waiver', token], 'swapping', async () => {
        await production.sql('postgres', 'alter role shop_app nologin');
        await more();
        await free();
      });
    };
    const back = await shut(async () => {});
    is(back.code, 4, back.out);
    match(back.out, /shop is the original again/);
    await production.sql('postgres', 'alter role shop_app login');
    is(await orders(), 220);
    equal(await databases(production), ['shop']);
    is((await production.sql('postgres', `${likeness}'shop'`))[0]!['said'], "the 'shop'");
    // Somebody holds what has just been swapped in, so that it cannot be swapped out.
    const late = postgres(production.url('postgres'), { max: 1, onnotice: () => {} });
    let held: Promise<unknown> = Promise.resolve();
    const stuck = await shut(async () => {
      await new Promise((done) => setTimeout(done, 500));
      held = late.unsafe("begin; comment on database shop is 'held'").catch(() => {});
      await new Promise((done) => setTimeout(done, 500));
    });
    await held;
    await late.end({ timeout: 1 });
    is(stuck.code, 5, stuck.out);
    match(stuck.out, /could not be taken back/);
    match(stuck.out, /the original is shop_before_/);
    await production.sql('postgres', 'alter role shop_app login');
    const kept = (await databases(production)).find((name) => name.startsWith('shop_before_'));
    is(await orders(kept), 220);
    is(await orders(), 200);
  },
);

needing(
  test,
  missing ?? (existsSync('/usr/bin/age') ? null : 'age'),
  'a disposable one is reseeded from a tested backup; a plain dump with its baseline is taken too',
  async () => {
    const { repo, id, other, restore, production, sign, key } = await shared();
    const untested = restore(id, '--to', 'test');
    is(untested.code, 1, untested.out);
    match(untested.out, /was never tested by a restore.*\n.*backup verify production --id/);
    is(repo.protect('backup', 'verify', '--id', id).code, 0);
    const done = restore(id, '--to', 'test');
    is(done.code, 0, done.out);
    is((await other.sql('shop_test', 'select count(*)::int as n from orders'))[0]!['n'], 200);
    const reseeded = repo.protect('db', 'reseed', '--from', id);
    is(reseeded.code, 0, reseeded.out);
    is(restore(id, '--to', 'test', '--waiver', 'pt1_x').code, 2);
    // By hand, with the fingerprint beside.
    const dumps = join(repo.dir, '.git/protect/backups');
    is(repo.protect('db', 'reseed').code, 0);
    const dump = readdirSync(dumps).find((name) => name.endsWith('.dump'))!;
    const file = join(dumps, dump);
    const refused = restore(file);
    is(refused.code, 1, refused.out);
    const { token } = sign('production', file);
    const plain = restore(file, '--waiver', token);
    is(plain.code, 0, plain.out);
    // Opened by hand with a key of SSH.
    const hand = join(folder('hand'), 'shop.dump');
    const read = repo.protect('backup', 'read', `.backups/${id}.dump.age`, '--key', key.file, '-o', hand);
    is(read.code, 0, read.out);
    const opened = restore(hand, '--waiver', sign('production', id).token);
    is(opened.code, 0, opened.out);
    writeFileSync(join(dumps, 'other.dump'), 'no dump');
    writeFileSync(join(dumps, 'other.dump.baseline.json'), readFileSync(`${file}.baseline.json`));
    const none = restore(join(dumps, 'other.dump'), '--waiver', sign('production', join(dumps, 'other.dump')).token);
    is(none.code, 3, none.out);
    ok((await databases(production)).includes('shop'));
  },
);

needing(
  test,
  missing,
  'clients that come again and again meet the old one or the new one, and what they write is told',
  async () => {
    const { repo, production, id, sign, orders } = await world();
    const { token } = sign();
    const seen = new Set<number>();
    const odd: string[] = [];
    const ending = { now: false };
    const clients = Array.from({ length: 6 }, async () => {
      while (!ending.now) {
        const one = postgres(production.url('shop', 'shop_app'), { max: 1, onnotice: () => {}, connect_timeout: 20 });
        try {
          const [row] = await one`select count(*)::int as n from customers`;
          seen.add(row!['n']);
          await one`select pg_sleep(0.02)`;
        } catch (error) {
          const { code } = error as { code?: string };
          // Ended, told that the name has just moved on, or one connection too many.
          if (
            !['57P01', '3D000', '53300', 'CONNECTION_CLOSED', 'CONNECTION_ENDED', 'ECONNRESET'].includes(String(code))
          )
            odd.push(String(code));
        } finally {
          await one.end({ timeout: 1 });
        }
      }
    });
    const { code, out } = await apart(repo, [id, '--waiver', token], 'restoring into', () =>
      production.sql('shop', "insert into orders (item) values ('in the meantime')"),
    );
    ending.now = true;
    await Promise.all(clients);
    is(code, 0, out);
    equal(odd, []);
    equal([...seen].sort(), [47, 50]);
    match(out, /written while it was restored, and in shop_before_\w+ alone: public.orders: 1 row more/);
    is(await orders(), 200);
  },
);

needing(
  test,
  missing,
  'a backup before it that fails stops nothing; settings of a locale of its own come along',
  async () => {
    const { repo, production, env, restore, sign } = await world();
    await production.sql(
      'postgres',
      "create database icu_shop template template0 owner shop_owner locale_provider icu icu_locale 'sv-SE'",
    );
    await production.sql(
      'icu_shop',
      'create table words (w text); alter table words owner to shop_owner; grant select on words to shop_app',
      'root',
    );
    await production.sql('icu_shop', "insert into words values ('zebra'), ('älg')");
    const more = {
      DATABASE_URL: production.url('icu_shop', 'shop_app'),
      READER_URL: production.url('icu_shop', 'shop_reader'),
      ADMIN_URL: production.url('icu_shop'),
    };
    const at = { env: { ...env, ...more } };
    const made = repo.protectWith(at, 'backup', 'create', '--smaller');
    is(made.code, 0, made.out);
    const id = made.stdout.split(':')[0]!;
    // Rows that nobody may lose unseen, a manifest that cannot be listed, and a key that is gone.
    await production.sql('icu_shop', 'delete from words');
    const blocked = folder('blocked');
    writeFileSync(join(blocked, 'git-protect'), 'a file');
    const { token } = sign('production', id);
    const done = repo.protectWith(
      { env: { ...at.env, XDG_STATE_HOME: blocked } },
      'db',
      'restore',
      id,
      '--waiver',
      token,
    );
    is(done.code, 0, done.out);
    match(done.out, /warning: no backup of what is there now: E\w+/);
    const order = await production.sql('icu_shop', 'select w from words order by w');
    equal(
      order.map(({ w }) => w),
      ['zebra', 'älg'],
    );
    const provider = "select datlocprovider as p from pg_database where datname = 'icu_shop'";
    is((await production.sql('postgres', provider))[0]!['p'], 'i');
    // A manifest of somebody else's making.
    const file = join(repo.dir, '.backups', `${id}.json`);
    const text = readFileSync(file, 'utf8');
    for (const change of [
      { baseline: null },
      { baseline: { version: 1, tables: [{ name: 'x', rows: '1; drop table words', sum: null }] } },
      { baseline: { ...JSON.parse(text).baseline, seed: '0); drop table words; --' } },
    ]) {
      writeFileSync(file, JSON.stringify({ ...JSON.parse(text), ...change }));
      const refused = repo.protectWith(at, 'db', 'restore', id, '--waiver', token);
      is(refused.code, 3, refused.out);
      match(refused.out, /holds no whole baseline/);
    }
    for (const change of [
      { snapshot: "1:1:'; drop table words; --" },
      { database: { ...JSON.parse(text).baseline.database, schemas: ["public'; drop table words; --"] } },
    ]) {
      writeFileSync(
        file,
        JSON.stringify({ ...JSON.parse(text), baseline: { ...JSON.parse(text).baseline, ...change } }),
      );
      const refused = repo.protectWith(at, 'db', 'restore', id);
      ok(refused.code === 1 || refused.code === 3, refused.out);
      not.match(refused.out, / {4}at /);
    }
    writeFileSync(file, text);
    is((await production.sql('icu_shop', 'select count(*)::int as n from words'))[0]!['n'], 2);
    is(restore('--to', 'production').code, 2);
  },
);

needing(
  test,
  missing,
  'an owner whom only this branch has lets nothing be restored, where the remote knows better',
  async () => {
    const { repo, id, restore, sign, orders } = await world();
    const origin = new Repo(folder('origin'), repo.env);
    origin.git('init', '-q', '--bare');
    repo.git('remote', 'add', 'origin', origin.dir);
    repo.git('-c', 'core.hooksPath=/dev/null', 'push', '-q', 'origin', 'main');
    repo.git('remote', 'set-head', 'origin', 'main');
    const stranger = makeKey('stranger');
    const policy = repo.read('.protectionrc');
    const [, line] = /(ssh-ed25519 \S+)/.exec(policy)!;
    repo.write('.protectionrc', policy.replace(line!, stranger.line.split(' ').slice(0, 2).join(' ')));
    repo.git('-c', 'core.hooksPath=/dev/null', 'checkout', '-q', '-b', 'mine');
    repo.git('-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-am', 'feat: mine');
    const own = sign('production', id, stranger);
    is(own.code, 0, own.out);
    for (const branch of ['mine', 'main']) {
      repo.git('checkout', '-q', branch);
      const refused = restore(id, '--waiver', own.token);
      is(refused.code, 2, `${branch}: ${refused.out}`);
      match(refused.out, 'is signed with a key that is not one of');
    }
    is(await orders(), 220);
  },
);

needing(
  test,
  missing,
  'what it keeps gets a name of its own, where one of the same second has that already',
  async () => {
    const { restore, id, sign, orders, production } = await world();
    const { token } = sign();
    const time = (second: number) => new Date(Date.now() + second * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
    const taken = Array.from({ length: 40 }, (_, second) => `shop_before_${time(second)}`);
    for (const name of taken) await production.sql('postgres', `create database "${name}" template template0`);
    const done = restore(id, '--to', 'production', '--waiver', token);
    is(done.code, 0, done.out);
    const [kept] = (await databases(production)).filter((name) => name !== 'shop' && !taken.includes(name));
    match(kept!, /^shop_before_\d{8}T\d{6}Z_2$/);
    is(await orders(kept), 220);
  },
);
