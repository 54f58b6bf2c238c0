import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { loadDriver } from '../databases/driver.ts';
import { Undecided } from '../model/index.ts';
import { wrapForSsh } from './ssh-recipient.ts';

/** Who can open a backup: a key of an owner, or one of age. */
export type Recipient =
  | { readonly kind: 'ssh'; readonly blob: Buffer; readonly name: string }
  | { readonly kind: 'age'; readonly text: string };

const load = (topLevel: string) => loadDriver('age-encryption', topLevel, () => import('age-encryption'));

/**
 * Encrypts a stream in the format of age.
 * @param topLevel of the project, whose own package is taken where it has one
 * @throws Undecided when the package is missing, or a recipient is none
 * @see https://github.com/C2SP/C2SP/blob/main/age.md
 */
export async function encrypt(plain: Readable, recipients: readonly Recipient[], topLevel: string): Promise<Readable> {
  const age = await load(topLevel);
  const encrypter = new age.Encrypter();
  for (const recipient of recipients) {
    if (recipient.kind === 'age') {
      try {
        encrypter.addRecipient(recipient.text);
      } catch {
        throw new Undecided(`'${recipient.text.slice(0, 20)}…' is not an age recipient`, 'age-keygen -y prints one');
      }
      continue;
    }
    const wrapFileKey = (fileKey: Uint8Array) => {
      const { args, body } = wrapForSsh(recipient.blob, fileKey);
      return [new age.Stanza(args, body)];
    };
    encrypter.addRecipient({ wrapFileKey });
  }
  const source = Readable.toWeb(plain) as ReadableStream<Uint8Array>;
  const encrypted = await encrypter.encrypt(source as globalThis.ReadableStream<Uint8Array>);
  return Readable.fromWeb(encrypted as ReadableStream);
}

/**
 * Decrypts a stream by a key of age. What comes is authentic, piece by piece; that it was whole is known at its end.
 * @throws Undecided when the key does not open it, or it is no file of age
 */
export async function decrypt(sealed: Readable, identities: readonly string[], topLevel: string): Promise<Readable> {
  if (identities.length === 0)
    throw new Undecided('there is no age key in it', 'it is a line that starts with AGE-SECRET-KEY-1');
  await refuseOtherFormat(sealed);
  const age = await load(topLevel);
  const decrypter = new age.Decrypter();
  for (const identity of identities)
    try {
      decrypter.addIdentity(identity);
    } catch {
      throw new Undecided('the identity is not an age key', 'it is a line that starts with AGE-SECRET-KEY-1');
    }
  try {
    const source = Readable.toWeb(sealed) as ReadableStream<Uint8Array>;
    const plain = await decrypter.decrypt(source as globalThis.ReadableStream<Uint8Array>);
    return Readable.fromWeb(plain as ReadableStream);
  } catch (error) {
    throw new Undecided(faultOf(error));
  }
}

/** Looks at how a file begins, and puts it back. @throws Undecided when that is no file of age, or one of another version */
async function refuseOtherFormat(sealed: Readable): Promise<void> {
  await once(sealed, 'readable');
  const begins: Buffer | null = sealed.read();
  if (begins !== null) sealed.unshift(begins);
  const [, version] = /^age-encryption\.org\/v(\d{1,9})\n/.exec(begins?.subarray(0, 40).toString('latin1') ?? '') ?? [];
  if (version === '1') return;
  throw new Undecided(version === undefined ? faultOf(null) : 'it is of a newer format of age than this knows');
}

/** What the library says, in our words: it names no key, and neither do we. */
export function faultOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  if (/no identity matched/i.test(said)) return 'none of the keys opens it: it is encrypted for others';
  return 'it is cut off, changed, or no file of age';
}

/** The keys of age in a text, one a line, as `age-keygen` writes them; comments are left out. */
export function identitiesIn(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
