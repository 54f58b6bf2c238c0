import { Undecided } from '../model/index.ts';
import type { Session } from './session.ts';
import { shownTarget } from './target.ts';

/** Which database of which server a session has reached, whatever name led there. */
export interface Identity {
  /** Of the data directory: a copy of it has the same. */
  readonly server: string;
  /** When the server was started; null: the engine does not tell. */
  readonly startedAt: string | null;
  readonly inRecovery: boolean;
  readonly name: string;
  /** Of the database within the server; null: the engine has none. */
  readonly oid: string | null;
  readonly version: string;
  readonly user: string;
}

const ofPostgres = `select (select system_identifier::text from pg_control_system()) as server,
  pg_postmaster_start_time()::text as "startedAt", pg_is_in_recovery() as "inRecovery", current_database()::text as name,
  (select oid::text from pg_database where datname = current_database()) as oid,
  current_setting('server_version') as version, session_user::text as "user"`;

/** Asks a database who it is. @throws Undecided when it does not say */
export async function identify(session: Session): Promise<Identity> {
  if (session.target.engine === 'postgres') {
    const [row] = await session.query(ofPostgres);
    return row as unknown as Identity;
  }
  const [named] = await session.query(
    "select database() as name, version() as version, substring_index(user(), '@', 1) as user",
  );
  const variables = await session.query("show variables where variable_name in ('server_uuid', 'server_uid')");
  const server = variables[0]?.['Value'];
  if (typeof server !== 'string' || server === '')
    throw new Undecided(`${shownTarget(session.target)}: the server does not say who it is (server_uuid, server_uid)`);
  const { name, version, user } = named as { name: string; version: string; user: string };
  return { server, startedAt: null, inRecovery: false, name, oid: null, version, user };
}

/** Are both the same database of the same server? */
export function sameDatabase(a: Identity, b: Identity): boolean {
  return a.server === b.server && a.oid === b.oid && a.name === b.name;
}
