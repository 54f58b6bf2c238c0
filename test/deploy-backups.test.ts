import { appendFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { equal, is, match } from 'uvu/assert';
import { freshBackup } from '../src/checks/fresh-backup.ts';
import { damage } from '../src/machine/damage.ts';
import { findings, messages, predeployContext } from './support/predeploy.ts';
import { suite } from './support/suite.ts';
import { folder, newRepo, type Repo, run } from './support/world.ts';

const test = suite('fresh-backup');
const now = new Date('2026-11-21T12:00:00Z');
const hour = 3_600_000;

/** A repository with backups, by name: their content and how many hours ago they were written. */
function backups(files: Record<string, readonly [content: string | Buffer, hours: number]>): Repo {
  const repo = newRepo();
  repo.commit('chore: start', { 'a.txt': 'a' });
  for (const [path, [content, hours]] of Object.entries(files)) {
    repo.write(`.backups/${path}`, content);
    date(repo, `.backups/${path}`, hours);
  }
  return repo;
}

function date(repo: Repo, path: string, hours: number): void {
  const time = new Date(now.getTime() - hours * hour);
  utimesSync(join(repo.dir, path), time, time);
}

const given = (repo: Repo, more: Record<string, unknown> = {}) => ({
  repo,
  now,
  environment: { backups: { folder: '.backups', maxAge: '24h', ...more } },
});
const said = (repo: Repo) => messages(freshBackup, given(repo));
const sql = '-- PostgreSQL database dump\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n';

test('skipped where none are configured', async () => {
  equal(await freshBackup.run(predeployContext({ repo: backups({}) })), { skipped: 'no backups are configured' });
});

test('a young one passes, up to its last minute', async () => {
  equal(await findings(freshBackup, given(backups({ 'db.sql': [sql, 23.99] }))), []);
  equal(await findings(freshBackup, given(backups({ 'db.sql': [sql, 24] }))), []);
  const [old, ...more] = await findings(freshBackup, given(backups({ 'db.sql': [sql, 51.5] })));
  equal(more, []);
  is(old!.message, 'the newest backup, .backups/db.sql, is 2 d 3 h old, the limit is 1 d');
  is(old!.help, 'make a backup now, and see it through to its end');
});

test('no folder, a file instead of it, an empty one: findings', async () => {
  const repo = backups({});
  is(await said(repo), 'there is no folder .backups, so there is no backup');
  repo.write('.backups', 'x');
  is(await said(repo), 'there is no folder .backups, so there is no backup');
  repo.remove('.backups');
  mkdirSync(join(repo.dir, '.backups'));
  is(await said(repo), '.backups holds no backup');
});

test('the newest is told by its time and not by its name', async () => {
  is(await said(backups({ 'db-2026-11-21.sql': [sql, 100], 'db-2020-01-01.sql': [sql, 1] })), '');
  match(await said(backups({ 'db-2026-11-21.sql': [sql, 48], 'a.sql': [sql, 49] })), 'db-2026-11-21.sql, is 2 d old');
});

test('what is no backup does not count, however new', async () => {
  const old = { 'db.sql.gz': [gzipSync(sql), 100] } as const;
  for (const name of [
    '.db.sql.swp',
    'db.sql.partial',
    'db.sql.gz.tmp',
    'DB.SQL.PARTIAL',
    'backup.log',
    'README.md',
    'db.sql.gz.sha256',
    'SHA256SUM.md5',
    'db.sql.gz.sig',
    'db.sql.gz.json',
    'db.sql.gz.manifest',
    'backup.lock',
    'db.sql~',
  ])
    match(await said(backups({ ...old, [name]: ['new', 0] })), 'the newest backup, .backups/db.sql.gz, is 4 d 4 h old');
  is(await said(backups({ '.hidden.sql': [sql, 0], 'x.tmp': [sql, 0] })), '.backups holds no backup');
  is(await said(backups({ ...old, 'users.json': ['[{"id":1}]', 1] })), '', 'JSON of its own is a backup');
});

test('links are followed; those that lead nowhere do not count', async () => {
  const repo = backups({ 'db.sql': [sql, 48] });
  symlinkSync('gone.sql', join(repo.dir, '.backups/latest'));
  match(await said(repo), 'db.sql, is 2 d old');
  repo.remove('.backups/latest');
  symlinkSync('db.sql', join(repo.dir, '.backups/latest'));
  match(await said(repo), 'is 2 d old', 'a new link makes no backup newer');
});

test('a date in the future is refused, but for clocks that are a little apart', async () => {
  is(await said(backups({ 'db.sql': [sql, -4 / 60] })), '');
  is(
    await said(backups({ 'db.sql': [sql, -3], 'old.sql': [sql, 1] })),
    '.backups/db.sql is dated 3 h in the future, so how old it is cannot be told',
  );
});

test('old and damaged are both told', async () => {
  const found = await findings(freshBackup, given(backups({ 'db.sql': ['', 100] })));
  equal(
    found.map(({ message }) => message),
    [
      'the newest backup, .backups/db.sql, is 4 d 4 h old, the limit is 1 d',
      'the newest backup, .backups/db.sql, is of no use: it is empty',
    ],
  );
});

const rightly = '';
const whole = gzipSync(sql.repeat(2000));
const flipped = Buffer.from(whole);
flipped[flipped.length - 6]! ^= 1;

const files: readonly (readonly [name: string, content: string | Buffer, fault: string])[] = [
  ['whole.sql', sql, rightly],
  ['empty.sql', '', 'it is empty'],
  ['zeros.bin', Buffer.alloc(100_000), 'it holds nothing but zeros'],
  ['other.bin', 'any bytes', rightly],
  ['cut.sql', sql.slice(0, 40), 'it is cut off: the last line of the dump is missing'],
  ['all.sql', '--\n-- PostgreSQL database cluster dump\n--\n', 'it is cut off'],
  ['mysql.sql', '-- MySQL dump 10.13  Distrib 8.0\n', 'it is cut off'],
  ['maria.sql', '/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\nINSERT\n', 'it is cut off'],
  ['done.sql', '-- MySQL dump 10.13  Distrib 8.0\n-- Dump completed on 2026-11-21\n', rightly],
  ['whole.sql.gz', whole, rightly],
  ['cut.sql.gz', whole.subarray(0, -1), 'it is cut off: the end of the gzip data is missing'],
  ['flipped.sql.gz', flipped, 'its gzip data is broken'],
  ['no.gz', 'this is no gzip', 'its gzip data is broken'],
  ['nothing.sql.gz', gzipSync(''), 'it unpacks to nothing'],
  ['unnamed', whole.subarray(0, 100), 'it is cut off: the end of the gzip data is missing'],
  ['inner.sql.gz', gzipSync(sql.slice(0, 60)), 'it is cut off: the last line of the dump is missing'],
  ['two.sql.gz', Buffer.concat([gzipSync(sql), gzipSync(sql)]), rightly],
  ['header.dump', 'PGDMP\x01\x0e\x00\x04\x08\x09rest', 'its pg_dump header is broken'],
  ['short.dump', 'PGDMP', 'its pg_dump header is broken'],
  ['whole.dump', 'PGDMP\x01\x0e\x00\x04\x08\x01rest', rightly],
  ['no.tar', 'x'.repeat(2000), 'it is not a valid tar archive'],
  ['short.tar', 'x', 'it is not a valid tar archive'],
  ['no.tgz', gzipSync('x'.repeat(2000)), 'it is not a valid tar archive'],
  ['no.zip', 'x'.repeat(2000), 'it is cut off: the directory of the zip archive is missing'],
  ['none.zip', Buffer.from(`PK\x05\x06${'\0'.repeat(18)}`, 'latin1'), 'its zip archive holds no file'],
];

for (const [name, content, fault] of files)
  test(`${name}: ${fault || 'nothing is wrong'}`, async () => {
    const text = await said(backups({ [name]: [content, 1] }));
    if (fault === rightly) is(text, '');
    else match(text, `the newest backup, .backups/${name}, is of no use: ${fault}`);
  });

const archives = folder('archives');
const random = (size: number) => run(archives, 'sh', ['-c', `head -c ${size} /dev/urandom > data.bin`]);
const look = (name: string) => damage(join(archives, name), new AbortController().signal);
/** Makes an archive with the program that people use; `from` is the folder `data`. */
function packed(name: string, command: string): string {
  run(archives, 'mkdir', ['-p', 'data/deep']);
  random(300_000);
  run(archives, 'cp', ['data.bin', 'data/deep/a.bin']);
  const done = run(archives, 'sh', [
    '-c',
    `echo hello > data/${'n'.repeat(150)}.txt; ln -sf nowhere data/link; ${command}`,
  ]);
  is(done.code, 0, done.out);
  return name;
}

test('tar as it is written by GNU tar in its formats, cut off anywhere, is told', async () => {
  for (const format of ['gnu', 'pax', 'posix', 'oldgnu']) {
    const name = packed(`${format}.tar`, `tar --format=${format} -cf ${format}.tar data`);
    is(await look(name), null, format);
    const { length } = readFileSync(join(archives, name));
    for (const size of [length - 10_240, 200_000, 1000, 512, 511, 1]) {
      run(archives, 'cp', [name, 'cut.tar']);
      truncateSync(join(archives, 'cut.tar'), size);
      match((await look('cut.tar')) ?? 'nothing wrong', /cut off|not a valid/, `${format} ${size}`);
    }
  }
});

test('tar.gz that was cut off before it was packed is told, sparse files and holes are read', async () => {
  packed(
    'sparse.tar',
    'truncate -s 5M data/hole; echo end >> data/hole; tar -S --format=oldgnu -cf sparse.tar data; tar -S --format=pax -cf sparse-pax.tar data; rm data/hole',
  );
  is(await look('sparse.tar'), null);
  is(await look('sparse-pax.tar'), null);
  // More holes than one header block can name.
  packed(
    'holes.tar',
    'for i in $(seq 60); do echo end | dd of=data/hole bs=1 seek=$((i * 65536)) conv=notrunc status=none; done; tar -S --format=oldgnu -cf holes.tar data; rm data/hole',
  );
  is(await look('holes.tar'), null);
  packed('inner.tar.gz', 'tar -cf - data | head -c 200000 | gzip > inner.tar.gz; tar -czf whole.tgz data');
  match((await look('inner.tar.gz'))!, 'it is cut off: the end of the tar archive is missing');
  is(await look('whole.tgz'), null);
});

test('a tar archive of folders alone, or with a broken header in the middle', async () => {
  packed('folders.tar', 'mkdir -p none/a; tar -cf folders.tar none');
  is(await look('folders.tar'), 'its tar archive holds no content');
  packed('broken.tar', 'tar -cf broken.tar data/deep data');
  const content = readFileSync(join(archives, 'broken.tar'));
  const second = content.lastIndexOf('ustar') - 200;
  content[second]! ^= 1;
  newFile('broken.tar', content);
  is(await look('broken.tar'), 'it is not a valid tar archive');
});

function newFile(name: string, content: Buffer): void {
  run(archives, 'sh', ['-c', `cat > ${name}`], { input: content });
}

/** A zip archive of one stored file; `large` writes the records of zip64 as well. */
function zipped(content: Buffer, large = false): Buffer {
  const name = Buffer.from('db.sql');
  const fields = Buffer.alloc(26);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name, content]);
  const more = Buffer.alloc(42);
  fields.copy(more, 2, 0, 24);
  const directory = Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), more, name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(large ? 0xffff : 1, 10);
  end.writeUInt32LE(large ? 0xffffffff : directory.length, 12);
  end.writeUInt32LE(large ? 0xffffffff : local.length, 16);
  if (!large) return Buffer.concat([local, directory, end]);
  const record = Buffer.alloc(56);
  record.write('PK\x06\x06', 'latin1');
  record.writeBigUInt64LE(1n, 32);
  record.writeBigUInt64LE(BigInt(directory.length), 40);
  record.writeBigUInt64LE(BigInt(local.length), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 'latin1');
  locator.writeBigUInt64LE(BigInt(local.length + directory.length), 8);
  return Buffer.concat([local, directory, record, locator, end]);
}

