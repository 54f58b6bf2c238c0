import { Undecided } from '../../../model/index.ts';
import { Cursor } from '../mysql/cursor.ts';
import type { Token } from '../mysql/token.ts';
import type { SqlProblem } from '../problem.ts';
import { judgeDelete, judgeUpdate } from './rows.ts';
import type { Scene } from './scene.ts';
import { judgeAlter, judgeCreate, judgeDrop, judgeInsert } from './schema.ts';
import { type Statement, statementsOf } from './statements.ts';
import { Tables } from './tables.ts';

/** Characters; a migration is far smaller. */
const maxLength = 16 * 1024 * 1024;

/**
 * Tells what in a migration for SQLite, or for what speaks its SQL (D1, Turso), destroys data. A table that is made anew, as
 * SQLite's manual has it, is judged by what it keeps. What is not understood is a problem with the rule `unparsed`.
 * @param before the migrations that run before, in their order: they tell which columns and foreign keys there are
 * @param inTransaction does the tool run each migration in a transaction, where foreign keys cannot be switched off?
 * @throws Undecided when the text is too long to judge in seconds
 * @see https://www.sqlite.org/lang_altertable.html#otheralter
 */
export function judgeSqlite(
  text: string,
  {
    before = [],
    inTransaction = false,
  }: { readonly before?: readonly string[]; readonly inTransaction?: boolean } = {},
): readonly SqlProblem[] {
  const tables = new Tables();
  for (const earlier of before) {
    const problems = judge(earlier, tables, inTransaction);
    tables.settle();
    if (problems.some(({ rule }) => rule === 'unparsed')) tables.clear();
  }
  return judge(text, tables, inTransaction);
}

function judge(text: string, tables: Tables, inTransaction: boolean): readonly SqlProblem[] {
  if (text.length > maxLength)
    throw new Undecided(`an SQL file of ${text.length} characters cannot be checked`, 'split the migration');
  const source = text.replace(/^\ufeff/, '');
  const problems = new Map<string, SqlProblem>();
  let [line, counted] = [1, 0];
  const put = (severity: SqlProblem['severity'], rule: string, message: string) => {
    const shown = message.replace(/[\p{Cc}\u2028\u2029]/gu, '?').slice(0, 400);
    const key = `${line} ${rule} ${shown}`;
    if (!problems.has(key)) problems.set(key, { line, severity, rule, message: shown });
  };
  const scene: Scene = {
    tables,
    made: new Set(),
    inTransaction,
    foreignKeys: true,
    error: (rule, message) => put('error', rule, message),
    warning: (rule, message) => put('warning', rule, message),
    unsay(rule, message) {
      for (const [key, problem] of problems)
        if (problem.rule === rule && problem.message === message) problems.delete(key);
    },
    unread: (why) => put('error', 'unparsed', `line ${line} cannot be read as SQLite: ${why}`),
  };
  for (const statement of statementsOf(source)) {
    const { at } = statement.tokens[0]!;
    for (; counted < at; counted++) if (source.charCodeAt(counted) === 10) line++;
    judgeWhole(scene, statement);
  }
  for (const name of tables.stranded())
    scene.error('drop-table', `drops table ${name}, whose rows are in a temporary table only`);
  return [...problems.values()].sort((a, b) => a.line - b.line);
}

function judgeWhole(scene: Scene, { tokens, body, fault }: Statement) {
  const broken = [tokens, ...body].flat().find(({ kind }) => kind === 'broken');
  if (broken || fault !== null) return scene.unread(broken?.text ?? fault!);
  const cursor = new Cursor(tokens);
  cursor.eat('CREATE');
  cursor.eatAny('TEMP', 'TEMPORARY');
  if (cursor.at === 0 || !cursor.eat('TRIGGER')) return judgeStatement(scene, tokens);
  cursor.eatIfExists();
  const name = cursor.name();
  if (name === null || body.length === 0) return scene.unread('a trigger without a name or an end');
  // What it destroys is destroyed again and again.
  const inner = { ...scene, tables: new Tables() };
  inner.error = (rule, message) => scene.error(rule, `the trigger ${name} ${message} whenever it runs`);
  inner.warning = () => {};
  for (const each of body) judgeStatement(inner, each);
  scene.made.add(`TRIGGER ${name.toLowerCase()}`);
}

