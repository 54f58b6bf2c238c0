import { keyFromFile, sign } from '../approvals/keys.ts';
import { parsePublicKey } from '../approvals/public-key.ts';
import { armor, parseSignature, unarmor, verifySignature } from '../approvals/ssh-signature.ts';
import { Repository } from '../git/repository.ts';
import { type BackupEnvironment, Undecided } from '../model/index.ts';
import type { Manifest } from './manifest.ts';
import type { BackupPlace } from './place.ts';

/** What binds a signature to backups, so that no approval can pass for one. */
const namespace = 'git-protect.backup.v1';

/** The bytes that are signed: the manifest as it is written, without its signature. */
const payloadOf = ({ signature: _, ...rest }: Manifest): Buffer => Buffer.from(`${JSON.stringify(rest, null, 1)}\n`);

/**
 * Signs a manifest by the key that the policy asks for; without one it stays as it is.
 * @throws Undecided when the key is not here, or another one
 */
export async function signed(place: BackupPlace, manifest: Manifest): Promise<Manifest> {
  const asked = place.backup.sign;
  if (asked === null) return manifest;
  const file = place.env[asked.key];
  if (!file)
    throw new Undecided(
      `${asked.key} is not set, so the backup cannot be signed`,
      `set ${asked.key} to the file of the key`,
    );
  const key = await keyFromFile(file, place.topLevel);
  if (key.key.blob !== blobOf(asked.by))
    throw new Undecided(`the key that ${asked.key} names is another than the policy's (backups.${place.name}.sign.by)`);
  const repository = new Repository(place.topLevel, place.env, 'location');
  try {
    const blob = await sign(repository, payloadOf(manifest), key, place.env, namespace);
    return { ...manifest, signature: armor(blob) };
  } finally {
    repository.close();
  }
}

/** What is wrong with the signature of a manifest; null: nothing, or the policy asks for none. */
export function signatureFault(manifest: Manifest, { sign: asked }: Pick<BackupEnvironment, 'sign'>): string | null {
  if (asked === null) return null;
  if (manifest.signature === undefined) return 'is not signed, as the policy demands';
  const blob = unarmor(manifest.signature);
  if (blob === null) return 'has a signature that is not one';
  try {
    const signature = parseSignature(blob);
    if (signature.keyBlob !== blobOf(asked.by)) return 'is signed by another key than the policy names';
    return verifySignature(payloadOf(manifest), signature, namespace) ? null : 'was changed since it was signed';
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return 'has a signature that is not one';
    throw error;
  }
}

function blobOf(line: string): string {
  const key = parsePublicKey(line);
  if (typeof key === 'string') throw new Undecided(`the key that signs backups ${key}`);
  return key.blob;
}
