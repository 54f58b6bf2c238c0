import { spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign as rawSign } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { equal, is, match, not, ok, throws } from 'uvu/assert';
import { decodeKey, fingerprint, parsePublicKey, wireString } from '../src/approvals/public-key.ts';
import {
  armor,
  namespace,
  parseSignature,
  type SshSignature,
  touched,
  unarmor,
  verifySignature,
} from '../src/approvals/ssh-signature.ts';
import { suite } from './support/suite.ts';
import { environment, folder, type Key, makeKey, run } from './support/world.ts';

fc.configureGlobal({ includeErrorInReport: true });
const test = suite('ssh-signature');

const payload = Buffer.from('{ "version": 1 }\nwhat is signed\n');
const dir = folder('ssh');

/** Signs with ssh-keygen; returns the signature blob. */
function sign(key: Key, data = payload, options: { space?: string; hash?: string } = {}): Buffer {
  const hash = options.hash ? ['-O', `hashalg=${options.hash}`] : [];
  const args = ['-Y', 'sign', '-q', ...hash, '-n', options.space ?? namespace, '-f', key.file];
  const made = run(dir, 'ssh-keygen', args, { input: data });
  is(made.code, 0, made.out);
  const blob = unarmor(made.stdout);
  ok(blob, 'what ssh-keygen writes is canonical armor');
  return blob;
}

const sigFile = join(dir, 'sig');
const signersFile = join(dir, 'signers');
const dataFile = join(dir, 'data');

/** What `ssh-keygen -Y verify` says. */
function theirs(text: string, line: string, data = payload, space = namespace): boolean {
  writeFileSync(sigFile, text);
  writeFileSync(signersFile, `lead ${line}\n`);
  writeFileSync(dataFile, data);
  const args = ['-Y', 'verify', '-f', signersFile, '-I', 'lead', '-n', space, '-s', sigFile];
  // From a file: ssh-keygen may end before it has read a pipe.
  const input = openSync(dataFile, 'r');
  const done = spawnSync('ssh-keygen', args, { env: environment(), stdio: [input, 'ignore', 'ignore'] });
  closeSync(input);
  if (done.error) throw done.error;
  return done.status === 0;
}

/** What we say, as an approval is judged: parsed, by the owner's key, the signature good. */
function ours(text: string, line: string, data = payload, space = namespace): boolean {
  const signature = parsed(text);
  if (signature === null) return false;
  const owner = parsePublicKey(line);
  if (typeof owner === 'string') throw new Error(owner);
  return owner.blob === signature.keyBlob && verifySignature(data, signature, space);
}

function parsed(text: string): SshSignature | null {
  const blob = unarmor(text);
  if (blob === null) return null;
  try {
    return parseSignature(blob);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

function both(blob: Buffer, line: string, expected: boolean, what: string, data = payload, space = namespace): void {
  is(theirs(armor(blob), line, data, space), expected, `ssh-keygen: ${what}`);
  is(ours(armor(blob), line, data, space), expected, `we: ${what}`);
}

/** The parts of a signature blob, each as its bytes. */
interface Parts {
  version: number;
  key: Buffer;
  space: string;
  reserved: Buffer | string;
  hash: string;
  inner: Buffer;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function wire(bytes: Buffer): { strings: Buffer[]; rest: Buffer } {
  const strings: Buffer[] = [];
  let at = 0;
  while (at + 4 <= bytes.length && at + 4 + bytes.readUInt32BE(at) <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    strings.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { strings, rest: bytes.subarray(at) };
}

function take(blob: Buffer): Parts {
  const [key, space, reserved, hash, inner] = wire(blob.subarray(10)).strings;
  return {
    version: blob.readUInt32BE(6),
    key: key!,
    space: space!.toString(),
    reserved: reserved!,
    hash: hash!.toString(),
    inner: inner!,
  };
}

function put(parts: Parts): Buffer {
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    uint32(parts.version),
    wireString(parts.key),
    wireString(parts.space),
    wireString(parts.reserved),
    wireString(parts.hash),
    wireString(parts.inner),
  ]);
}

/** What is handed to the key itself. */
function toSign(data: Buffer, space = namespace, hash = 'sha512'): Buffer {
  const digest = createHash(hash).update(data).digest();
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    wireString(space),
    wireString(''),
    wireString(hash),
    wireString(digest),
  ]);
}

