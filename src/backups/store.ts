import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Undecided } from '../model/index.ts';
import type { Kept } from './keep.ts';
import { type LedgerLine, readLedger } from './ledger.ts';
import { digestOf, isBackupId, type Manifest, parseManifest } from './manifest.ts';
import { unfinished } from './written.ts';

/** A backup as it lies in the folder, with what this machine's ledger says of it. */
export interface Stored {
  readonly manifest: Manifest;
  readonly bytes: number;
  readonly testedAt: Date | null;
  readonly pinned: string | null;
  /** Destinations that hold it, by what this machine saw. */
  readonly copies: readonly string[];
}

/**
 * All backups of an environment in a folder, the newest first. A backup is there once its manifest is.
 * @throws Undecided when the folder cannot be read, or a manifest is none: a list that is not whole is no list
 */
export async function listBackups(folder: string, environment: string): Promise<Stored[]> {
  const names = await namesIn(folder);
  const ledger = await readLedger(folder);
  const found: Stored[] = [];
  for (const name of names) {
    if (!name.endsWith('.json') || !isBackupId(name.slice(0, -'.json'.length))) continue;
    const manifest = parseManifest(await readFile(join(folder, name), 'utf8'), name);
    if (manifest.environment !== environment) continue;
    found.push({ manifest, bytes: bytesOf(manifest), ...saidOf(ledger, manifest) });
  }
  return found.sort((a, b) => (a.manifest.createdAt < b.manifest.createdAt ? 1 : -1));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new Undecided(`${folder} cannot be read (${code})`);
  }
}

const bytesOf = ({ parts }: Manifest) => parts.reduce((sum, { bytes }) => sum + bytes, 0);

/** What the ledger says of a backup, in the end. A test of another manifest of that name is none of this one. */
export function saidOf(
  ledger: readonly LedgerLine[],
  manifest: Manifest,
): Pick<Stored, 'testedAt' | 'pinned' | 'copies'> {
  const { id } = manifest;
  const digest = digestOf(manifest);
  let testedAt: Date | null = null;
  let pinned: string | null = null;
  const copies = new Set<string>();
  for (const line of ledger) {
    if (line.id !== id) continue;
    if (line.event === 'tested' && line.sha256 === digest) testedAt = new Date(line.at);
    if (line.event === 'failed') testedAt = null;
    if (line.event === 'pinned') pinned = line.reason ?? 'pinned';
    if (line.event === 'unpinned') pinned = null;
    if (line.event === 'uploaded' && line.destination) copies.add(line.destination);
    if (line.event === 'pruned' && line.destination) copies.delete(line.destination);
  }
  return { testedAt, pinned, copies: [...copies] };
}

/** How far two clocks may be apart. */
const skew = 300_000;

/** Without those that a wrong clock has dated into the future: they would be the newest for as long as that. */
export const untilNow = (backups: readonly Stored[], now: Date): Stored[] =>
  backups.filter(({ manifest }) => Date.parse(manifest.createdAt) <= now.getTime() + skew);

/** As the rules of retention see it. */
export const keptOf = ({ manifest, testedAt, pinned }: Stored): Kept => ({
  id: manifest.id,
  createdAt: new Date(manifest.createdAt),
  whole: manifest.state === 'whole',
  testedAt,
  pinned,
});

/** Takes a backup away: the manifest first, so that no half of it is ever taken for a backup. */
export async function removeBackup(folder: string, { id, parts }: Manifest): Promise<void> {
  await rm(join(folder, `${id}.json`), { force: true });
  for (const { file } of parts) await rm(join(folder, file), { force: true });
}

/**
 * What a run that was killed has left: files without their final name, and parts of no backup.
 * @param prefix of the names of one environment, whose lock is held: another one may be at work in the same folder
 */
export async function removeLeftovers(folder: string, prefix: string): Promise<void> {
  const names = (await namesIn(folder)).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const part = /^(.+?)\.(?:dump|sql\.gz|tar\.gz)\.age$/.exec(name);
    const isLeft = name.endsWith(unfinished) && isBackupId(name.split('.')[0]!);
    const isOrphan = part !== null && isBackupId(part[1]!) && !names.includes(`${part[1]}.json`);
    if (isLeft || isOrphan) await rm(join(folder, name), { force: true });
  }
}

/** Are the files of a backup there, with the bytes that the manifest says? @throws Undecided when that cannot be told */
export async function isComplete(folder: string, { parts }: Manifest): Promise<boolean> {
  for (const { file, bytes } of parts) {
    const found = await stat(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw new Undecided(`${join(folder, file)} cannot be read (${error.code})`);
    });
    if (found?.size !== bytes) return false;
  }
  return true;
}
