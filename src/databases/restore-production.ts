import { randomBytes } from 'node:crypto';
import { Refused, Undecided } from '../model/index.ts';
import { stampOf } from '../words/stamp.ts';
import { readAsApp } from './app-reads.ts';
import type { Dump } from './dump.ts';
import { exchange, InDoubt, oidOf } from './exchange.ts';
import { identify } from './identity.ts';
import { makeAlike } from './likeness.ts';
import { sharesLocks } from './lock-proof.ts';
import { literal, quoted, readMarker } from './marker.ts';
import { connect, environmentOf, type Place, targetOf, withSession } from './place.ts';
import { restoreBeside } from './restore.ts';
import { type Ending, lookAfterwards, told } from './restore-afterwards.ts';
import { noteRestore, wasRestoredBy } from './restore-journal.ts';
import { dropUnfinished, isSpent, keptMark, unfinishedMark } from './restore-marks.ts';
import type { Session } from './session.ts';
import { dumpSize, roomForRestore } from './space.ts';
import { isPooled, shownTarget, type Target } from './target.ts';
import { toolFor } from './tools.ts';
import { type Since, writtenSince } from './written-since.ts';

/** What is asked of whoever starts it, and what is told. */
export interface Restoring {
  /** Of the dump. */
  readonly sha256: string;
  /** Of the owner's waiver; null: there is none. */
  readonly nonce: string | null;
  /** The command by which an owner makes one. */
  readonly waive: string;
  /** Makes a backup of what is there now. @returns where it is, in a sentence; what it throws is told and stops nothing */
  safety(): Promise<string>;
  /** To the person, at once. */
  say(line: string): void;
}

/** Locks that belong to a server, by what they are for. */
const restoreLock = 7_135_242;

/**
 * Puts a backup in the place of what production holds. It is restored beside, compared, given owners, rights and settings, and
 * read by the application's own user; then two names change in one transaction. The original is kept.
 * @throws Refused, UsageError or Undecided when nothing was changed
 */
export async function restoreProduction(place: Place, name: string, dump: Dump, order: Restoring): Promise<Ending> {
  const target = targetOf(place, name, 'admin');
  if (target.engine !== 'postgres') throw new Undecided('only PostgreSQL is restored in this version');
  if (environmentOf(place, name).disposable)
    throw new Refused(`${name} is disposable`, `npx git-protect db reseed ${name}`);
  if (target.database === 'postgres')
    throw new Undecided(`${target.variable} names the database 'postgres', from which databases are made and renamed`);
  await toolFor(place, 'pg_restore', target);
  const admin = await connect(place, { ...target, database: 'postgres' });
  try {
    const [lock] = await admin.query(`select pg_try_advisory_lock(${restoreLock}, hashtext($1)) as taken`, [
      target.database,
    ]);
    if (lock?.['taken'] !== true)
      throw new Undecided(`another restore of ${name} is going on`, 'wait until it has ended');
    const original = await proveTarget(place, admin, target, name);
    await dropUnfinished(place, admin, target.database);
    const { name: of } = dump.baseline.database;
    if (of !== target.database)
      order.say(`warning: the backup is of the database ${of}, and this is ${target.database}`);
    const since = await permitted(place, admin, target, name, dump, order);
    await roomForRestore(admin, 2 * dumpSize(dump.file));
    if (since !== null) await backUp(place, order);
    return await replace(place, admin, target, { name, dump, order, original, since });
  } finally {
    await admin.close();
  }
}

/** The administrator's URL and the application's must lead to one database, which is no test database. @returns its number */
async function proveTarget(place: Place, admin: Session, target: Target, name: string): Promise<string> {
  const app = targetOf(place, name);
  const marker = await readMarker(admin, target.database);
  if (marker !== null)
    throw new Refused(
      `${shownTarget(target)} is marked as disposable, so it is not ${name}`,
      `see which database ${target.variable} names`,
    );
  const [oid, server] = await withSession(place, target, async (own) => {
    const [there, at] = [await identify(own), await identify(admin)];
    if (there.inRecovery)
      throw new Undecided(`${shownTarget(target)} is a standby`, 'name the primary as admin: in the policy');
    if (there.server !== at.server || there.startedAt !== at.startedAt)
      throw new Undecided(`${shownTarget(target)} led to two servers`);
    if (app.variable !== target.variable && !(await withSession(place, app, (other) => sharesLocks(own, other))))
      throw new Refused(
        `${app.variable} and ${target.variable} lead to two databases, so the application would not see what is restored`,
        `let both name the database of ${name}`,
      );
    return [there.oid!, at.server];
  });
  place.tell(`${name} is ${shownTarget(target)}, of server ${server}`);
  return oid;
}

/**
 * An empty target is free; for any other one it is told what was written since, and an owner must have signed.
 * @returns null where it is empty
 */
async function permitted(
  place: Place,
  admin: Session,
  target: Target,
  name: string,
  { baseline }: Dump,
  { nonce, waive, say }: Restoring,
): Promise<Since | null> {
  if (await isEmpty(place, target)) return null;
  let since: Since = { said: [], rows: new Map() };
  try {
    since = await writtenSince(place, targetOf(place, name, 'reader'), baseline);
    say(since.said.length === 0 ? `nothing was written to ${name} since the backup` : `not in the backup, of ${name}:`);
    for (const line of since.said) say(`  ${line}`);
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    say(`what was written to ${name} since the backup could not be counted: ${error.message}`);
  }
  if (nonce === null)
    throw new Refused(`${name} (${shownTarget(target)}) is not empty, so an owner must let it be replaced`, waive);
  if (wasRestoredBy(place, nonce) || (await isSpent(admin, nonce)))
    throw new Refused('the waiver is spent: a restore was done by it, and it counts once', waive);
  return since;
}

