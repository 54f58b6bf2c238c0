import { reachOf } from '../mysql/condition.ts';
import { type Cursor, Cursor as Reader, splitCommas } from '../mysql/cursor.ts';
import { Unreadable } from '../mysql/operands.ts';
import type { Token } from '../mysql/token.ts';
import type { Scene } from './scene.ts';
import { fold } from './tables.ts';

/** `OR IGNORE` and its like, `INTO`, `FROM`. */
const conflicts = ['ROLLBACK', 'ABORT', 'FAIL', 'IGNORE', 'REPLACE'];

/** Judges DELETE; the cursor stands behind the word. */
export function judgeDelete(scene: Scene, cursor: Cursor) {
  cursor.eat('FROM');
  const name = cursor.name();
  if (name === null) return scene.unread('DELETE without a table');
  const names = [name, aliasAt(cursor)];
  const table = scene.tables.get(name);
  if (table !== undefined) table.copies = [];
  if (!reachesAll(scene, cursor, names) || table?.made) return;
  scene.error('delete-without-where', `deletes every row of ${name}`);
}

/** Judges UPDATE; the cursor stands behind the word. */
export function judgeUpdate(scene: Scene, cursor: Cursor) {
  if (cursor.eat('OR')) cursor.eatAny(...conflicts);
  const name = cursor.name();
  const names = [name ?? '', aliasAt(cursor)];
  if (name === null || !cursor.seek('SET')) return scene.unread('UPDATE without a table or SET');
  cursor.at++;
  const from = cursor.at;
  const to = cursor.seek('FROM', 'WHERE', 'ORDER', 'LIMIT', 'RETURNING') ? cursor.at : cursor.tokens.length;
  const columns = splitCommas(cursor.tokens.slice(from, to)).map((part) => new Reader(part).name() ?? '(…)');
  const table = scene.tables.get(name);
  const all = reachesAll(scene, cursor, names);
  if (all && table !== undefined) table.copies = [];
  if (!all || table?.made) return;
  // What stood in a new column is lost to nobody.
  const isFresh = columns.every((column) => table?.fresh.has(column.toLowerCase()));
  if (isFresh) scene.warning('update-without-where', `rewrites every row of ${name} in one go`);
  else scene.error('update-without-where', `overwrites ${columns.join(', ')} in every row of ${name}`);
}

/** `OR REPLACE` and the like; the cursor stands behind INSERT. @returns whether rows that do not fit are dropped */
export function eatConflict(cursor: Cursor): 'IGNORE' | 'REPLACE' | null {
  if (!cursor.eat('OR')) return null;
  const word = cursor.word();
  cursor.eatAny(...conflicts);
  return word === 'IGNORE' || word === 'REPLACE' ? word : null;
}

/** `AS x`; empty where there is none. */
function aliasAt(cursor: Cursor): string {
  return cursor.eat('AS') ? (cursor.name() ?? '') : '';
}

/** @param names the table, and its alias */
function reachesAll(scene: Scene, cursor: Cursor, names: readonly string[]): boolean {
  if (!cursor.seek('WHERE')) return true;
  cursor.at++;
  const from = cursor.at;
  const to = cursor.seek('ORDER', 'LIMIT', 'RETURNING') ? cursor.at : cursor.tokens.length;
  try {
    return reachOf(asRead(cursor.tokens.slice(from, to), names), names) === 'all';
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    scene.unread(error.message);
    return false;
  }
}

/** What SQLite writes in words of its own, in those that the reader of conditions knows. */
function asRead(tokens: readonly Token[], own: readonly string[]): readonly Token[] {
  const words = (first: Token, ...texts: readonly string[]) =>
    texts.map((text) => ({ ...first, kind: 'word' as const, text, raw: text }));
  const isWord = (token: Token | undefined, ...texts: readonly string[]) =>
    token?.kind === 'word' && texts.includes(token.text);
  return apart(tokens, own).flatMap((token, at, read) => {
    const [before, next, third] = [read[at - 1], read[at + 1], read[at + 2]];
    if (token.kind === 'string' && isWord(before, 'GLOB')) return [{ ...token, text: token.text.replaceAll('*', '%') }];
    if (token.kind !== 'word') return [token];
    if (token.text === 'ISNULL') return words(token, 'IS', 'NULL');
    if (token.text === 'NOTNULL') return words(token, 'IS', 'NOT', 'NULL');
    if (token.text === 'NULL' && isWord(before, 'NOT') && !isWord(read[at - 2], 'IS')) return words(token, 'NULL');
    if (token.text === 'NOT' && isWord(next, 'NULL') && !isWord(before, 'IS') && at > 0)
      return words(token, 'IS', 'NOT');
    if (token.text === 'GLOB' || token.text === 'MATCH') return words(token, 'LIKE');
    if (token.text === 'IS' && !isWord(next, 'NULL', 'NOT', 'TRUE', 'FALSE', 'DISTINCT'))
      return [{ ...token, kind: 'sign' as const, text: '=' }];
    if (token.text === 'IS' && isWord(next, 'NOT') && !isWord(third, 'NULL', 'TRUE', 'FALSE', 'DISTINCT'))
      return [{ ...token, kind: 'sign' as const, text: '<>' }];
    if (token.text === 'NOT' && isWord(before, 'IS') && !isWord(next, 'NULL', 'TRUE', 'FALSE', 'DISTINCT')) return [];
    return [token];
  });
}

/** A column of another table is another column, whatever it is called. */
function apart(tokens: readonly Token[], own: readonly string[]): readonly Token[] {
  const isName = (token: Token | undefined) => token?.kind === 'name' || token?.kind === 'word';
  // As they are compared: without what they are quoted in.
  const bare = tokens.map((token) => (token.kind === 'name' ? { ...token, raw: token.text } : token));
  return bare.flatMap((token, at) => {
    if (token.text === '.' || (isName(token) && bare[at - 1]?.text === '.')) return [];
    const called = fold(token.kind === 'word' ? token.raw : token.text);
    if (!isName(token) || bare[at + 1]?.text !== '.') return [token];
    const column = bare[at + 2];
    if (column === undefined) return [token];
    if (own.some((name) => fold(name) === called)) return [column];
    const text = `${column.text}@${called}`;
    return [{ ...column, kind: 'name' as const, text, raw: text }];
  });
}
