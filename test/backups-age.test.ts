import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { equal, is, match, ok } from 'uvu/assert';
import { decrypt, encrypt, faultOf, type Recipient } from '../src/backups/age.ts';
import { openFernet } from '../src/backups/fernet.ts';
import { needing, suite } from './support/suite.ts';
import { distFolder, folder, makeKey, projectRoot, run } from './support/world.ts';

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

needing(
  test,
  missingAge,
  'a flipped byte in every part and a cut at every border are refused, by us and by Debian’s age',
  async () => {
    const place = folder();
    const own = await identity();
    writeFileSync(join(place, 'key.txt'), own.secret);
    const whole = await sealed(randomBytes(2 * 65_536 + 1), own.recipient);
    const body = whole.indexOf('\n', whole.indexOf('\n---') + 1) + 1;
    const opens = async (bytes: Buffer) => {
      try {
        await collect(await decrypt(Readable.from([bytes]), [own.secret], projectRoot));
        return null;
      } catch (error) {
        return error instanceof Error && error.name === 'Undecided' ? error.message : faultOf(error);
      }
    };
    const ageOpens = (bytes: Buffer) => {
      writeFileSync(join(place, 'file'), bytes);
      return run(place, 'sh', ['-c', 'age -d -i key.txt file > out']).code === 0;
    };
    const chunk = 65_536 + 16;
    const borders = [0, 16, 16 + chunk, 16 + 2 * chunk].map((at) => body + at);
    is(await opens(whole), null);
    ok(ageOpens(whole));
    is(whole.length, borders.at(-1)! + 1 + 16);
    const places = [...Array(body).keys(), ...borders.flatMap((at) => [at - 1, at, at + 1]), whole.length - 1];
    for (let at = body; at < whole.length; at += 4_001) places.push(at);
    for (const at of new Set(places)) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1;
      const said = await opens(changed);
      ok(said !== null && !said.includes('\n'), `a flipped bit at ${at}`);
    }
    for (const at of borders) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 0x80;
      is(ageOpens(changed), false, `a flipped bit at ${at}`);
    }
    // At a border between two pieces nothing but the mark of the last one tells.
    for (const length of [...borders, ...borders.map((at) => at + 1), body - 1, whole.length - 1]) {
      ok(await opens(whole.subarray(0, length)), `cut at ${length}`);
      is(ageOpens(whole.subarray(0, length)), false, `cut at ${length}`);
    }
    ok(await opens(Buffer.concat([whole, Buffer.from([0])])), 'a byte more');
  },
);

test('no key, a wrong one, another kind of file, too new a format: one line each', async () => {
  const place = folder();
  const [own, other] = [await identity(), await identity()];
  const whole = await sealed(Buffer.from('hello'), own.recipient);
  const read = (file: Buffer | string, key: string) => {
    writeFileSync(join(place, 'file'), file);
    writeFileSync(join(place, 'key'), key);
    const done = run(place, process.execPath, [
      ...[join(distFolder, 'cli.js'), 'backup', 'read', 'file', '--key', 'key', '-o', 'out'],
    ]);
    equal(readdirSync(place).sort(), ['file', 'key'], done.out);
    is(done.stderr.split('protect: ').length, 2, done.stderr);
    return done;
  };
  for (const [file, key, code, says] of [
    [whole, '# nothing\n', 3, 'there is no age key in it'],
    [whole, other.secret, 3, 'none of the keys opens it: it is encrypted for others'],
    [whole, 'AGE-SECRET-KEY-1X', 3, 'the identity is not an age key'],
    ['hello', own.secret, 3, 'it is cut off, changed, or no file of age'],
    ['', own.secret, 3, 'it is cut off, changed, or no file of age'],
    [
      whole.toString('latin1').replace('/v1\n', '/v2\n'),
      own.secret,
      3,
      'it is of a newer format of age than this knows',
    ],
  ] as const) {
    const done = read(typeof file === 'string' ? Buffer.from(file, 'latin1') : file, key);
    is(done.code, code, done.out);
    match(done.stderr, says);
    ok(!done.out.includes(own.secret));
  }
});

