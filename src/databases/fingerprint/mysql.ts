import { createHash } from 'node:crypto';
import { Undecided } from '../../model/index.ts';
import { hasRight, grantsOf as rightsOf } from '../mysql-rights.ts';
import { seesTriggers } from '../roles/mysql.ts';
import { codeOf, type Row, type Session } from '../session.ts';
import { shownTarget } from '../target.ts';
import type { Baseline, TablePrint, Taking } from './baseline.ts';
import type { Print } from './postgres.ts';
import { digestOf, digests } from './postgres-schema.ts';

/** What decides how a value reads as text. */
const settings = [
  "set time_zone = '+00:00'",
  "set sql_mode = ''",
  'set names utf8mb4',
  'set div_precision_increment = 4',
];

/** The fingerprint of a MySQL or MariaDB database, of one moment. @throws Undecided when any of it cannot be read or is in no snapshot */
export async function printMysql(session: Session, taking: Taking): Promise<Print> {
  const notes: string[] = [];
  for (const sql of settings) await session.query(sql);
  if (!(await seesTriggers(session)))
    notes.push(`${session.target.user} may not see triggers, so they were not compared`);
  await refusePartial(session);
  await session.query('set transaction isolation level repeatable read');
  await session.query('start transaction with consistent snapshot, read only');
  try {
    const found = await tablesOf(session, taking);
    if (taking.asDumped)
      for (const { name, columns } of found)
        for (const column of columns.filter(({ type }) => type === 'float'))
          notes.push(`${name}.${column.name} is a float, of which dumps hold six digits`);
    const tables = await countAll(session, found, taking);
    return {
      snapshot: null,
      seed: taking.seed,
      schema: await partsOf(session),
      tables,
      sequences: {},
      largeObjects: null,
      grants: await grantsOf(session, notes),
      notes,
    };
  } finally {
    await session.query('rollback').catch((error) => {
      if (codeOf(error) === null) throw error; // Where the connection is gone there is nothing to end.
    });
  }
}

/** information_schema shows only what the user may see: it must be allowed to read the whole database. @throws Undecided */
async function refusePartial(session: Session): Promise<void> {
  const name = session.target.database;
  const reads = hasRight(await rightsOf(session), 'SELECT', name);
  if (!reads)
    throw new Undecided(
      `${shownTarget(session.target)}: ${session.target.user} may not read the whole database, so tables could be hidden from it`,
      `GRANT SELECT ON \`${name}\`.* TO ${session.target.user};`,
    );
}