test('zip, cut off anywhere or with a broken directory, is told', async () => {
  for (const large of [false, true]) {
    const zip = zipped(Buffer.from(sql.repeat(50)), large);
    newFile('a.zip', zip);
    is(await look('a.zip'), null, `large: ${large}`);
    for (let size = 1; size < zip.length; size += 97) {
      newFile('cut.zip', zip.subarray(0, size));
      match((await look('cut.zip')) ?? 'nothing wrong', 'it is cut off');
    }
    // The middle is missing: the end is there and points to where nothing is.
    newFile('hole.zip', Buffer.concat([zip.subarray(0, 100), zip.subarray(400)]));
    match((await look('hole.zip')) ?? 'nothing wrong', 'zip');
    const broken = Buffer.from(zip);
    broken[broken.indexOf('PK\x01\x02', 0, 'latin1')] = 0;
    newFile('broken.zip', broken);
    is(await look('broken.zip'), 'its zip directory is broken');
  }
  const far = zipped(Buffer.from(sql), true);
  far.writeBigUInt64LE(2n ** 63n, far.indexOf('PK\x06\x07', 0, 'latin1') + 8);
  newFile('far.zip', far);
  match((await look('far.zip'))!, 'it is cut off');
  newFile('unnamed', zipped(Buffer.from(sql)).subarray(0, -5));
  match((await look('unnamed'))!, 'it is cut off');
});

