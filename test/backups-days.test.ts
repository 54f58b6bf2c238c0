import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { is, match, ok } from 'uvu/assert';
import type { Manifest } from '../src/backups/manifest.ts';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, hooksApart, Repo, run } from './support/world.ts';

const test = suite('backups: days');
const days = 30;
const day = 86_400_000;

/** Loads before the command: a clock that is so many days off, and a kill at a change of the disk. */
function before(offDays: number, killAt: number): NodeJS.ProcessEnv {
  const file = join(folder('preload'), 'first.mjs');
  writeFileSync(
    file,
    `import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const real = Date;
globalThis.Date = class extends real {
  constructor(...args) { if (args.length === 0) super(real.now() + ${offDays * day}); else super(...args); }
  static now() { return real.now() + ${offDays * day}; }
};
let left = ${killAt};
for (const name of ['rename', 'rm', 'open']) {
  const act = promises[name];
  promises[name] = (...args) => { if (--left === 0) process.kill(process.pid, 'SIGKILL'); return act(...args); };
}
syncBuiltinESMExports();
`,
  );
  return { NODE_OPTIONS: `--import ${file}` };
}

/** A `tar` that fails in its own way. */
function tar(script: string): string {
  const bin = folder('bin');
  const text = `#!/bin/sh\n[ "$1" = --version ] && exec /usr/bin/tar --version\n${script}\n`;
  writeFileSync(join(bin, 'tar'), text, { mode: 0o755 });
  return `${bin}:${hooksApart['PATH']}`;
}

const faults = ['none', 'none', 'fails', 'half', 'killed', 'killed in prune', 'untested', 'changed', 'future', 'small'];

test('thirty days of daily backups with random faults: every promise is kept', async () => {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const { repo: made } = guardedRepo({
    remote: false,
    hooks: false,
    more: `backups:\n  production:\n    files: [uploads/]\n    encrypt: { to: ["${await identityToRecipient(identity)}"] }\n    identity: BACKUP_IDENTITY\n    keep: { daily: 7 }\n`,
  });
  made.write('.git/info/exclude', 'node_modules\n.backups\nuploads\n');
  const key = join(folder('key'), 'key.txt');
  writeFileSync(key, identity);
  const repo = new Repo(made.dir, { ...hooksApart, BACKUP_IDENTITY: identity, XDG_STATE_HOME: folder('state') });
  const at = (name: string) => join(repo.dir, '.backups', name);
  const manifests = () =>
    readdirSync(join(repo.dir, '.backups'))
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(at(name), 'utf8')) as Manifest);
  const isWhole = ({ parts }: Manifest) =>
    parts.every(
      ({ file, sha256 }) =>
        existsSync(at(file)) &&
        createHash('sha256')
          .update(readFileSync(at(file)))
          .digest('hex') === sha256,
    );
  let seed = Number(process.env['FUZZ_SEED'] ?? 20261127);
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const proven = new Map<string, number>();
  const damaged = new Set<string>();
  for (let n = 0; n < days; n++) {
    const fault = faults[random(faults.length)]!;
    const when = `day ${n}, ${fault}`;
    repo.write(
      'uploads/a.txt',
      fault === 'small' ? 'a' : Array.from({ length: 4000 }, (_, k) => `${n} ${k * n}\n`).join(''),
    );
    const PATH =
      fault === 'fails'
        ? tar('/usr/bin/tar "$@"; exit 2')
        : fault === 'half'
          ? tar('/usr/bin/tar "$@" | head -c 9000')
          : hooksApart['PATH']!;
    const clock = before(n - days, 0);
    const known = new Set(existsSync(join(repo.dir, '.backups')) ? manifests().map(({ id }) => id) : []);
    const made = repo.protectWith(
      { env: { ...before(fault === 'future' ? 300 : n - days, fault === 'killed' ? 1 + random(12) : 0), PATH } },
      ...['backup', 'create'],
    );
    if (['fails', 'half'].includes(fault)) is(made.code, 3, `${when}\n${made.out}`);
    for (const manifest of manifests()) ok(damaged.has(manifest.id) || isWhole(manifest), `${when}: ${manifest.id}`);
    const fresh = manifests().find(({ id }) => !known.has(id));
    if (fault === 'changed' && fresh) {
      const file = at(fresh.parts[0]!.file);
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(file, bytes);
      damaged.add(fresh.id);
    }
    const verified = repo.protectWith(
      { env: { ...clock, BACKUP_IDENTITY: fault === 'untested' ? await generateX25519Identity() : identity } },
      ...['backup', 'verify'],
    );
    const [, id] = /^(\S+): tested:/m.exec(verified.stdout) ?? [];
    if (id !== undefined) {
      ok(verified.code === 0 && !damaged.has(id), when);
      const { createdAt, state } = manifests().find((one) => one.id === id)!;
      if (state === 'whole') proven.set(id, Date.parse(createdAt));
    }
    if (fault === 'untested') is(verified.code, 3, when);
    const newest = [...proven].sort((a, b) => b[1] - a[1])[0];
    const there = manifests();
    const env = fault === 'killed in prune' ? before(n - days, 1 + random(6)) : clock;
    const pruned = repo.protectWith({ env }, 'backup', 'prune');
    if (fault !== 'killed in prune') is(pruned.code, 0, `${when}\n${pruned.out}`);
    const left = new Set(manifests().map((one) => one.id));
    for (const gone of there.filter((one) => !left.has(one.id)))
      ok(newest !== undefined && Date.parse(gone.createdAt) < newest[1], `${when}: ${gone.id} went`);
    if (newest)
      ok(
        left.has(newest[0]) && isWhole(manifests().find((one) => one.id === newest[0])!),
        `${when}: the last good one`,
      );
  }
  repo.write('uploads/a.txt', 'the last day\n'.repeat(2000));
  const last = repo.protect('backup', 'create', '--smaller');
  is(last.code, 0, last.out);
  is(repo.protect('backup', 'verify').code, 0);
  is(repo.protect('backup', 'prune').code, 0);
  const { stdout } = repo.protect('backup', 'status');
  for (const line of stdout.split('\n').filter((text) => text.startsWith('BROKEN')))
    match(line, /dated into the future|files are missing or cut off/);
  const past = manifests().filter(({ createdAt }) => Date.parse(createdAt) <= Date.now());
  ok(past.length >= 2 && past.length <= 20, `${past.length} are left`);
  const newest = past.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))[0]!;
  const out = folder('out');
  const opened = run(out, 'sh', ['-c', `age -d -i '${key}' '${at(newest.parts[0]!.file)}' | tar -xzf -`]);
  is(opened.code, 0, opened.out);
  is(readFileSync(join(out, 'uploads/a.txt'), 'utf8'), 'the last day\n'.repeat(2000));
});
