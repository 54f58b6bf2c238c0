import { createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { Undecided } from '../model/index.ts';

/**
 * Opens what Python's `cryptography` has encrypted as Fernet, all of it at once.
 * @param token base64url, as a file holds it
 * @param key 32 bytes, base64url
 * @throws Undecided when the key does not open it
 * @see https://github.com/fernet/spec/blob/master/Spec.md
 */
export function openFernet(token: Buffer, key: string): Buffer {
  const secret = Buffer.from(key.trim(), 'base64url');
  if (secret.length !== 32) throw new Undecided('this is not a Fernet key: one is 32 bytes, in base64');
  const bytes = Buffer.from(token.toString('latin1').trim(), 'base64url');
  if (bytes.length < 73 || bytes[0] !== 0x80 || (bytes.length - 57) % 16 !== 0)
    throw new Undecided('it is not a Fernet file, or is cut off');
  const signed = bytes.subarray(0, -32);
  const mac = createHmac('sha256', secret.subarray(0, 16)).update(signed).digest();
  if (!timingSafeEqual(mac, bytes.subarray(-32))) throw new Undecided('the key does not open it, or it was changed');
  const cipher = createDecipheriv('aes-128-cbc', secret.subarray(16), signed.subarray(9, 25));
  return Buffer.concat([cipher.update(signed.subarray(25)), cipher.final()]);
}