test('a folder is a backup by its newest file', async () => {
  const repo = backups({ 'node/a.txt': ['a', 100], 'node/deep/b.txt': ['b', 3], 'other.sql': [sql, 5] });
  date(repo, '.backups/node', 200);
  is(await said(repo), '');
  date(repo, '.backups/node/deep/b.txt', 90);
  match(await said(repo), '', 'the other one is newer');
  repo.remove('.backups/other.sql');
  date(repo, '.backups/node', 0);
  match(await said(repo), 'the newest backup, .backups/node, is 3 d 18 h old');
});

test('an empty folder, a folder of empty files, a link back to itself', async () => {
  const repo = backups({});
  mkdirSync(join(repo.dir, '.backups/empty'), { recursive: true });
  date(repo, '.backups/empty', 1);
  match(await said(repo), 'is of no use: it is empty');
  match(await said(backups({ 'one/a': ['', 1], 'one/b': ['', 1] })), 'is of no use: it is empty');
  const looped = backups({ 'one/a': ['a', 1] });
  symlinkSync('..', join(looped.dir, '.backups/one/up'));
  is(await said(looped), '');
});

test('pg_dump -Fd: without its table of contents, or with a damaged part', async () => {
  match(await said(backups({ 'db/3301.dat.gz': [whole, 1] })), 'its toc.dat is missing, which pg_dump writes last');
  const toc = Buffer.from('PGDMP\x01\x0e\x00\x04\x08\x05rest', 'latin1');
  is(await said(backups({ 'db/toc.dat': [toc, 1], 'db/3301.dat.gz': [whole, 1] })), '');
  match(
    await said(backups({ 'db/toc.dat': [toc, 1], 'db/3301.dat.gz': [whole.subarray(0, 90), 1] })),
    'is of no use: 3301.dat.gz: it is cut off',
  );
  is(await said(backups({ 'copy/fixture.tar.gz': ['broken on purpose', 1] })), '', 'a copy of a package');
});

