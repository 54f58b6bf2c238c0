import { alone } from '../machine/lock.ts';
import { UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { note } from './ledger.ts';
import { type BackupPlace, lockFile } from './place.ts';
import { listBackups } from './store.ts';

/** Lets a backup stay whatever the rules say. @throws UsageError when there is none of that name */
export const pin = (place: BackupPlace, id: string, reason: string): Promise<void> =>
  write(place, id, { event: 'pinned', reason });

/** Takes that back. @throws UsageError when it was not pinned */
export const unpin = (place: BackupPlace, id: string, reason: string): Promise<void> =>
  write(place, id, { event: 'unpinned', reason });

async function write(
  place: BackupPlace,
  id: string,
  line: { readonly event: 'pinned' | 'unpinned'; readonly reason: string },
): Promise<void> {
  await alone({ lock: lockFile(place), doing: `at work on ${place.name}` }, async () => {
    const backups = await listBackups(place.folder, place.name);
    const found = backups.find(({ manifest }) => manifest.id === id);
    const help = `npx git-protect backup list ${place.name}`;
    const meant = nearest(
      id,
      backups.map(({ manifest }) => manifest.id),
    );
    if (!found) throw new UsageError(`there is no backup ${id} here${meant ? `; did you mean ${meant}?` : ''}`, help);
    if (line.event === 'unpinned' && found.pinned === null) throw new UsageError(`${id} is not pinned`, help);
    await note(place.folder, { at: place.now().toISOString(), id, ...line });
  });
}
