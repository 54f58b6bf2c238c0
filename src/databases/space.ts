import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Undecided } from '../model/index.ts';
import { size } from '../words/size.ts';
import { type Place, targetOf, withSession } from './place.ts';
import { codeOf, type Session } from './session.ts';

/** @throws Undecided where less is free than a dump of an environment may need */
export async function roomForDump(place: Place, environment: string, folder: string): Promise<void> {
  const last = newestDump(folder, environment);
  // What is dumped is compressed; before there is one to go by, half of what the server holds is taken.
  const wanted = last === null ? Math.ceil((await databaseSize(place, environment)) / 2) : 2 * last;
  let there = folder;
  while (!existsSync(there)) there = dirname(there);
  const free = freeIn(there);
  if (free < wanted)
    throw new Undecided(
      `${size(free)} are free in ${folder}, and ${size(wanted)} may be needed for a dump of ${environment}`,
      'make room there',
    );
}

/**
 * @param bytes that the restored database will have at least
 * @throws Undecided where the server is on this machine, says where its data lies, and less is free there
 */
export async function roomForRestore(admin: Session, bytes: number): Promise<void> {
  const folder = await dataFolder(admin);
  if (folder === null) return;
  const free = freeIn(folder);
  if (free < bytes)
    throw new Undecided(
      `${size(free)} are free where the server keeps its data (${folder}), and ${size(bytes)} are needed for the new database`,
      'make room there',
    );
}

/** Bytes of a database, as its server counts them. */
export async function databaseSize(place: Place, environment: string): Promise<number> {
  const [row] = await withSession(place, targetOf(place, environment, 'reader'), (session) =>
    session.query('select pg_database_size(current_database())::text as bytes'),
  );
  return Number(row!['bytes']);
}

/** Bytes of a dump; a restored database is larger than that. */
export const dumpSize = (file: string) => statSync(file).size;

function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Bytes of the newest dump of an environment; null: there is none. */
function newestDump(folder: string, environment: string): number | null {
  if (!existsSync(folder)) return null;
  const names = readdirSync(folder).filter((name) => name.startsWith(`${environment}_`) && name.endsWith('.dump'));
  const dumps = names.map((name) => statSync(join(folder, name)));
  return dumps.sort((a, b) => b.mtimeMs - a.mtimeMs)[0]?.size ?? null;
}

/** The server's own folder; null where it is elsewhere, or is not told: a folder of that name here is another one then. */
async function dataFolder(admin: Session): Promise<string | null> {
  if (!/^(?:localhost$|127\.|::1$|\/)/.test(admin.target.host)) return null;
  try {
    const [row] = await admin.query(
      "select current_setting('data_directory') as folder, extract(epoch from (pg_stat_file('.')).modification)::bigint::text as at",
    );
    const folder = String(row!['folder']);
    return existsSync(folder) && Math.floor(statSync(folder).mtimeMs / 1000) === Number(row!['at']) ? folder : null;
  } catch (error) {
    if (codeOf(error) === '42501') return null;
    throw error;
  }
}
