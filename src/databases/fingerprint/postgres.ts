import { Undecided } from '../../model/index.ts';
import { codeOf, type Session } from '../session.ts';
import { shownTarget } from '../target.ts';
import type { Baseline, TablePrint, Taking } from './baseline.ts';
import { grantsOf, partsOf, sequencesOf } from './postgres-schema.ts';
import { printQuery, seenCondition, type Table, tablesOf } from './postgres-tables.ts';

/** What decides how a value reads as text; and what stops a run that holds others up. */
const settings = [
  "timezone = 'UTC'",
  "datestyle = 'ISO, YMD'",
  "intervalstyle = 'postgres'",
  'extra_float_digits = 1',
  "bytea_output = 'hex'",
  "lc_monetary = 'C'",
  "search_path = 'pg_catalog'",
  // Refused rather than filtered: rows that the user does not see would not be missed.
  'row_security = off',
  'statement_timeout = 0',
  "lock_timeout = '10s'",
  'idle_in_transaction_session_timeout = 0',
  'jit = off',
  'max_parallel_workers_per_gather = 0',
];

/** Pages from which a table is large: it is counted in two halves, by two workers. */
const large = 2_000;
/** Small tables of one question. */
const together = 100;

/** What the fingerprint of a moment holds, before it is one of a certain database. */
export type Print = Pick<
  Baseline,
  'snapshot' | 'seed' | 'schema' | 'tables' | 'sequences' | 'largeObjects' | 'grants' | 'notes'
>;

/** A transaction of one moment that only reads. What `use` is given is the name by which others join it. */
export async function inSnapshot<T>(session: Session, use: (snapshot: string) => Promise<T>): Promise<T> {
  await begin(session);
  try {
    const [row] = await session.query('select pg_export_snapshot() as name');
    return await use(String(row!['name']));
  } finally {
    // Where the connection is gone there is nothing to end.
    await session.query('rollback').catch((error) => {
      if (codeOf(error) === null) throw error;
    });
  }
}

async function begin(session: Session, snapshot?: string): Promise<void> {
  await session.query('begin isolation level repeatable read read only');
  if (snapshot !== undefined) await session.query(`set transaction snapshot '${snapshot}'`);
  await session.query(settings.map((one) => `set local ${one}`).join('; '));
}

/**
 * The fingerprint of a database as a snapshot sees it.
 * @param session in that snapshot
 * @param helper another session of the same user, which joins it
 * @throws Undecided when any of it cannot be read
 */
export async function printPostgres(
  session: Session,
  helper: Session,
  snapshot: string,
  taking: Taking,
): Promise<Print> {
  const notes: string[] = [];
  await begin(helper, snapshot);
  try {
    const [now] = await session.query(
      'select pg_current_snapshot()::text as snapshot, pg_snapshot_xmax(pg_current_snapshot())::text as next',
    );
    const tables = await tablesOf(session, taking, notes);
    const parts = await partsOf(session, taking.schemas);
    return {
      snapshot: String(now!['snapshot']),
      seed: taking.seed,
      schema: parts,
      tables: await countAll([session, helper], tables, taking, String(now!['next'])),
      sequences: await sequencesOf(session, taking.schemas, notes),
      largeObjects: await largeObjectsOf(session, taking.seed),
      grants: await grantsOf(session, taking.schemas),
      notes,
    };
  } catch (error) {
    if (codeOf(error) !== '42501') throw error;
    throw new Undecided(
      `${shownTarget(session.target)}: ${session.target.user} sees only a part of it: row security filters its rows, or it may not read large objects`,
      `ALTER ROLE ${session.target.user} BYPASSRLS;`,
    );
  } finally {
    await helper.query('rollback').catch((error) => {
      if (codeOf(error) === null) throw error;
    });
  }
}

/** One question to the server: some small tables, or a half of a large one. */
interface Piece {
  readonly sql: string;
  readonly tables: readonly Table[];
}

/** Sums do not depend on order, and sums of parts add up. */
async function countAll(
  sessions: readonly Session[],
  tables: readonly Table[],
  taking: Taking,
  next: string,
): Promise<TablePrint[]> {
  const sums = new Map(tables.map(({ name }) => [name, { rows: 0n, sum: 0n }]));
  const pieces = piecesOf(tables, taking, next);
  const of = pieces.length;
  let [done, all] = [0, 0n];
  await Promise.all(
    sessions.map(async (session) => {
      for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
        for (const row of await session.query(piece.sql)) {
          const sum = sums.get(piece.tables[Number(row['n'])]!.name)!;
          sum.rows += BigInt(String(row['rows']));
          if (row['sum'] !== null) sum.sum += BigInt(String(row['sum']));
          all += BigInt(String(row['rows']));
        }
        taking.progress(++done, of, all);
      }
    }),
  );
  return tables.map(({ name, rule, kind }) => {
    const { rows, sum } = sums.get(name)!;
    return { name, rule, kind, rows: rows.toString(), sum: kind === 'count' ? null : sum.toString() };
  });
}

function piecesOf(tables: readonly Table[], { seed, seenBy }: Taking, next: string): Piece[] {
  const conditionOf = ({ rule }: Table) => (rule === 'append' && seenBy !== null ? seenCondition(seenBy, next) : null);
  const halves = tables.filter(isLarge).flatMap((table) => {
    const middle = `'(${Math.floor(table.pages / 2)},0)'::tid`;
    return [`%.ctid < ${middle}`, `%.ctid >= ${middle}`].map((half) => {
      const where = [half, conditionOf(table)].filter((one) => one !== null).join(' and ');
      return { tables: [table], sql: `select 0 as n, q.* from (${printQuery(table, seed, where)}) q` };
    });
  });
  const small = tables.filter((table) => !isLarge(table));
  const groups: Piece[] = [];
  for (let at = 0; at < small.length; at += together) {
    const group = small.slice(at, at + together);
    const queries = group.map(
      (table, n) => `select ${n} as n, q.* from (${printQuery(table, seed, conditionOf(table))}) q`,
    );
    groups.push({ tables: group, sql: queries.join(' union all ') });
  }
  return [...halves, ...groups];
}

const isLarge = ({ pages, source }: Table) => pages >= large && source.startsWith('only ');

async function largeObjectsOf(session: Session, seed: string): Promise<Baseline['largeObjects']> {
  const [counted] = await session.query('select count(*)::text as rows from pg_largeobject_metadata');
  if (counted!['rows'] === '0') return { rows: '0', sum: '0' };
  const [row] = await session.query(
    `select count(*)::text as rows, sum(hashtextextended(oid::text || encode(sha256(lo_get(oid)), 'hex'), ${seed})::numeric)::text as sum
     from pg_largeobject_metadata`,
  );
  return row as unknown as { rows: string; sum: string };
}
