import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from './support/suite.ts';
import { folder, guardedRepo, makeKey, Repo, run } from './support/world.ts';

const test = suite('backups');

/** A repository whose files are backed up, and a key of age for the machine that tests. */
async function world(more = '') {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const { repo, keys } = guardedRepo({
    remote: false,
    hooks: false,
    more: `backups:\n  production:\n    files: [uploads/, .env]\n    encrypt: { to: [owners, "${recipient}"] }\n    identity: BACKUP_IDENTITY\n    keep: { daily: 3 }\n${more}`,
  });
  repo.write('.git/info/exclude', 'node_modules\n.backups\nuploads\n.env\n');
  repo
    .write('uploads/a.txt', 'a\n')
    .write('uploads/deep/ü b.txt', 'b\n'.repeat(1000))
    .write('.env', 'SECRET=1\n', 0o600);
  const state = folder('state');
  return { repo: new Repo(repo.dir, { BACKUP_IDENTITY: identity, XDG_STATE_HOME: state }), keys, identity, state };
}

const ids = (repo: Repo) =>
  readdirSync(join(repo.dir, '.backups'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -5));

test('made, listed, proven, opened by hand with age and tar', async () => {
  const { repo, keys } = await world();
  const made = repo.protect('backup', 'create');
  is(made.code, 0, made.out);
  match(
    made.stdout,
    /_production_\d{8}T\d{6}Z: files, [\d.]+ \w+, in \.backups\nnot tested yet: npx git-protect backup verify production/,
  );
  const [id] = ids(repo);
  is(statSync(join(repo.dir, `.backups/${id}.tar.gz.age`)).mode & 0o777, 0o600);
  is(statSync(join(repo.dir, '.backups')).mode & 0o777, 0o700);
  match(repo.protect('backup', 'list').stdout, /backup +age +size +state +tested +copies\n.*whole +never +-/);
  match(
    repo.protect('backup', 'list', '--format', 'markdown').stdout,
    /^\| backup \| age \| size \| state \| tested \| copies \|\n\|---\|/,
  );
  const listed = JSON.parse(repo.protect('backup', 'list', '--format', 'json').stdout);
  equal(
    [listed.version, listed.environment, listed.backups.length, listed.backups[0].testedAt],
    [1, 'production', 1, null],
  );
  is(repo.protect('backup', 'list', '--format', 'xml').code, 2);
  const status = repo.protect('backup', 'status');
  is(status.code, 1);
  match(
    status.stdout,
    'BROKEN  a restore was tried, and proven\n        help: npx git-protect backup verify production',
  );
  const verified = repo.protect('backup', 'verify');
  is(verified.code, 0, verified.out);
  match(verified.stdout, 'tested: it opens, is what was written, and restores');
  is(repo.protect('backup', 'status').code, 0);
  const out = folder('restored');
  const file = join(repo.dir, `.backups/${id}.tar.gz.age`);
  const opened = run(out, 'sh', ['-c', `age -d -i '${keys['lead']!.file}' '${file}' | tar -xzf -`]);
  is(opened.code, 0, opened.out);
  is(readFileSync(join(out, 'uploads/deep/ü b.txt'), 'utf8'), 'b\n'.repeat(1000));
  is(statSync(join(out, '.env')).mode & 0o777, 0o600);
  const read = repo.protect(
    'backup',
    'read',
    `.backups/${id}.tar.gz.age`,
    '--key',
    keys['lead']!.file,
    '-o',
    join(out, 'x.tar.gz'),
  );
  is(read.code, 0, read.out);
  const names = run(out, 'tar', ['-tzf', 'x.tar.gz']);
  match(names.out, 'uploads/a.txt');
  // The file of another backup under its name opens too, and is not what was backed up.
  const manifest = JSON.parse(readFileSync(join(repo.dir, `.backups/${id}.json`), 'utf8'));
  manifest.parts[0].plainSha256 = '0'.repeat(64);
  writeFileSync(join(repo.dir, `.backups/${id}.json`), JSON.stringify(manifest));
  const other = (...more: string[]) =>
    repo.protect('backup', 'read', `.backups/${id}.tar.gz.age`, '--key', keys['lead']!.file, ...more);
  const refused = other('-o', join(out, 'y.tar.gz'));
  is(refused.code, 3, refused.out);
  match(refused.stderr, 'its content is not what the manifest beside it says; nothing was written');
  equal(
    readdirSync(out).filter((name) => name.startsWith('y.')),
    [],
  );
  is(other().code, 3, 'nor on standard output');
});

