import { Undecided } from '../model/index.ts';
import { readAsApp } from './app-reads.ts';
import type { Dump } from './dump.ts';
import { exchange, InDoubt, oidOf } from './exchange.ts';
import { quoted } from './marker.ts';
import { type Place, targetOf, withSession } from './place.ts';
import { unfinishedMark } from './restore-marks.ts';
import type { Target } from './target.ts';
import { type Since, writtenBetween } from './written-since.ts';

/** How a restore onto production ended. Where nothing was changed it throws instead. */
export interface Ending {
  readonly end: 'restored' | 'taken back' | 'stuck';
  /** What stands now, in sentences. */
  readonly said: readonly string[];
}

/** What was swapped. */
interface Swapped {
  /** The environment. */
  readonly name: string;
  readonly dump: Dump;
  /** Null: the original was empty. */
  readonly since: Since | null;
  /** The number of the original database, and of the restored one. */
  readonly original: string;
  readonly number: string;
  /** What the restored one was called before the swap, and what the original is called now. */
  readonly fresh: string;
  readonly kept: string;
}

/** Looks once more at what the application meets now; where it cannot work with it, the names change back. */
export async function lookAfterwards(place: Place, target: Target, swapped: Swapped): Promise<Ending> {
  const { name, dump, kept, number } = swapped;
  const app = targetOf(place, name);
  try {
    if ((await numberOf(place, app)) !== number)
      throw new Undecided(`${app.variable} does not lead to what was restored`);
    await readAsApp(place, app, dump.baseline);
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    return takeBack(place, target, swapped, error.message);
  }
  return {
    end: 'restored',
    said: [
      ...(await leftBehind(place, swapped)),
      `${name} holds the backup; what was there before is ${kept}, and stays until you drop it`,
    ],
  };
}

/** What was written while the backup was restored. It is in the original, so that it cannot be counted stops nothing. */
async function leftBehind(place: Place, { name, dump, since, kept }: Swapped): Promise<string[]> {
  if (since === null || since.rows.size === 0) return [];
  try {
    const reader = { ...targetOf(place, name, 'reader'), database: kept };
    const found = await writtenBetween(place, reader, dump.baseline, since);
    return found.length === 0 ? [] : [`written while it was restored, and in ${kept} alone: ${found.join('; ')}`];
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    return [`what was written while it was restored is in ${kept} alone, and could not be counted: ${error.message}`];
  }
}

async function takeBack(place: Place, target: Target, swapped: Swapped, why: string): Promise<Ending> {
  const { database } = target;
  const { original, fresh, kept } = swapped;
  const server = { ...target, database: 'postgres' };
  try {
    const back = { database, next: kept, kept: fresh, mark: unfinishedMark(place, database) };
    await exchange(place, server, back).catch((error: unknown) => {
      if (!(error instanceof InDoubt)) throw error;
    });
    if ((await oidOf(place, server, database)) !== original) throw new Undecided('the names are not as they were');
    await numberOf(place, target);
  } catch (error) {
    const said = `${database} is the backup, and the application cannot use it: ${why}`;
    return { end: 'stuck', said: [said, `it could not be taken back: ${told(error)}`, `the original is ${kept}`] };
  }
  const dropped = (admin: { query(sql: string): Promise<unknown> }) =>
    admin.query(`drop database ${quoted(fresh)} with (force)`);
  const said = [`${database} is the original again: ${why}`];
  await withSession(place, server, dropped).catch((error: unknown) => {
    said.push(`the restored copy is still there as ${fresh}, until the next restore: ${told(error)}`);
  });
  return { end: 'taken back', said };
}

/** Of the database that a URL leads to. */
async function numberOf(place: Place, target: Target): Promise<string> {
  const [row] = await withSession(place, target, (session) =>
    session.query('select oid::text as oid from pg_database where datname = current_database()'),
  );
  return String(row?.['oid']);
}

/** Why something failed, without what the error of a driver may hold. */
export const told = (error: unknown) => (error instanceof Undecided ? error.message : (error as Error).name);