/** What is known to do no harm, by its first word. */
const harmless = new Set(['SELECT', 'VALUES', 'EXPLAIN', 'ANALYZE', 'REINDEX', 'SAVEPOINT', 'RELEASE', 'DETACH']);

function judgeStatement(scene: Scene, tokens: readonly Token[]) {
  const cursor = new Cursor(tokens);
  const word = cursor.word();
  cursor.at++;
  if (harmless.has(word)) return judgeCalls(scene, tokens);
  switch (word) {
    case 'BEGIN':
      scene.inTransaction = true;
      return;
    case 'COMMIT':
    case 'END':
      scene.inTransaction = false;
      return;
    case 'ROLLBACK':
      // What was made may not be there any more.
      scene.tables.clear();
      if (!cursor.isOneOf(['TO'])) scene.inTransaction = false;
      return;
    case 'CREATE':
      return judgeCreate(scene, cursor);
    case 'DROP':
      return judgeDrop(scene, cursor);
    case 'ALTER':
      return cursor.eat('TABLE') ? judgeAlter(scene, cursor) : scene.unread('ALTER of what is not a table');
    case 'INSERT':
    case 'REPLACE':
      return judgeInsert(scene, cursor, word === 'REPLACE');
    case 'DELETE':
      return judgeDelete(scene, cursor);
    case 'UPDATE':
      return judgeUpdate(scene, cursor);
    case 'WITH':
      return judgeWith(scene, cursor);
    case 'PRAGMA':
      return judgePragma(scene, cursor);
    case 'ATTACH':
      return scene.warning('attach', 'opens another database file');
    case 'VACUUM':
      return scene.warning('vacuum', 'rewrites the whole database under an exclusive lock, and fails in a transaction');
  }
  scene.unread(`${tokens[0]!.raw.slice(0, 40)} starts no known statement`);
}

/** The statement behind the common tables: the first of its words that stands outside parentheses. */
function judgeWith(scene: Scene, cursor: Cursor) {
  if (!cursor.seek('SELECT', 'VALUES', 'INSERT', 'REPLACE', 'DELETE', 'UPDATE'))
    return scene.unread('WITH without a statement');
  judgeStatement(scene, cursor.rest());
}

/** Functions that reach out of the database. */
function judgeCalls(scene: Scene, tokens: readonly Token[]) {
  for (const [at, { kind, text }] of tokens.entries())
    if (kind === 'word' && ['LOAD_EXTENSION', 'WRITEFILE', 'EDIT'].includes(text) && tokens[at + 1]?.text === '(')
      scene.error('run-code', `calls ${text.toLowerCase()}(), which reaches out of the database`);
}

const off = ['OFF', '0', 'NO', 'FALSE'];

function judgePragma(scene: Scene, cursor: Cursor) {
  const name = cursor.name()?.toLowerCase().replace(/^.*\./, '');
  if (name === undefined) return scene.unread('PRAGMA without a name');
  const value = (cursor.peek(1)?.text ?? '').toUpperCase();
  if (name === 'foreign_keys' && value !== '') {
    const isOff = off.includes(value);
    if (!scene.inTransaction) scene.foreignKeys = !isOff;
    else if (isOff)
      scene.warning(
        'foreign-keys-in-transaction',
        'switches foreign keys off within a transaction, where that does nothing',
      );
  }
  if (name === 'writable_schema' && value !== '' && !off.includes(value))
    scene.error('writable-schema', 'lets the schema be written as a table: one mistake makes the file unreadable');
  if ((name === 'synchronous' || name === 'journal_mode') && ['OFF', '0', 'MEMORY'].includes(value))
    scene.warning('unsafe-writes', `${name} ${value}: a crash of the machine can destroy the file`);
}
