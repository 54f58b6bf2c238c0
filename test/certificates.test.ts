import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { is, match, not } from 'uvu/assert';
import { certificates } from '../src/checks/certificates.ts';
import { messages, predeployContext } from './support/predeploy.ts';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, newRepo, run } from './support/world.ts';

const test = suite('certificates');

const place = folder('certificates');
const openssl = (...args: string[]) => {
  const made = run(place, 'openssl', args);
  if (made.code !== 0) throw new Error(made.out);
};
const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority that nobody knows but whom it is told. */
openssl(
  ...[
    'req',
    '-x509',
    ...ec,
    '-days',
    '365',
    '-subj',
    '/CN=an authority',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
  ],
  ...['-keyout', 'ca.key', '-out', 'ca.pem'],
);

/** A certificate of it. */
function certificate(name: string, days: number, names: string) {
  openssl(
    'req',
    ...ec,
    '-subj',
    `/CN=${name}`,
    '-addext',
    `subjectAltName=${names}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  openssl(
    ...['x509', '-req', '-in', `${name}.csr`, '-copy_extensions', 'copy', '-days', String(days), '-out', `${name}.pem`],
    ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
  );
}

const servers: ChildProcess[] = [];
test.after(() => {
  for (const server of servers) server.kill();
});

/** A real server in a process of its own, since a test waits for the command. @returns its port */
async function serving(name: string): Promise<number> {
  const script = `const fs = require('node:fs');
const server = require('node:tls').createServer({ key: fs.readFileSync('${name}.key'), cert: fs.readFileSync('${name}.pem') }, (socket) => socket.on('error', () => {}));
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const server = spawn(process.execPath, ['-e', script], { cwd: place, stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  const [port] = await once(server.stdout!, 'data');
  return Number(port);
}

/** What the command says of servers, with the authority known to it or not. */
function ask(wanted: string, isKnown = true) {
  const { repo } = guardedRepo({
    hooks: false,
    more: `checks: { not-root: { severity: off } }\ndeploy: { production: { certificates: [${wanted}] } }`,
  });
  repo.git('branch', '--quiet', '--set-upstream-to=origin/main');
  const env = isKnown ? { NODE_EXTRA_CA_CERTS: join(place, 'ca.pem') } : {};
  return repo.protectWith({ env }, 'predeploy', 'production', '--only', 'certificates');
}

test('a certificate that holds long enough passes; one that ends soon, or has, refuses', async () => {
  certificate('good', 90, 'DNS:localhost,IP:127.0.0.1');
  certificate('soon', 5, 'DNS:localhost');
  certificate('gone', -1, 'DNS:localhost');
  const [good, soon, gone] = [await serving('good'), await serving('soon'), await serving('gone')];
  const passed = ask(`{ host: "localhost:${good}" }, { host: "127.0.0.1:${good}", days: 89 }`);
  match(passed.out, '✓ certificates');
  is(passed.code, 3, 'a part decides nothing');
  const late = ask(`{ host: "localhost:${good}", days: 91 }`);
  is(late.code, 1, late.out);
  match(late.out, /the certificate of localhost:\d+ ends on \d{4}-\d\d-\d\d, in (?:89|90) days; 91 days are asked for/);
  const refused = ask(`{ host: "localhost:${soon}" }, { host: "localhost:${gone}" }`);
  is(refused.code, 1);
  match(
    refused.out,
    /error\[certificates\] the certificate of localhost:\d+ ends on .*, in [45] days; 14 days are asked for/,
  );
  match(refused.out, /the certificate of localhost:\d+ has expired (?:today|1 day ago) \(\d/);
  match(refused.out, 'help: renew it, and see that the server shows the new one');
  match(ask(`{ host: "localhost:${soon}", days: 3 }`).out, '✓ certificates');
});

test('a wrong name and an authority that nobody knows refuse', async () => {
  certificate('other', 90, 'DNS:shop.example');
  const other = await serving('other');
  const wrong = ask(`{ host: "localhost:${other}" }`);
  is(wrong.code, 1, wrong.out);
  match(wrong.out, 'its certificate is for another host');
  const good = await serving('good');
  const untrusted = ask(`{ host: "localhost:${good}" }`, false);
  is(untrusted.code, 1, untrusted.out);
  match(untrusted.out, 'its certificate cannot be trusted');
});

test('what could not be looked at has not passed', async () => {
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as { port: number };
  mute.close();
  await once(mute, 'close');
  const nobody = ask(`{ host: "localhost:${port}" }`);
  is(nobody.code, 3, nobody.out);
  match(
    nobody.out,
    `undecided[certificates] the certificate of localhost:${port} could not be looked at: nothing listens there`,
  );
  const soon = await serving('soon');
  const both = ask(`{ host: "localhost:${port}" }, { host: "localhost:${soon}" }`);
  is(both.code, 1, 'what is refused is told all the same');
  match(both.out, 'could not be looked at');
  match(both.out, 'ends on');
});

test('by the clock of the gate, an interruption, no TLS', async () => {
  const repo = newRepo();
  repo.commit('start', { a: '1' });
  const port = await serving('good');
  const environment = { certificates: [{ host: `localhost:${port}`, days: 14 }] };
  const at = (days: number) => ({ repo, environment, now: new Date(Date.now() + days * 864e5) });
  match(await messages(certificates, at(100)), /has expired 10 days ago/);
  match(await messages(certificates, at(-3)), /holds from \d{4}-\d\d-\d\d on only/);
  not.match(await messages(certificates, at(0)), 'ends on');
  const stop = new AbortController();
  stop.abort();
  const thrown = async (given: Parameters<typeof predeployContext>[0]) => {
    try {
      await certificates.run(predeployContext(given));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  is(await thrown({ ...at(0), signal: stop.signal }), 'it was interrupted');
  const plain = createServer((socket) => void socket.end('HTTP/1.1 400 Bad\r\n\r\n')).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port: open } = plain.address() as { port: number };
  const found = await thrown({ repo, environment: { certificates: [{ host: `127.0.0.1:${open}`, days: 1 }] } });
  match(found, /does not speak TLS as it should|the connection was dropped/);
  plain.close();
});

test('the policy takes hosts, not addresses', () => {
  const repo = newRepo();
  for (const host of ['https://x.example', 'x.example/', 'x.example:0', 'x.example:70000', '-x', 'a b']) {
    repo.write('.protectionrc', `version: 1\ndeploy: { production: { certificates: [{ host: "${host}" }] } }\n`);
    match(repo.protect('policy', 'check').out, 'expected a host such as example.com or example.com:8443', host);
  }
});