test('each way in which a backup can be broken is found, and counts against it', async () => {
  const { repo } = await world();
  is(repo.protect('backup', 'create').code, 0);
  const [id] = ids(repo);
  const file = join(repo.dir, `.backups/${id}.tar.gz.age`);
  const whole = readFileSync(file);
  const broken = (words: string | RegExp) => {
    const done = repo.protect('backup', 'verify');
    is(done.code, 1, done.out);
    match(done.stderr, words);
    match(repo.protect('backup', 'list').stdout, 'never');
  };
  writeFileSync(file, whole.subarray(0, -1));
  broken('bytes, and was written with');
  const changed = Buffer.from(whole);
  changed[changed.length - 5]! ^= 1;
  writeFileSync(file, changed);
  broken('its sha256 is another');
  // Whoever changes the manifest too does not know what was encrypted.
  const manifest = JSON.parse(readFileSync(join(repo.dir, `.backups/${id}.json`), 'utf8'));
  manifest.parts[0].sha256 = run(repo.dir, 'sha256sum', [file]).stdout.slice(0, 64);
  writeFileSync(join(repo.dir, `.backups/${id}.json`), JSON.stringify(manifest));
  broken('cut off, changed, or no file of age');
  repo.remove(`.backups/${id}.tar.gz.age`);
  broken('is missing');
  writeFileSync(join(repo.dir, `.backups/${id}.json`), '{"version":1');
  const list = repo.protect('backup', 'list');
  is(list.code, 3);
  match(list.stderr, 'is not JSON');
  is(repo.protect('backup', 'prune').code, 3, 'a list that is not whole is no list');
});

test('no key, a wrong key, and a key that is none: one line each', async () => {
  const { repo } = await world();
  is(repo.protect('backup', 'create').code, 0);
  const verify = (env: NodeJS.ProcessEnv) => new Repo(repo.dir, { ...repo.env, ...env }).protect('backup', 'verify');
  match(verify({ BACKUP_IDENTITY: '' }).stderr, 'BACKUP_IDENTITY is not set');
  const { generateX25519Identity } = await import('age-encryption');
  const wrong = verify({ BACKUP_IDENTITY: await generateX25519Identity() });
  is(wrong.code, 3);
  match(wrong.stderr, 'none of the keys opens it');
  const none = verify({ BACKUP_IDENTITY: 'secret' });
  is(none.code, 3);
  match(none.stderr, 'is not an age key');
  ok(!none.out.includes('secret'));
});

