import { quoted } from './marker.ts';
import type { Place } from './place.ts';
import type { Session } from './session.ts';

/** What the databases of a restore say of themselves, in their comments. */

const unfinished = 'git-protect unfinished restore of ';
const kept = 'git-protect kept at a restore';

/** Of one that has not taken the place of another yet. */
export function unfinishedMark({ policy }: Pick<Place, 'policy'>, database: string): string {
  return `${unfinished}${JSON.stringify([policy.project ?? '', database])}`;
}

/** Of the original. @param nonce of the waiver, which is spent by it; null: it was empty */
export const keptMark = (nonce: string | null) => `${kept}${nonce === null ? '' : `, waiver ${nonce}`}`;

/** Was a restore on this server done by this waiver? */
export async function isSpent(admin: Session, nonce: string): Promise<boolean> {
  const found = await admin.query("select 1 as n from pg_database where shobj_description(oid, 'pg_database') = $1", [
    keptMark(nonce),
  ]);
  return found.length > 0;
}

/** Drops what a run that was killed has left. Whoever holds the lock of this restore is alone. */
export async function dropUnfinished(place: Place, admin: Session, database: string): Promise<void> {
  const rows = await admin.query(
    `select datname::text as name from pg_database where datname ~ '^protect_restore_[0-9a-f]{16}$'
       and shobj_description(oid, 'pg_database') = $1`,
    [unfinishedMark(place, database)],
  );
  for (const { name } of rows) {
    place.tell(`${name} was left by a run that was killed: it is dropped`);
    await admin.query(`drop database ${quoted(String(name))} with (force)`);
  }
}
