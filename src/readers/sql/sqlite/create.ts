import { Cursor, splitCommas } from '../mysql/cursor.ts';
import type { Token } from '../mysql/token.ts';
import { type Column, fold, type Reference, type Table, unknownTable } from './tables.ts';

/** Words that begin a constraint of the table, or end the type of a column. */
const ofTable = ['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'];
const afterType = [...ofTable, 'NOT', 'NULL', 'DEFAULT', 'COLLATE', 'REFERENCES', 'GENERATED', 'AS', 'AUTOINCREMENT'];

/** A table from the parentheses of its `CREATE TABLE`. */
export function readTable(body: readonly Token[], temporary: boolean): Table {
  const columns = new Map<string, Column>();
  const references: Reference[] = [];
  for (const part of splitCommas(body)) {
    const cursor = new Cursor(part);
    references.push(...referencesIn(part));
    if (cursor.isOneOf(ofTable)) continue;
    const column = readColumn(cursor);
    if (column !== null) columns.set(fold(column.name), column);
  }
  return {
    ...unknownTable(),
    columns,
    references,
    made: true,
    temporary,
    dropsRows: body.some(
      ({ kind, text }, at) =>
        kind === 'word' && text === 'CONFLICT' && ['REPLACE', 'IGNORE'].includes(body[at + 1]?.text ?? ''),
    ),
  };
}

/** The name and the type of a column; null where there is no name. */
export function readColumn(cursor: Cursor): Column | null {
  const name = cursor.name();
  if (name === null) return null;
  const type: string[] = [];
  while (!cursor.done && !cursor.isOneOf(afterType) && !cursor.isSign('(')) {
    type.push(cursor.peek()!.text.toUpperCase());
    cursor.at++;
  }
  return { name, type: type.join(' ') };
}

/** `REFERENCES parent … ON DELETE CASCADE`, wherever it stands. */
export function referencesIn(part: readonly Token[]): Reference[] {
  return part.flatMap(({ kind, text }, at) => {
    if (kind !== 'word' || text !== 'REFERENCES') return [];
    const cursor = new Cursor(part.slice(at + 1));
    const to = cursor.name();
    if (to === null) return [];
    let onDelete = '';
    for (; !cursor.done; cursor.at++) {
      if (cursor.word(0) === 'REFERENCES') break;
      if (!cursor.is('ON', 'DELETE')) continue;
      onDelete = cursor.is('ON', 'DELETE', 'SET')
        ? `SET ${cursor.word(3)}`
        : cursor.word(2) === 'CASCADE'
          ? 'CASCADE'
          : '';
    }
    return [{ to, onDelete }];
  });
}

/**
 * How SQLite keeps what is put into a column of a type.
 * @see https://www.sqlite.org/datatype3.html#determination_of_column_affinity
 */
export function affinity(type: string): 'text' | 'number' | 'any' {
  if (type.includes('INT')) return 'number';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'text';
  return type === '' || type.includes('BLOB') || type === 'ANY' ? 'any' : 'number';
}
