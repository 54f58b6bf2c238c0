import { Refused, Undecided } from '../model/index.ts';
import { compileGlob } from '../rules/glob.ts';
import type { Dump } from './dump.ts';
import { type Identity, identify } from './identity.ts';
import { isolationOf } from './isolation.ts';
import { removeOlder } from './leftover-dumps.ts';
import { isOurs, quoted, readMarker, writeMarker } from './marker.ts';
import { connect, environmentOf, type Place, targetOf, withSession } from './place.ts';
import { restoreBeside } from './restore.ts';
import { codeOf, type Session } from './session.ts';
import { roomForRestore } from './space.ts';
import { giveAlike, swap } from './swap.ts';
import { shownTarget, type Target } from './target.ts';

/** What whoever starts a reseed says of the test database. */
export interface Meaning {
  /** That it is empty is meant. */
  readonly freshStart: boolean;
  /** Its name: everything in it may be thrown away, though it bears no mark yet. */
  readonly adopt: string | null;
}

/** The test database has no table any more, and had some after the last reseed. */
export class Catastrophe extends Undecided {
  readonly code = 'EMPTY';
}

/** By its code: errors are told apart by name elsewhere. */
export const isCatastrophe = (error: unknown) => codeOf(error) === 'EMPTY';

/** What it is filled from. */
export interface Source {
  /** What the new database will take at least. */
  bytes(): Promise<number>;
  open(): Promise<Dump>;
}

/** Locks that belong to a server, by what they are for. */
const reseedLock = 7_135_241;

/**
 * Fills a disposable database anew from a dump. It is whole at every moment: the old one until two names are swapped, in one
 * transaction, then the new one.
 * @returns notes
 */
export async function reseed(place: Place, name: string, source: Source, meaning: Meaning): Promise<string[]> {
  const environment = environmentOf(place, name);
  if (!environment.disposable)
    throw new Refused(
      `${name} is not disposable, so it is never reseeded`,
      'name one that has disposable: true in the policy: npx git-protect db reseed ENVIRONMENT',
    );
  const target = targetOf(place, name, 'admin');
  if (target.engine !== 'postgres') throw new Undecided('this version can reseed only PostgreSQL');
  const admin = await connect(place, { ...target, database: 'postgres' });
  try {
    await openAgain(place, admin, target.database);
    await proveIsolated(place, name);
    const [lock] = await admin.query(`select pg_try_advisory_lock(${reseedLock}, hashtext($1)) as taken`, [
      target.database,
    ]);
    if (lock?.['taken'] !== true)
      throw new Undecided(`another reseed of ${name} is going on`, 'wait until it has ended');
    await refuseSurprise(place, admin, target, name, meaning);
    await roomForRestore(admin, await source.bytes());
    const dump = await source.open();
    const notes = await fill(place, admin, target, name, dump);
    removeOlder(place, dump);
    return notes;
  } finally {
    await admin.close();
  }
}

/** A run that was killed just before the names were swapped left it closed. */
async function openAgain(place: Place, admin: Session, database: string): Promise<void> {
  const [row] = await admin.query('select datallowconn as open from pg_database where datname = $1', [database]);
  const marker = await readMarker(admin, database);
  if (
    row?.['open'] !== false ||
    marker === null ||
    marker === 'unreadable' ||
    marker.project !== (place.policy.project ?? '')
  )
    return;
  place.tell(`${database} was left closed by a run that was killed: it is opened again`);
  await admin.query(`alter database ${quoted(database)} allow_connections true`);
}

/** The mark is what the reseed itself looks after; everything else must hold before. @throws Refused or Undecided */
async function proveIsolated(place: Place, name: string): Promise<void> {
  const { sameServer, copyOf } = environmentOf(place, name);
  for (const { other, relation, nameFits, otherMarked, logins, links, unproven } of await isolationOf(place, name)) {
    const apart =
      ['engine', 'elsewhere'].includes(relation) ||
      (relation === 'same server' && sameServer === 'allow') ||
      (relation === 'copy' && copyOf === other);
    const fault = !apart
      ? `is not another one than ${other}`
      : !nameFits
        ? 'has a name that does not fit the policy'
        : otherMarked
          ? `stands beside ${other}, which is marked as disposable`
          : logins.some(({ end }) => end !== 'refused')
            ? `has a user that ${other} may let in`
            : links.length > 0
              ? `reaches ${other} by ${links.join(', ')}`
              : null;
    if (fault !== null) throw new Refused(`${name} ${fault}; it was not touched`, `npx git-protect db check ${name}`);
    if (unproven.length > 0) throw new Undecided(unproven.join('; '), `npx git-protect db check ${name}`);
  }
}

