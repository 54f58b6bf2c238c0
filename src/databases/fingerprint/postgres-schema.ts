import { createHash } from 'node:crypto';
import type { Row, Session } from '../session.ts';
import type { Baseline, Parts } from './baseline.ts';

const scope =
  "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ($1::text[] is null or n.nspname = any($1::text[]))";
/** What an extension brings follows its version, and not this database. */
const own = (catalog: string, alias: string) =>
  `not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${alias}.oid and d.deptype = 'e')`;

/** By kind of object, the query that yields its name and definition. What differs between versions of the server is left out. */
const definitions: Readonly<Record<string, string>> = {
  columns: `select c.oid::regclass::text as name, string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
      nullif(a.attcollation, t.typcollation)::regcollation), ', ' order by a.attnum) as said
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'v', 'm') and ${scope} group by c.oid`,
  // 'n': PostgreSQL 18 lists NOT NULL here; columns has it.
  constraints: `select coalesce(c.conrelid::regclass::text || '.', '') || c.conname as name, pg_get_constraintdef(c.oid) as said
    from pg_constraint c join pg_namespace n on n.oid = c.connamespace where c.contype <> 'n' and ${scope}`,
  indexes: `select i.indexrelid::regclass::text as name, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid) as said
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace where ${scope}`,
  triggers: `select t.tgrelid::regclass::text || '.' || t.tgname as name, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) as said
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where not t.tgisinternal and ${scope}`,
  policies: `select p.polrelid::regclass::text || '.' || p.polname as name, concat_ws(' ', p.polcmd, p.polpermissive,
      array(select rolname from pg_roles where oid = any(p.polroles) order by 1)::text, pg_get_expr(p.polqual, p.polrelid),
      pg_get_expr(p.polwithcheck, p.polrelid)) as said
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${scope}`,
  'row security': `select c.oid::regclass::text as name, concat_ws(' ', c.relrowsecurity, c.relforcerowsecurity) as said
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where (c.relrowsecurity or c.relforcerowsecurity) and ${scope}`,
  functions: `select p.oid::regprocedure::text as name, concat_ws(' ', p.prokind, p.prosecdef, p.provolatile, p.proisstrict,
      pg_get_function_result(p.oid), l.lanname, p.prosrc, p.proconfig::text) as said
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    where ${scope} and ${own('pg_proc', 'p')}`,
  rules: `select c.oid::regclass::text || '.' || r.rulename as name, concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled) as said
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
    where ${scope} and ${own('pg_class', 'c')}`,
};

/** Digests of every definition, and one of them all. */
export async function partsOf(session: Session, schemas: readonly string[] | null): Promise<Baseline['schema']> {
  const parts: Record<string, Record<string, string>> = {};
  for (const [part, sql] of Object.entries(definitions)) parts[part] = digests(await session.query(sql, [schemas]));
  return { digest: digestOf(parts), parts };
}

export const digestOf = (parts: Parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

export function digests(rows: readonly Row[]): Record<string, string> {
  const found = rows.map(({ name, said }) => [String(name), short(String(said))] as const);
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

const acl = (column: string, kind: string, owner: string) =>
  `array(select x::text from unnest(coalesce(${column}, acldefault('${kind}', ${owner}))) x order by 1)::text`;

const rights: readonly string[] = [
  `select 'table ' || c.oid::regclass::text as name, concat_ws(' ', pg_get_userbyid(c.relowner), ${acl('c.relacl', 'r', 'c.relowner')},
      (select string_agg(concat(a.attname, a.attacl::text), ' ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attacl is not null)) as said
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${scope}`,
  `select 'function ' || p.oid::regprocedure::text as name, concat_ws(' ', pg_get_userbyid(p.proowner), ${acl('p.proacl', 'f', 'p.proowner')}) as said
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${scope} and ${own('pg_proc', 'p')}`,
  `select 'schema ' || n.nspname as name, concat_ws(' ', pg_get_userbyid(n.nspowner), ${acl('n.nspacl', 'n', 'n.nspowner')}) as said
    from pg_namespace n where ${scope}`,
  `select 'database' as name, concat_ws(' ', pg_get_userbyid(datdba), ${acl('datacl', 'd', 'datdba')}) as said
    from pg_database where datname = current_database() and ($1::text[] is null or true)`,
  `select concat_ws(' ', 'default privileges of', pg_get_userbyid(defaclrole), defaclobjtype, defaclnamespace::regnamespace) as name,
      array(select x::text from unnest(defaclacl) x order by 1)::text as said from pg_default_acl where $1::text[] is null or true`,
  `select 'role ' || rolname as name, concat_ws(' ', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
      array(select concat(g.rolname, m.admin_option) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid order by 1)::text) as said
    from pg_roles r where rolname !~ '^pg_' and ($1::text[] is null or true)`,
];

/** Who owns what, who may do what, who is a member of whom: a digest by object. */
export async function grantsOf(session: Session, schemas: readonly string[] | null): Promise<Record<string, string>> {
  let found: Record<string, string> = {};
  for (const sql of rights) found = { ...found, ...digests(await session.query(sql, [schemas])) };
  return found;
}

/** Sequences are in no snapshot. Those that the user may not read are a note. */
export async function sequencesOf(
  session: Session,
  schemas: readonly string[] | null,
  notes: string[],
): Promise<Record<string, string>> {
  const rows = await session.query(
    `select c.oid::regclass::text as name, has_sequence_privilege(c.oid, 'SELECT, USAGE') as readable, pg_sequence_last_value(c.oid)::text as value
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'S' and ${scope} order by 1`,
    [schemas],
  );
  for (const { name, readable } of rows)
    if (readable !== true) notes.push(`the sequence ${name} cannot be read, and was not compared`);
  return Object.fromEntries(
    rows
      .filter(({ readable, value }) => readable === true && value !== null)
      .map(({ name, value }) => [String(name), String(value)]),
  );
}
