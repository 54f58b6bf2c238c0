import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { Cluster, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { distFolder, environment, folder, guardedRepo, hooksApart, Repo, run, temporary } from './support/world.ts';

const test = suite('backups: databases');

async function world() {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const [production, other] = [await Cluster.create(), await Cluster.create()];
  await production.shop('shop');
  await other.sql('postgres', "create role tester login password 'tester secret' createdb");
  await other.sql('postgres', 'create database shop_test owner tester');
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
  return { repo: new Repo(repo.dir, env), production, other, keys };
}

needing(
  test,
  missing,
  'a database is dumped in the moment of its fingerprint, restored elsewhere, and the same',
  async () => {
    const { repo, production, other, keys } = await world();
    const made = repo.protect('backup', 'create');
    is(made.code, 0, made.out);
    not.match(made.out, /(?:tester|shop_\w+|root)(?: |%20)secret/);
    const [name] = readdirSync(join(repo.dir, '.backups')).filter((file) => file.endsWith('.json'));
    const manifest = JSON.parse(readFileSync(join(repo.dir, '.backups', name!), 'utf8'));
    is(manifest.baseline.tables.find((table: { name: string }) => /orders/.test(table.name)).rows, '200');
    ok(!JSON.stringify(manifest).includes('secret'));
    // What changes afterwards is not in it.
    await production.sql('shop', 'delete from orders; delete from customers; delete from audit; delete from sessions');
    const verified = repo.protect('backup', 'verify');
    is(verified.code, 0, verified.out);
    match(verified.stdout, 'tested: it opens, is what was written, and restores');
    const names = await other.sql('postgres', "select datname as n from pg_database where datname like 'protect%'");
    equal(names, [], 'nothing is left there');
    // By hand, as the page says.
    const dump = join(repo.dir, '.backups', manifest.parts[0].file);
    const place = folder('hand');
    const opened = run(place, 'sh', [
      '-c',
      `age --decrypt --identity '${keys['lead']!.file}' '${dump}' > shop.dump && pg_restore -l shop.dump`,
    ]);
    is(opened.code, 0, opened.out);
    match(opened.stdout, 'TABLE DATA public orders');
    // No rows where there were some: kept, and counted for nothing.
    const empty = repo.protect('backup', 'create');
    is(empty.code, 1, empty.out);
    match(empty.stderr, /suspect: no table holds a row, and in .* there were 280/);
  },
);

needing(test, missing, 'a dump that is another one than its fingerprint says is broken', async () => {
  const { repo, production } = await world();
  is(repo.protect('backup', 'create').code, 0);
  const [name] = readdirSync(join(repo.dir, '.backups')).filter((file) => file.endsWith('.json'));
  const path = join(repo.dir, '.backups', name!);
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  manifest.baseline.tables.find((table: { name: string }) => /orders/.test(table.name)).rows = '201';
  writeFileSync(path, JSON.stringify(manifest));
  const verified = repo.protect('backup', 'verify');
  is(verified.code, 1, verified.out);
  match(verified.stderr, 'broken; the restored copy is not what was dumped');
  // A server that is gone is no backup, and no broken one.
  production.stop();
  const gone = repo.protect('backup', 'create');
  is(gone.code, 3, gone.out);
  is(readdirSync(join(repo.dir, '.backups')).filter((file) => file.endsWith('.json')).length, 1);
});

needing(
  test,
  missing,
  'restored into a server of its own, which nobody else can reach and which goes afterwards',
  async () => {
    const { repo } = await world();
    repo.write('.protectionrc', repo.read('.protectionrc').replace('restoreInto: test', 'restoreInto: local'));
    repo.git('commit', '-qam', 'chore: policy');
    is(repo.protect('backup', 'create').code, 0);
    const servers = () => readdirSync(temporary).filter((name) => name.startsWith('git-protect-'));
    // One that was killed leaves its server, and the next one ends it.
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'backup', 'verify'], {
      cwd: repo.dir,
      env: environment(repo.env),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const closed = new Promise((done) => child.on('close', done));
    await new Promise<void>((done) =>
      child.stderr.on('data', (text) => String(text).includes('restoring into') && done()),
    );
    child.kill('SIGKILL');
    await closed;
    const [left] = servants(servers());
    ok(left);
    is(statSync(join(temporary, left!)).mode & 0o777, 0o700);
    const pid = Number(readFileSync(join(temporary, left!, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    ok(isRunning(pid));
    const verified = repo.protect('backup', 'verify');
    is(verified.code, 0, verified.out);
    match(verified.stderr, 'ending a server that a run left which was killed');
    match(verified.stdout, 'tested: it opens, is what was written, and restores');
    equal(servants(servers()), []);
    ok(!isRunning(pid));
  },
);

const servants = (names: readonly string[]) => names.filter((name) => name.startsWith('git-protect-server-'));

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

needing(test, missing, 'pg_dump that hangs up late, writes half or nothing makes no backup', async () => {
  const { repo } = await world();
  const bin = folder('bin');
  const real = run(bin, 'sh', ['-c', 'command -v pg_dump']).stdout.trim();
  for (const script of [
    `${real} "$@"; exit 1`,
    `${real} "$@" | head -c 3000; exit 1`,
    'exit 3',
    `${real} "$@" | head -c 3000; kill -9 $$`,
  ]) {
    writeFileSync(join(bin, 'pg_dump'), `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\n${script}\n`, {
      mode: 0o755,
    });
    const failed = new Repo(repo.dir, { ...repo.env, PATH: `${bin}:${hooksApart['PATH']}` }).protect(
      'backup',
      'create',
    );
    is(failed.code, 3, failed.out);
    equal(
      readdirSync(join(repo.dir, '.backups')).filter((file) => !file.endsWith('.partial')),
      [],
    );
  }
});
