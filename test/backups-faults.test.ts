import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import type { Manifest } from '../src/backups/manifest.ts';
import { needing, suite } from './support/suite.ts';
import { distFolder, environment, folder, guardedRepo, hooksApart, Repo } from './support/world.ts';

const test = suite('backups: faults');

async function world(more = '') {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const { repo } = guardedRepo({
    remote: false,
    hooks: false,
    more: `backups:\n  production:\n    files: [uploads/]\n    encrypt: { to: ["${await identityToRecipient(identity)}"] }\n    identity: BACKUP_IDENTITY\n    keep: { daily: 3 }\n${more}`,
  });
  repo.write('.git/info/exclude', 'node_modules\n.backups\nuploads\n').write('uploads/a.txt', 'a\n'.repeat(5000));
  return new Repo(repo.dir, { ...hooksApart, BACKUP_IDENTITY: identity, XDG_STATE_HOME: folder('state') });
}

const inFolder = (repo: Repo) => readdirSync(join(repo.dir, '.backups')).sort();
const ids = (repo: Repo) =>
  inFolder(repo)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5));

/** Every backup that has its name has all its files, with the bytes that were written. */
function allWhole(repo: Repo, when: string): void {
  for (const id of ids(repo)) {
    const { parts } = JSON.parse(readFileSync(join(repo.dir, `.backups/${id}.json`), 'utf8')) as Manifest;
    for (const { file, bytes } of parts) is(statSync(join(repo.dir, '.backups', file)).size, bytes, when);
  }
}

/** A module that Node loads first. */
function before(code: string): NodeJS.ProcessEnv {
  const file = join(folder('preload'), 'first.mjs');
  writeFileSync(file, code);
  return { NODE_OPTIONS: `--import ${file}` };
}

/** Kills the process when it changes something on the disk for the n-th time. */
const killedAt = (n: number) =>
  before(`import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
let left = ${n};
const once = () => { if (--left === 0) process.kill(process.pid, 'SIGKILL'); };
for (const name of ['rename', 'rm', 'mkdir', 'writeFile']) {
  const real = promises[name];
  promises[name] = (...args) => { if (name !== 'mkdir' || String(args[0]).includes('.backups')) once(); return real(...args); };
}
const open = promises.open;
promises.open = async (...args) => {
  once();
  const file = await open(...args);
  for (const name of ['write', 'sync', 'appendFile', 'truncate', 'close']) {
    const real = file[name].bind(file);
    file[name] = (...given) => { once(); return real(...given); };
  }
  return file;
};
syncBuiltinESMExports();
`);

test('killed at every step that changes the disk: what has its name is whole, the last good one stays, the next run goes on', async () => {
  const repo = await world();
  is(repo.protect('backup', 'create').code, 0);
  is(repo.protect('backup', 'verify').code, 0);
  const [good] = ids(repo);
  let steps = 1;
  for (; ; steps++) {
    const done = repo.protectWith({ env: killedAt(steps) }, 'backup', 'create');
    allWhole(repo, `step ${steps}`);
    ok(ids(repo).includes(good!), `step ${steps}`);
    const list = repo.protect('backup', 'list', '--format', 'json');
    is(list.code, 0, `step ${steps}: ${list.out}`);
    if (done.code === 0) break;
    is(done.code, null, `step ${steps}: ${done.out}`);
    ok(steps < 60);
  }
  ok(steps > 15, `${steps} steps`);
  is(repo.protect('backup', 'create').code, 0);
  is(repo.protect('backup', 'verify').code, 0);
  equal(
    inFolder(repo).filter((name) => name.endsWith('.partial')),
    [],
  );
});

test('prune that is killed at any step keeps the newest tested one, and leaves no manifest without its files', async () => {
  const repo = await world();
  is(repo.protect('backup', 'create').code, 0);
  const [newest] = ids(repo);
  const manifest = JSON.parse(readFileSync(join(repo.dir, `.backups/${newest}.json`), 'utf8'));
  for (const n of [1, 2, 3, 4, 5]) {
    const at = new Date(Date.now() - n * 86_400_000).toISOString();
    const id = newest!.replace(/\d{8}T\d{6}Z/, at.replace(/[-:]|\.\d+/g, ''));
    const [part] = manifest.parts;
    repo.write(`.backups/${id}.tar.gz.age`, readFileSync(join(repo.dir, '.backups', part.file)));
    const parts = [{ ...part, file: `${id}.tar.gz.age` }];
    repo.write(`.backups/${id}.json`, JSON.stringify({ ...manifest, id, createdAt: at, parts }));
  }
  is(repo.protect('backup', 'verify').code, 0);
  for (let step = 1; ; step++) {
    const done = repo.protectWith({ env: killedAt(step) }, 'backup', 'prune');
    allWhole(repo, `step ${step}`);
    ok(ids(repo).includes(newest!));
    if (done.code === 0) break;
    ok(step < 60);
  }
  is(repo.protect('backup', 'prune').code, 0);
  is(ids(repo).length, 3);
});

function mountable(): string | null {
  if (process.getuid?.() !== 0) return 'right to mount a small disk (root)';
  const place = folder('disk');
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place]).status !== 0)
    return 'right to mount a small disk';
  spawnSync('umount', [place]);
  return null;
}

