import type { Baseline, Parts, TablePrint } from './baseline.ts';

/** Something that is not as it was. */
export interface Difference {
  /** The table, or the part of the schema. */
  readonly object: string;
  readonly message: string;
}

/**
 * What differs between two fingerprints of one order.
 * @param restored `after` is a restored copy: owners and rights are not in it, and sequences stand where the dump found them
 */
export function compare(before: Baseline, after: Baseline, restored = false): Difference[] {
  return [
    ...compareTables(before.tables, after.tables, restored),
    ...compareParts(before.schema.parts, after.schema.parts),
    ...compareSequences(before, after),
    ...compareLargeObjects(before, after),
    ...(restored ? [] : compareNamed('rights', before.grants, after.grants)),
  ];
}

/** Who owns what and who may do what, in a copy that got them; roles, and the rights on the database itself, are in no dump. */
export function compareRights({ grants: before }: Baseline, { grants: after }: Baseline): Difference[] {
  const dumped = (grants: Baseline['grants']) =>
    Object.fromEntries(Object.entries(grants).filter(([name]) => name !== 'database' && !name.startsWith('role ')));
  return compareNamed('rights', dumped(before), dumped(after));
}

function compareTables(before: readonly TablePrint[], after: readonly TablePrint[], restored: boolean): Difference[] {
  const now = new Map(after.map((table) => [table.name, table]));
  return before.flatMap((was) => {
    const is = now.get(was.name);
    if (is === undefined)
      return [{ object: was.name, message: `the table ${was.name} is gone, with ${rowsOf(was.rows)}` }];
    const message = tableDifference(was, is, restored);
    return message === null ? [] : [{ object: was.name, message: `${was.name}: ${message}` }];
  });
}

/** What is wrong with a table by its rule; null: nothing. */
function tableDifference(was: TablePrint, is: TablePrint, restored: boolean): string | null {
  const change = BigInt(is.rows) - BigInt(was.rows);
  const counts = `${rowsOf(was.rows)} before, ${is.rows} now`;
  if (!restored) {
    if (was.rule === 'any') return null;
    if (was.rule === 'grow') return change < 0n ? `${counts}: ${-change} fewer, and it may only grow` : null;
    if (was.rule === 'append') {
      if (change < 0n)
        return `of ${rowsOf(was.rows)} that were there, ${-change} are not as they were: changed or removed`;
      if (change > 0n || was.sum !== is.sum) return `rows that were there (${was.rows}) are not as they were`;
      return null;
    }
  }
  if (change !== 0n) return `${counts}: ${change > 0n ? `${change} more` : `${-change} fewer`}`;
  return was.sum === is.sum ? null : `as many rows (${was.rows}), with other contents`;
}

const rowsOf = (count: string) => `${count} row${count === '1' ? '' : 's'}`;

function compareParts(before: Parts, after: Parts): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((part) =>
    compareNamed(part, before[part] ?? {}, after[part] ?? {}),
  );
}

function compareNamed(
  part: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (was === is) return [];
    return [
      {
        object: part,
        message: `${part}: ${name} ${was === undefined ? 'is new' : is === undefined ? 'is gone' : 'is another'}`,
      },
    ];
  });
}

function compareSequences({ sequences: before }: Baseline, { sequences: after }: Baseline): Difference[] {
  return Object.entries(before).flatMap(([name, was]) => {
    const is = after[name];
    if (is === undefined) return [{ object: name, message: `the sequence ${name} is gone, or was restarted` }];
    return BigInt(is) < BigInt(was)
      ? [{ object: name, message: `the sequence ${name} went back from ${was} to ${is}` }]
      : [];
  });
}

function compareLargeObjects({ largeObjects: was }: Baseline, { largeObjects: is }: Baseline): Difference[] {
  if (was === null || is === null || (was.rows === is.rows && was.sum === is.sum)) return [];
  const message =
    was.rows === is.rows
      ? `as many large objects (${was.rows}), with other contents`
      : `${was.rows} large objects before, ${is.rows} now`;
  return [{ object: 'large objects', message }];
}