/** @throws Refused without a mark, Catastrophe where what was there is gone */
async function refuseSurprise(
  place: Place,
  admin: Session,
  target: Target,
  name: string,
  meaning: Meaning,
): Promise<void> {
  const { identity, tables } = await withSession(place, target, async (session) => ({
    identity: await identify(session),
    tables: await tableCount(session),
  }));
  refuseAnother(await identify(admin), identity, target);
  const marker = await readMarker(admin, target.database);
  const shown = `${name} (${shownTarget(target)})`;
  const ours = marker !== null && isOurs(marker, place.policy.project, identity);
  if (ours && marker !== 'unreadable' && marker.tables > 0 && tables === 0 && !meaning.freshStart)
    throw new Catastrophe(
      `${shown} has no table, and had ${marker.tables} after the last reseed: something emptied it`,
      `npx git-protect db reseed --fresh-start  # if that is meant`,
    );
  if (ours || (marker === null && tables === 0)) return;
  if (meaning.adopt === identity.name) return;
  const command = `npx git-protect db reseed --adopt ${identity.name}`;
  if (meaning.adopt !== null)
    throw new Refused(`--adopt names '${meaning.adopt}', and ${shown} is '${identity.name}'`, command);
  throw new Refused(
    `${shown} holds ${tables} tables and is not marked as ours, so it may belong to somebody; it was not touched`,
    `${command}  # if everything in it may be thrown away`,
  );
}

async function tableCount(session: Session): Promise<number> {
  const [row] = await session.query(
    "select count(*)::int as n from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'",
  );
  return Number(row!['n']);
}

/** The session that renames must be of the very server that was proven. */
function refuseAnother(admin: Identity, seen: Identity, target: Target): void {
  if (admin.server !== seen.server || admin.startedAt !== seen.startedAt)
    throw new Undecided(`${shownTarget(target)} led to two servers`);
}

async function fill(place: Place, admin: Session, target: Target, name: string, dump: Dump): Promise<string[]> {
  const { database } = target;
  refuseUnplain(place, name, dump);
  const [fresh, old] = [`${database}_new`, `${database}_old`];
  await dropOurs(place, admin, target, fresh);
  const unfinished = async () => {
    const [row] = await admin.query(
      'select oid::text as oid, (select system_identifier::text from pg_control_system()) as server from pg_database where datname = $1',
      [fresh],
    );
    await writeMarker(admin, fresh, {
      project: place.policy.project ?? '',
      server: String(row!['server']),
      oid: String(row!['oid']),
      tables: 0,
    });
  };
  const restored = await restoreBeside(place, admin, target, dump, fresh, { created: unfinished });
  const made = await withSession(place, { ...target, database: fresh }, async (session) => ({
    identity: await identify(session),
    tables: await tableCount(session),
  }));
  const marker = {
    project: place.policy.project ?? '',
    server: made.identity.server,
    oid: made.identity.oid!,
    tables: made.tables,
  };
  await writeMarker(admin, fresh, marker);
  await giveAlike(admin, database, fresh);
  await dropOurs(place, admin, target, old);
  await swap(admin, { database, fresh, old, marker });
  return [...restored.notes];
}

/** @throws Refused where a table holds rows that the policy does not list as plain */
function refuseUnplain(place: Place, name: string, { baseline }: Dump): void {
  const plain = environmentOf(place, name).reseed?.plain;
  if (!plain) return;
  const globs = plain.map(compileGlob);
  const full = baseline.tables.filter(
    ({ name: table, rows }) =>
      rows !== '0' && !globs.some((glob) => glob.test(table) || glob.test(table.split('.').at(-1)!)),
  );
  if (full.length > 0)
    throw new Refused(
      `${full
        .slice(0, 5)
        .map((table) => table.name)
        .join(
          ', ',
        )} hold${full.length === 1 ? 's' : ''} rows and ${full.length === 1 ? 'is' : 'are'} not under databases.${name}.reseed.plain`,
      'add them there, if their rows may be in a test database',
    );
}

/** What an earlier run left, which bears our mark; without it only what is still empty. @throws Refused */
async function dropOurs(place: Place, admin: Session, target: Target, database: string): Promise<void> {
  const there = await admin.query('select datname from pg_database where datname = $1', [database]);
  if (there.length === 0) return;
  const marker = await readMarker(admin, database);
  const isMarked = marker !== null && marker !== 'unreadable' && marker.project === (place.policy.project ?? '');
  if (!isMarked && (await withSession(place, { ...target, database }, tableCount)) > 0)
    throw new Refused(
      `there is a database ${database} that is not ours; it was not touched`,
      `ALTER DATABASE ${quoted(database)} RENAME TO …;`,
    );
  await admin.query(`drop database ${quoted(database)} with (force)`);
}
