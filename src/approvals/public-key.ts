import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import type { OwnerKey } from '../model/index.ts';

/** The key types an owner may have, with the curve or scheme behind each. */
export const keyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
] as const;

export type KeyType = (typeof keyTypes)[number];

/** A public key as the verifier needs it. */
export interface PublicKey {
  readonly type: KeyType;
  readonly key: KeyObject;
  /** The FIDO application (`ssh:…`) of a hardware key; null for others. */
  readonly application: string | null;
}

/** Reads the length-prefixed strings of the SSH wire format. @see https://www.rfc-editor.org/rfc/rfc4251#section-5 */
export class WireReader {
  #at = 0;
  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  raw(length: number): Buffer {
    if (length < 0 || length > this.left) throw new RangeError('the data ends too early');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  uint32(): number {
    return this.raw(4).readUInt32BE();
  }

  string(): Buffer {
    return this.raw(this.uint32());
  }

  text(): string {
    return this.string().toString('latin1');
  }
}

/** A string in the SSH wire format: its length in four bytes, then itself. */
export function wireString(bytes: Buffer | string): Buffer {
  const body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/**
 * Parses one line of a `.pub` file. Returns the key, or what is wrong with it in a few words.
 * @see https://man.openbsd.org/sshd#AUTHORIZED_KEYS_FILE_FORMAT
 */
export function parsePublicKey(line: string): OwnerKey | string {
  const match = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: (.*))?$/.exec(line.trim());
  if (!match) return 'is not an SSH public key; paste a whole line of a .pub file: "ssh-ed25519 AAAA… name"';
  const [, type, blob, comment] = match as unknown as [string, string, string, string | undefined];
  if (!(keyTypes as readonly string[]).includes(type))
    return `'${type}' keys cannot sign approvals; use one of ${keyTypes.join(', ')}`;
  const bytes = Buffer.from(blob, 'base64');
  if (bytes.toString('base64') !== blob) return 'is cut off or mistyped: its base64 is not whole';
  const key = decodeKey(bytes);
  if (typeof key === 'string') return key;
  if (key.type !== type) return `says '${type}' but holds a ${key.type} key`;
  return { type, blob, comment: comment ?? '' };
}

/**
 * Decodes a key blob. Returns the key, or what is wrong with it.
 * @see https://www.rfc-editor.org/rfc/rfc4253#section-6.6 https://www.rfc-editor.org/rfc/rfc5656#section-3.1
 */
export function decodeKey(blob: Buffer): PublicKey | string {
  try {
    const reader = new WireReader(blob);
    const type = reader.text() as KeyType;
    if (!keyTypes.includes(type)) return 'is of a type that cannot sign approvals';
    const key = readKey(type, reader);
    if (typeof key === 'string') return key;
    const application = type.startsWith('sk-') ? reader.text() : null;
    if (reader.left > 0) return 'has bytes after its end';
    return { type, key, application };
  } catch (error) {
    return `is not a valid key: ${(error as Error).message}`;
  }
}

function readKey(type: KeyType, reader: WireReader): KeyObject | string {
  if (type === 'ssh-rsa') {
    const [e, whole] = [reader.string(), reader.string()];
    // One key has one form: else it could be listed twice and count twice.
    if (!isCanonical(e) || !isCanonical(whole)) return 'is an RSA key with needless zeros';
    const n = stripZero(whole);
    const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
    if (bits < 2048) return `is an RSA key of ${bits} bits; at least 2048 are needed`;
    if (n.length * 8 > 16384 || e.length > 8) return 'is an RSA key of unreasonable size';
    return createPublicKey({
      format: 'jwk',
      key: { kty: 'RSA', n: n.toString('base64url'), e: stripZero(e).toString('base64url') },
    });
  }
  if (type === 'ssh-ed25519' || type === 'sk-ssh-ed25519@openssh.com') {
    const x = reader.string();
    if (x.length !== 32) return 'is an Ed25519 key of the wrong length';
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') } });
  }
  const bits = /nistp(\d+)/.exec(type)![1]!;
  if (reader.text() !== `nistp${bits}`) return 'names a curve that does not fit its type';
  const point = reader.string();
  const size = Math.ceil(Number(bits) / 8);
  if (point.length !== 1 + 2 * size || point[0] !== 4) return 'is not an uncompressed curve point';
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map((part) => part.toString('base64url'));
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: `P-${bits}`, x: x!, y: y! } });
}

/** A positive integer as SSH writes it: one zero in front only where the first bit is set. */
function isCanonical(integer: Buffer): boolean {
  if (integer.length === 0 || (integer[0]! & 0x80) !== 0) return false;
  return integer[0] !== 0 || (integer.length > 1 && (integer[1]! & 0x80) !== 0);
}

function stripZero(integer: Buffer): Buffer {
  let at = 0;
  while (at < integer.length - 1 && integer[at] === 0) at++;
  return integer.subarray(at);
}

/** `SHA256:…` as `ssh-keygen -l` prints it. */
export function fingerprint(key: Pick<OwnerKey, 'blob'>): string {
  const digest = createHash('sha256').update(Buffer.from(key.blob, 'base64')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
