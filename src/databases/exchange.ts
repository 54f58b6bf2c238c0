import { Undecided } from '../model/index.ts';
import { literal, quoted } from './marker.ts';
import { connect, type Place, withSession } from './place.ts';
import { codeOf, type Session } from './session.ts';
import type { Target } from './target.ts';

/** Two databases that change places under one name. */
export interface Exchange {
  /** The name that the application knows. */
  readonly database: string;
  /** What bears it afterwards. */
  readonly next: string;
  /** What the present one is called then. */
  readonly kept: string;
  /** The comment on the kept one; its own goes over to the other. */
  readonly mark: string;
}

/** The connection was lost when the names changed: only the server knows which they are. */
export class InDoubt extends Error {
  override readonly name = 'InDoubt';
}

/**
 * Lets two databases change places, in one transaction. Nothing is closed for it: the first rename keeps newcomers waiting, while
 * sessions that are there are ended, so a kill at any moment leaves the old names or the new ones, open as they were.
 * @throws Undecided when the names are as they were, InDoubt when that is not known
 */
export async function exchange(place: Place, server: Target, { database, next, kept, mark }: Exchange): Promise<void> {
  await withSession(place, server, (admin) =>
    withSession(place, server, async (helper) => {
      const [row] = await admin.query(
        "select shobj_description(oid, 'pg_database') as said from pg_database where datname = $1",
        [database],
      );
      const comment = typeof row?.['said'] === 'string' ? row['said'] : null;
      await admin.query("begin; set local lock_timeout = '15s'");
      await whileEnding(helper, database, admin.query(`alter database ${quoted(database)} rename to ${quoted(kept)}`));
      await whileEnding(helper, next, admin.query(`alter database ${quoted(next)} rename to ${quoted(database)}`));
      await admin.query(`comment on database ${quoted(database)} is ${comment === null ? 'null' : literal(comment)}`);
      await admin.query(`comment on database ${quoted(kept)} is ${literal(mark)}`);
      await admin.query('commit').catch((error: Error) => {
        throw new InDoubt(error.message);
      });
    }),
  ).catch((error: unknown) => {
    const code = codeOf(error);
    if (code === '55006')
      throw new Undecided(
        `sessions of ${database} could not be ended, so nothing was swapped`,
        `GRANT pg_signal_backend TO ${server.user};  -- sessions of superusers only a superuser ends`,
      );
    if (code === '55P03') throw new Undecided(`another command holds ${database}, so nothing was swapped`);
    throw error;
  });
}

/** Ends the sessions of a database again and again, until what waits for it is done. */
async function whileEnding(helper: Session, database: string, work: Promise<unknown>): Promise<void> {
  let done = false;
  const settled = Promise.allSettled([work]).then(() => {
    done = true;
  });
  while (!done) {
    await Promise.race([settled, new Promise((next) => setTimeout(next, 50))]);
    if (!done) await endSessions(helper, database);
  }
  await work;
}

async function endSessions(helper: Session, database: string): Promise<void> {
  const rows = await helper.query('select pid from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()', [
    database,
  ]);
  for (const { pid } of rows)
    await helper.query(`select pg_terminate_backend(${Number(pid)})`).catch((error: unknown) => {
      // Whose sessions it may not end stay, and the rename gives up on them.
      if (codeOf(error) !== '42501') throw error;
    });
}

/** The number of the database that bears a name now; null: none does. */
export async function oidOf(place: Place, server: Target, database: string): Promise<string | null> {
  const session = await connect(place, server);
  try {
    const [row] = await session.query('select oid::text as oid from pg_database where datname = $1', [database]);
    return row === undefined ? null : String(row['oid']);
  } finally {
    await session.close();
  }
}
