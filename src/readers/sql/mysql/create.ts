import { Cursor, splitCommas } from './cursor.ts';
import { skipDefiner } from './program.ts';
import type { Scene } from './scene.ts';
import type { Token } from './token.ts';

const indexKinds = ['UNIQUE', 'FULLTEXT', 'SPATIAL', 'VECTOR', 'COLUMNAR', 'HYPO', 'ONLINE', 'OFFLINE'];
/** What may be made without harm, unless it replaces something. */
const harmless = [
  ['USER'],
  ['ROLE'],
  ['SERVER'],
  ['TABLESPACE'],
  ['UNDO', 'TABLESPACE'],
  ['LOGFILE', 'GROUP'],
  ['RESOURCE', 'GROUP'],
  ['PLACEMENT', 'POLICY'],
  ['SPATIAL', 'REFERENCE', 'SYSTEM'],
  ['BINDING'],
  ['GLOBAL', 'BINDING'],
  ['SESSION', 'BINDING'],
  ['STATISTICS'],
];

/** Judges CREATE of what has no body; the cursor stands behind the word. */
export function judgeCreate(scene: Scene, cursor: Cursor) {
  const from = cursor.at - 1;
  const replaces = cursor.eat('OR', 'REPLACE');
  const temporary = cursor.eat('GLOBAL', 'TEMPORARY') || cursor.eat('TEMPORARY');
  if (cursor.eat('TABLE')) return createTable(scene, cursor, { from, replaces, temporary });
  const at = cursor.at;
  cursor.eatAny(...indexKinds);
  if (cursor.eat('INDEX')) return createIndex(scene, cursor);
  cursor.at = at;
  if (cursor.eat('DATABASE') || cursor.eat('SCHEMA')) {
    cursor.eatIfExists();
    const name = cursor.name();
    if (name === null) return scene.unparsed('CREATE DATABASE without a name');
    if (replaces) scene.error('drop-database', `drops the database ${scene.show(name)} to create it again`);
    return;
  }
  if (cursor.eat('SEQUENCE')) {
    if (replaces) scene.error('drop-sequence', 'drops a sequence to create it again');
    return;
  }
  if (harmless.some((words) => cursor.is(...words))) {
    if (replaces && cursor.is('USER')) scene.error('drop-user', 'drops a user to create it again');
    else if (replaces && !cursor.is('PLACEMENT') && !cursor.is('SPATIAL'))
      scene.warning('replace-object', `replaces a ${cursor.word().toLowerCase()}`);
    return;
  }
  if (isView(cursor)) {
    if (cursor.seek('VIEW')) cursor.at++;
    cursor.eatIfExists();
    const name = cursor.name();
    if (name === null) return scene.unparsed('CREATE VIEW without a name');
    if (!replaces && scene.sure && !cursor.tokens.some(({ text, comment }) => text === 'EXISTS' || comment !== 0))
      scene.made.views.add(name);
    return;
  }
  scene.unparsed(`CREATE ${scene.show(cursor.peek()?.raw ?? '')}`);
}

function isView(cursor: Cursor): boolean {
  if (cursor.eat('ALGORITHM')) {
    cursor.eatSign('=');
    cursor.at++;
  }
  skipDefiner(cursor);
  if (cursor.eat('SQL', 'SECURITY')) cursor.at++;
  return cursor.is('VIEW');
}

interface Creation {
  readonly from: number;
  readonly replaces: boolean;
  readonly temporary: boolean;
}

function createTable(scene: Scene, cursor: Cursor, { from, replaces, temporary }: Creation) {
  const ifNotThere = cursor.eat('IF', 'NOT', 'EXISTS');
  const name = cursor.name();
  if (name === null) return scene.unparsed('CREATE TABLE without a name');
  // What stands in a conditional comment is not made on every server.
  const conditional = cursor.tokens.slice(from, cursor.at).some(({ comment }) => comment !== 0);
  const body = cursor.peek();
  if (
    !body ||
    !(cursor.isSign('(') || cursor.isOneOf(['LIKE', 'AS', 'SELECT', 'WITH', 'IGNORE', 'REPLACE']) || isOption(body))
  )
    return scene.unparsed('CREATE TABLE without columns');
  if (replaces && !temporary && !scene.made.has(name))
    scene.error('drop-table', `drops table ${scene.show(name)} with its rows to create it again`);
  learnColumns(scene, cursor, name, { ifNotThere, temporary, conditional });
  if (scene.sure) scene.made.addTable(name, !ifNotThere && !conditional && (!scene.inBody || temporary));
}

