import { type DatabaseEnvironment, type LackingRight, type RightsFacts, Undecided } from '../model/index.ts';
import { quoted } from './marker.ts';
import { environmentOf, type Place, targetOf, withSession } from './place.ts';
import { mysqlReaderLacks } from './rights-mysql.ts';
import type { Session } from './session.ts';
import { shownTarget } from './target.ts';

/** What the users that read for dumps and that create and rename databases lack for it. @param only of this environment */
export async function rightsOf(place: Place, only: string | null): Promise<RightsFacts[]> {
  const found: RightsFacts[] = [];
  for (const name of Object.keys(place.policy.databases)) {
    if (only !== null && only !== name) continue;
    const environment = environmentOf(place, name);
    if (reads(place, name, environment)) found.push(await factsOf(place, name, 'reader'));
    if (environment.admin !== null || environment.reseed !== null) found.push(await factsOf(place, name, 'admin'));
  }
  return found;
}

/** Is it dumped, as far as the policy says? */
function reads({ policy }: Place, name: string, { reader }: DatabaseEnvironment): boolean {
  return (
    reader !== null ||
    Object.values(policy.databases).some(({ reseed }) => reseed?.from === name) ||
    Object.values(policy.backups).some(({ database }) => database === name)
  );
}

async function factsOf(place: Place, name: string, use: 'reader' | 'admin'): Promise<RightsFacts> {
  const { [use]: variable, url, disposable } = environmentOf(place, name);
  const facts: RightsFacts = { environment: name, use, variable: variable ?? url, user: '', shown: '', lacks: [] };
  try {
    const target = targetOf(place, name, use);
    const known = { ...facts, user: target.user, shown: shownTarget(target) };
    return await withSession(place, target, async (session) => {
      if (target.engine === 'mysql')
        return { ...known, lacks: use === 'reader' ? await mysqlReaderLacks(session) : [] };
      const [me] = await session.query('select rolsuper as super from pg_roles where rolname = current_user');
      if (me?.['super'] === true) return known;
      return { ...known, lacks: await (use === 'reader' ? readerLacks(session) : adminLacks(session, disposable)) };
    });
  } catch (error) {
    // Whoever only looks need not have every URL.
    if (!(error instanceof Undecided)) throw error;
    return { ...facts, lacks: [{ what: `what it may do was not found out: ${error.message}`, end: '' }] };
  }
}

const own = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";

async function readerLacks(session: Session): Promise<LackingRight[]> {
  const who = quoted(session.target.user);
  const found: LackingRight[] = [];
  const unread = await session.query(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${own} and c.relkind in ('r', 'p', 'S') and not (has_schema_privilege(n.oid, 'USAGE')
       and case c.relkind when 'S' then has_sequence_privilege(c.oid, 'SELECT') else has_table_privilege(c.oid, 'SELECT') end)
     order by c.relkind = 'S', 1`,
  );
  if (unread.length > 0)
    found.push({
      what: `cannot read ${listed(unread.map(({ name }) => String(name)))}`,
      end: `GRANT pg_read_all_data TO ${who}`,
    });
  const filtered = await session.query(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${own} and c.relkind in ('r', 'p') and row_security_active(c.oid) order by 1`,
  );
  if (filtered.length > 0)
    found.push({
      what: `sees only a part of ${listed(filtered.map(({ name }) => String(name)))}: row security filters rows`,
      end: `ALTER ROLE ${who} BYPASSRLS`,
    });
  const objects = await session.query(
    `select l.oid::text as oid from pg_largeobject_metadata l where not pg_has_role(l.lomowner, 'USAGE') and not exists (
       select from aclexplode(l.lomacl) a where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_has_role(a.grantee, 'USAGE')))
     order by l.oid`,
  );
  if (objects.length > 0)
    found.push({
      what: `cannot read ${objects.length} large object${objects.length === 1 ? '' : 's'}`,
      end: `GRANT SELECT ON LARGE OBJECT ${objects.map(({ oid }) => oid).join(', ')} TO ${who}`,
    });
  return found;
}

async function adminLacks(session: Session, disposable: boolean): Promise<LackingRight[]> {
  const who = quoted(session.target.user);
  const found: LackingRight[] = [];
  const [me] = await session.query(
    `select rolcreatedb as creates, pg_has_role('pg_signal_backend', 'USAGE') as ends from pg_roles where rolname = current_user`,
  );
  if (me?.['creates'] !== true) found.push({ what: 'cannot create databases', end: `ALTER ROLE ${who} CREATEDB` });
  if (me?.['ends'] !== true)
    found.push({ what: 'cannot end the sessions of other users', end: `GRANT pg_signal_backend TO ${who}` });
  // A restore onto production gives everything its owner back; a reseed gives all to whoever does it.
  const objects = disposable
    ? ''
    : `union select c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${own}
       union select p.proowner from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${own}
       union select nspowner from pg_namespace n where ${own}`;
  const owners = await session.query(
    `select pg_get_userbyid(o.oid)::text as name from (select datdba as oid from pg_database where datname = current_database() ${objects}) o
     where not pg_has_role(o.oid, 'MEMBER') order by 1`,
  );
  for (const { name } of owners) {
    const owner = String(name);
    if (owner === 'pg_database_owner') continue;
    found.push({
      what: `is not a member of ${owner}, which owns ${disposable ? 'the database' : 'something in it'}`,
      end: `GRANT ${quoted(owner)} TO ${who}`,
    });
  }
  return found;
}

function listed(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).join(', ')}${more}`;
}
