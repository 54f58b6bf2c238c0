import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Baseline } from '../databases/fingerprint/baseline.ts';
import { quoted } from '../databases/marker.ts';
import { targetOf, withSession } from '../databases/place.ts';
import { restoreBeside } from '../databases/restore.ts';
import type { Target } from '../databases/target.ts';
import { Undecided } from '../model/index.ts';
import { withLocalServer } from './local-server.ts';
import type { Manifest } from './manifest.ts';
import type { BackupPlace } from './place.ts';
import { restoreMysql } from './restore-mysql.ts';
import { Broken } from './verify-fault.ts';

type Open = <T>(use: (plain: Readable) => Promise<T>) => Promise<T>;

/** What a dump that is not whole, or not of its fingerprint, makes of a restore. */
const ofTheDump = /^(?:pg_restore failed|the restored copy is not what was dumped)/;

/**
 * Restores a dump into a database of a random name that is made for it and dropped afterwards, and compares what it holds with the
 * fingerprint of the moment that was dumped. For that time a dump of PostgreSQL lies opened in a folder that only we can read.
 * @returns what was left out, in sentences
 * @throws Broken when it cannot be restored, or holds something else
 */
export async function restoreDatabase(
  place: BackupPlace,
  { baseline, bracketed, source }: Manifest,
  open: Open,
): Promise<readonly string[]> {
  const into = place.backup.restoreInto;
  if (into === null)
    throw new Undecided(
      'there is no place to try a restore in',
      `name a disposable database: backups.${place.name}.restoreInto, or verify --quick`,
    );
  if (into === 'local' && !Object.hasOwn(place.policy.databases, into)) {
    if (source?.engine !== 'postgres')
      throw new Undecided(
        'a server of its own is started for PostgreSQL alone',
        `name a disposable database: backups.${place.name}.restoreInto`,
      );
    return withLocalServer(place, source.version, (at) => restorePostgres(place, at, baseline as Baseline, open));
  }
  const at = targetOf(place, into, 'admin');
  if (at.engine !== source?.engine)
    throw new Undecided(`a dump of ${source?.engine ?? 'nothing'} cannot be restored into ${at.engine}`);
  if (at.engine === 'mysql') return restoreMysql(place, at, { baseline, bracketed }, open);
  return restorePostgres(place, at, baseline as Baseline, open);
}

async function restorePostgres(
  place: BackupPlace,
  at: Target,
  baseline: Baseline,
  open: Open,
): Promise<readonly string[]> {
  const name = `protect_restore_${randomBytes(8).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'git-protect-restore-'));
  const file = join(folder, 'dump');
  try {
    await open((plain) => pipeline(plain, createWriteStream(file, { mode: 0o600, flags: 'wx' })));
    return await withSession(place, at, async (admin) => {
      const { notes } = await restoreBeside(place, admin, at, { file, baseline }, name);
      await admin.query(`drop database if exists ${quoted(name)} with (force)`);
      return notes;
    });
  } catch (error) {
    if (error instanceof Undecided && ofTheDump.test(error.message)) throw new Broken(error.message);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
