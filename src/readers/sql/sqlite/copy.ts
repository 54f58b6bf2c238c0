import { hasColumn } from '../mysql/columns.ts';
import { Cursor, splitCommas } from '../mysql/cursor.ts';
import type { Token } from '../mysql/token.ts';
import { affinity } from './create.ts';
import { type Copy, fold, type Table } from './tables.ts';

/** Words that leave rows out, or make several of one. */
const picks = [
  'WHERE',
  'JOIN',
  'LIMIT',
  'GROUP',
  'HAVING',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'INNER',
  'LEFT',
  'CROSS',
  'NATURAL',
];

interface Target {
  readonly name: string;
  readonly table: Table;
  /** The columns that are named; null: all, in their order. */
  readonly columns: readonly string[] | null;
  /** Does `OR IGNORE` or the like drop what does not fit? */
  readonly drops: boolean;
}

/**
 * What `INSERT INTO new SELECT … FROM old` takes along.
 * @param select from `SELECT` on
 * @param tableOf what is known of a table
 * @returns null where it is no copy of one table; and what to warn of
 */
export function copyOf(
  target: Target,
  select: readonly Token[],
  tableOf: (name: string) => Table | undefined,
): { readonly copy: Copy; readonly warnings: readonly string[] } | null {
  const cursor = new Cursor(select);
  if (!cursor.eat('SELECT')) return null;
  const distinct = cursor.eat('DISTINCT');
  cursor.eat('ALL');
  const start = cursor.at;
  if (!cursor.seek('FROM')) return null;
  const values = splitCommas(select.slice(start, cursor.at));
  cursor.at++;
  const from = cursor.name();
  if (from === null || cursor.isSign('(')) return null;
  const rest = cursor.rest();
  const losses: { rule: string; message: string }[] = [];
  if (distinct || rest.some(({ kind, text }) => (kind === 'word' && picks.includes(text)) || text === ','))
    losses.push({ rule: 'copy-some-rows', message: `keeps only some of the rows of ${from}` });
  if (target.drops || target.table.dropsRows)
    losses.push({
      rule: 'copy-some-rows',
      message: `leaves out the rows of ${from} that do not fit into ${target.name}`,
    });
  const old = tableOf(from)?.columns ?? null;
  const read = readValues(values, target, from);
  losses.push(...read.losses);
  if (!read.all && old === null)
    losses.push({
      rule: 'rebuild-table',
      message: `recreates ${from}, and no migration here says which columns it has, so some may be lost`,
    });
  else if (!read.all && old !== null)
    for (const [folded, { name }] of old)
      if (!read.columns.has(folded)) losses.push({ rule: 'drop-column', message: `drops column ${from}.${name}` });
  return { copy: { from, losses }, warnings: old === null ? [] : warningsOf(read, target, from, old) };
}

interface Values {
  /** `*` */
  readonly all: boolean;
  /** Columns of the old table that are read, by the folded name; what they are put into. */
  readonly columns: ReadonlyMap<string, string | null>;
  /** Names in double quotes, which are texts where there is no such column. */
  readonly quoted: readonly string[];
  readonly losses: readonly { readonly rule: string; readonly message: string }[];
}

function readValues(values: readonly (readonly Token[])[], target: Target, from: string): Values {
  const named = target.columns ?? [...(target.table.columns?.values() ?? [])].map(({ name }) => name);
  const columns = new Map<string, string | null>();
  const quoted: string[] = [];
  const losses: { rule: string; message: string }[] = [];
  let all = false;
  for (const [at, value] of values.entries()) {
    const cursor = new Cursor(value);
    if (value.at(-1)?.text === '*' && value.length <= 3) {
      all = true;
      continue;
    }
    const into = named[at] ?? null;
    const column = plainColumn(cursor);
    if (column !== null) {
      columns.set(fold(column.split('.').at(-1)!), into);
      if (value[0]?.raw === '"' && !column.includes('.')) quoted.push(column);
      continue;
    }
    const made = value.at(-2)?.text === 'AS' ? value.slice(0, -2) : value;
    if (!hasColumn(made)) continue;
    // What is made of a column is not the column: who knows what is left of it.
    for (const { kind, text } of made) if (kind === 'word' || kind === 'name') columns.set(fold(text), null);
    losses.push({
      rule: 'change-column-type',
      message: `computes ${target.name}.${into ?? 'a column'} from an expression over ${from}, which may lose data`,
    });
  }
  return { all, columns, quoted, losses };
}

/** A column as it stands, or with a value in place of NULL: `"a"`, `t.a`, `coalesce(a, 0) AS a`. */
function plainColumn(cursor: Cursor): string | null {
  let column: string | null;
  if (['COALESCE', 'IFNULL'].includes(cursor.word()) && cursor.peek(1)?.text === '(') {
    const open = cursor.at + 1;
    cursor.at = open;
    cursor.skipParens();
    const [first = [], ...others] = splitCommas(cursor.tokens.slice(open + 1, cursor.at - 1));
    const inner = new Cursor(first);
    column = inner.name();
    const isFilled = others.every((part) =>
      part.every(({ kind }) => ['string', 'number', 'sign', 'word'].includes(kind)),
    );
    if (!inner.done || !isFilled) return null;
  } else if (cursor.peek()?.kind === 'word' || cursor.peek()?.kind === 'name') column = cursor.name();
  else return null;
  if (cursor.eat('AS') || !cursor.done) if (cursor.name() === null) return null;
  return cursor.done ? column : null;
}

function warningsOf(
  { columns, quoted }: Values,
  target: Target,
  from: string,
  old: NonNullable<Table['columns']>,
): string[] {
  const texts = quoted
    .filter((name) => !old.has(fold(name)))
    .map(
      (name) => `"${name}" is not a column of ${from}, so SQLite takes it for a text and fills ${target.name} with it`,
    );
  const changed = [...columns].flatMap(([folded, into]) => {
    const [was, is] = [old.get(folded), into === null ? undefined : target.table.columns?.get(fold(into))];
    const isNumber = was && is && affinity(was.type) !== 'number' && affinity(is.type) === 'number';
    return isNumber ? [`${from}.${was.name} becomes ${is.type}: a text such as 007 becomes the number 7`] : [];
  });
  return [...texts, ...changed];
}
