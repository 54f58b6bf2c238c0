import { randomBytes } from 'node:crypto';
import { constants, createReadStream, createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Dump, digestOf, readDump } from '../databases/dump.ts';
import type { Baseline } from '../databases/fingerprint/baseline.ts';
import { asBaseline } from '../databases/fingerprint/store.ts';
import type { Place } from '../databases/place.ts';
import { isAlive } from '../git/alive.ts';
import { Refused, Undecided, UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { size } from '../words/size.ts';
import { decrypt, faultOf, identitiesIn } from './age.ts';
import { type BackupPart, isBackupId, type Manifest } from './manifest.ts';
import { type BackupPlace, backupPlace } from './place.ts';
import { listBackups, type Stored } from './store.ts';
import { countFile } from './written.ts';

/** A backup of a database that somebody names: by its id, or a file of `pg_dump -Fc` with its baseline beside. */
export interface Given {
  /** As it is called in reports. */
  readonly called: string;
  /** SHA-256 of the dump itself, as it is said to be until it is opened. */
  readonly sha256: string;
  readonly baseline: Baseline;
  /** Of the dump. */
  readonly bytes: number;
  /** Null: it is a file, of which nobody has written down anything. */
  readonly stored: Stored | null;
  /** Lays the dump into a folder of ours, and proves that it is the one. @throws Undecided when it is not */
  open(): Promise<Dump>;
  /** Takes away what was opened. */
  close(): Promise<void>;
}

/**
 * @param text an id, or else an absolute path
 * @param key the text of a key of age; null: the one that the policy names
 * @throws UsageError or Undecided when there is no such backup
 */
export async function givenBackup(place: Place, text: string, file: string, key: string | null): Promise<Given> {
  if (!isBackupId(text)) return givenFile(place, file);
  const { at, stored } = await findBackup(place, text);
  const { manifest } = stored;
  const part = manifest.parts.find(({ kind }) => kind === 'database');
  if (part === undefined || manifest.source?.engine !== 'postgres')
    throw new Refused(`${text} holds no dump of PostgreSQL`, `npx git-protect backup list ${at.name}`);
  const folder = openedFolder(place);
  const baseline = asBaseline(manifest.baseline, `the manifest of ${text}`);
  return {
    called: text,
    sha256: part.plainSha256,
    baseline,
    bytes: part.plainBytes,
    stored,
    open: () => openPart(at, baseline, part, folder, key ?? identityOf(at, manifest)),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function givenFile(place: Place, file: string): Promise<Given> {
  const { baseline } = readDump(file);
  const { bytes, sha256 } = await countFile(file);
  const folder = openedFolder(place);
  const open = async () => {
    await makeRoom(folder, bytes);
    const copy = join(folder, 'dump');
    // Of our own, so that what was looked at is what is restored.
    await copyFile(file, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    if ((await digestOf(copy)) !== sha256) throw new Undecided(`${file} was changed while it was read`);
    return { file: copy, baseline };
  };
  return {
    called: file,
    sha256,
    baseline,
    bytes,
    stored: null,
    open,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Among the backups of every environment of the policy. */
async function findBackup(place: Place, id: string): Promise<{ at: BackupPlace; stored: Stored }> {
  const ids: string[] = [];
  for (const name of Object.keys(place.policy.backups)) {
    const at = backupPlace(place, name, null);
    for (const stored of await listBackups(at.folder, name)) {
      if (stored.manifest.id === id) return { at, stored };
      ids.push(stored.manifest.id);
    }
  }
  const meant = nearest(id, ids);
  throw new UsageError(
    `there is no backup ${id} here${meant ? `; did you mean ${meant}?` : ''}`,
    'npx git-protect backup list',
  );
}

function identityOf({ backup, env, name }: BackupPlace, { id }: Manifest): string {
  const value = backup.identity === null ? undefined : env[backup.identity];
  if (value) return value;
  throw new Undecided(
    backup.identity === null
      ? `backups.${name} names no identity:, so it cannot be opened`
      : `${backup.identity} is not set`,
    `name a key of age: --key FILE; one of SSH opens it by hand: npx git-protect backup read ${backup.folder}/${id}.dump.age --key FILE -o FILE`,
  );
}

async function openPart(
  at: BackupPlace,
  baseline: Baseline,
  part: BackupPart,
  folder: string,
  identity: string,
): Promise<Dump> {
  const sealed = join(at.folder, part.file);
  at.tell(`opening ${part.file}`);
  const found = await countFile(sealed).catch((error: NodeJS.ErrnoException) => {
    throw new Undecided(`${part.file} ${error.code === 'ENOENT' ? 'is missing' : `cannot be read (${error.code})`}`);
  });
  if (found.sha256 !== part.sha256) throw new Undecided(`${part.file} was changed: its sha256 is another`);
  await makeRoom(folder, part.plainBytes);
  const file = join(folder, 'dump');
  const plain = await decrypt(createReadStream(sealed), identitiesIn(identity), at.topLevel);
  await pipeline(plain, createWriteStream(file, { mode: 0o600, flags: 'wx' })).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw new Undecided(`${part.file}: ${code?.startsWith('E') ? code : faultOf(error)}`);
  });
  if ((await digestOf(file)) !== part.plainSha256)
    throw new Undecided(`${part.file} holds something else than was encrypted`);
  return { file, baseline };
}

/** A name for a folder that goes with this process. */
function openedFolder({ commonDir }: Place): string {
  return join(commonDir, 'protect', 'opened', `${process.pid}-${randomBytes(8).toString('hex')}`);
}

/** Makes the folder, and takes away what runs that were killed have left in others. @throws Undecided without room */
async function makeRoom(folder: string, bytes: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dirname(folder)))
    if (!isAlive(Number(name.split('-')[0]))) await rm(join(dirname(folder), name), { recursive: true, force: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes)
    throw new Undecided(
      `${size(bavail * bsize)} are free in ${folder}, and ${size(bytes)} are needed to open it`,
      'make room there',
    );
}
