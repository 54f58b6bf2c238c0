import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Undecided } from '../model/index.ts';
import type { Dump } from './dump.ts';
import { compare } from './fingerprint/compare.ts';
import { orderAs, take } from './fingerprint/take.ts';
import { quoted } from './marker.ts';
import { connect, type Place } from './place.ts';
import type { Session } from './session.ts';
import type { Target } from './target.ts';
import { runTool } from './tools.ts';

/** By these a copy could reach what it is a copy of. */
const reaching =
  /^\d+; \d+ \d+ (SERVER|USER MAPPING|FOREIGN TABLE|FOREIGN DATA WRAPPER|SUBSCRIPTION|PUBLICATION|PUBLICATION TABLE|PUBLICATION TABLES IN SCHEMA|EVENT TRIGGER)\b/;
const ofReaching =
  /^\d+; \d+ \d+ (?:COMMENT|ACL|SECURITY LABEL) .*\b(?:SERVER|SUBSCRIPTION|PUBLICATION|EVENT TRIGGER|FOREIGN TABLE|FOREIGN DATA WRAPPER)\b/;

export interface Restored {
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Restores a dump into a new database beside another one, and compares it with what the dump was taken of. Closed to others
 * until it is proven; where anything fails it is dropped again.
 * @param admin a session of the server's `postgres` database, or another one than those that are swapped
 * @param name for it; nothing has it yet
 * @param created runs as soon as it is there, empty
 */
export async function restoreBeside(
  place: Place,
  admin: Session,
  at: Target,
  dump: Dump,
  name: string,
  created: () => Promise<void> = async () => {},
): Promise<Restored> {
  const [like] = await admin.query(
    `select pg_encoding_to_char(encoding) as encoding, datcollate as collate, datctype as ctype from pg_database where datname = $1`,
    [at.database],
  );
  const locale = like
    ? ` encoding '${like['encoding']}' lc_collate '${like['collate']}' lc_ctype '${like['ctype']}'`
    : '';
  await admin.query(`create database ${quoted(name)} template template0${locale}`);
  try {
    await created();
    await admin.query(`revoke all on database ${quoted(name)} from public`);
    const target = { ...at, database: name };
    await refuseMissingExtensions(place, dump, target);
    const left = await restore(place, dump, target);
    place.tell('comparing the restored copy with what was dumped');
    const now = await take(place, target, orderAs(dump.baseline, false));
    const differences = compare(leftOut(dump, left), leftOut({ ...dump, baseline: now }, left), true);
    if (differences.length > 0)
      throw new Undecided(
        `the restored copy is not what was dumped: ${differences
          .slice(0, 3)
          .map(({ message }) => message)
          .join('; ')}`,
      );
    return { notes: left.map((one) => `left out of the copy, since it could reach what it is a copy of: ${one}`) };
  } catch (error) {
    await admin.query(`drop database if exists ${quoted(name)} with (force)`);
    throw error;
  }
}

/** Restores all but what could reach out. Returns what was left out. */
async function restore(place: Place, { file }: Dump, target: Target): Promise<string[]> {
  const contents = (await runTool(place, 'pg_restore', ['-l', file], target)).split('\n');
  const isOut = (line: string) => reaching.test(line) || ofReaching.test(line);
  const list = join(tmpdir(), `git-protect-${randomBytes(8).toString('hex')}.list`);
  writeFileSync(list, contents.filter((line) => !isOut(line)).join('\n'), { mode: 0o600, flag: 'wx' });
  try {
    place.tell(`restoring into ${target.database}`);
    await runTool(
      place,
      'pg_restore',
      ['--no-owner', '--no-privileges', '--exit-on-error', '-L', list, '-d', target.database, file],
      target,
    );
  } finally {
    rmSync(list, { force: true });
  }
  return contents
    .filter((line) => reaching.test(line))
    .map((line) => line.replace(/^\d+; \d+ \d+ /, '').replace(/ \S+$/, ''));
}

/** Missing ones are the one real reason for which a good dump cannot be restored. */
async function refuseMissingExtensions(place: Place, { file }: Dump, target: Target): Promise<void> {
  const contents = await runTool(place, 'pg_restore', ['-l', file], target);
  const wanted = [...contents.matchAll(/^\d+; \d+ \d+ EXTENSION - (\S+)/gm)].map(([, name]) => name!);
  const session = await connect(place, target);
  try {
    const there = (await session.query('select name::text as name from pg_available_extensions')).map(
      ({ name }) => name,
    );
    const missing = wanted.filter((name) => !there.includes(name));
    if (missing.length > 0)
      throw new Undecided(
        `the server lacks the extension${missing.length === 1 ? '' : 's'} ${missing.join(', ')}`,
        `install ${missing.join(', ')} there`,
      );
  } finally {
    await session.close();
  }
}

/** Without the columns and notes of foreign tables, which are not in the copy. */
function leftOut({ baseline }: Dump, left: readonly string[]): Dump['baseline'] {
  const foreign = new Set(
    left.filter((one) => one.startsWith('FOREIGN TABLE ')).map((one) => one.split(' ').slice(2).join('.')),
  );
  const columns = Object.fromEntries(
    Object.entries(baseline.schema.parts['columns'] ?? {}).filter(([name]) => !foreign.has(name)),
  );
  return { ...baseline, schema: { ...baseline.schema, parts: { ...baseline.schema.parts, columns } } };
}
