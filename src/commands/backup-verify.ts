import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackupPlace } from '../backups/place.ts';
import { listBackups, untilNow } from '../backups/store.ts';
import { download } from '../backups/upload.ts';
import { verifyBackup } from '../backups/verify.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: {
    id: { type: 'string', value: 'ID', means: 'the backup; default: the newest' },
    quick: { type: 'boolean', means: 'only open it, do not restore it; it then does not count as tested' },
    from: { type: 'string', value: 'DESTINATION', means: 'the copy at this destination' },
  },
  example: 'npx git-protect backup verify production',
} as const satisfies Usage;

/** `protect backup verify`: 0 tested, 1 broken, 3 only intact: nobody here can open it, or it was not restored. */
export async function backupVerify(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  return withBackups(io, positionals[0], async (place) => {
    const backups = await listBackups(place.folder, place.name);
    const ids = backups.map(({ manifest }) => manifest.id);
    const id = values.id ?? untilNow(backups, place.now())[0]?.manifest.id ?? ids[0];
    const found = backups.find(({ manifest }) => manifest.id === id);
    if (!found) throw noBackup(place, id, ids);
    const { from } = values;
    const copy = from === undefined ? null : await mkdtemp(join(tmpdir(), 'git-protect-backup-'));
    try {
      if (from !== undefined) await download(place, from, found.manifest, copy!);
      const identity = identityOf(place);
      const { end, notes } = await verifyBackup(place, found.manifest, copy ?? place.folder, {
        identity,
        quick: values.quick ?? false,
      });
      const where = from === undefined ? '' : ` from ${from}`;
      (end === 'broken' ? io.stderr : io.stdout).write(
        `${found.manifest.id}${where}: ${[told[end], ...notes].join('; ')}\n`,
      );
      return { tested: exitCode.pass, intact: exitCode.undecided, broken: exitCode.refused }[end];
    } finally {
      if (copy !== null) await rm(copy, { recursive: true, force: true });
    }
  });
}

const told = {
  tested: 'tested: it opens, is what was written, and restores',
  intact: 'intact, not tested',
  broken: 'broken',
};

function noBackup({ name }: BackupPlace, id: string | undefined, ids: readonly string[]): Error {
  if (id === undefined) return new Undecided('there is no backup yet', `npx git-protect backup create ${name}`);
  const meant = nearest(id, ids);
  return new UsageError(
    `there is no backup ${id}${meant ? `; did you mean ${meant}?` : ''}`,
    `npx git-protect backup list ${name}`,
  );
}

/** The key of this machine; null where the policy names none. */
function identityOf({ backup, env }: BackupPlace): string | null {
  if (backup.identity === null) return null;
  const value = env[backup.identity];
  if (value) return value;
  throw new Undecided(
    `${backup.identity} is not set, so no backup can be opened`,
    `set ${backup.identity} to a key of age`,
  );
}
