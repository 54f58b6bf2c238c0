import { Undecided } from '../model/index.ts';
import type { Baseline } from './fingerprint/baseline.ts';
import { type Place, withSession } from './place.ts';
import type { Target } from './target.ts';

/**
 * Reads a row as the application does, by its own user and password, from a table that holds some in the backup.
 * @returns what it read, or what was not looked at, in a sentence
 * @throws Undecided when it can read none
 */
export async function readAsApp(place: Place, app: Target, { tables }: Baseline): Promise<string> {
  return withSession(place, app, async (session) => {
    const full = tables.filter(({ rows }) => rows !== '0').map(({ name }) => name);
    if (full.length === 0) return `${app.user} can connect; the backup holds no row that could be read`;
    const readable = await session.query(
      `select format('%I.%I', n.nspname, c.relname) as name, row_security_active(c.oid) as filtered
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where format('%I.%I', n.nspname, c.relname) = any($1::text[]) and has_schema_privilege(n.oid, 'USAGE')
         and has_table_privilege(c.oid, 'SELECT') order by 1`,
      [full],
    );
    for (const { name } of readable)
      if ((await session.query(`select 1 as n from ${name} limit 1`)).length > 0) return `${app.user} reads ${name}`;
    const [hidden] = readable.filter(({ filtered }) => filtered === true);
    if (hidden !== undefined) return `${app.user} may read ${hidden['name']}, whose rows row security hides from it`;
    throw new Undecided(
      `${app.variable}: ${app.user} can read no row of the restored database`,
      `compare its rights: npx git-protect db roles`,
    );
  });
}
