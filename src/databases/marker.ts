import type { Identity } from './identity.ts';
import type { Session } from './session.ts';

/** What a disposable database says of itself, in its comment: no dump carries that along. */
export interface Marker {
  readonly project: string;
  readonly server: string;
  readonly oid: string;
  /** How many tables it had after the last reseed. */
  readonly tables: number;
}

const word = 'git-protect disposable ';

/** The marker of a database of this server; null: it bears none. */
export async function readMarker(session: Session, database: string): Promise<Marker | 'unreadable' | null> {
  const [row] = await session.query(
    "select shobj_description(oid, 'pg_database') as said from pg_database where datname = $1",
    [database],
  );
  const said = row?.['said'];
  if (typeof said !== 'string' || !said.startsWith(word)) return null;
  try {
    const { project, server, oid, tables } = JSON.parse(said.slice(word.length)) as Marker;
    if ([project, server, oid].every((text) => typeof text === 'string') && Number.isInteger(tables))
      return { project, server, oid, tables };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return 'unreadable';
}

/** Writes the marker. @param database its name, of the session's server */
export async function writeMarker(session: Session, database: string, marker: Marker): Promise<void> {
  await session.query(`comment on database ${quoted(database)} is ${literal(`${word}${JSON.stringify(marker)}`)}`);
}

/** Is it this project's, of this very database? A copy of the server or of the database has it not. */
export function isOurs(marker: Marker | 'unreadable', project: string | null, { server, oid }: Identity): boolean {
  return (
    marker !== 'unreadable' && marker.project === (project ?? '') && marker.server === server && marker.oid === oid
  );
}

/** An identifier of PostgreSQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text of PostgreSQL, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
