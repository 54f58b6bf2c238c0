import { type FingerprintKind, type TableRule, Undecided } from '../../model/index.ts';
import type { Session } from '../session.ts';
import { shownTarget } from '../target.ts';
import type { TableName, Taking } from './baseline.ts';

/** A table to be counted. */
export interface Table extends TableName {
  readonly rule: TableRule;
  readonly kind: FingerprintKind;
  /** What `from` says: `only` leaves out tables that inherit from it, which are counted by themselves. */
  readonly source: string;
  /** Pages on the disk, as the server last estimated. */
  readonly pages: number;
  readonly columns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly hashable: boolean;
  /** The function that writes a value of its type as text. */
  readonly output: string;
}

const scope =
  "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ($1::text[] is null or n.nspname = any($1::text[]))";

/** Tables from the catalog itself: information_schema hides those that the user may not read. A partitioned one counts once, at its root. */
const listing = `select n.nspname::text as schema, c.relname::text as table, format('%I.%I', n.nspname, c.relname) as name,
    c.relkind::text as kind, greatest(c.relpages, 0) as pages,
    has_schema_privilege(n.oid, 'USAGE') and (has_table_privilege(c.oid, 'SELECT') or not exists (select from pg_attribute x
      where x.attrelid = c.oid and x.attnum > 0 and not x.attisdropped and not has_column_privilege(c.oid, x.attnum, 'SELECT'))
      and exists (select from pg_attribute x where x.attrelid = c.oid and x.attnum > 0 and not x.attisdropped)) as readable,
    coalesce((select json_agg(json_build_object('name', a.attname, 'output', t.typoutput::regproc::text, 'hashable',
      coalesce(t.typtype in ('b', 'e') and (t.typtype = 'e' or t.typcategory <> 'A') and (t.typtype = 'e' or exists (
        select from pg_opclass o join pg_am m on m.oid = o.opcmethod join pg_amproc p on p.amprocfamily = o.opcfamily
          and p.amproclefttype = t.oid and p.amprocnum = 2
        where m.amname = 'hash' and o.opcintype = t.oid and o.opcnamespace = 'pg_catalog'::regnamespace)), false)) order by a.attnum)
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]')::text as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f') and not c.relispartition and ${scope} order by 1, 2`;

/**
 * The tables of a database that a fingerprint is of.
 * @param notes gets what is left out
 * @throws Undecided when one cannot be read, a rule names none, or there is none at all
 */
export async function tablesOf(
  session: Session,
  { schemas, rule, unknown: unknownTables, kind }: Taking,
  notes: string[],
): Promise<Table[]> {
  const shown = shownTarget(session.target);
  const rows = await session.query(listing, [schemas]);
  const foreign = rows.filter((row) => row['kind'] === 'f');
  for (const { name } of foreign)
    notes.push(`${name} is a foreign table: its rows are elsewhere, and were not compared`);
  const own = rows.filter((row) => row['kind'] !== 'f');
  if (own.length === 0)
    throw new Undecided(
      `${shown} has no table that could be compared`,
      schemas ? 'see databases.<name>.schemas' : 'is this the right database?',
    );
  const unreadable = own.filter((row) => row['readable'] !== true).map((row) => String(row['name']));
  if (unreadable.length > 0)
    throw new Undecided(
      `${shown}: ${session.target.user} may not read ${unreadable.slice(0, 5).join(', ')}${unreadable.length > 5 ? ` and ${unreadable.length - 5} more` : ''}`,
      `GRANT pg_read_all_data TO ${session.target.user};`,
    );
  const names = own as unknown as TableName[];
  const unknown = unknownTables(names);
  if (unknown.length > 0)
    throw new Undecided(`${shown}: ${unknown.join('; ')}`, 'fix databases.<name>.tables in the policy');
  return own.map((row) => {
    const name = { schema: String(row['schema']), table: String(row['table']), name: String(row['name']) };
    return {
      ...name,
      rule: rule(name),
      kind,
      source: `${row['kind'] === 'r' ? 'only ' : ''}${row['name']}`,
      pages: Number(row['pages']),
      columns: JSON.parse(String(row['columns'])) as Column[],
    };
  });
}

/** A name that no column of the table has: `t::text` of a table with a column `t` would be that column. */
function aliasFor(columns: readonly Column[]): string {
  let alias = 'git_protect_row';
  while (columns.some(({ name }) => name === alias)) alias += '_';
  return alias;
}

/**
 * The query that counts and sums a table, or a part of it.
 * @param where what limits it, with `%` for the alias
 */
export function printQuery(table: Table, seed: string, where: string | null): string {
  const alias = aliasFor(table.columns);
  const hash =
    table.kind === 'count' ? null : table.kind === 'fast' ? fastHash(table, alias, seed) : exactHash(alias, seed);
  const sum = hash === null ? 'null::text' : `coalesce(sum(${hash}::numeric), 0)::text`;
  const limit = where === null ? '' : ` where ${where.replaceAll('%', alias)}`;
  return `select count(*)::text as rows, ${sum} as sum from ${table.source} as ${alias}${limit}`;
}

/** The row as text, by the functions of the types themselves: a cast of the user's, or a column named like the table, has no say. */
const exactHash = (alias: string, seed: string) => `hashtextextended(textin(record_out(${alias})), ${seed})`;

function fastHash({ columns }: Table, alias: string, seed: string): string {
  const values = columns.map(({ name, hashable, output }) => {
    const column = `${alias}."${name.replaceAll('"', '""')}"`;
    return hashable ? column : `textin(${output}(${column}))`;
  });
  // The hash of a record is a linear sum of those of its columns, so that two rows could swap values unseen: it is hashed again.
  return `hashint8extended(hash_record_extended(row(${values.join(', ')}), ${seed}), ${seed})`;
}

/**
 * The condition for rows that a snapshot saw. The 32 bits of xmin are completed by the id that is next now.
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
export function seenCondition(snapshot: string, next: string): string {
  if (!/^\d+:\d+:[\d,]*$/.test(snapshot) || !/^\d+$/.test(next)) throw new Undecided('the baseline holds no snapshot');
  const id = 'xmin::text::bigint';
  const full = `(${next} - ((${next} - %.${id}) & 4294967295))::text::xid8`;
  return `(%.${id} < 3 or pg_visible_in_snapshot(${full}, '${snapshot}'::pg_snapshot))`;
}