/** An integer as SSH writes it: no needless zeros, a zero in front where the first bit is set. */
function mpint(bytes: Buffer): Buffer {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  const short = bytes.subarray(at);
  return wireString(short[0]! & 0x80 ? Buffer.concat([Buffer.alloc(1), short]) : short);
}

const kinds: [string, string, number?][] = [
  ['ed25519', 'ed25519'],
  ['ecdsa-256', 'ecdsa', 256],
  ['ecdsa-384', 'ecdsa', 384],
  ['ecdsa-521', 'ecdsa', 521],
  ['rsa-2048', 'rsa', 2048],
  ['rsa-3072', 'rsa', 3072],
  ['rsa-4096', 'rsa', 4096],
];
const keys = new Map(kinds.map(([name, type, bits]) => [name, makeKey(name, type, bits)]));
const stranger = makeKey('stranger');

for (const [name, key] of keys) {
  for (const hash of [undefined, 'sha256']) {
    test(`${name}, ${hash ?? 'sha512'}: good, tampered payload, wrong namespace, wrong key`, () => {
      const blob = sign(key, payload, hash ? { hash } : {});
      both(blob, key.line, true, 'good');
      is(parseSignature(blob).hash, hash ?? 'sha512');
      is(parseSignature(blob).presence, null);
      is(touched(parseSignature(blob)), false);
      both(blob, key.line, false, 'another payload', Buffer.concat([payload, Buffer.from(' ')]));
      both(blob, key.line, false, 'an empty payload', Buffer.alloc(0));
      both(blob, key.line, false, 'asked for another namespace', payload, 'file');
      both(blob, stranger.line, false, 'by another key');
      const elsewhere = sign(key, payload, { space: 'git', ...(hash ? { hash } : {}) });
      both(elsewhere, key.line, false, 'a commit signature');
      both(elsewhere, key.line, true, 'a commit signature where one is wanted', payload, 'git');
      both(put({ ...take(elsewhere), space: namespace }), key.line, false, 'a commit signature, renamed');
      const other = hash === undefined ? 'sha256' : 'sha512';
      both(put({ ...take(blob), hash: other }), key.line, false, 'the other hash');
      both(put({ ...take(blob), hash: 'sha1' }), key.line, false, 'SHA-1');
    });
  }

  test(`${name}: both refuse bytes behind the end`, () => {
    const blob = sign(key);
    const parts = take(blob);
    both(Buffer.concat([blob, Buffer.from([0])]), key.line, false, 'after the blob');
    both(put({ ...parts, inner: Buffer.concat([parts.inner, Buffer.from([0])]) }), key.line, false, 'after the scheme');
    both(put({ ...parts, inner: Buffer.concat([parts.inner, Buffer.alloc(5)]) }), key.line, false, 'FIDO flags');
    both(put({ ...parts, key: Buffer.concat([parts.key, Buffer.from([0])]) }), key.line, false, 'after the key');
    both(blob.subarray(0, blob.length - 1), key.line, false, 'cut off');
    both(Buffer.alloc(0), key.line, false, 'nothing');
  });

  test(`${name}: agrees with ssh-keygen on every mutation`, () => {
    const blob = sign(key);
    const at = blob.length - take(blob).inner.length;
    // Half of the mutations go to the signature itself, where arithmetic decides and not the framing.
    const place = fc.oneof(fc.nat(blob.length - 1), fc.integer({ min: at, max: blob.length - 1 }));
    const mutation = fc.record({ place, flip: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(mutation, ({ place, flip }) => {
        if (place >= 6 && place < 10) return; // The version has a test of its own.
        const mutated = Buffer.from(blob);
        mutated[place]! ^= flip;
        is(ours(armor(mutated), key.line), theirs(armor(mutated), key.line), armor(mutated));
      }),
      { numRuns: 40 },
    );
  });
}

test('we are stricter than ssh-keygen where it does not matter to anybody who signs', () => {
  for (const key of keys.values()) {
    const blob = sign(key);
    const parts = take(blob);
    is(ours(armor(put({ ...parts, version: 0 })), key.line), false, 'version 0');
    both(put({ ...parts, version: 2 }), key.line, false, 'version 2');
    is(ours(armor(put({ ...parts, reserved: 'x' })), key.line), false, 'the reserved field');
    is(ours(`${armor(blob)}${armor(blob)}`, key.line), false, 'two armors');
    is(ours(`${armor(blob)}x`, key.line), false, 'text behind the armor');
    is(ours(`\n${armor(blob)}`, key.line), false, 'text before the armor');
    is(ours(armor(blob).replaceAll('\n', '\r\n'), key.line), false, 'CRLF');
    is(ours(armor(blob).trimEnd(), key.line), false, 'no last line feed');
    is(ours(armor(blob).replace(/\n(?=-----END)/, '\n\n'), key.line), false, 'an empty line');
    is(ours(armor(blob).replace(/(?<=GNATURE-----\n.{10})/, '\n'), key.line), false, 'a line of another length');
    is(ours(armor(blob), key.line), true);
  }
});

test('armor is byte for byte what ssh-keygen writes', () => {
  for (const key of keys.values()) {
    const made = run(dir, 'ssh-keygen', ['-Y', 'sign', '-q', '-n', namespace, '-f', key.file], { input: payload });
    const blob = unarmor(made.stdout);
    is(armor(blob!), made.stdout);
  }
});

test('an Ed25519 signature has one form only: S + L is refused', () => {
  const key = keys.get('ed25519')!;
  const parts = take(sign(key));
  const [scheme, signature] = wire(parts.inner).strings;
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = Buffer.from(signature!.subarray(32)).reverse();
  const more = (BigInt(`0x${s.toString('hex')}`) + order).toString(16).padStart(64, '0');
  const forged = Buffer.concat([signature!.subarray(0, 32), Buffer.from(more, 'hex').reverse()]);
  const inner = Buffer.concat([wireString(scheme!), wireString(forged)]);
  is(ours(armor(put({ ...parts, inner })), key.line), false);
  const short = Buffer.concat([wireString(scheme!), wireString(signature!.subarray(0, 63))]);
  both(put({ ...parts, inner: short }), key.line, false, 'a short signature');
});

test('ECDSA integers are read as ssh-keygen reads them', () => {
  for (const name of ['ecdsa-256', 'ecdsa-384', 'ecdsa-521']) {
    const key = keys.get(name)!;
    // Signed until r has its first bit set, so that there is a zero to take away (P-521 has 521 bits: never full).
    let parts = take(sign(key));
    let r: Buffer = Buffer.alloc(0);
    let s: Buffer = Buffer.alloc(0);
    for (let tries = 0; tries < 40; tries++) {
      parts = take(sign(key));
      [r, s] = wire(wire(parts.inner).strings[1]!).strings.map((part) => Buffer.from(part)) as [Buffer, Buffer];
      if (r[0] === 0 || name === 'ecdsa-521') break;
    }
    const scheme = wireString(wire(parts.inner).strings[0]!);
    const zero = Buffer.alloc(1);
    const made = (a: Buffer, b: Buffer, more = Buffer.alloc(0)) =>
      put({
        ...parts,
        inner: Buffer.concat([scheme, wireString(Buffer.concat([wireString(a), wireString(b), more]))]),
      });
    const differing: string[] = [];
    const compare = (blob: Buffer, what: string) => {
      const verdicts = [theirs(armor(blob), key.line), ours(armor(blob), key.line)];
      if (verdicts[0] !== verdicts[1]) differing.push(`${what}: ssh-keygen ${verdicts[0]}, we ${verdicts[1]}`);
    };
    both(made(r, s), key.line, true, 'as it was');
    compare(made(Buffer.concat([zero, r]), s), 'a needless zero before r');
    compare(made(r, Buffer.concat([zero, zero, s])), 'two needless zeros before s');
    if (r[0] === 0) compare(made(r.subarray(1), s), 'a negative r');
    compare(made(Buffer.alloc(0), Buffer.alloc(0)), 'zero and zero');
    compare(made(Buffer.from([1]), Buffer.from([1])), 'one and one');
    compare(made(s, r), 'exchanged');
    compare(made(r, s, zero), 'bytes behind');
    compare(made(Buffer.concat([Buffer.alloc(70, 1), r]), s), 'far too long');
    equal(differing, [], name);
  }
});

test('RSA: signatures of another length and scheme are judged as ssh-keygen judges them', () => {
  const key = keys.get('rsa-2048')!;
  const parts = take(sign(key));
  const [scheme, signature] = wire(parts.inner).strings as [Buffer, Buffer];
  is(scheme.toString(), 'rsa-sha2-512');
  const made = (name: Buffer | string, bytes: Buffer) =>
    put({ ...parts, inner: Buffer.concat([wireString(name), wireString(bytes)]) });
  both(made(scheme, Buffer.concat([Buffer.alloc(1), signature])), key.line, false, 'a zero too many');
  both(made(scheme, signature.subarray(1)), key.line, signature[0] === 0, 'a byte too few');
  both(made('rsa-sha2-256', signature), key.line, false, 'the other scheme');
  both(made('ssh-rsa', signature), key.line, false, 'the old scheme');
  both(made('ssh-ed25519', signature), key.line, false, "another key's scheme");
  both(made('', signature), key.line, false, 'no scheme');
});

test('RSA: a signature with a zero in front verifies with and without it', () => {
  const { privateKey, line } = rsaKey(2048);
  for (let i = 0; i < 3000; i++) {
    const data = Buffer.from(`try ${i}`);
    const signature = rawSign('sha512', toSign(data), privateKey);
    if (signature[0] !== 0) continue;
    const blob = (bytes: Buffer) =>
      put({
        version: 1,
        key: Buffer.from(line.split(' ')[1]!, 'base64'),
        space: namespace,
        reserved: '',
        hash: 'sha512',
        inner: Buffer.concat([wireString('rsa-sha2-512'), wireString(bytes)]),
      });
    both(blob(signature), line, true, 'whole', data);
    both(blob(signature.subarray(1)), line, true, 'without the zero', data);
    return;
  }
  not(true, 'no such signature was found');
});

test('RSA: both refuse SHA-1, although the signature itself is good', () => {
  const { privateKey, line } = rsaKey(2048);
  const key = Buffer.from(line.split(' ')[1]!, 'base64');
  const parts = { version: 1, key, space: namespace, reserved: '', hash: 'sha512' };
  const made = (scheme: string, hash: string) =>
    put({
      ...parts,
      inner: Buffer.concat([wireString(scheme), wireString(rawSign(hash, toSign(payload), privateKey))]),
    });
  both(made('rsa-sha2-512', 'sha512'), line, true, 'SHA-512');
  both(made('rsa-sha2-256', 'sha256'), line, true, 'SHA-256');
  both(made('ssh-rsa', 'sha1'), line, false, 'SHA-1');
  both(made('rsa-sha2-256', 'sha1'), line, false, 'SHA-1 under another name');
  throws(() => parseSignature(made('ssh-rsa', 'sha1')), "scheme 'ssh-rsa' does not fit the key");
});

test('RSA: keys of any number of bits work as they do for ssh-keygen', () => {
  for (const bits of [2048, 2049, 2052, 2055, 2056]) {
    const { privateKey, line } = rsaKey(bits);
    const inner = Buffer.concat([
      wireString('rsa-sha2-512'),
      wireString(rawSign('sha512', toSign(payload), privateKey)),
    ]);
    const key = Buffer.from(line.split(' ')[1]!, 'base64');
    both(put({ version: 1, key, space: namespace, reserved: '', hash: 'sha512', inner }), line, true, `${bits} bits`);
  }
});

test('RSA: keys below 2048 bits are refused', () => {
  const key = makeKey('small', 'rsa', 1024);
  is(parsePublicKey(key.line), 'is an RSA key of 1024 bits; at least 2048 are needed');
  throws(() => parseSignature(sign(key)), 'the signing key is an RSA key of 1024 bits; at least 2048 are needed');
  const nearly = makeKey('nearly', 'rsa', 2047);
  match(String(parsePublicKey(nearly.line)), 'at least 2048 are needed');
});

function rsaKey(bits: number): { privateKey: KeyObject; line: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const { n, e } = publicKey.export({ format: 'jwk' }) as { n: string; e: string };
  const blob = Buffer.concat([
    wireString('ssh-rsa'),
    mpint(Buffer.from(e, 'base64url')),
    mpint(Buffer.from(n, 'base64url')),
  ]);
  return { privateKey, line: `ssh-rsa ${blob.toString('base64')} made` };
}

/** A hardware key in software. @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.u2f */
interface SecurityKey {
  readonly type: 'sk-ssh-ed25519@openssh.com' | 'sk-ecdsa-sha2-nistp256@openssh.com';
  readonly application: string;
  readonly line: string;
  readonly blob: Buffer;
  raw(message: Buffer): Buffer;
}

function securityKey(type: SecurityKey['type'], application = 'ssh:'): SecurityKey {
  const ed = type.startsWith('sk-ssh-ed');
  const pair = ed ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = pair.publicKey.export({ format: 'jwk' });
  const [x, y] = [jwk.x, jwk.y].map((part) => Buffer.from(part ?? '', 'base64url')) as [Buffer, Buffer];
  const point = ed ? [wireString(x)] : [wireString('nistp256'), wireString(Buffer.concat([Buffer.from([4]), x, y]))];
  const blob = Buffer.concat([wireString(type), ...point, wireString(application)]);
  const privateKey = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return {
    type,
    application,
    blob,
    line: `${type} ${blob.toString('base64')} token`,
    raw(message) {
      if (ed) return rawSign(null, message, privateKey);
      const both = rawSign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return Buffer.concat([mpint(both.subarray(0, 32)), mpint(both.subarray(32))]);
    },
  };
}

/** A signature as the token makes it; `told` is what it writes down besides, where that differs from what it signed. */
function touch(
  key: SecurityKey,
  signed: { flags: number; counter: number; application?: string },
  told: { flags?: number; counter?: number; hash?: string; space?: string; more?: Buffer } = {},
): Buffer {
  const hash = told.hash ?? 'sha512';
  const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();
  const message = Buffer.concat([
    sha256(signed.application ?? key.application),
    Buffer.from([signed.flags]),
    uint32(signed.counter),
    sha256(toSign(payload, told.space ?? namespace, hash)),
  ]);
  const inner = Buffer.concat([
    wireString(key.type),
    wireString(key.raw(message)),
    Buffer.from([told.flags ?? signed.flags]),
    uint32(told.counter ?? signed.counter),
    told.more ?? Buffer.alloc(0),
  ]);
  return put({ version: 1, key: key.blob, space: told.space ?? namespace, reserved: '', hash, inner });
}

for (const type of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const) {
  test(`${type}: with user presence`, () => {
    for (const application of ['ssh:', 'ssh:work', 'ssh:grün']) {
      const key = securityKey(type, application);
      for (const hash of ['sha512', 'sha256']) {
        const blob = touch(key, { flags: 1, counter: 0xfffffffe }, { hash });
        both(blob, key.line, true, `${application} ${hash}`);
        const signature = parseSignature(blob);
        is(touched(signature), true);
        equal(signature.presence, { flags: 1, counter: 0xfffffffe });
      }
      const verified = touch(key, { flags: 5, counter: 0 });
      both(verified, key.line, true, 'PIN as well');
      is(touched(parseSignature(verified)), true);
    }
  });

  test(`${type}: without user presence the signature is good, but nobody touched the key`, () => {
    const key = securityKey(type);
    for (const flags of [0, 4, 0xfe]) {
      const blob = touch(key, { flags, counter: 7 });
      both(blob, key.line, true, `flags ${flags}`);
      is(touched(parseSignature(blob)), false);
    }
  });

  test(`${type}: flags, counter, application and payload are all signed`, () => {
    const key = securityKey(type);
    both(touch(key, { flags: 0, counter: 7 }, { flags: 1 }), key.line, false, 'presence claimed, not signed');
    both(touch(key, { flags: 1, counter: 7 }, { counter: 8 }), key.line, false, 'another counter');
    both(touch(key, { flags: 1, counter: 7, application: 'ssh:x' }), key.line, false, 'another application');
    both(touch(key, { flags: 1, counter: 7, application: 'web' }), key.line, false, 'a web login');
    both(touch(key, { flags: 1, counter: 7 }), key.line, false, 'another payload', Buffer.from('x'));
    both(touch(key, { flags: 1, counter: 7 }, { space: 'file' }), key.line, false, 'another namespace');
    both(touch(key, { flags: 1, counter: 7 }, { more: Buffer.from([0]) }), key.line, false, 'a byte behind');
    both(touch(key, { flags: 1, counter: 7 }), securityKey(type).line, false, 'another key');
    const good = touch(key, { flags: 1, counter: 7 });
    const parts = take(good);
    both(put({ ...parts, inner: parts.inner.subarray(0, -1) }), key.line, false, 'a cut-off counter');
    both(put({ ...parts, inner: parts.inner.subarray(0, -5) }), key.line, false, 'no flags at all');
    const [, signature] = wire(parts.inner).strings;
    const plain = type.includes('ed25519') ? 'ssh-ed25519' : 'ecdsa-sha2-nistp256';
    const inner = Buffer.concat([wireString(plain), wireString(signature!), parts.inner.subarray(-5)]);
    both(put({ ...parts, inner }), key.line, false, 'the scheme of a key that is no hardware key');
  });

  test(`${type}: agrees with ssh-keygen on every mutation`, () => {
    const key = securityKey(type);
    const blob = touch(key, { flags: 1, counter: 300 });
    const at = blob.length - take(blob).inner.length;
    const place = fc.oneof(fc.nat(blob.length - 1), fc.integer({ min: at, max: blob.length - 1 }));
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (place, flip) => {
        if (place >= 6 && place < 10) return;
        const mutated = Buffer.from(blob);
        mutated[place]! ^= flip;
        is(ours(armor(mutated), key.line), theirs(armor(mutated), key.line), armor(mutated));
      }),
      { numRuns: 60 },
    );
  });
}

