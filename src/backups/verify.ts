import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Undecided } from '../model/index.ts';
import { TarReader } from '../readers/archives/tar.ts';
import { decrypt, faultOf, identitiesIn } from './age.ts';
import { note } from './ledger.ts';
import { type BackupPart, digestOf, type Manifest } from './manifest.ts';
import type { BackupPlace } from './place.ts';
import { restoreDatabase } from './restore.ts';
import { signatureFault } from './signature.ts';
import { Broken } from './verify-fault.ts';
import { Counter, countFile } from './written.ts';

/** What is known of a backup now. */
export interface Verified {
  readonly manifest: Manifest;
  /** `tested`: restored and the same. `intact`: its files are what was written, and nobody here can open them. */
  readonly end: 'tested' | 'intact' | 'broken';
  /** In sentences: what is wrong, or what was not tried. */
  readonly notes: readonly string[];
}

/**
 * Proves a backup: its files are those of the manifest, the key opens them, what comes out is what went in, and a database is
 * restored and has the fingerprint of the moment that was dumped.
 * @param identity the text of a key of age; null: only the files can be compared
 * @param quick without the restore
 */
export async function verifyBackup(
  place: BackupPlace,
  manifest: Manifest,
  folder: string,
  { identity, quick }: { identity: string | null; quick: boolean },
): Promise<Verified> {
  const notes: string[] = [];
  try {
    const unsigned = signatureFault(manifest, place.backup);
    if (unsigned !== null) throw new Broken(`the manifest ${unsigned}`);
    for (const part of manifest.parts) await compareFile(folder, part);
    if (identity === null) return { manifest, end: 'intact', notes: ['no identity: it was not opened'] };
    for (const part of manifest.parts) {
      place.tell(`opening ${part.file}`);
      await comparePlain(place, folder, part, identity);
    }
    if (quick) return { manifest, end: 'intact', notes: ['not restored (--quick)'] };
    for (const part of manifest.parts)
      if (part.kind === 'database')
        notes.push(...(await restoreDatabase(place, manifest, (use) => opened(place, folder, part, identity, use))));
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    await note(place.folder, {
      at: place.now().toISOString(),
      event: 'failed',
      id: manifest.id,
      reason: error.message,
    });
    return { manifest, end: 'broken', notes: [error.message] };
  }
  await note(place.folder, {
    at: place.now().toISOString(),
    event: 'tested',
    id: manifest.id,
    sha256: digestOf(manifest),
  });
  return { manifest, end: 'tested', notes };
}

async function compareFile(folder: string, part: BackupPart): Promise<void> {
  const found = await countFile(join(folder, part.file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new Broken(`${part.file} is missing`);
    throw new Undecided(`${part.file} cannot be read (${error.code})`);
  });
  if (found.bytes !== part.bytes)
    throw new Broken(`${part.file} has ${found.bytes} bytes, and was written with ${part.bytes}`);
  if (found.sha256 !== part.sha256) throw new Broken(`${part.file} was changed: its sha256 is another`);
}

/** Hands on what a part holds, decrypted. */
async function opened<T>(
  place: BackupPlace,
  folder: string,
  part: BackupPart,
  identity: string,
  use: (plain: Readable) => Promise<T>,
): Promise<T> {
  const sealed = createReadStream(join(folder, part.file));
  const plain = await decrypt(sealed, identitiesIn(identity), place.topLevel);
  return use(plain);
}

async function comparePlain(place: BackupPlace, folder: string, part: BackupPart, identity: string): Promise<void> {
  const counter = new Counter();
  const tar = part.format === 'tar.gz' ? new TarReader() : null;
  await opened(place, folder, part, identity, async (plain) => {
    plain.on('error', (error) => counter.destroy(error));
    const passed = plain.pipe(counter);
    try {
      if (tar === null) for await (const _ of passed);
      else {
        const unpacked = createGunzip();
        passed.on('error', (error) => unpacked.destroy(error));
        for await (const chunk of passed.pipe(unpacked)) tar.push(chunk as Buffer);
      }
    } catch (error) {
      throw new Broken(`${part.file}: ${faultOf(error)}`);
    }
  });
  const { bytes, sha256 } = counter.counted();
  if (bytes !== part.plainBytes || sha256 !== part.plainSha256)
    throw new Broken(`${part.file} holds something else than was encrypted`);
  const fault = tar?.end() ?? null;
  if (fault !== null) throw new Broken(`${part.file}: ${fault}`);
}
