import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Undecided } from '../model/index.ts';
import { note } from './ledger.ts';
import type { Manifest } from './manifest.ts';
import type { BackupPlace } from './place.ts';
import { get, put, type Storage } from './s3.ts';
import { countFile } from './written.ts';

/**
 * Brings a backup to every destination: its parts, then its manifest.
 * @returns the names of those that hold it then
 * @throws Undecided when one of them does not; the backup here stays
 */
export async function uploadAll(place: BackupPlace, manifest: Manifest): Promise<string[]> {
  const done: string[] = [];
  for (const name of Object.keys(place.backup.destinations)) {
    const storage = storageOf(place, name);
    for (const part of manifest.parts) {
      place.tell(`bringing ${part.file} to ${name}`);
      await put(storage, part.file, join(place.folder, part.file), part);
    }
    const file = `${manifest.id}.json`;
    await put(storage, file, join(place.folder, file), await countFile(join(place.folder, file)));
    await note(place.folder, { at: place.now().toISOString(), event: 'uploaded', id: manifest.id, destination: name });
    done.push(name);
  }
  return done;
}

/** Brings the copy of a backup into a folder. @throws Undecided when it does not lie there */
export async function download(place: BackupPlace, name: string, { parts }: Manifest, folder: string): Promise<void> {
  const storage = storageOf(place, name);
  for (const { file } of parts) {
    place.tell(`getting ${file} from ${name}`);
    await get(storage, file, (body) => pipeline(body, createWriteStream(join(folder, file), { mode: 0o600 })));
  }
}

/** @throws Undecided when the policy has no such destination, or its variables are not set */
export function storageOf({ backup, env, topLevel, signal, name: of }: BackupPlace, name: string): Storage {
  const destination = Object.hasOwn(backup.destinations, name) ? backup.destinations[name] : undefined;
  if (!destination) {
    const known = Object.keys(backup.destinations).join(', ');
    throw new Undecided(`'${name}' is not a destination of ${of}`, known === '' ? undefined : `known: ${known}`);
  }
  const value = (variable: string) => {
    const found = env[variable];
    if (!found) throw new Undecided(`${variable} is not set, so ${name} cannot be reached`, `set ${variable}`);
    return found;
  };
  return { name, destination, key: value(destination.key), secret: value(destination.secret), topLevel, signal };
}
