import type { Way } from '../../model/index.ts';

/**
 * What each query finds of one role alone (`$1` its oid), whoever can become it. Each yields way, object, means and the SQL
 * that ends it; `$2` is the name of the role that is to own what it must not.
 * Schemas of the system are left out, temporary ones too.
 */
const ours = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
const grantee = '(a.grantee = $1::oid or a.grantee = 0)';
const from = "case when a.grantee = 0 then 'PUBLIC' else a.grantee::regrole::text end";
const relations = "c.relkind in ('r', 'p', 'v', 'm', 'f')";

/** Rights on tables and views: what is granted to the role or to everybody. */
const granted = `select case a.privilege_type when 'TRIGGER' then 'trigger privilege' else lower(a.privilege_type) end as way,
    c.oid::regclass::text as object,
    case a.privilege_type when 'TRIGGER' then 'can put a trigger on it that swallows or destroys rows'
      else 'can ' || lower(a.privilege_type) || ' its rows' end as means,
    format('REVOKE %s ON %s FROM %s', a.privilege_type, c.oid::regclass, ${from}) as end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace,
    aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
  where ${relations} and ${ours} and ${grantee} and c.relowner <> $1::oid and $2::text is not null
    and a.privilege_type in ('DELETE', 'TRUNCATE', 'TRIGGER')`;

const ownedTables = `select 'owner of table' as way, c.oid::regclass::text as object, 'owns it: can drop, empty and alter it' as means,
    format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, $2::text) as end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${relations} and ${ours} and c.relowner = $1::oid and not c.relispartition`;

const ownedSchemas = `select 'owner of schema' as way, n.nspname::text as object, 'owns it: can drop every table in it, whoever owns them' as means,
    format('ALTER SCHEMA %I OWNER TO %I', n.nspname, $2::text) as end
  from pg_namespace n where ${ours} and n.nspowner = $1::oid`;

const ownedDatabase = `select 'owner of database' as way, datname::text as object, 'owns it: can drop and rename it' as means,
    format('ALTER DATABASE %I OWNER TO %I', datname, $2::text) as end
  from pg_database where datname = current_database() and datdba = $1::oid`;

/** Attributes and predefined roles: they reach past every grant. */
const attributes = `select way, rolname::text as object, means, format('ALTER ROLE %I %s', rolname, fix) as end
  from pg_roles, lateral (values
    ('superuser', rolsuper, 'can do everything', 'NOSUPERUSER'),
    ('createrole', rolcreaterole and current_setting('server_version_num')::int < 160000 and not rolsuper,
      'can grant itself any role (before PostgreSQL 16)', 'NOCREATEROLE'),
    ('replication', rolreplication and not rolsuper, 'can read everything and drop replication slots', 'NOREPLICATION'),
    ('bypassrls', rolbypassrls and not rolsuper, 'sees and changes rows past row security', 'NOBYPASSRLS')
  ) as w(way, has, means, fix) where has and pg_roles.oid = $1::oid and $2::text is not null`;

const predefined = `select 'predefined role' as way, rolname::text as object, means, '' as end from pg_roles
  join (values ('pg_write_all_data', 'can delete from every table'), ('pg_write_server_files', 'can overwrite files of the server'),
    ('pg_execute_server_program', 'can run programs on the server'), ('pg_create_subscription', 'can let another server write here')
  ) as p(name, means) on rolname = name where pg_roles.oid = $1::oid and $2::text is not null`;

/** Whose rights a function runs with can matter only where they are more than those of the role. */
const strong = `(o.rolsuper or exists (select from pg_class x where x.relowner = o.oid and x.relkind in ('r', 'p'))
    or exists (select from pg_class x, aclexplode(x.relacl) y where y.grantee = o.oid and y.privilege_type in ('DELETE', 'TRUNCATE'))
    or exists (select from pg_auth_members m where m.member = o.oid))`;

const definers = `select 'definer function' as way, p.oid::regprocedure::text as object,
    'runs with the rights of ' || o.rolname || ', who can destroy rows' as means,
    format('REVOKE EXECUTE ON %s %s FROM %s', case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, p.oid::regprocedure,
      string_agg(distinct ${from}, ', ')) as end
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_roles o on o.oid = p.proowner,
    aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  where p.prosecdef and ${ours} and ${grantee} and a.privilege_type = 'EXECUTE' and p.proowner <> $1::oid and ${strong}
    and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype) and $2::text is not null
  group by p.oid, p.prokind, o.rolname`;

/** Writing to the table is enough to set these off; EXECUTE is not asked for. */
const canWrite = `(has_table_privilege($1::oid, c.oid, 'INSERT') or has_any_column_privilege($1::oid, c.oid, 'UPDATE'))`;

const definerTriggers = `select 'definer trigger' as way, c.oid::regclass::text || '.' || t.tgname as object,
    'a write sets off ' || p.oid::regproc::text || ' with the rights of ' || o.rolname || ', who can destroy rows' as means,
    format('ALTER FUNCTION %s SECURITY INVOKER', p.oid::regprocedure) as end
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_proc p on p.oid = t.tgfoid join pg_roles o on o.oid = p.proowner
  where not t.tgisinternal and p.prosecdef and ${ours} and p.proowner <> $1::oid and ${strong} and ${canWrite}
    and $2::text is not null`;

const rules = `select 'rule' as way, c.oid::regclass::text || '.' || r.rulename as object,
    'a write to the table deletes rows with the rights of its owner' as means,
    format('DROP RULE %I ON %s', r.rulename, c.oid::regclass) as end
  from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
  where r.ev_type in ('2', '3') and ${ours} and pg_get_ruledef(r.oid) ~* '\\mdelete\\M' and ${canWrite}
    and $2::text is not null and c.relowner <> $1::oid`;

/** The table of the next migration. */
const defaults = `select 'default privileges' as way,
    'tables of ' || d.defaclrole::regrole::text || case when d.defaclnamespace = 0 then '' else ' in ' || d.defaclnamespace::regnamespace::text end as object,
    'every table created later can be emptied' as means,
    format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE %s ON TABLES FROM %s', d.defaclrole::regrole,
      case when d.defaclnamespace = 0 then '' else ' IN SCHEMA ' || d.defaclnamespace::regnamespace::text end,
      string_agg(a.privilege_type, ', '), ${from}) as end
  from pg_default_acl d, aclexplode(d.defaclacl) a
  where d.defaclobjtype = 'r' and ${grantee} and a.privilege_type in ('DELETE', 'TRUNCATE', 'TRIGGER')
    and d.defaclrole <> $1::oid and $2::text is not null
  group by d.defaclrole, d.defaclnamespace, a.grantee`;

/** Of one role by itself. */
export const ownPowers: readonly string[] = [
  attributes,
  ownedDatabase,
  ownedSchemas,
  ownedTables,
  granted,
  definers,
  definerTriggers,
  rules,
  defaults,
  predefined,
];

/** They let nobody destroy rows by themselves. */
export const lesser: readonly Way['way'][] = ['replication', 'bypassrls'];

/** Rights on tables that are more than the policy grants; `$2` lists those that it does not. */
export const beyond = `select lower(a.privilege_type) as way, c.oid::regclass::text as object,
    'can ' || lower(a.privilege_type) || ', which the policy does not say' as means,
    format('REVOKE %s ON %s FROM %s', a.privilege_type, c.oid::regclass, ${from}) as end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace,
    aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
  where ${relations} and ${ours} and ${grantee} and c.relowner <> $1::oid and lower(a.privilege_type) = any($2::text[])`;
