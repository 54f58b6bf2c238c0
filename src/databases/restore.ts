import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Undecided } from '../model/index.ts';
import type { Dump } from './dump.ts';
import { compare, compareRights } from './fingerprint/compare.ts';
import { orderAs, take } from './fingerprint/take.ts';
import { literal, quoted } from './marker.ts';
import { connect, type Place } from './place.ts';
import type { Session } from './session.ts';
import { shownTarget, type Target } from './target.ts';
import { serverMajor } from './tool-path.ts';
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

interface Manner {
  /** Runs as soon as it is there, empty. */
  readonly created?: () => Promise<void>;
  /** With owners and rights, which are compared too: it is to take the place of what was dumped. */
  readonly owners?: boolean;
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
  { created = async () => {}, owners = false }: Manner = {},
): Promise<Restored> {
  const contents = await runTool(place, 'pg_restore', ['-l', dump.file], at);
  await refuseOlder(place, contents, at);
  await admin.query(`create database ${quoted(name)} template template0${await placeLike(admin, at.database)}`);
  try {
    await created();
    await admin.query(`revoke all on database ${quoted(name)} from public`);
    const target = { ...at, database: name };
    await refuseMissingExtensions(place, contents, target);
    const left = await restore(place, dump, contents.split('\n'), target, owners);
    place.tell('comparing the restored copy with what was dumped');
    const now = await take(place, target, orderAs(dump.baseline, false));
    const [was, is] = [leftOut(dump, left), leftOut({ ...dump, baseline: now }, left)];
    const differences = [...compare(was, is, true), ...(owners ? compareRights(was, is) : [])];
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

/** What a new database needs to sort, fold and lie as another one does. */
async function placeLike(admin: Session, database: string): Promise<string> {
  // Whole, since the columns have other names in other versions.
  const [row] = await admin.query(
    `select to_jsonb(d)::text as d, pg_encoding_to_char(d.encoding) as encoding, t.spcname::text as tablespace
     from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.datname = $1`,
    [database],
  );
  if (row === undefined) return '';
  const said = JSON.parse(String(row['d'])) as Record<string, string | null>;
  const clause = (word: string, value: string | null | undefined) =>
    value === null || value === undefined ? '' : ` ${word} ${literal(value)}`;
  const provider = { i: 'icu', b: 'builtin' }[said['datlocprovider'] ?? ''];
  const own = said['datlocale'] ?? said['daticulocale'];
  return [
    clause('encoding', String(row['encoding'])),
    clause('lc_collate', said['datcollate']),
    clause('lc_ctype', said['datctype']),
    provider === undefined ? '' : ` locale_provider ${provider}${clause(`${provider}_locale`, own)}`,
    clause('icu_rules', said['daticurules']),
    row['tablespace'] === 'pg_default' ? '' : ` tablespace ${quoted(String(row['tablespace']))}`,
  ].join('');
}

/** Restores all but what could reach out. Returns what was left out. */
async function restore(
  place: Place,
  { file }: Dump,
  contents: readonly string[],
  target: Target,
  owners: boolean,
): Promise<string[]> {
  const isOut = (line: string) => reaching.test(line) || ofReaching.test(line);
  const list = join(tmpdir(), `git-protect-${randomBytes(8).toString('hex')}.list`);
  writeFileSync(list, contents.filter((line) => !isOut(line)).join('\n'), { mode: 0o600, flag: 'wx' });
  try {
    place.tell(`restoring into ${target.database}`);
    await runTool(
      place,
      'pg_restore',
      [
        ...(owners ? [] : ['--no-owner', '--no-privileges']),
        '--exit-on-error',
        '-L',
        list,
        '-d',
        target.database,
        file,
      ],
      target,
    );
  } finally {
    rmSync(list, { force: true });
  }
  return contents
    .filter((line) => reaching.test(line))
    .map((line) => line.replace(/^\d+; \d+ \d+ /, '').replace(/ \S+$/, ''));
}

/** What a newer tool has dumped an older server may not take, and would say so only in the middle. */
async function refuseOlder(place: Place, contents: string, at: Target): Promise<void> {
  const tool = /^; +Dumped by pg_dump version: (\d+)/m.exec(contents)?.[1];
  const server = await serverMajor(place, { ...at, database: 'postgres' });
  if (tool !== undefined && Number(tool) > Number(server))
    throw new Undecided(
      `the dump was made by pg_dump ${tool}, and ${shownTarget(at)} is of version ${server}`,
      `dump with the tools of version ${server}, or older ones that the source takes: tools: in the policy`,
    );
}

/** Missing ones are the one real reason for which a good dump cannot be restored. */
async function refuseMissingExtensions(place: Place, contents: string, target: Target): Promise<void> {
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
  const grants = Object.fromEntries(
    Object.entries(baseline.grants).filter(([name]) => ![...foreign].some((table) => name === `table ${table}`)),
  );
  return { ...baseline, grants, schema: { ...baseline.schema, parts: { ...baseline.schema.parts, columns } } };
}