interface Table extends Omit<TablePrint, 'rows' | 'sum'> {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

async function tablesOf(session: Session, { rule, unknown, kind }: Taking): Promise<Table[]> {
  const shown = shownTarget(session.target);
  const rows = await session.query(
    "select table_name as name, engine as engine from information_schema.tables where table_schema = database() and table_type in ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE') order by 1",
  );
  const tables = rows.filter(({ engine }) => engine !== null);
  if (tables.length === 0)
    throw new Undecided(`${shown} has no table that could be compared`, 'is this the right database?');
  const other = tables.filter(({ engine }) => engine !== 'InnoDB').map(({ name, engine }) => `${name} (${engine})`);
  if (other.length > 0)
    throw new Undecided(
      `${shown}: ${other.slice(0, 5).join(', ')}: only InnoDB tables are in a snapshot`,
      'ALTER TABLE … ENGINE=InnoDB;',
    );
  const schema = session.target.database;
  const names = tables.map(({ name }) => ({ schema, table: String(name), name: String(name) }));
  const faults = unknown(names);
  if (faults.length > 0)
    throw new Undecided(`${shown}: ${faults.join('; ')}`, 'fix databases.<name>.tables in the policy');
  const columns = await session.query(
    'select table_name as t, column_name as name, data_type as type from information_schema.columns where table_schema = database() order by table_name, ordinal_position',
  );
  return names.map((name) => ({
    name: name.name,
    rule: rule(name),
    kind,
    columns: columns
      .filter(({ t }) => t === name.table)
      .map((row) => ({ name: String(row['name']), type: String(row['type']).toLowerCase() })),
  }));
}

async function countAll(session: Session, tables: readonly Table[], taking: Taking): Promise<TablePrint[]> {
  const prints: TablePrint[] = [];
  let all = 0n;
  for (const { columns, ...table } of tables) {
    const hash = table.kind === 'count' ? null : hashOf(columns, taking);
    const sums = hash === null ? '' : `, cast(coalesce(sum(${hash}), 0) as char) as sum, count(${hash}) as hashed`;
    const [row] = await session.query(`select count(*) as n${sums} from ${quotedName(table.name)} as git_protect_row`);
    const rows = String(row!['n']);
    // A row that is longer than max_allowed_packet has no hash.
    if (hash !== null && String(row!['hashed']) !== rows)
      throw new Undecided(
        `${shownTarget(session.target)}: ${table.name} holds rows that are too long to be summed`,
        'raise max_allowed_packet',
      );
    all += BigInt(rows);
    prints.push({ ...table, rows, sum: hash === null ? null : String(row!['sum']) });
    taking.progress(prints.length, tables.length, all);
  }
  return prints;
}

/** The first 64 bits of SHA-1 over every column with its length, so that neither NULL nor a border between two can move. */
function hashOf(columns: Table['columns'], { seed, asDumped = false }: Taking): string {
  const parts = columns.map(({ name, type }) => {
    const text = textOf(quotedName(name), type, asDumped);
    return `ifnull(concat(octet_length(${text}), ':', ${text}), 'N')`;
  });
  return `cast(conv(left(sha1(concat('${seed}', ${parts.join(', ')})), 16), 16, 10) as decimal(20, 0))`;
}

function textOf(column: string, type: string, asDumped: boolean): string {
  if (/binary|blob|^bit$|geometry|point|linestring|polygon|collection|uuid|inet|vector/.test(type))
    return `hex(${column})`;
  // A float shows six digits; as a double it shows all that it has.
  if (type === 'float' && !asDumped) return `cast(${column} + 0e0 as char)`;
  if (/char|text|enum|set|json/.test(type)) return `convert(${column} using utf8mb4)`;
  return `cast(${column} as char)`;
}

const quotedName = (name: string) => `\`${name.replaceAll('`', '``')}\``;

const definitions: Readonly<Record<string, string>> = {
  columns: `select table_name as name, group_concat(concat_ws(' ', column_name, column_type, is_nullable, column_default, extra, collation_name) order by ordinal_position) as said
    from information_schema.columns where table_schema = database() group by table_name`,
  indexes: `select concat(table_name, '.', index_name) as name, group_concat(concat_ws(' ', seq_in_index, column_name, sub_part, non_unique, index_type) order by seq_in_index) as said
    from information_schema.statistics where table_schema = database() group by table_name, index_name`,
  constraints: `select concat(k.table_name, '.', k.constraint_name) as name, group_concat(concat_ws(' ', k.column_name, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule) order by k.ordinal_position) as said
    from information_schema.key_column_usage k left join information_schema.referential_constraints r
      on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name and r.table_name = k.table_name
    where k.constraint_schema = database() group by k.table_name, k.constraint_name`,
  triggers: `select concat(event_object_table, '.', trigger_name) as name, concat_ws(' ', action_timing, event_manipulation, action_statement, definer) as said
    from information_schema.triggers where trigger_schema = database()`,
  functions: `select concat(routine_type, ' ', routine_name) as name, concat_ws(' ', routine_definition, security_type, definer, dtd_identifier) as said
    from information_schema.routines where routine_schema = database()`,
  views: `select table_name as name, concat_ws(' ', replace(view_definition, concat(char(96), database(), char(96), '.'), ''), security_type, definer) as said from information_schema.views where table_schema = database()`,
};

async function partsOf(session: Session): Promise<Baseline['schema']> {
  await session.query('set group_concat_max_len = 1048576');
  const parts: Record<string, Record<string, string>> = {};
  for (const [part, sql] of Object.entries(definitions)) parts[part] = digests(await session.query(sql));
  return { digest: digestOf(parts), parts };
}

/** Rights of everybody can be read only with rights on the schema mysql. */
async function grantsOf(session: Session, notes: string[]): Promise<Record<string, string>> {
  const found: Row[] = [];
  try {
    for (const { user, host } of await session.query('select user as user, host as host from mysql.user')) {
      const rows = await session.query(`show grants for ${quotedUser(String(user), String(host))}`).catch((error) => {
        if (codeOf(error) === '1141') return [] as readonly Row[]; // A role of another name for the server.
        throw error;
      });
      const said = rows.map((row) => String(Object.values(row)[0]).replace(/ IDENTIFIED .*$/, '')).sort();
      found.push({ name: `user ${user}@${host}`, said: createHash('sha256').update(said.join('\n')).digest('hex') });
    }
  } catch (error) {
    if (!['1142', '1143', '1044', '1227'].includes(codeOf(error) ?? '')) throw error;
    notes.push('rights of users cannot be read by this user (schema mysql), and were not compared');
    return {};
  }
  return digests(found);
}

const quotedUser = (user: string, host: string) => {
  const text = (one: string) => `'${one.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return host === '' ? text(user) : `${text(user)}@${text(host)}`;
};
