// What the benchmark measures on: repositories, keys and approvals made from nothing, in a folder that goes with the process.
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = realpathSync(mkdtempSync(join(tmpdir(), 'protect-bench-')));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
writeFileSync(join(root, '.gitconfig'), '[user]\n\tname = B\n\temail = b@example.com\n[gc]\n\tauto = 0\n');

/** Made from nothing: a caller's NODE_EXTRA_CA_CERTS alone would more than double what `node -e 0` takes. */
const environment = {
  PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: root,
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  TMPDIR: root,
  GIT_CONFIG_NOSYSTEM: '1',
};

/** bash tells what a command and all it waited for took of the processor, in ms; wall time says who else was busy. */
const timed = `TIMEFORMAT='%3U %3S'; { time "$@" 2>&4; } 4>&2 2>&3`;

/**
 * Runs to the end.
 * @returns what it printed, and `ms`, the user and system time of its whole process tree
 * @throws when the exit code is none of `codes`, or a quiet one says anything
 */
export function run(cwd, command, args, { input = '', env = {}, quiet = false, codes = [0] } = {}) {
  const done = spawnSync('/bin/bash', ['-c', timed, 'bash', command, ...args], {
    cwd,
    env: { ...environment, ...env },
    input,
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const ms = String(done.output?.[3])
    .trim()
    .split(' ')
    .reduce((sum, seconds) => sum + Number(seconds) * 1000, 0);
  const said = `${done.error ?? ''}${done.stdout}${done.stderr}`;
  if (done.error || !codes.includes(done.status) || (quiet && said !== ''))
    throw new Error(`${command} ${args.join(' ')} (exit code ${done.status}):\n${said.slice(-2000)}`);
  return { ms, stdout: done.stdout.toString(), stderr: done.stderr.toString() };
}

export const node = (cwd, args, options) => run(cwd, process.execPath, args, options);
export const git = (cwd, ...args) => run(cwd, 'git', args).stdout.trim();

/** Runs each case once unmeasured, then all in turn. Returns median and least milliseconds by name. */
export function interleave(cases, rounds) {
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++)
    for (const [name, measure] of Object.entries(cases)) {
      const { ms } = measure(round === 0);
      if (round > 0) times[name].push(ms);
    }
  const summary = (list) => ({ median: list.sort((a, b) => a - b)[Math.floor(list.length / 2)], min: list[0] });
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, summary(list)]));
}

/** A string of the SSH wire format. */
function wire(bytes) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(bytes));
  return Buffer.concat([length, Buffer.from(bytes)]);
}

export function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const blob = Buffer.concat(
    ['ssh-ed25519', Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url')].map(wire),
  );
  return { publicKey, privateKey, blob, line: `ssh-ed25519 ${blob.toString('base64')}` };
}

const projectId = '0123456789abcdef'.repeat(2);

/** 100 patterns of the kinds people write, in 20 rules; `src/` is free, because commits are made there. */
export function policyText(owners, more = '') {
  const rule = (n) => {
    const paths = `server/area${n}/guard.ts, config/s${n}/, "deploy/**/*.env${n}", "*.pem${n}", /infra/s${n}/**`;
    return `  - { paths: [${paths}], risk: ${n < 5 ? 'critical' : 'high'} }`;
  };
  const keys = Object.entries(owners).map(([name, line]) => `  ${name}: { keys: ["${line}"] }`);
  const rules = Array.from({ length: 20 }, (_, n) => rule(n));
  const head = ['version: 1', `project: ${projectId}`, 'owners:', ...keys, 'branches: { main: {} }'];
  return [...head, 'files:', ...rules, more, ''].join('\n');
}

export const file = (n) => `src/pkg${Math.floor(n / 100)}/file${n % 100}.ts`;
const data = (text) => `data ${Buffer.byteLength(text)}\n${text}\n`;
const put = (path, text) => `M 100644 inline ${path}\n${data(text)}`;
const commitOn = (branch, n, message) =>
  `commit refs/heads/${branch}\ncommitter B <b@example.com> ${1.7e9 + n} +0000\n${data(message)}`;

/** A bare repository: a commit of many files, then on each branch commits of one to five files among some of them. */
export function makeBare(name, policy, branches = {}, files = 50_000) {
  const dir = join(root, name);
  git(root, 'init', '--quiet', '--bare', '--initial-branch=main', dir);
  const stream = [commitOn('main', 0, 'chore: start'), put('.protectionrc', policy)];
  for (let n = 0; n < files; n++) stream.push(put(file(n), `export const value = ${n};\n`));
  for (const [branch, { commits, among }] of Object.entries(branches))
    for (let n = 1; n <= commits; n++) {
      stream.push(commitOn(branch, n, `feat(pkg): change number ${n}\n\nA body, as people write them.\n`));
      if (n === 1) stream.push('from refs/heads/main\n');
      for (let k = 0; k <= n % 5; k++)
        stream.push(put(file((n * 7919 + k * 104_729) % among), `export const value = ${n * 10 + k};\n`));
    }
  run(dir, 'git', ['fast-import', '--quiet'], { input: stream.join('') });
  return dir;
}

/** A clone whose hooks `wireHooks` laid and its origin has, with one small change staged. */
export function makeClone(origin, name, wireHooks) {
  const dir = join(root, name);
  git(root, 'clone', '--quiet', origin, dir);
  writeFileSync(join(dir, '.git/info/exclude'), 'node_modules\n');
  wireHooks(dir);
  git(dir, 'add', '--all');
  git(dir, 'commit', '--quiet', '--no-verify', '--allow-empty', '-m', 'chore: hooks');
  git(dir, 'push', '--quiet', '--no-verify', 'origin', 'main');
  writeFileSync(join(dir, file(0)), 'export const value = "changed";\n');
  git(dir, 'add', file(0));
  git(dir, 'status'); // Refreshes the index, so that no round pays for it.
  return dir;
}

export const namespace = 'git-protect.approval.v1';
const sha512 = (text) => createHash('sha512').update(text);

/** What an owner signs: two changes, different for each number. */
export function payloadOf(approver, n) {
  const hex = (text, length) => sha512(text).digest('hex').slice(0, length);
  const state = (text) => ({ mode: '100644', oid: hex(text, 40), sha256: hex(text, 64) });
  const changes = [1, 2].map((k) => ({ path: file(n * 2 + k), from: state(`${n} ${k}`), to: state(`${n} ${k}, new`) }));
  const times = { issuedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-03T00:00:00Z' };
  const nonce = hex(`nonce ${n}`, 32);
  const what = { version: 1, project: projectId, targets: ['main'], approver, reason: `number ${n}` };
  return `${JSON.stringify({ ...what, ...times, nonce, changes }, null, 2)}\n`;
}

/** Signs as ssh-keygen does. @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig */
export function signed(payload, { blob, privateKey }) {
  const common = Buffer.concat([namespace, '', 'sha512'].map(wire));
  const bytes = Buffer.concat([Buffer.from('SSHSIG'), common, wire(sha512(payload).digest())]);
  const signature = wire(Buffer.concat(['ssh-ed25519', sign(null, bytes, privateKey)].map(wire)));
  const whole = Buffer.concat([Buffer.from('SSHSIG\0\0\0\x01'), wire(blob), common, signature]).toString('base64');
  const lines = whole.match(/.{1,70}/g).join('\n');
  return Buffer.from(`${payload}-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----\n`);
}