needing(
  test,
  mountable(),
  'a disk that is full makes no backup, leaves no half of one, and keeps the last good one',
  async () => {
    const repo = await world();
    const disk = join(repo.dir, '.backups');
    mkdirSync(disk);
    is(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k,mode=700', 'tmpfs', disk]).status, 0);
    try {
      is(repo.protect('backup', 'create').code, 0);
      is(repo.protect('backup', 'verify').code, 0);
      const there = inFolder(repo);
      repo.write('uploads/large.bin', randomBytes(2 << 20));
      const full = repo.protect('backup', 'create');
      is(full.code, 3, full.out);
      match(full.stderr, /the disk of .*\.backups is full \(ENOSPC\); what was there stays/);
      equal(inFolder(repo), there);
      is(repo.protect('backup', 'status').code, 0);
      is(repo.protect('backup', 'verify').code, 0);
      // Once one has that size, the room is looked at before anything is written.
      const [id] = ids(repo);
      const manifest = JSON.parse(repo.read(`.backups/${id}.json`));
      repo.write(`.backups/${id}.json`, JSON.stringify({ ...manifest, parts: [{ ...manifest.parts[0], bytes: 1e9 }] }));
      match(repo.protect('backup', 'create').stderr, 'and twice the last backup (2000 MB) is needed');
    } finally {
      spawnSync('umount', [disk]);
    }
  },
);

const start = (repo: Repo, env: NodeJS.ProcessEnv = {}, name = 'production') =>
  new Promise<{ code: number | null; out: string }>((done) => {
    const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'backup', 'create', name], {
      cwd: repo.dir,
      env: environment({ ...repo.env, ...env }),
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += chunk));
    child.on('close', (code) => done({ code, out }));
  });

test('two that begin at once: the second waits, and both are whole', async () => {
  const repo = await world();
  const both = await Promise.all([start(repo), start(repo), start(repo)]);
  for (const { code, out } of both) is(code, 0, out);
  is(ids(repo).length, 3);
  allWhole(repo, 'at once');
});

test('two environments in one folder, at work at once, leave each other alone', async () => {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const to = await identityToRecipient(await generateX25519Identity());
  const repo = await world(`  staging: { files: [uploads/], encrypt: { to: ["${to}"] } }\n`);
  const slow = start(repo, tar('/usr/bin/tar "$@"; sleep 4'), 'production');
  await new Promise((done) => setTimeout(done, 2000));
  const quick = await start(repo, {}, 'staging');
  is(quick.code, 0, quick.out);
  ok(
    inFolder(repo).some((name) => name.endsWith('.partial')),
    'the other one is at work',
  );
  const { code, out } = await slow;
  is(code, 0, out);
  is(ids(repo).length, 2);
  allWhole(repo, 'two environments');
});

/** A `tar` that does something else. */
function tar(script: string): NodeJS.ProcessEnv {
  const bin = folder('bin');
  writeFileSync(join(bin, 'tar'), `#!/bin/sh\n[ "$1" = --version ] && exec /usr/bin/tar --version\n${script}\n`, {
    mode: 0o755,
  });
  return { PATH: `${bin}:${hooksApart['PATH']}` };
}

test('what hangs is ended by the time limit, also where something else holds its output open', async () => {
  const repo = await world('    timeout: 1s\n');
  // What is not ended outlasts the limit of the test's own runs.
  for (const script of ['sleep 150', 'exec sleep 150', '/usr/bin/tar "$@"; sleep 150 & wait', 'sleep 150 & exit 0']) {
    const hung = repo.protectWith({ env: tar(script) }, 'backup', 'create');
    is(hung.code, 3, `${script}: ${hung.out}`);
    match(hung.stderr, 'tar took longer than 1 second and was ended', script);
    equal(ids(repo), []);
    equal(inFolder(repo), []);
  }
});

test('nothing, half and more than an archive with exit 0 make no backup either', async () => {
  const repo = await world();
  for (const script of [
    'exit 0',
    'echo hello',
    '/usr/bin/tar "$@" | head -c 3000',
    '/usr/bin/tar "$@" | head -c 10240',
  ]) {
    const failed = repo.protectWith({ env: tar(script) }, 'backup', 'create');
    is(failed.code, 3, `${script}: ${failed.out}`);
    match(failed.stderr, 'what tar wrote is not a complete archive', script);
    equal(ids(repo), []);
  }
});

/** A clock that is so many hours off. */
const off = (hours: number) =>
  before(`const real = Date;
globalThis.Date = class extends real {
  constructor(...args) { if (args.length === 0) super(real.now() + ${hours * 3_600_000}); else super(...args); }
  static now() { return real.now() + ${hours * 3_600_000}; }
};
`);

test('a clock that jumps: no old one becomes the newest, nothing good goes, and the way back is printed', async () => {
  const repo = await world();
  is(repo.protectWith({ env: off(-48) }, 'backup', 'create').code, 0);
  is(repo.protectWith({ env: off(-48) }, 'backup', 'verify').code, 0);
  is(repo.protectWith({ env: off(400 * 24) }, 'backup', 'create').code, 0);
  is(repo.protectWith({ env: off(400 * 24) }, 'backup', 'verify').code, 0);
  is(repo.protectWith({ env: off(400 * 24) }, 'backup', 'prune').code, 0);
  is(ids(repo).length, 2, 'a day is kept by its number, however long ago');
  const future = ids(repo).sort().at(-1)!;
  is(repo.protect('backup', 'create').code, 0);
  const pruned = repo.protect('backup', 'prune');
  match(pruned.stdout, `${future}  it is from the future: a clock was wrong`);
  is(ids(repo).length, 3);
  const verified = repo.protect('backup', 'verify');
  is(verified.code, 0, verified.out);
  ok(!verified.stdout.includes(future), 'the newest is the newest until now');
  const status = repo.protect('backup', 'status');
  is(status.code, 1);
  match(status.stdout, `so a clock was wrong: ${future}; they count for nothing`);
  const help = /help: set the clock; then: (rm .*)/.exec(status.stdout)![1]!;
  is(spawnSync('sh', ['-c', help]).status, 0);
  is(repo.protect('backup', 'status').code, 0);
});
