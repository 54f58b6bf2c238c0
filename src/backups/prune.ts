import { alone } from '../machine/lock.ts';
import { type Decision, decide } from './keep.ts';
import { note } from './ledger.ts';
import { namedElsewhere } from './named.ts';
import { type BackupPlace, lockFile } from './place.ts';
import { signatureFault } from './signature.ts';
import { isComplete, keptOf, listBackups, removeBackup, type Stored } from './store.ts';

/** What stays and what goes, with the reason for each, the newest first. */
export interface Pruning {
  readonly backups: readonly Stored[];
  readonly decisions: readonly Decision[];
}

/**
 * What the policy keeps of the backups that lie in the folder. One whose files are not all there counts for nothing, so that it is
 * never the reason for which another one goes.
 * @throws Undecided when the list is not whole
 */
export async function planPrune(place: BackupPlace): Promise<Pruning> {
  const backups = await listBackups(place.folder, place.name);
  const named = await namedElsewhere(place);
  const kept = [];
  for (const stored of backups) {
    const signed = signatureFault(stored.manifest, place.backup) === null;
    const complete = signed && (await isComplete(place.folder, stored.manifest));
    const pinned = stored.pinned ?? named.get(stored.manifest.id) ?? null;
    kept.push({ ...keptOf(stored), pinned, ...(complete ? {} : { whole: false, testedAt: null }) });
  }
  return { backups, decisions: decide(kept, place.backup.keep, place.backup.timezone, place.now()) };
}

/** Removes what no rule keeps. @returns what was decided, anew and under the lock */
export async function prune(place: BackupPlace): Promise<Pruning> {
  return alone({ lock: lockFile(place), doing: `at work on ${place.name}` }, async () => {
    const plan = await planPrune(place);
    for (const { id, keep, reason } of plan.decisions) {
      const stored = plan.backups.find(({ manifest }) => manifest.id === id)!;
      if (keep) continue;
      await note(place.folder, { at: place.now().toISOString(), event: 'pruned', id, reason });
      await removeBackup(place.folder, stored.manifest);
    }
    return plan;
  });
}
