import type { LackingRight } from '../model/index.ts';
import { seesTriggers } from './roles/mysql.ts';
import { codeOf, type Session } from './session.ts';

const denied = ['1142', '1143', '1044', '1227'];

/** What the user that reads lacks on MySQL and MariaDB: rows of any table, rights of others, triggers. */
export async function mysqlReaderLacks(session: Session): Promise<LackingRight[]> {
  const { user, database } = session.target;
  const found: LackingRight[] = [];
  const tables = await session.query(
    "select table_name as name from information_schema.tables where table_schema = database() and table_type = 'BASE TABLE' order by 1",
  );
  const names = tables.map((row) => String(row['name'] ?? row['NAME']));
  const unread: string[] = [];
  for (const name of names) if (!(await mayRead(session, `\`${name.replaceAll('`', '``')}\``))) unread.push(name);
  if (unread.length > 0)
    found.push({
      what: `cannot read ${unread.slice(0, 5).join(', ')}${unread.length > 5 ? ` and ${unread.length - 5} more` : ''}`,
      end: `GRANT SELECT ON \`${database}\`.* TO ${user}`,
    });
  if (!(await mayRead(session, 'mysql.db')))
    found.push({ what: 'cannot see the rights of other users', end: `GRANT SELECT ON mysql.* TO ${user}` });
  if (!(await seesTriggers(session)))
    found.push({ what: 'cannot see triggers', end: `GRANT TRIGGER ON \`${database}\`.* TO ${user}` });
  return found;
}

async function mayRead(session: Session, table: string): Promise<boolean> {
  try {
    await session.query(`select 1 from ${table} limit 0`);
    return true;
  } catch (error) {
    if (denied.includes(codeOf(error) ?? '')) return false;
    throw error;
  }
}
