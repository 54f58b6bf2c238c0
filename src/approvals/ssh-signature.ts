import { createHash, verify } from 'node:crypto';
import { decodeKey, type PublicKey, WireReader, wireString } from './public-key.ts';

/** What binds a signature to approvals, so that no commit signature or login can pass for one. */
export const namespace = 'git-protect.approval.v1';

const begin = '-----BEGIN SSH SIGNATURE-----\n';
const end = '-----END SSH SIGNATURE-----\n';

/** A parsed SSH signature. @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig */
export interface SshSignature {
  /** The signer's key blob in base64, to be looked up in the policy. */
  readonly keyBlob: string;
  readonly key: PublicKey;
  readonly namespace: string;
  readonly hash: 'sha256' | 'sha512';
  readonly scheme: string;
  readonly signature: Buffer;
  /** FIDO flags and counter; null for keys that are not hardware keys. */
  readonly presence: { readonly flags: number; readonly counter: number } | null;
}

/** Has the key been touched for this signature? Only hardware keys can say so. */
export function touched(signature: SshSignature): boolean {
  return signature.presence !== null && (signature.presence.flags & 0x01) !== 0;
}

/** Writes the armor as ssh-keygen does: 70 characters a line. */
export function armor(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return `${begin}${lines.join('\n')}\n${end}`;
}

/** The signature blob inside an armor, or null when a single byte is not as `armor` writes it. */
export function unarmor(text: string): Buffer | null {
  if (!text.startsWith(begin) || !text.endsWith(end)) return null;
  const body = text.slice(begin.length, text.length - end.length);
  const blob = Buffer.from(body.replaceAll('\n', ''), 'base64');
  return armor(blob) === text ? blob : null;
}

/** Splits signed text into the bytes that were signed and the armor behind them; null when there is no armor. */
export function splitArmor(text: string): { payload: string; armor: string } | null {
  const at = text.indexOf(begin);
  return at > 0 && text[at - 1] === '\n' ? { payload: text.slice(0, at), armor: text.slice(at) } : null;
}

/**
 * Parses a signature blob.
 * @throws RangeError or SyntaxError when it is not exactly one well-formed signature
 */
export function parseSignature(blob: Buffer): SshSignature {
  const reader = new WireReader(blob);
  if (reader.raw(6).toString('latin1') !== 'SSHSIG') throw new SyntaxError('is not an SSH signature');
  if (reader.uint32() !== 1) throw new SyntaxError('is of an unknown version');
  const keyBlob = reader.string();
  const key = decodeKey(keyBlob);
  if (typeof key === 'string') throw new SyntaxError(`the signing key ${key}`);
  const space = reader.text();
  if (reader.string().length > 0) throw new SyntaxError('uses the reserved field');
  const hash = reader.text();
  if (hash !== 'sha256' && hash !== 'sha512') throw new SyntaxError('uses an unknown hash');
  const inner = new WireReader(reader.string());
  if (reader.left > 0) throw new SyntaxError('has bytes after its end');
  const scheme = inner.text();
  if (!schemes(key).includes(scheme)) throw new SyntaxError(`scheme '${scheme.slice(0, 40)}' does not fit the key`);
  const signature = inner.string();
  const presence = key.application === null ? null : { flags: inner.raw(1)[0]!, counter: inner.uint32() };
  if (inner.left > 0) throw new SyntaxError('has bytes after its end');
  return { keyBlob: keyBlob.toString('base64'), key, namespace: space, hash, scheme, signature, presence };
}

/** RSA keys sign with SHA-2 only: OpenSSH refuses SHA-1 in this format as well. */
function schemes(key: PublicKey): readonly string[] {
  return key.type === 'ssh-rsa' ? ['rsa-sha2-256', 'rsa-sha2-512'] : [key.type];
}

/** Did this key sign exactly these bytes, as an approval? Agrees with `ssh-keygen -Y verify -n git-protect.approval.v1`. */
export function verifySignature(payload: Buffer, signature: SshSignature, expected = namespace): boolean {
  if (signature.namespace !== expected) return false;
  const digest = createHash(signature.hash).update(payload).digest();
  const signed = Buffer.concat([
    Buffer.from('SSHSIG'),
    wireString(signature.namespace),
    wireString(''),
    wireString(signature.hash),
    wireString(digest),
  ]);
  return verifyBytes(signature, signature.presence ? fidoMessage(signature, signed) : signed);
}

/** What a FIDO key really signs. @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.u2f */
function fidoMessage({ key, presence }: SshSignature, signed: Buffer): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(presence!.counter);
  const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();
  return Buffer.concat([
    sha256(Buffer.from(key.application!, 'latin1')),
    Buffer.from([presence!.flags]),
    counter,
    sha256(signed),
  ]);
}

function verifyBytes({ key, scheme, signature }: SshSignature, message: Buffer): boolean {
  switch (key.type) {
    case 'ssh-ed25519':
    case 'sk-ssh-ed25519@openssh.com':
      return signature.length === 64 && verify(null, message, key.key, signature);
    case 'ssh-rsa': {
      const length = Math.ceil(key.key.asymmetricKeyDetails!.modulusLength! / 8);
      return (
        signature.length <= length &&
        verify(scheme === 'rsa-sha2-512' ? 'sha512' : 'sha256', message, key.key, leftPad(signature, length))
      );
    }
    default: {
      const bits = Number(/nistp(\d+)/.exec(key.type)![1]);
      const raw = ecdsaRaw(signature, Math.ceil(bits / 8));
      const hash = bits === 256 ? 'sha256' : bits === 384 ? 'sha384' : 'sha512';
      return raw !== null && verify(hash, message, { key: key.key, dsaEncoding: 'ieee-p1363' }, raw);
    }
  }
}

/** The two integers of an ECDSA signature side by side, as Node wants them; null when they do not fit the curve. */
function ecdsaRaw(signature: Buffer, size: number): Buffer | null {
  try {
    const reader = new WireReader(signature);
    const parts = [readInteger(reader), readInteger(reader)];
    if (reader.left > 0 || parts.some((part) => part.length > size)) return null;
    return Buffer.concat(parts.map((part) => leftPad(part, size)));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** A positive integer without its leading zeros. @see https://www.rfc-editor.org/rfc/rfc4251#section-5 */
function readInteger(reader: WireReader): Buffer {
  const bytes = reader.string();
  if (bytes.length > 0 && (bytes[0]! & 0x80) !== 0) throw new RangeError('a negative integer');
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? Buffer.alloc(0) : bytes.subarray(start);
}

function leftPad(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, length - bytes.length)), bytes]);
}