/** Made by Python's cryptography 38 with `Fernet(key)._encrypt_from_parts(data, time, iv)`: key 0…31, iv 15…0, time 2001-09-09. */
const vectors = JSON.parse(readFileSync(join(projectRoot, 'test/fixtures/fernet.json'), 'utf8')) as {
  key: string[];
  vectors: { bytes: number; token: string[] }[];
};

test('what Python’s cryptography has encrypted opens, whatever its length', () => {
  for (const { bytes, token } of vectors.vectors) {
    const plain = Buffer.from(Array.from({ length: bytes }, (_, n) => n % 251));
    ok(openFernet(Buffer.from(token.join('')), vectors.key.join('')).equals(plain), `${bytes} bytes`);
  }
});

const python = '/usr/bin/python3';
const missingPython =
  existsSync(python) && run('/', python, ['-c', 'import cryptography']).code === 0 ? null : "Python's cryptography";

needing(test, missingPython, 'what Python’s cryptography encrypts now opens too', () => {
  const place = folder();
  for (const size of [0, 1, 15, 16, 17, 70_000]) {
    const plain = randomBytes(size);
    writeFileSync(join(place, 'plain'), plain);
    const made = run(place, python, [
      '-c',
      "from cryptography.fernet import Fernet as F; k = F.generate_key(); open('key','wb').write(k); open('token','wb').write(F(k).encrypt(open('plain','rb').read()))",
    ]);
    is(made.code, 0, made.out);
    ok(openFernet(readFileSync(join(place, 'token')), readFileSync(join(place, 'key'), 'utf8')).equals(plain));
    const done = run(
      place,
      process.execPath,
      [join(distFolder, 'cli.js'), 'backup', 'read', 'token', '--fernet', 'OLD_KEY', '-o', 'out'],
      {
        env: { OLD_KEY: readFileSync(join(place, 'key'), 'utf8') },
      },
    );
    is(done.code, 0, done.out);
    ok(readFileSync(join(place, 'out')).equals(plain));
  }
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
      match((error as Error).message, /does not open it|not a Fernet file/);
    }
});

needing(
  test,
  run('/', 'age', ['--version']).code === 0 ? null : 'age',
  'by a key of SSH a broken backup takes the place of nothing',
  async () => {
    const place = folder();
    const key = makeKey('reader');
    const plain = randomBytes(3_000_000);
    writeFileSync(join(place, 'plain'), plain);
    is(run(place, 'age', ['-e', '-R', `${key.file}.pub`, '-o', 'file', 'plain']).code, 0);
    const read = (env = {}) =>
      run(
        place,
        process.execPath,
        [join(distFolder, 'cli.js'), 'backup', 'read', 'file', '--key', key.file, '-o', 'out'],
        { env },
      );
    is(read().code, 0);
    ok(readFileSync(join(place, 'out')).equals(plain));
    writeFileSync(join(place, 'out'), 'the good old one');
    const whole = readFileSync(join(place, 'file'));
    whole[2_000_000]! ^= 1;
    writeFileSync(join(place, 'file'), whole);
    for (const done of [read(), read({ PATH: '/nowhere' })]) {
      is(done.code, 3, done.out);
      is(readFileSync(join(place, 'out'), 'utf8'), 'the good old one');
      equal(readdirSync(place).sort(), ['file', 'out', 'plain'], done.out);
    }
    const onto = run(place, process.execPath, [
      join(distFolder, 'cli.js'),
      'backup',
      'read',
      'file',
      '--key',
      key.file,
      '-o',
      './file',
    ]);
    is(onto.code, 2, onto.out);
    ok(readFileSync(join(place, 'file')).equals(whole));
  },
);
