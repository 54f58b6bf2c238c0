// What the fingerprint of PostgreSQL costs the server: CPU of its backends, as a multiple of count(*), in one run. It starts a
// server of its own and needs PostgreSQL's programs.
//   node bench/databases.mjs [--rows 10000000]      default 2,000,000
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import postgres from 'postgres';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '2000000' } } });
const rows = Number(values.rows);
if (!Number.isSafeInteger(rows) || rows < 1) throw new Error(`--rows takes a number, not '${values.rows}'`);
const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => b - a);
const bin = `/usr/lib/postgresql/${versions[0]}/bin`;
const root = mkdtempSync(join(tmpdir(), 'protect-bench-'));
const passwd = readFileSync('/etc/passwd', 'utf8')
  .split('\n')
  .find((line) => line.startsWith('postgres:'))
  ?.split(':');
const as = process.getuid() === 0 ? { uid: Number(passwd[2]), gid: Number(passwd[3]) } : {};
const port = await new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address();
    server.close(() => done(free));
  });
});
const run = (name, ...args) => execFileSync(join(bin, name), args, { ...as, cwd: '/', stdio: 'pipe' });
execFileSync('chmod', ['0777', root]);
const data = join(root, 'data');
run('initdb', '-D', data, '-U', 'bench', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8');
run(
  'pg_ctl',
  '-D',
  data,
  '-w',
  '-s',
  '-l',
  join(root, 'log'),
  '-o',
  `-k ${root} -p ${port} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=512MB -c autovacuum=off`,
  'start',
);
const bundle = `.bench-databases.mjs`;
try {
  await build({
    stdin: {
      contents:
        "export { take, randomSeed } from './src/databases/fingerprint/take.ts'; export { parseTarget } from './src/databases/target.ts';",
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
  });
  const { take, randomSeed, parseTarget } = await import(`../${bundle}`);
  const url = (name) => `postgres://bench@127.0.0.1:${port}/${name}`;
  const admin = postgres(url('postgres'), { max: 1, onnotice: () => {} });
  await admin.unsafe('create database large');
  await admin.unsafe('create database small');
  const large = postgres(url('large'), { max: 1, onnotice: () => {} });
  await large.unsafe(
    `create table t as select n as id, md5(n::text) as a, (n * 1.01)::numeric(12,2) as b, now() + n * interval '1 s' as c, jsonb_build_object('n', n, 'x', 'y') as d from generate_series(1, ${rows}) n`,
  );
  await large.unsafe('vacuum analyze t');
  await large.end();
  const small = postgres(url('small'), { max: 1, onnotice: () => {} });
  for (let n = 0; n < 300; n++)
    await small.unsafe(`create table t${n} as select n, n::text as a from generate_series(1, 100) n`);
  await small.end();
  /** CPU seconds of all backends, those that have ended too: the postmaster reaps them. */
  const postmaster = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const cpu = () => {
    const fields = readFileSync(`/proc/${postmaster}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  };
  const settled = () => new Promise((done) => setTimeout(done, 300));
  const measure = async (work) => {
    await settled();
    const [before, started] = [cpu(), performance.now()];
    await work();
    const wall = (performance.now() - started) / 1000;
    await settled();
    return { cpu: cpu() - before, wall };
  };
  const place = {
    topLevel: process.cwd(),
    now: () => new Date(),
    tell: () => {},
    signal: new AbortController().signal,
  };
  const order = (kind) => ({
    schemas: null,
    kind,
    rule: () => 'equal',
    unknown: () => [],
    seed: randomSeed(),
    seenBy: null,
  });
  const query = (sql) => async () => {
    const one = postgres(url('large'), { max: 1, onnotice: () => {} });
    await one.unsafe(`set max_parallel_workers_per_gather = 0; set jit = off; ${sql}`);
    await one.end();
  };
  const count = await measure(query('select count(*) from t'));
  const told = (name, { cpu: used, wall }) =>
    console.log(
      `${name.padEnd(34)} ${used.toFixed(2)} s CPU  ${(used / count.cpu).toFixed(1)} x  ${wall.toFixed(2)} s`,
    );
  told('count(*)', count);
  for (const kind of ['exact', 'fast', 'count'])
    told(kind, await measure(() => take(place, parseTarget('URL', url('large')), order(kind))));
  told('crc32-like sums (hashtext)', await measure(query('select sum(hashtext(t::text)) from t')));
  told(
    'md5 sums',
    await measure(query("select sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric) from t")),
  );
  told('300 small tables, exact', await measure(() => take(place, parseTarget('URL', url('small')), order('exact'))));
  console.log(`memory of this process: ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MB`);
  await admin.end();
} finally {
  run('pg_ctl', '-D', data, '-s', '-m', 'immediate', 'stop');
  rmSync(root, { recursive: true, force: true });
  rmSync(bundle, { force: true });
}
