import { Undecided } from '../model/index.ts';
import { literal, quoted } from './marker.ts';
import type { Session } from './session.ts';

/**
 * What a database has besides its contents, which no dump carries: owner, rights, settings, limit of connections. The new one
 * gets what the old one has, and is compared with it.
 * @throws Undecided where it is not the same then
 */
export async function makeAlike(admin: Session, from: string, to: string): Promise<void> {
  const { owner, rights, settings, limit } = await likenessOf(admin, from);
  await admin.query(`alter database ${quoted(to)} owner to ${quoted(owner)}`);
  await admin.query(`revoke all on database ${quoted(to)} from public, ${quoted(owner)}`);
  for (const { who, what, grantable } of rights)
    await admin.query(
      `grant ${what} on database ${quoted(to)} to ${who === null ? 'public' : quoted(who)}${grantable ? ' with grant option' : ''}`,
    );
  for (const { role, name, value } of settings) {
    const whose =
      role === null ? `alter database ${quoted(to)}` : `alter role ${quoted(role)} in database ${quoted(to)}`;
    await admin.query(`${whose} set ${name.split('.').map(quoted).join('.')} to ${settingText(name, value)}`);
  }
  if (limit !== -1) await admin.query(`alter database ${quoted(to)} connection limit ${limit}`);
  const [was, is] = [await likenessOf(admin, from), await likenessOf(admin, to)];
  for (const part of ['owner', 'rights', 'settings', 'limit'] as const)
    if (JSON.stringify(was[part]) !== JSON.stringify(is[part]))
      throw new Undecided(`the ${names[part]} of the database could not be made as they are`, forAdmin);
}

const names = { owner: 'owner', rights: 'rights', settings: 'settings', limit: 'limit of connections' };
const forAdmin = 'name a superuser as admin: in the policy';

interface Likeness {
  readonly owner: string;
  /** `who` null: everybody. Who granted it is left aside: grants are made by the owner. */
  readonly rights: readonly { readonly who: string | null; readonly what: string; readonly grantable: boolean }[];
  /** `role` null: of the database itself. */
  readonly settings: readonly { readonly role: string | null; readonly name: string; readonly value: string }[];
  readonly limit: number;
}

async function likenessOf(admin: Session, database: string): Promise<Likeness> {
  const [row] = await admin.query(
    'select oid::text as oid, pg_get_userbyid(datdba)::text as owner, datconnlimit as limit from pg_database where datname = $1',
    [database],
  );
  if (row === undefined) throw new Undecided(`there is no database ${database} any more`);
  const rights = await admin.query(
    `select distinct case when a.grantee = 0 then null else pg_get_userbyid(a.grantee)::text end as who, a.privilege_type::text as what,
       a.is_grantable as grantable
     from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.datname = $1 order by 1, 2, 3`,
    [database],
  );
  const settings = await admin.query(
    `select case when s.setrole = 0 then null else pg_get_userbyid(s.setrole)::text end as role,
       split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
     from pg_db_role_setting s, unnest(s.setconfig) c where s.setdatabase = $1::oid order by 1, 2`,
    [row['oid']],
  );
  return {
    owner: String(row['owner']),
    rights: rights as unknown as Likeness['rights'],
    settings: settings as unknown as Likeness['settings'],
    limit: Number(row['limit']),
  };
}

/** Settings whose value is a list of names, which is written name by name. */
const lists = [
  'search_path',
  'temp_tablespaces',
  'local_preload_libraries',
  'session_preload_libraries',
  'shared_preload_libraries',
  'unix_socket_directories',
];

function settingText(name: string, value: string): string {
  if (!lists.includes(name.toLowerCase())) return literal(value);
  const parts = value.match(/"(?:[^"]|"")*"|[^,\s"]+/g) ?? [];
  if (parts.length === 0) return "''";
  return parts.map((part) => literal(part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part)).join(', ');
}