test('a plain signature never counts as touched, whatever is appended', () => {
  const key = keys.get('ed25519')!;
  const parts = take(sign(key));
  throws(
    () => parseSignature(put({ ...parts, inner: Buffer.concat([parts.inner, Buffer.from([1, 0, 0, 0, 1])]) })),
    'has bytes after its end',
  );
});

test('public keys: what ssh-keygen writes is read, with its fingerprint', () => {
  for (const key of keys.values()) {
    const owner = parsePublicKey(readFileSync(`${key.file}.pub`, 'utf8'));
    if (typeof owner === 'string') throw new Error(owner);
    match(run(dir, 'ssh-keygen', ['-l', '-f', `${key.file}.pub`]).stdout, fingerprint(owner));
    is(`${owner.type} ${owner.blob} ${owner.comment}`, key.line);
  }
  for (const type of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const) {
    const key = securityKey(type);
    const owner = parsePublicKey(key.line);
    if (typeof owner === 'string') throw new Error(owner);
    writeFileSync(join(dir, 'sk.pub'), `${key.line}\n`);
    match(run(dir, 'ssh-keygen', ['-l', '-f', join(dir, 'sk.pub')]).stdout, fingerprint(owner));
  }
});

test('public keys: what is wrong is said', () => {
  const { line } = keys.get('ed25519')!;
  const [type, blob] = line.split(' ') as [string, string];
  const notKey = 'is not an SSH public key; paste a whole line of a .pub file: "ssh-ed25519 AAAA… name"';
  const ec = Buffer.from(keys.get('ecdsa-256')!.line.split(' ')[1]!, 'base64');
  const [, curve, point] = wire(ec).strings as [Buffer, Buffer, Buffer];
  const offCurve = Buffer.from(point);
  offCurve[64]! ^= 1;
  const ecLine = (...parts: (Buffer | string)[]) =>
    `ecdsa-sha2-nistp256 ${Buffer.concat(['ecdsa-sha2-nistp256', ...parts].map((part) => wireString(part))).toString('base64')}`;
  const cases: [string, string | RegExp][] = [
    ['', notKey],
    ['ssh-ed25519', notKey],
    [`from="1.2.3.4" ${line}`, notKey],
    [`${line}\n${stranger.line}`, notKey],
    [`ssh-dss ${blob}`, /^'ssh-dss' keys cannot sign approvals; use one of ssh-ed25519, ecdsa-sha2-nistp256, /],
    [`ssh-ed25519-cert-v01@openssh.com ${blob}`, /^'ssh-ed25519-cert-v01@openssh.com' keys cannot sign approvals/],
    [`${type} ${blob.slice(0, -1)}`, 'is cut off or mistyped: its base64 is not whole'],
    [`${type} ${blob.slice(0, -4)}`, 'is not a valid key: the data ends too early'],
    [`${type} ${blob}AAAA`, 'has bytes after its end'],
    [`ecdsa-sha2-nistp256 ${blob}`, "says 'ecdsa-sha2-nistp256' but holds a ssh-ed25519 key"],
    [ecLine('nistp384', point), 'names a curve that does not fit its type'],
    [ecLine(curve, point.subarray(1)), 'is not an uncompressed curve point'],
    [ecLine(curve, Buffer.concat([Buffer.from([2]), point.subarray(1, 33)])), 'is not an uncompressed curve point'],
    [ecLine(curve, offCurve), /^is not a valid key: /],
    [
      `ssh-ed25519 ${Buffer.concat([wireString('ssh-ed25519'), wireString(Buffer.alloc(31, 1))]).toString('base64')}`,
      'is an Ed25519 key of the wrong length',
    ],
    [
      `ssh-rsa ${Buffer.concat([wireString('ssh-rsa'), wireString(Buffer.from([3])), wireString(Buffer.alloc(3000, 1))]).toString('base64')}`,
      'is an RSA key of unreasonable size',
    ],
  ];
  for (const [text, expected] of cases) {
    const said = parsePublicKey(text);
    if (typeof said !== 'string') throw new Error(`accepted: ${text}`);
    if (typeof expected === 'string') is(said, expected);
    else match(said, expected);
  }
  is(decodeKey(Buffer.alloc(0)), 'is not a valid key: the data ends too early');
  is(decodeKey(wireString('ssh-dss')), 'is of a type that cannot sign approvals');
});