test('what fails in the middle leaves no backup, and the last good one', async () => {
  const { repo } = await world();
  is(repo.protect('backup', 'create').code, 0);
  const before = readdirSync(join(repo.dir, '.backups')).sort();
  repo.remove('.env');
  const missing = repo.protect('backup', 'create');
  is(missing.code, 3);
  match(missing.stderr, '.env is not there, so the backup would not be whole');
  repo.write('.env', 'SECRET=1\n');
  const bin = folder('bin');
  for (const [script, says] of [
    ['echo half; exit 1', 'tar ended with 1'],
    ['exit 2', 'tar ended with 2'],
    ['echo half; kill -9 $$', 'tar ended with SIGKILL'],
  ]) {
    writeFileSync(join(bin, 'tar'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const failed = new Repo(repo.dir, { ...repo.env, PATH: `${bin}:/usr/bin:/bin` }).protect('backup', 'create');
    is(failed.code, 3, failed.out);
    match(failed.stderr, says!);
  }
  is(repo.protect('backup', 'list').code, 0);
  is(repo.protect('backup', 'create').code, 0, 'what was left half is out of the way');
  const now = readdirSync(join(repo.dir, '.backups')).sort();
  for (const name of before) ok(now.includes(name), name);
  equal(
    now.filter((name) => name.endsWith('.partial')),
    [],
  );
});

test('killed at any moment: what has its final name is whole, and the next run goes on', async () => {
  const { repo } = await world();
  repo.write('uploads/large.bin', Buffer.alloc(8 << 20, 7));
  is(repo.protect('backup', 'create').code, 0);
  const { spawn } = await import('node:child_process');
  const { environment, distFolder } = await import('./support/world.ts');
  for (const wait of [80, 160, 240, 320, 400, 500]) {
    const child = spawn(process.execPath, [join(distFolder, 'cli.js'), 'backup', 'create'], {
      cwd: repo.dir,
      env: environment(repo.env),
      stdio: 'ignore',
    });
    const closed = new Promise((done) => child.on('close', done));
    await new Promise((done) => setTimeout(done, wait));
    child.kill('SIGKILL');
    await closed;
    for (const id of ids(repo)) {
      const { parts } = JSON.parse(readFileSync(join(repo.dir, `.backups/${id}.json`), 'utf8'));
      for (const { file, bytes } of parts) is(statSync(join(repo.dir, '.backups', file)).size, bytes);
    }
  }
  is(repo.protect('backup', 'create').code, 0);
  is(repo.protect('backup', 'verify').code, 0);
  equal(
    readdirSync(join(repo.dir, '.backups')).filter((name) => name.endsWith('.partial')),
    [],
  );
});

test('prune tells why, and takes only what a newer, tested one follows', async () => {
  const { repo } = await world();
  is(repo.protect('backup', 'create').code, 0);
  const [first] = ids(repo);
  // Ten days of the same backup.
  const manifest = JSON.parse(readFileSync(join(repo.dir, `.backups/${first}.json`), 'utf8'));
  for (let n = 1; n <= 10; n++) {
    const at = new Date(Date.now() - n * 86_400_000).toISOString();
    const id = first!.replace(/\d{8}T\d{6}Z/, at.replace(/[-:]|\.\d+/g, ''));
    const part = manifest.parts[0];
    repo.write(`.backups/${id}.tar.gz.age`, readFileSync(join(repo.dir, '.backups', part.file)));
    repo.write(
      `.backups/${id}.json`,
      JSON.stringify({ ...manifest, id, createdAt: at, parts: [{ ...part, file: `${id}.tar.gz.age` }] }),
    );
  }
  match(repo.protect('backup', 'prune', '--dry-run').stdout, 'no backup was tested yet, so none goes');
  is(repo.protect('backup', 'verify').code, 0);
  const dry = repo.protect('backup', 'prune', '--dry-run');
  match(dry.stdout, 'the newest tested one');
  match(dry.stdout, 'would go');
  is(ids(repo).length, 11);
  is(repo.protect('backup', 'prune').code, 0);
  is(ids(repo).length, 3, 'three days');
  ok(ids(repo).includes(first!));
  match(readFileSync(join(repo.dir, '.backups/ledger.jsonl'), 'utf8'), '"event":"pruned"');
});

test('what is pinned, or named by the last deploy or an open run, stays; a test counts for what was tested alone', async () => {
  const { repo, state } = await world();
  is(repo.protect('backup', 'create').code, 0);
  const [newest] = ids(repo);
  const manifest = JSON.parse(readFileSync(join(repo.dir, `.backups/${newest}.json`), 'utf8'));
  const old = [1, 2, 3, 4, 5, 6, 7].map((n) => {
    const at = new Date(Date.now() - n * 86_400_000).toISOString();
    const id = newest!.replace(/\d{8}T\d{6}Z/, at.replace(/[-:]|\.\d+/g, ''));
    const [part] = manifest.parts;
    repo.write(`.backups/${id}.tar.gz.age`, readFileSync(join(repo.dir, '.backups', part.file)));
    const parts = [{ ...part, file: `${id}.tar.gz.age` }];
    repo.write(`.backups/${id}.json`, JSON.stringify({ ...manifest, id, createdAt: at, parts }));
    return id;
  });
  const [, , , byHand, byDeploy, byRun, plain] = old;
  is(repo.protect('backup', 'pin', byHand!).code, 2, 'without a reason');
  is(repo.protect('backup', 'pin', byHand!, '--reason', 'before the migration').code, 0);
  match(repo.protect('backup', 'list').stdout, 'whole, pinned (before the migration)');
  const deploys = join(state, 'git-protect/0123456789abcdef0123456789abcdef/deploys');
  mkdirSync(deploys, { recursive: true });
  writeFileSync(join(deploys, 'a.jsonl'), `{"backup":"${byDeploy}"}\n`);
  repo.write('.git/protect/data-run.json', `{"backup":"${byRun}"}`);
  is(repo.protect('backup', 'verify').code, 0);
  const pruned = repo.protect('backup', 'prune');
  is(pruned.code, 0, pruned.out);
  for (const [id, why] of [
    [byHand, 'before the migration'],
    [byDeploy, 'the last deploy names it'],
    [byRun, 'an open run names it'],
  ])
    match(pruned.stdout, new RegExp(`stays +${id} +${why}`));
  ok(!ids(repo).includes(plain!));
  is(repo.protect('backup', 'unpin', byHand!, '--reason', 'the migration is done').code, 0);
  match(repo.protect('backup', 'unpin', byHand!, '--reason', 'x').stderr, 'is not pinned');
  rmSync(deploys, { recursive: true });
  repo.remove('.git/protect/data-run.json');
  // Somebody lays another backup under the name of the tested one.
  repo.write(`.backups/${newest}.json`, JSON.stringify({ ...manifest, commit: 'f'.repeat(40) }));
  match(repo.protect('backup', 'prune').stdout, 'no backup was tested yet, so none goes');
  repo.write(`.backups/${newest}.json`, `${JSON.stringify(manifest, null, 1)}\n`);
  is(repo.protect('backup', 'prune').code, 0);
  ok(![byHand, byDeploy, byRun].some((id) => ids(repo).includes(id!)));
});

test('where the policy names a signer, what it did not sign counts for nothing', async () => {
  const [key, other] = [makeKey('backup'), makeKey('other')];
  const { repo } = await world(`    sign: { by: "${key.line}", key: SIGNER }\n`);
  match(repo.protect('backup', 'create').stderr, 'SIGNER is not set, so the backup cannot be signed');
  const by = (file: string) => repo.protectWith({ env: { SIGNER: file } }, 'backup', 'create');
  match(by(other.file).stderr, "is another than the policy's");
  equal(ids(repo), []);
  is(by(key.file).code, 0);
  const [id] = ids(repo);
  const path = join(repo.dir, `.backups/${id}.json`);
  const text = readFileSync(path, 'utf8');
  const manifest = JSON.parse(text);
  // As anybody can check by hand.
  const place = folder('signed');
  const { signature, ...rest } = manifest;
  writeFileSync(join(place, 'payload'), `${JSON.stringify(rest, null, 1)}\n`);
  writeFileSync(join(place, 'sig'), signature);
  writeFileSync(join(place, 'allowed'), `backup ${key.line}\n`);
  const checked = run(place, 'sh', [
    '-c',
    'ssh-keygen -Y verify -f allowed -I backup -n git-protect.backup.v1 -s sig < payload',
  ]);
  is(checked.code, 0, checked.out);
  is(repo.protect('backup', 'verify').code, 0);
  match(repo.protect('backup', 'status').stdout, 'holds   every backup is signed by the key of the policy');
  const approvals = run(place, 'sh', [
    '-c',
    `ssh-keygen -q -Y sign -n git-protect.approval.v1 -f '${key.file}' payload`,
  ]);
  is(approvals.code, 0, approvals.out);
  for (const [changed, says] of [
    [{ ...manifest, commit: null }, 'was changed since it was signed'],
    [rest, 'is not signed, as the policy demands'],
    [{ ...rest, signature: 'x' }, 'has a signature that is not one'],
    [{ ...rest, signature: readFileSync(join(place, 'payload.sig'), 'utf8') }, 'was changed since it was signed'],
  ] as const) {
    writeFileSync(path, JSON.stringify(changed));
    const broken = repo.protect('backup', 'verify');
    is(broken.code, 1, broken.out);
    match(broken.stderr, `the manifest ${says}`);
    match(repo.protect('backup', 'status').stdout, `not every backup counts: ${id} ${says}`);
    match(repo.protect('backup', 'list').stdout, says);
    match(repo.protect('backup', 'prune').stdout, 'no backup was tested yet, so none goes');
  }
  writeFileSync(path, text);
  is(repo.protect('backup', 'verify').code, 0);
});

test('other recipients, a small one, and wrong words', async () => {
  const { repo } = await world();
  repo.write('uploads/large.bin', randomBytes(1 << 20));
  is(repo.protect('backup', 'create').code, 0);
  repo.write('.protectionrc', repo.read('.protectionrc').replace('[owners, ', '['));
  repo.git('commit', '-qam', 'chore: policy');
  const others = repo.protect('backup', 'create');
  is(others.code, 3);
  match(others.stderr, 'other people than before could open this backup: SHA256:');
  is(repo.protect('backup', 'create', '--recipients-changed').code, 0);
  repo.remove('uploads/large.bin');
  const small = repo.protect('backup', 'create');
  is(small.code, 1);
  match(small.stderr, 'less than half of what the last ones have');
  is(repo.protect('backup', 'create', '--smaller').code, 0);
  match(repo.protect('backup', 'create', 'prodution').stderr, "did you mean 'production'");
  match(repo.protect('backup', 'verfy').stderr, "did you mean 'verify'");
  match(
    repo.protect('backup', 'schedule', '--cron').stdout,
    /0 2 \* \* \* cd .* && npx git-protect backup create production/,
  );
  match(repo.protect('backup', 'schedule', '--systemd').stdout, 'OnCalendar=*-*-* 02:00:00 UTC');
  match(repo.protect('backup', 'schedule', '--github').stdout, 'cron: "0 2 * * *"');
});

test('before a deploy the newest one counts by its manifest: whole, young, proven', async () => {
  const { repo } = await world(
    'deploy: { production: { branch: main, backups: { folder: .backups, maxAge: 24h } } }\n',
  );
  const fresh = () => repo.protect('predeploy', 'production', '--only', 'fresh-backup').out;
  match(fresh(), 'error[fresh-backup] there is no whole backup');
  match(fresh(), 'help: npx git-protect backup create production');
  is(repo.protect('backup', 'create').code, 0);
  match(fresh(), 'error[fresh-backup] no restore was ever proven');
  is(repo.protect('backup', 'verify').code, 0);
  match(fresh(), '✓ fresh-backup');
  const [id] = ids(repo);
  const file = join(repo.dir, `.backups/${id}.tar.gz.age`);
  writeFileSync(file, readFileSync(file).subarray(1));
  match(fresh(), 'the newest backup is of no use:');
});

test('the policy says what is wrong with backups', () => {
  const { repo } = guardedRepo({ remote: false, hooks: false });
  repo.write(
    '.protectionrc',
    `${repo.read('.protectionrc')}backups:\n  a: { encrypt: { to: [nobody] } }\n  b: { database: x, files: [../up], encrypt: { to: [owners] }, restoreInto: y }\n`,
  );
  const { stderr } = repo.protect('policy', 'check');
  for (const words of [
    'backs nothing up',
    "expected owners, an ssh-ed25519 key, or 'age1…'",
    "'x' is not under databases:",
    'leads out of the repository',
    'restores are tried on a disposable one',
  ])
    match(stderr, words);
});