/** Nothing in it that anybody made. */
async function isEmpty(place: Place, target: Target): Promise<boolean> {
  const own = (catalog: string) =>
    `n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = x.oid and d.deptype = 'e')`;
  const [row] = await withSession(place, target, (session) =>
    session.query(
      `select (select count(*) from pg_class x join pg_namespace n on n.oid = x.relnamespace where ${own('pg_class')})
         + (select count(*) from pg_proc x join pg_namespace n on n.oid = x.pronamespace where ${own('pg_proc')})
         + (select count(*) from pg_largeobject_metadata) as n`,
    ),
  );
  return String(row!['n']) === '0';
}

/** The renamed original is the way back, so a backup that fails stops nothing. */
async function backUp(place: Place, { safety, say }: Restoring): Promise<void> {
  try {
    say(`a backup of what is there now: ${await safety()}`);
  } catch (error) {
    if (place.signal.aborted) throw error;
    const { name, message, code = name } = error as NodeJS.ErrnoException;
    const isOurs = ['Undecided', 'Refused', 'UsageError'].includes(name);
    say(`warning: no backup of what is there now: ${isOurs ? message : code}`);
  }
}

interface Replacing {
  readonly name: string;
  readonly dump: Dump;
  readonly order: Restoring;
  /** The number of the database that is there. */
  readonly original: string;
  /** Null: it is empty. */
  readonly since: Since | null;
}

async function replace(place: Place, admin: Session, target: Target, what: Replacing): Promise<Ending> {
  const { name, dump, order, original, since } = what;
  const { database } = target;
  const server = { ...target, database: 'postgres' };
  const fresh = `protect_restore_${randomBytes(8).toString('hex')}`;
  const created = () => beginFresh(place, admin, database, fresh);
  const { notes } = await restoreBeside(place, admin, target, dump, fresh, { created, owners: true });
  for (const note of notes) order.say(`note: ${note}`);
  const kept = await freeName(place, server, database);
  const line = { environment: name, sha256: order.sha256, nonce: order.nonce, kept };
  let number = '';
  try {
    place.tell('giving it the owner, rights and settings of what is there');
    await makeAlike(admin, database, fresh);
    place.tell('reading it as the application');
    order.say(await readAsApp(place, { ...appFor(place, name, target), database: fresh }, dump.baseline));
    number = (await oidOf(place, server, fresh)) ?? '';
    if (since === null && !(await isEmpty(place, target)))
      throw new Refused(`${name} was empty, and somebody has filled it meanwhile`, order.waive);
    if (place.signal.aborted) throw new Undecided('it was interrupted');
    noteRestore(place, { ...line, event: 'will swap' });
    place.tell(`swapping: ${database} becomes ${kept}`);
    await exchange(place, server, { database, next: fresh, kept, mark: keptMark(order.nonce) });
  } catch (error) {
    const stands = error instanceof InDoubt ? await standing(place, server, database) : original;
    if (stands === original) {
      await admin.query(`drop database if exists ${quoted(fresh)} with (force)`).catch((left: unknown) => {
        order.say(`note: the restored copy is still there as ${fresh}, until the next restore: ${told(left)}`);
      });
      throw error instanceof InDoubt ? new Undecided(`${error.message}; the names are as they were`) : error;
    }
    if (stands !== number) {
      noteRestore(place, { ...line, event: 'stuck' });
      return { end: 'stuck', said: [`it is not known whether ${database} or ${kept} is the original: ${told(error)}`] };
    }
  }
  const ending = await lookAfterwards(place, target, { name, dump, since, original, fresh, kept, number });
  noteRestore(place, { ...line, event: ending.end });
  return ending;
}

/** Which database bears the name after a swap that nobody answered for; 'unknown' is none of them, and ends as stuck. */
async function standing(place: Place, server: Target, database: string): Promise<string | null> {
  try {
    return await oidOf(place, server, database);
  } catch (error) {
    place.tell(`${database} cannot be asked: ${told(error)}`);
    return 'unknown';
  }
}

async function beginFresh(place: Place, admin: Session, database: string, fresh: string): Promise<void> {
  await admin.query(`comment on database ${quoted(fresh)} is ${literal(unfinishedMark(place, database))}`);
  const [row] = await admin.query('select pg_get_userbyid(datdba)::text as owner from pg_database where datname = $1', [
    database,
  ]);
  await admin.query(`alter database ${quoted(fresh)} owner to ${quoted(String(row!['owner']))}`);
}

/** As the application connects; a pooler does not know a name that was made just now. */
function appFor(place: Place, name: string, { host, port }: Target): Target {
  const app = targetOf(place, name);
  return isPooled(app) ? { ...app, host, port } : app;
}

/** `<name>_before_<UTC time>`, within the 63 bytes of a name; with a number behind it where a restore of the same second took that. */
async function freeName(place: Place, server: Target, database: string): Promise<string> {
  const time = stampOf(place.now());
  for (let n = 1; ; n++) {
    const end = `_before_${time}${n === 1 ? '' : `_${n}`}`;
    let start = database;
    while (Buffer.byteLength(start + end) > 63) start = [...start].slice(0, -1).join('');
    if ((await oidOf(place, server, start + end)) === null) return start + end;
  }
}
