import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { WireReader } from '../approvals/public-key.ts';

const label = 'age-encryption.org/v1/ssh-ed25519';
const prime = 2n ** 255n - 19n;

/** A line of the header of an age file, with what it wraps. */
export interface SshStanza {
  readonly args: string[];
  readonly body: Uint8Array;
}

/**
 * Wraps a file key for the owner of an `ssh-ed25519` key, as `age -r "ssh-ed25519 …"` does; `age -d -i ~/.ssh/id_ed25519`
 * opens it.
 * @param blob the public key as SSH writes it
 * @param fileKey the 16 bytes that the file is encrypted by
 * @see https://github.com/FiloSottile/age/blob/main/agessh/agessh.go
 */
export function wrapForSsh(blob: Buffer, fileKey: Uint8Array): SshStanza {
  const theirs = montgomery(edwardsPoint(blob));
  const secret = randomBytes(32);
  const share = publicOf(secret);
  // So that what is agreed with this SSH key is of no use in another protocol.
  const tweak = Buffer.from(hkdfSync('sha256', Buffer.alloc(0), blob, label, 32));
  const shared = agree(tweak, agree(secret, theirs));
  const key = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([share, theirs]), label, 32));
  // The key is used once, so the nonce may be nothing.
  const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  const tag = createHash('sha256').update(blob).digest().subarray(0, 4);
  return { args: ['ssh-ed25519', unpadded(tag), unpadded(share)], body };
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

function edwardsPoint(blob: Buffer): Buffer {
  const reader = new WireReader(blob);
  if (reader.text() !== 'ssh-ed25519') throw new RangeError('not an ssh-ed25519 key');
  const point = reader.string();
  if (point.length !== 32 || reader.left > 0) throw new RangeError('not an ssh-ed25519 key');
  return point;
}

/** The point of the Montgomery curve that stands for one of the Edwards curve. @see https://www.rfc-editor.org/rfc/rfc7748#section-4.1 */
function montgomery(point: Buffer): Buffer {
  const bytes = Buffer.from(point).reverse();
  bytes[0]! &= 0x7f;
  const y = BigInt(`0x${bytes.toString('hex')}`);
  const u = (((1n + y) % prime) * inverse((prime + 1n - y) % prime)) % prime;
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** By Fermat: to the power of p - 2. */
function inverse(value: bigint): bigint {
  let [result, base] = [1n, value];
  for (let power = prime - 2n; power > 0n; power >>= 1n) {
    if (power & 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result;
}

const privateForm = Buffer.from('302e020100300506032b656e04220420', 'hex');
const publicForm = Buffer.from('302a300506032b656e032100', 'hex');

const privateKey = (raw: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([privateForm, raw]), format: 'der', type: 'pkcs8' });

function publicOf(secret: Buffer): Buffer {
  return createPublicKey(privateKey(secret)).export({ format: 'der', type: 'spki' }).subarray(-32);
}

function agree(secret: Buffer, raw: Buffer): Buffer {
  const publicKey = createPublicKey({ key: Buffer.concat([publicForm, raw]), format: 'der', type: 'spki' });
  return diffieHellman({ privateKey: privateKey(secret), publicKey });
}
