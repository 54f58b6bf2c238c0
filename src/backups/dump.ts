import { environmentOf, targetOf } from '../databases/place.ts';
import { dumpMysql } from './dump-mysql.ts';
import { dumpPostgres } from './dump-postgres.ts';
import type { Dumped, Write } from './dumped.ts';
import type { BackupPlace } from './place.ts';

/**
 * Dumps a database, with the fingerprint of that moment.
 * @throws Undecided when the dump, or the fingerprint, is not whole
 */
export async function dumpDatabase(place: BackupPlace, name: string, write: Write): Promise<Dumped> {
  environmentOf(place, name);
  const { engine } = targetOf(place, name, 'reader');
  return engine === 'postgres' ? dumpPostgres(place, name, write) : dumpMysql(place, name, write);
}
