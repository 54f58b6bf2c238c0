// What a backup costs: create and verify of a database, held against the bare tools, in CPU seconds of the client's processes and in
// memory. It starts a server of its own and needs PostgreSQL's programs and age; run `npm run build` first.
//   node bench/backups.mjs [MEGABYTES]      default 200: the dump, not the table
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import postgres from 'postgres';

const megabytes = Number(process.argv[2] ?? 200);
const [version] = readdirSync('/usr/lib/postgresql').sort((a, b) => b - a);
const bin = `/usr/lib/postgresql/${version}/bin`;
const root = mkdtempSync(join(tmpdir(), 'protect-bench-'));
chmodSync(root, 0o777);
const [, , uid, gid] = readFileSync('/etc/passwd', 'utf8')
  .split('\n')
  .find((line) => line.startsWith('postgres:'))
  .split(':');
const as = process.getuid() === 0 ? { uid: Number(uid), gid: Number(gid) } : {};
const port = await new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address();
    server.close(() => done(free));
  });
});
const data = join(root, 'data');
const run = (name, ...args) => execFileSync(join(bin, name), args, { ...as, cwd: '/', stdio: 'pipe' });
run('initdb', '-D', data, '-U', 'bench', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8');
const settings = `-k ${root} -p ${port} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off`;
run('pg_ctl', '-D', data, '-w', '-s', '-l', join(root, 'log'), '-o', settings, 'start');

/** CPU seconds of a command with all that it has started and waited for, its wall time, and the most memory that one of them held. */
function measured(file, args, env, cwd) {
  const script =
    'import resource, subprocess, sys, time\nt = time.time()\nc = subprocess.call(sys.argv[1:])\nr = resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(c, r.ru_utime + r.ru_stime, time.time() - t, r.ru_maxrss // 1024, file=sys.stderr)';
  return new Promise((done, fail) => {
    const child = spawn('python3', ['-c', script, file, ...args], {
      env: { ...process.env, ...env },
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (text) => (errors += text));
    child.on('close', () => {
      const [code, cpu, wall, memory] = errors.trim().split('\n').at(-1).split(' ').map(Number);
      if (code === 0) done({ cpu, wall, memory });
      else fail(new Error(`${file} ${args.join(' ')}: ${errors}`));
    });
  });
}

try {
  const sql = postgres(`postgres://bench@127.0.0.1:${port}/postgres`, { max: 1, onnotice: () => {} });
  // Hashes do not compress much: 26 bytes of a dump for each row.
  await sql.unsafe(
    `create table t as select n as id, md5(n::text) as a, md5((n + 1)::text) as b from generate_series(1, ${megabytes * 37_700}) n`,
  );
  await sql.end();
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const repo = join(root, 'shop');
  mkdirSync(join(repo, 'node_modules'), { recursive: true });
  for (const name of ['age-encryption', 'postgres', '@noble', '@scure'])
    symlinkSync(join(process.cwd(), 'node_modules', name), join(repo, 'node_modules', name));
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@b', ...args], { cwd: repo, stdio: 'pipe' });
  git('init', '-q', '-b', 'main');
  writeFileSync(join(repo, '.gitignore'), 'node_modules\n.backups\n');
  writeFileSync(
    join(repo, '.protectionrc'),
    `version: 1\nproject: 0123456789abcdef0123456789abcdef\ndatabases: { production: { url: DATABASE_URL } }\nbackups:\n  production: { database: production, encrypt: { to: ["${recipient}"] }, identity: BACKUP_IDENTITY, restoreInto: local }\n`,
  );
  git('add', '-A');
  git('commit', '-qm', 'chore: start', '--no-verify');
  const env = {
    DATABASE_URL: `postgres://bench@127.0.0.1:${port}/postgres`,
    BACKUP_IDENTITY: identity,
    XDG_STATE_HOME: join(root, 'state'),
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'bench',
    PGDATABASE: 'postgres',
  };
  const cli = join(process.cwd(), 'dist/cli.js');
  const tool = (line) => measured('bash', ['-o', 'pipefail', '-c', line], env, root);
  const dump = await tool('pg_dump -Fc -Z1 > bare.dump');
  const bare = await tool(`pg_dump -Fc -Z1 | age -r ${recipient} > bare.age`);
  const create = await measured(process.execPath, [cli, 'backup', 'create'], env, repo);
  writeFileSync(join(root, 'key'), identity, { mode: 0o600 });
  const restore = await tool(
    'createdb bare && age -d -i key bare.age > bare.dump && pg_restore --exit-on-error -d bare bare.dump',
  );
  const verify = await measured(process.execPath, [cli, 'backup', 'verify'], env, repo);
  const told = (name, { cpu, wall, memory }, base) =>
    console.log(
      `${name.padEnd(30)} ${cpu.toFixed(2)} s CPU  ${(cpu / base.cpu).toFixed(1)} x  ${wall.toFixed(1)} s  ${memory} MB`,
    );
  console.log(`${(statSync(join(root, 'bare.dump')).size / 1e6).toFixed(0)} MB of dump`);
  told('pg_dump', dump, bare);
  told('pg_dump | age', bare, bare);
  told('backup create', create, bare);
  told('age -d, pg_restore', restore, restore);
  told('backup verify', verify, restore);
} finally {
  run('pg_ctl', '-D', data, '-s', '-m', 'immediate', 'stop');
  rmSync(root, { recursive: true, force: true });
}
