import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { is, match, ok } from 'uvu/assert';
import { decrypt, encrypt, faultOf, type Recipient } from '../src/backups/age.ts';
import { openFernet } from '../src/backups/fernet.ts';
import { needing, suite } from './support/suite.ts';
import { folder, makeKey, projectRoot, run } from './support/world.ts';

const test = suite('backups: age');
const missingAge = existsSync('/usr/bin/age') ? null : 'age';
const sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000];

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const sealed = async (plain: Buffer, ...recipients: Recipient[]) =>
  collect(await encrypt(Readable.from(plain.length === 0 ? [] : [plain]), recipients, projectRoot));

async function identity() {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const secret = await generateX25519Identity();
  return { secret, recipient: { kind: 'age', text: await identityToRecipient(secret) } as const };
}

function sshKey() {
  const key = makeKey('owner');
  return {
    file: key.file,
    recipient: { kind: 'ssh', blob: Buffer.from(key.line.split(' ')[1]!, 'base64'), name: 'owner' } as const,
  };
}

needing(test, missingAge, 'what we write Debian’s age opens, by an SSH key and by its own', async () => {
  const place = folder();
  const [own, ssh] = [await identity(), sshKey()];
  writeFileSync(join(place, 'key.txt'), `# a comment\n${own.secret}\n`);
  for (const size of sizes) {
    const plain = randomBytes(size);
    writeFileSync(join(place, 'file.age'), await sealed(plain, ssh.recipient, own.recipient));
    for (const key of [ssh.file, join(place, 'key.txt')]) {
      // With -o it makes no file of nothing.
      const done = run(place, 'sh', ['-c', `age -d -i '${key}' file.age > out`]);
      is(done.code, 0, `${size}: ${done.out}`);
      ok(readFileSync(join(place, 'out')).equals(plain), `${size} by ${key}`);
    }
  }
});

needing(test, missingAge, 'what Debian’s age writes we open', async () => {
  const place = folder();
  const own = await identity();
  for (const size of sizes) {
    const plain = randomBytes(size);
    writeFileSync(join(place, 'plain'), plain);
    is(run(place, 'age', ['-r', own.recipient.text, '-o', 'file.age', 'plain']).code, 0);
    const opened = await decrypt(Readable.from([readFileSync(join(place, 'file.age'))]), [own.secret], projectRoot);
    ok((await collect(opened)).equals(plain), String(size));
  }
});

test('what is cut off, changed, or for somebody else does not open, and says why', async () => {
  const [own, other] = [await identity(), await identity()];
  const whole = await sealed(randomBytes(200_000), own.recipient);
  const opens = async (bytes: Buffer, secret = own.secret) => {
    try {
      await collect(await decrypt(Readable.from([bytes]), [secret], projectRoot));
      return null;
    } catch (error) {
      return error instanceof Error && error.name === 'Undecided' ? error.message : faultOf(error);
    }
  };
  is(await opens(whole), null);
  match((await opens(whole, other.secret))!, 'none of the keys opens it');
  const header = whole.indexOf('\n---') + 4;
  for (const at of [0, 10, 60, header - 20, header + 30, header + 60, 70_000, whole.length - 1]) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 1;
    ok(await opens(changed), `a flipped bit at ${at}`);
  }
  for (const length of [0, 20, header + 20, header + 60, 65_600, 131_400, whole.length - 1])
    ok(await opens(whole.subarray(0, length)), `cut at ${length}`);
  match(
    (await opens(Buffer.from(whole.toString('latin1').replace('/v1\n', '/v9\n'), 'latin1')))!,
    /newer format|no file of age/,
  );
});

test('old files of Fernet open, and only by their key', () => {
  // Made by Python's cryptography 41.
  const key = ['cw_0x689RpI-', 'jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='].join('');
  const token = [
    'gAAAAAAdwJ6w',
    'AAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==',
  ].join('');
  is(openFernet(Buffer.from(`${token}\n`), key).toString(), 'hello');
  for (const [bytes, by] of [
    [token.replace('Zj', 'Zk').replace('lyO', 'lyP').replace('9dOP', '9dOQ'), key],
    [token, `d${key.slice(1)}`],
    [token.slice(0, 60), key],
    ['', key],
  ] as const)
    try {
      openFernet(Buffer.from(bytes), by);
      ok(false, bytes);
    } catch (error) {
      match((error as Error).message, /does not open it|no file of Fernet/);
    }
});
