import { join } from 'node:path';
import type { Place } from '../databases/place.ts';
import type { BackupFacts, Backups } from '../model/backups.ts';
import type { Manifest } from './manifest.ts';
import { backupPlace } from './place.ts';
import { signatureFault } from './signature.ts';
import { listBackups, untilNow } from './store.ts';
import { countFile } from './written.ts';

/** What checks may ask of backups. */
export function backupsAt(place: Place): Backups {
  return {
    async facts(name): Promise<BackupFacts> {
      const at = backupPlace(place, name, null);
      const all = untilNow(await listBackups(at.folder, name), place.now());
      const stored = all.filter(
        ({ manifest }) => manifest.state === 'whole' && signatureFault(manifest, at.backup) === null,
      );
      const times = stored
        .flatMap(({ testedAt }) => (testedAt === null ? [] : [testedAt.getTime()]))
        .filter((time) => time <= place.now().getTime() + 300_000);
      const [newest] = stored;
      return {
        newest: newest
          ? {
              id: newest.manifest.id,
              createdAt: new Date(newest.manifest.createdAt),
              fault: await faultOf(at.folder, newest.manifest),
              missingAt: Object.keys(at.backup.destinations).filter((each) => !newest.copies.includes(each)),
            }
          : null,
        testedAt: times.length === 0 ? null : new Date(Math.max(...times)),
      };
    },
  };
}

async function faultOf(folder: string, { parts }: Manifest): Promise<string | null> {
  for (const { file, sha256 } of parts) {
    const found = await countFile(join(folder, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (found === null) return `${file} is missing`;
    if (found.sha256 !== sha256) return `${file} is not what was written`;
  }
  return null;
}
