import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { asServant, Cluster, missing, servantFolder } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { folder, guardedRepo } from './support/world.ts';

const test = suite('db-tls');
const lacking = missing ?? (existsSync('/usr/bin/openssl') ? null : 'openssl');

/** A certificate that signs itself, for a name and an address. */
function certificate(name: string, alternative: string): { certificate: string; key: string } {
  const at = servantFolder('tls');
  const [made, key] = [join(at, 'server.crt'), join(at, 'server.key')];
  asServant('openssl', [
    'req',
    '-new',
    '-x509',
    '-days',
    '30',
    '-nodes',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=${alternative}`,
    '-keyout',
    key,
    '-out',
    made,
  ]);
  return { certificate: made, key };
}

/** A server that takes connections by TLS alone. */
async function strict(name: string, alternative: string): Promise<{ cluster: Cluster; roots: string }> {
  const made = certificate(name, alternative);
  const cluster = await Cluster.create(`-c ssl=on -c ssl_cert_file=${made.certificate} -c ssl_key_file=${made.key}`);
  await cluster.shop('shop');
  writeFileSync(
    join(cluster.data, 'pg_hba.conf'),
    'hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n',
  );
  await cluster.sql('postgres', 'select pg_reload_conf()');
  await new Promise((done) => setTimeout(done, 300));
  const roots = join(folder('roots'), 'roots.pem');
  writeFileSync(roots, readFileSync(made.certificate));
  chmodSync(roots, 0o644);
  return { cluster, roots };
}

const { repo } = guardedRepo({
  hooks: false,
  remote: false,
  more: `databases:
  production: { url: DATABASE_URL }
  test: { url: TEST_DATABASE_URL, disposable: true, name: "*_test", reseed: { from: production } }
`,
});

function baseline(url: string) {
  const done = repo.protectWith({ env: { DATABASE_URL: url } }, 'db', 'baseline', 'production');
  not.match(done.out, /shop_\w+(?: |%20)secret/);
  return done;
}

needing(
  test,
  lacking,
  'a server that demands TLS is spoken to as sslmode says, by the driver and by the tools',
  async () => {
    const { cluster, roots } = await strict('localhost', 'DNS:localhost,IP:127.0.0.1');
    const other = await Cluster.create();
    await other.sql('postgres', "create role tester login password 'tester secret' createdb");
    await other.sql('postgres', 'create database shop_test owner tester');
    const url = cluster.url('shop', 'shop_reader');
    const named = url.replace('127.0.0.1', 'localhost');
    for (const [from, how] of [
      [url, 'sslmode=require'],
      [url, `sslmode=verify-ca&sslrootcert=${roots}`],
      [url, `sslmode=verify-full&sslrootcert=${roots}`],
      [named, `sslmode=verify-full&sslrootcert=${roots}`],
    ] as const) {
      const done = baseline(`${from}?${how}`);
      is(done.code, 0, `${how}: ${done.out}`);
      const env = { DATABASE_URL: `${from}?${how}`, TEST_DATABASE_URL: other.url('shop_test', 'tester') };
      const dumped = repo.protectWith({ env }, 'db', 'reseed');
      is(dumped.code, 0, `${how}: ${dumped.out}`);
      not.match(dumped.out, /DeprecationWarning/);
    }
    const plain = baseline(url);
    is(plain.code, 3, plain.out);
    const unknown = baseline(`${url}?sslmode=verify-full`);
    is(unknown.code, 3, unknown.out);
    match(unknown.out, /its certificate is not trusted/);
    const elsewhere = baseline(`${url}?sslmode=verify-full&sslrootcert=${roots}.none`);
    is(elsewhere.code, 3, elsewhere.out);
    match(elsewhere.out, /a file of certificates \(sslrootcert\) that cannot be read/, elsewhere.out);
  },
);

needing(test, lacking, 'a certificate of another host, and a server without TLS, are refused in one line', async () => {
  const { cluster, roots } = await strict('db.example', 'DNS:db.example');
  const url = cluster.url('shop', 'shop_reader');
  const trusted = baseline(`${url}?sslmode=verify-ca&sslrootcert=${roots}`);
  is(trusted.code, 0, trusted.out);
  const another = baseline(`${url}?sslmode=verify-full&sslrootcert=${roots}`);
  is(another.code, 3, another.out);
  match(another.out, /its certificate is not trusted/);
  const plain = await Cluster.create();
  await plain.shop('shop');
  for (const how of ['require', 'verify-full']) {
    const refused = baseline(`${plain.url('shop', 'shop_reader')}?sslmode=${how}`);
    is(refused.code, 3, refused.out);
    match(refused.out, /it offers no TLS, which the URL demands/);
    is(
      refused.stderr.split('\n').filter((line) => line !== '' && !line.includes('counting')).length,
      1,
      refused.stderr,
    );
  }
  is(baseline(`${plain.url('shop', 'shop_reader')}?sslmode=prefer`).code, 0);
});