test('one that is still being written is told', async () => {
  const repo = backups({});
  run(repo.dir, 'sh', ['-c', 'mkdir .backups && head -c 60000000 /dev/urandom > .backups/growing.bin']);
  const writer = setInterval(() => appendFileSync(join(repo.dir, '.backups/growing.bin'), 'x'), 1);
  try {
    const text = await messages(freshBackup, { ...given(repo), now: new Date() });
    match(text, 'it is still being written');
  } finally {
    clearInterval(writer);
  }
});

test('an interruption and the time limit stop the reading', async () => {
  const repo = backups({});
  run(repo.dir, 'sh', ['-c', 'mkdir .backups && truncate -s 50G .backups/huge.bin && printf x >> .backups/huge.bin']);
  date(repo, '.backups/huge.bin', 1);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  const end = async (more: { signal?: AbortSignal; more?: string }) =>
    Promise.resolve(freshBackup.run(predeployContext({ ...given(repo), ...more }))).then(
      () => null,
      (reason: Error) => reason,
    );
  const error = await end({ signal: stop.signal });
  is(error?.name, 'Undecided');
  match(error!.message, 'it was interrupted');
  const late = await end({ more: 'checks: { fresh-backup: { timeout: 1s } }' });
  is(late?.name, 'Undecided');
  is(late!.message, 'reading .backups/huge.bin took longer than 1 s');
});
