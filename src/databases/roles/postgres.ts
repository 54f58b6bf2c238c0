import type { DatabaseRole, Way } from '../../model/index.ts';
import { quoted } from '../marker.ts';
import { codeOf, type Session } from '../session.ts';
import { reachableFrom } from './members.ts';
import { beyond, lesser, ownPowers } from './powers.ts';

/** Every way by which a role can destroy rows that it may not. @param owner who is to own what it must not */
export async function waysOf(session: Session, role: string, may: DatabaseRole['may'], owner: string): Promise<Way[]> {
  if (may === 'migrate') return [];
  const [{ major }] = (await session.query("select current_setting('server_version_num')::int / 10000 as major")) as [
    { major: number },
  ];
  const ways: Way[] = [];
  for (const { oid, name, end } of await reachableFrom(session, role, major)) {
    const powers = await powersOf(session, oid, owner);
    if (name === role) ways.push(...powers);
    else ways.push(...asMember(name, end, powers));
  }
  const own = (await session.query('select oid::text as oid from pg_roles where rolname = $1', [role]))[0]!['oid'];
  const more = ['select', 'insert', 'update'].filter((word) => !(may as readonly string[]).includes(word));
  if (more.length > 0) ways.push(...((await session.query(beyond, [own, more])) as unknown as Way[]));
  // Whoever may delete has no need of a way; but to drop, or to do it as somebody else, is another thing.
  return (may as readonly string[]).includes('delete') ? ways.filter(({ way }) => way !== 'delete') : ways;
}

async function powersOf(session: Session, oid: string, owner: string): Promise<Way[]> {
  const found: Way[] = [];
  for (const sql of ownPowers) found.push(...((await session.query(sql, [oid, owner])) as unknown as Way[]));
  return found.map((way) => (lesser.includes(way.way) ? { ...way, lesser: true as const } : way));
}

/** What another role can do, by becoming it: one way for each, since one REVOKE ends them all. */
function asMember(name: string, end: string, powers: readonly Way[]): Way[] {
  // What everybody has is told of the role itself.
  const own = powers.filter((power) => !/ FROM PUBLIC$/.test(power.end));
  const [first] = own;
  if (first === undefined) return [];
  const more = own.length === 1 ? '' : ` (and ${own.length - 1} more)`;
  const means = `can become ${name}, which ${first.means}: ${first.object}${more}`;
  return [
    {
      way: 'member',
      object: name,
      means,
      end,
      ...(own.every((power) => power.lesser) ? { lesser: true as const } : {}),
    },
  ];
}

/**
 * Tables that the role of a session could delete from, found by planning it: nothing is executed, and the transaction may
 * not write. Without a condition, since one would be refused for the columns that it reads.
 * @param as the role to be, where the session is somebody else's
 */
export async function deletable(session: Session, as: string | null): Promise<string[]> {
  const tables = await session.query(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
  );
  const found: string[] = [];
  for (const { name } of tables) if (await plansDelete(session, String(name), as)) found.push(String(name));
  return found;
}

async function plansDelete(session: Session, table: string, as: string | null): Promise<boolean> {
  await session.query('begin read only');
  try {
    if (as !== null) await session.query(`set local role ${quoted(as)}`);
    await session.query(`explain (costs off) delete from ${table}`);
    return true;
  } catch (error) {
    if (codeOf(error) === '42501') return false;
    throw error;
  } finally {
    await session.query('rollback');
  }
}
