import { alone } from '../machine/lock.ts';
import { Undecided } from '../model/index.ts';
import { type Decision, decide, type Kept } from './keep.ts';
import { type LedgerLine, note, readLedger } from './ledger.ts';
import { isBackupId, type Manifest, parseManifest } from './manifest.ts';
import { namedElsewhere } from './named.ts';
import { type BackupPlace, lockFile, prefixOf } from './place.ts';
import { get, holds, list, remove, type Storage, StorageRefused } from './s3.ts';
import { signatureFault } from './signature.ts';
import { saidOf } from './store.ts';
import { storageOf } from './upload.ts';

/** A manifest is small; the fingerprint of thousands of tables is not. */
const largestManifest = 64 << 20;

/** What stays at a destination and what goes. */
export interface DestinationPruning {
  readonly decisions: readonly Decision[];
  /** The key may not delete: then the storage's own rules let copies expire. */
  readonly mayNotDelete: boolean;
}

/**
 * Removes at a destination what its own `keep` does not keep: only what a newer one follows there that was tested and lies there whole.
 * @param dry decides, and removes nothing
 * @throws Undecided when the list is not whole, or empty against what was brought there
 */
export async function pruneDestination(place: BackupPlace, name: string, dry: boolean): Promise<DestinationPruning> {
  return alone({ lock: lockFile(place), doing: `at work on ${place.name}` }, async () => {
    const storage = storageOf(place, name);
    const ledger = await readLedger(place.folder);
    const there = await copiesAt(place, storage, ledger);
    const { keep } = storage.destination;
    const decisions = decide(
      [...there.values()].map(({ kept }) => kept),
      keep,
      place.backup.timezone,
      place.now(),
    );
    const going = dry ? [] : decisions.filter((decision) => !decision.keep);
    for (const { id, reason } of going) {
      try {
        await removeCopy(storage, there.get(id)!.manifest);
      } catch (error) {
        if (error instanceof StorageRefused && error.status === 403) return { decisions, mayNotDelete: true };
        throw error;
      }
      await note(place.folder, { at: place.now().toISOString(), event: 'pruned', id, destination: name, reason });
    }
    return { decisions, mayNotDelete: false };
  });
}

/** The manifest first, so that no half of a copy is ever taken for one. */
async function removeCopy(storage: Storage, { id, parts }: Manifest): Promise<void> {
  await remove(storage, `${id}.json`);
  for (const { file } of parts) await remove(storage, file);
}

interface Copy {
  readonly manifest: Manifest;
  readonly kept: Kept;
}

async function copiesAt(
  place: BackupPlace,
  storage: Storage,
  ledger: readonly LedgerLine[],
): Promise<ReadonlyMap<string, Copy>> {
  const names = new Set(await list(storage));
  const prefix = prefixOf(place);
  const ids = [...names]
    .filter((file) => file.endsWith('.json') && file.startsWith(prefix))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((id) => isBackupId(id) && /^(?:\d+_)?\d{8}T/.test(id.slice(prefix.length)));
  if (ids.length === 0 && ledger.some((line) => line.event === 'uploaded' && line.destination === storage.name))
    throw new Undecided(
      `${storage.name} lists no backup, and some were brought there`,
      `npx git-protect backup verify ${place.name} --from ${storage.name}`,
    );
  const named = await namedElsewhere(place);
  const copies = new Map<string, Copy>();
  for (const id of ids) {
    const manifest = await manifestAt(storage, id);
    const said = saidOf(ledger, manifest);
    const kept = {
      id,
      createdAt: new Date(manifest.createdAt),
      whole:
        manifest.state === 'whole' &&
        signatureFault(manifest, place.backup) === null &&
        manifest.parts.every(({ file }) => names.has(file)),
      testedAt: said.testedAt,
      pinned: said.pinned ?? named.get(id) ?? null,
    };
    copies.set(id, { manifest, kept: kept.whole ? kept : { ...kept, testedAt: null } });
  }
  await doubtNewest(storage, copies);
  return copies;
}

/** The one for which others go has to lie there, as it was tested here; else the one before it is looked at. */
async function doubtNewest(storage: Storage, copies: Map<string, Copy>): Promise<void> {
  const tested = [...copies.values()]
    .filter(({ kept }) => kept.testedAt !== null)
    .sort((a, b) => b.kept.createdAt.getTime() - a.kept.createdAt.getTime());
  for (const { manifest, kept } of tested) {
    let whole = true;
    for (const part of manifest.parts) whole &&= await holds(storage, part.file, part);
    if (whole) return;
    copies.set(kept.id, { manifest, kept: { ...kept, whole: false, testedAt: null } });
  }
}

async function manifestAt(storage: Storage, id: string): Promise<Manifest> {
  const file = `${id}.json`;
  const text = await get(storage, file, async (body) => {
    let read = '';
    for await (const chunk of body.setEncoding('utf8')) {
      read += chunk;
      if (read.length > largestManifest) throw new Undecided(`${file} at ${storage.name} is too large for a manifest`);
    }
    return read;
  });
  return parseManifest(text, file);
}
