import { reachOf } from './condition.ts';
import { Cursor, splitCommas } from './cursor.ts';
import { Unreadable } from './operands.ts';
import type { Scene } from './scene.ts';
import type { Token } from './token.ts';
import type { Reach } from './values.ts';

const joinWords = ['JOIN', 'INNER', 'LEFT', 'RIGHT', 'CROSS', 'NATURAL', 'STRAIGHT_JOIN', 'OUTER'];

/** Judges DELETE; the cursor stands behind the word. */
export function judgeDelete(scene: Scene, cursor: Cursor) {
  if (cursor.eat('HISTORY')) {
    cursor.eat('FROM');
    return scene.error('delete-history', `deletes the history of ${scene.show(cursor.name() ?? 'a table')}`);
  }
  cursor.eatAny('LOW_PRIORITY', 'QUICK', 'IGNORE');
  const start = cursor.at;
  const head = cursor.tokens.slice(start);
  const from = new Cursor(head);
  if (!from.seek('FROM')) return scene.unparsed('DELETE without FROM');
  const single = from.at === 0;
  from.at++;
  const tables = single
    ? tablesUntil(new Cursor(head.slice(1)), ['WHERE', 'ORDER', 'LIMIT', 'RETURNING', 'USING'])
    : null;
  const names = tables ?? tablesUntil(new Cursor(head), ['FROM']);
  if (names === null || names.length === 0) return scene.unparsed('DELETE from something that is not a table');
  const joined = !single || from.seek('USING') || names.length > 1;
  const own = !joined && names.every((name) => scene.made.has(name));
  judgeReach(scene, cursor, own, names, {
    rule: 'delete-without-where',
    what: `deletes every row of ${names.map(scene.show).join(', ')}`,
    some: false,
  });
}

/** Judges UPDATE; the cursor stands behind the word. */
export function judgeUpdate(scene: Scene, cursor: Cursor) {
  cursor.eatAny('LOW_PRIORITY', 'IGNORE');
  const names = tablesUntil(new Cursor(cursor.rest()), ['SET']);
  if (names === null || names.length === 0 || !cursor.seek('SET')) return scene.unparsed('UPDATE without SET');
  cursor.at++;
  const from = cursor.at;
  const targets = assigned(cursor.tokens.slice(from, endOfAssignments(cursor)));
  if (targets === null) return scene.unparsed('UPDATE with something else than column = value');
  cursor.at = from;
  const own = names.every((name) => scene.made.has(name));
  // A column that this script adds has nothing to lose.
  const fresh =
    names.length === 1 &&
    targets.every((column) => scene.made.column(names[0]!, column.split('.').at(-1)!) !== undefined);
  judgeReach(scene, cursor, own, names, {
    rule: 'update-without-where',
    what: `overwrites ${targets.map(scene.show).join(', ')} in every row of ${names.map(scene.show).join(', ')}`,
    some: fresh,
  });
}

function endOfAssignments(cursor: Cursor): number {
  return cursor.seek('WHERE', 'ORDER', 'LIMIT', 'RETURNING') ? cursor.at : cursor.tokens.length;
}

function assigned(tokens: readonly Token[]): string[] | null {
  const columns: string[] = [];
  for (const part of splitCommas(tokens)) {
    const cursor = new Cursor(part);
    const name = cursor.name();
    if (name === null || !(cursor.eatSign('=') || cursor.eatSign(':=')) || cursor.done) return null;
    const last = part.at(-1)!;
    if (last.kind === 'sign' && last.text !== ')' && last.text !== '?') return null;
    columns.push(name);
  }
  return columns;
}

/** The tables of a list with joins; null where it cannot be read. Derived tables are left out. */
function tablesUntil(cursor: Cursor, ends: readonly string[]): string[] | null {
  const names: string[] = [];
  let expected = true;
  while (!cursor.done && !cursor.isOneOf(ends)) {
    if (cursor.eatSign(',') || cursor.eatAny(...joinWords)) expected = true;
    else if (cursor.isSign('(')) {
      cursor.skipParens();
      expected = false;
    } else if (expected) {
      const name = cursor.name();
      if (name === null) return null;
      if (cursor.eatSign('.')) cursor.eatSign('*');
      names.push(name);
      expected = false;
    } else cursor.at++;
  }
  return names;
}

interface Loss {
  readonly rule: string;
  readonly what: string;
  /** Is nothing lost, and only the table locked? */
  readonly some: boolean;
}

function judgeReach(scene: Scene, cursor: Cursor, own: boolean, names: readonly string[], loss: Loss) {
  let reach: Reach;
  try {
    reach = whereOf(cursor, names);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return scene.unparsed(error.message);
  }
  if (own || reach !== 'all') return;
  if (loss.some) scene.warning(loss.rule, `${loss.what} at once, which locks them`);
  else scene.error(loss.rule, loss.what);
}

function whereOf(cursor: Cursor, names: readonly string[]): Reach {
  if (!cursor.seek('WHERE')) return 'all';
  cursor.at++;
  const from = cursor.at;
  const to = cursor.seek('ORDER', 'LIMIT', 'RETURNING') ? cursor.at : cursor.tokens.length;
  return reachOf(cursor.tokens.slice(from, to), names);
}

/** Judges REPLACE; the cursor stands behind the word. */
export function judgeReplace(scene: Scene, cursor: Cursor) {
  cursor.eatAny('LOW_PRIORITY', 'DELAYED', 'INTO');
  const name = cursor.name();
  if (name === null) return scene.unparsed('REPLACE without a table');
  if (!startsRows(cursor)) return scene.unparsed('REPLACE without rows');
  if (!scene.made.has(name))
    scene.warning('replace-rows', `replaces rows of ${scene.show(name)} that have the same key`);
}

/** Judges INSERT; the cursor stands behind the word. */
export function judgeInsert(scene: Scene, cursor: Cursor) {
  cursor.eatAny('LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE', 'INTO');
  if (cursor.name() === null) return scene.unparsed('INSERT without a table');
  if (!startsRows(cursor)) scene.unparsed('INSERT without rows');
}

function startsRows(cursor: Cursor): boolean {
  if (cursor.eat('PARTITION')) cursor.skipParens();
  if (cursor.eat('AS')) cursor.name();
  return (
    cursor.isSign('(') ||
    cursor.peek()?.kind === 'row' ||
    cursor.isOneOf(['VALUES', 'VALUE', 'SET', 'SELECT', 'WITH', 'TABLE'])
  );
}

/** Judges LOAD DATA and LOAD XML; the cursor stands behind LOAD. */
export function judgeLoad(scene: Scene, cursor: Cursor) {
  if (cursor.is('INDEX', 'INTO') || cursor.is('STATS')) return;
  if (!cursor.eat('DATA') && !cursor.eat('XML')) return scene.unparsed('LOAD of something unknown');
  const replaces = cursor.seek('REPLACE', 'INTO') && cursor.is('REPLACE');
  if (!cursor.seek('INTO')) return scene.unparsed('LOAD DATA without INTO');
  cursor.at++;
  cursor.eat('TABLE');
  const name = cursor.name();
  if (name === null) return scene.unparsed('LOAD DATA without a table');
  if (replaces && !scene.made.has(name))
    scene.warning('replace-rows', `replaces rows of ${scene.show(name)} that have the same key`);
}