/** Takes in the types of the columns of a new table. */
function learnColumns(
  { made, sure, inBody }: Scene,
  cursor: Cursor,
  table: string,
  how: { readonly ifNotThere: boolean; readonly temporary: boolean; readonly conditional: boolean },
) {
  if (how.ifNotThere && !how.temporary) return;
  made.types.drop(table);
  // A temporary table stands before the other one of its name for a while.
  if (!sure || inBody || how.temporary || how.conditional || !cursor.isSign('(')) return;
  const body = new Cursor(cursor.rest());
  body.skipParens();
  const indexes = [
    'INDEX',
    'KEY',
    'UNIQUE',
    'PRIMARY',
    'FULLTEXT',
    'SPATIAL',
    'CONSTRAINT',
    'CHECK',
    'FOREIGN',
    'LIKE',
  ];
  for (const part of splitCommas(body.tokens.slice(1, body.at - 1))) {
    const at = new Cursor(part);
    if (at.isOneOf(indexes) || part.some(({ comment }) => comment !== 0)) continue;
    const column = at.name();
    if (column !== null && !at.done) made.types.set(table, column, at.rest());
  }
}

function isOption({ kind }: Token): boolean {
  return kind === 'word';
}

function createIndex(scene: Scene, cursor: Cursor) {
  if (!cursor.seek('ON')) return scene.unparsed('CREATE INDEX without a table');
  cursor.at++;
  const table = cursor.name();
  if (table === null) return scene.unparsed('CREATE INDEX without a table');
  const unique = cursor.tokens.some(({ kind, text }, i) => kind === 'word' && text === 'UNIQUE' && i < 4);
  const words = cursor.rest().map(({ kind, text }) => (kind === 'word' ? text : ''));
  const says = (option: string, values: readonly string[]) =>
    words.some(
      (word, i) => word === option && (values.includes(words[i + 1] ?? '') || values.includes(words[i + 2] ?? '')),
    );
  if (scene.made.mayHave(table)) return;
  if (says('ALGORITHM', ['COPY']) || says('LOCK', ['SHARED', 'EXCLUSIVE']))
    return scene.warning('table-lock', `locks ${scene.show(table)} while an index is added`);
  if (scene.online || says('ALGORITHM', ['INPLACE', 'INSTANT', 'NOCOPY']) || says('LOCK', ['NONE'])) return;
  const what = unique ? 'a unique index' : 'an index';
  scene.warning(unique ? 'add-unique' : 'add-index', `adds ${what} to ${scene.show(table)}, which may lock it`);
}

/** Judges ALTER of what is no table; the cursor stands behind the word. */
export function judgeAlterOther(scene: Scene, cursor: Cursor) {
  skipDefinerAndSecurity(cursor);
  if (cursor.eat('DATABASE') || cursor.eat('SCHEMA')) {
    const known = ['CHARACTER', 'CHARSET', 'COLLATE', 'ENCRYPTION', 'READ', 'PLACEMENT', 'COMMENT', 'SET', 'DEFAULT'];
    if (!cursor.seek(...known) && !cursor.seek('UPGRADE')) scene.unparsed('ALTER DATABASE');
  } else if (cursor.is('TABLESPACE') || cursor.is('UNDO', 'TABLESPACE') || cursor.is('LOGFILE', 'GROUP')) {
    if (cursor.seek('DROP')) scene.error('drop-tablespace', 'drops a file of a tablespace');
    else scene.warning('alter-tablespace', 'changes a tablespace');
  } else if (cursor.eat('INSTANCE')) {
    if (cursor.is('DISABLE')) scene.error('redo-log-off', 'switches the redo log off: a crash loses data');
    else if (!cursor.isOneOf(['ROTATE', 'RELOAD', 'ENABLE'])) scene.unparsed('ALTER INSTANCE');
  } else if (cursor.is('SEQUENCE')) scene.warning('alter-sequence', 'changes what a sequence gives');
  else if (
    !cursor.isOneOf([
      'VIEW',
      'USER',
      'EVENT',
      'PROCEDURE',
      'FUNCTION',
      'SERVER',
      'ROLE',
      'RANGE',
      'RESOURCE',
      'PLACEMENT',
    ])
  )
    scene.unparsed(`ALTER ${scene.show(cursor.peek()?.raw ?? '')}`);
}

function skipDefinerAndSecurity(cursor: Cursor) {
  isView(cursor);
}

/** The tables that a trigger stands on: `… INSERT ON name FOR EACH ROW`. */
export function triggerTable(header: readonly Token[]): string | null {
  const cursor = new Cursor(header);
  if (!cursor.seek('BEFORE', 'AFTER') || !cursor.seek('ON')) return null;
  cursor.at++;
  return cursor.name();
}

/** The name that a definition gives. */
export function definedName(header: readonly Token[], what: string): string | null {
  const cursor = new Cursor(header);
  if (!cursor.seek(what)) return null;
  cursor.at++;
  cursor.eatIfExists();
  return cursor.name();
}
