import { judgeAlterTable } from './alter.ts';
import { judgeAlterOther, judgeCreate } from './create.ts';
import { Cursor } from './cursor.ts';
import { judgeDelete, judgeInsert, judgeLoad, judgeReplace, judgeUpdate } from './data.ts';
import { judgeDrop, judgeRename, judgeTruncate } from './drop.ts';
import type { Scene } from './scene.ts';
import { judgeCall, judgeExecute, judgePrepare, judgeSet } from './session.ts';
import type { Token } from './token.ts';

type Judge = (scene: Scene, cursor: Cursor) => void;

/** What is known to do no harm, by its first word. */
const harmless: Judge = (scene, cursor) => {
  const word = runTogether(cursor.tokens.slice(1));
  if (word !== null) scene.unparsed(`${word} inside of ${cursor.tokens[0]!.text}`);
};
const nothing: Judge = () => {};

function both(first: Judge, second: Judge): Judge {
  return (scene, cursor) => {
    first(scene, cursor);
    second(scene, cursor);
  };
}

/** By the words that a statement starts with, more of them first; one that is not here is not understood. */
const heads: readonly (readonly [string, Judge])[] = [
  ['ALTER TABLE', judgeAlterTable],
  ['ALTER ONLINE', judgeAlterTable],
  ['ALTER OFFLINE', judgeAlterTable],
  ['ALTER IGNORE', judgeAlterTable],
  ['ALTER', judgeAlterOther],
  ['CREATE', judgeCreate],
  ['DROP PREPARE', nothing],
  ['DROP', judgeDrop],
  ['TRUNCATE', judgeTruncate],
  ['RENAME', judgeRename],
  ['DELETE', judgeDelete],
  ['UPDATE', judgeUpdate],
  ['REPLACE', judgeReplace],
  ['INSERT', both(judgeInsert, harmless)],
  ['LOAD', judgeLoad],
  ['IMPORT INTO', harmless],
  ['IMPORT TABLE FROM', harmless],
  ['SET STATEMENT', (scene, cursor) => inner(scene, cursor, ['FOR'])],
  ['SET PASSWORD', nothing],
  ['SET ROLE', nothing],
  ['SET DEFAULT ROLE', nothing],
  ['SET NAMES', harmless],
  ['SET CHARACTER SET', harmless],
  ['SET CHARSET', harmless],
  ['SET TRANSACTION', harmless],
  ['SET GLOBAL TRANSACTION', harmless],
  ['SET SESSION TRANSACTION', harmless],
  ['SET RESOURCE GROUP', harmless],
  ['SET', both(judgeSet, harmless)],
  ['PREPARE', judgePrepare],
  ['EXECUTE', judgeExecute],
  ['DEALLOCATE PREPARE', nothing],
  ['CALL', judgeCall],
  ['DO', harmless],
  ['SELECT', harmless],
  ['VALUES', harmless],
  ['TABLE', harmless],
  ['WITH', judgeWith],
  ['EXPLAIN', judgeExplain],
  ['DESCRIBE', judgeExplain],
  ['DESC', judgeExplain],
  ['ANALYZE TABLE', nothing],
  ['ANALYZE TABLES', nothing],
  ['ANALYZE LOCAL', nothing],
  ['ANALYZE NO_WRITE_TO_BINLOG', nothing],
  ['ANALYZE INCREMENTAL', nothing],
  ['ANALYZE', (scene, cursor) => inner(scene, skipFormat(cursor), [])],
  ['TRACE', (scene, cursor) => inner(scene, skipFormat(cursor), [])],
  ['PLAN REPLAYER', (scene, cursor) => (cursor.seek('ANALYZE') ? inner(scene, cursor, ['ANALYZE']) : undefined)],
  ['BATCH', judgeBatch],
  ['SHOW', nothing],
  ['HELP', nothing],
  ['USE', (scene) => scene.made.forget()],
  ['BEGIN', judgeBegin],
  ['START TRANSACTION', nothing],
  ['START', warn('replication', 'starts or stops replication')],
  ['STOP', warn('replication', 'starts or stops replication')],
  ['CHANGE', warn('replication', 'changes where replication comes from')],
  ['COMMIT', nothing],
  ['ROLLBACK', nothing],
  ['SAVEPOINT', nothing],
  ['RELEASE SAVEPOINT', nothing],
  ['XA', nothing],
  ['UNLOCK', nothing],
  ['LOCK STATS', nothing],
  ['LOCK', warn('lock-tables', 'locks tables until they are unlocked')],
  ['FLUSH', judgeFlush],
  ['OPTIMIZE', warn('optimize-table', 'rebuilds a table, which may lock it')],
  ['REPAIR', warn('repair-table', 'repairs a table, which may lose rows')],
  ['CHECK', nothing],
  ['CHECKSUM', nothing],
  ['CACHE INDEX', nothing],
  ['GRANT', nothing],
  ['REVOKE', nothing],
  ['PURGE', fail('purge-logs', 'deletes binary logs, which a restore to a point in time needs')],
  ['RESET QUERY CACHE', nothing],
  ['RESET PERSIST', warn('reset-settings', 'forgets settings of the server')],
  ['RESET', fail('reset-logs', 'deletes binary logs or what replication knows')],
  ['KILL', warn('kill', 'ends connections of others')],
  ['SHUTDOWN', fail('shutdown', 'stops the server')],
  ['RESTART', fail('shutdown', 'restarts the server')],
  ['INSTALL', warn('plugins', 'installs code in the server')],
  ['UNINSTALL', warn('plugins', 'takes code out of the server')],
  ['CLONE', fail('clone', 'replaces the data of a server with that of another')],
  ['BINLOG', fail('binlog', 'applies changes that cannot be read')],
  ['HANDLER', nothing],
  ['SIGNAL', nothing],
  ['RESIGNAL', nothing],
  ['GET', nothing],
  ['BACKUP', nothing],
  ['RESTORE', fail('restore', 'restores over what is there')],
  ['FLASHBACK TABLE', judgeFlashback],
  ['FLASHBACK DATABASE', judgeFlashback],
  ['FLASHBACK SCHEMA', judgeFlashback],
  ['FLASHBACK', fail('flashback', 'takes the data back to what it was')],
  ['RECOVER TABLE', nothing],
  ['SPLIT', nothing],
  ['ADMIN SHOW', nothing],
  ['ADMIN CHECK', nothing],
  ['ADMIN CHECKSUM', nothing],
  ['ADMIN RELOAD', nothing],
  ['ADMIN FLUSH', nothing],
  ['ADMIN CAPTURE', nothing],
  ['ADMIN EVOLVE', nothing],
  ['ADMIN RECOVER', warn('admin', 'rebuilds an index')],
  ['ADMIN CANCEL', warn('admin', 'ends schema changes of others')],
  ['ADMIN PAUSE', warn('admin', 'holds schema changes of others')],
  ['ADMIN RESUME', warn('admin', 'goes on with schema changes of others')],
  ['ADMIN ALTER', warn('admin', 'changes how schema changes run')],
  ['ADMIN CLEANUP TABLE LOCK', warn('admin', 'takes locks of others away')],
  ['ADMIN CLEANUP', fail('admin', 'deletes entries of an index')],
];

/** Heads of statements that are known only inside of a body. */
const bodyHeads: readonly (readonly [string, Judge])[] = [
  ['DECLARE', harmless],
  ['RETURN', harmless],
  ['LEAVE', nothing],
  ['ITERATE', nothing],
  ['OPEN', harmless],
  ['FETCH', harmless],
  ['CLOSE', nothing],
];

const byWord = index(heads);
const byWordInBody = index([...heads, ...bodyHeads]);

function index(all: readonly (readonly [string, Judge])[]) {
  const found = new Map<string, { words: readonly string[]; judge: Judge }[]>();
  for (const [head, judge] of all) {
    const words = head.split(' ');
    found.set(words[0]!, [...(found.get(words[0]!) ?? []), { words, judge }]);
  }
  return found;
}

/** Judges one statement that has no body. */
export function judgeStatement(scene: Scene, tokens: readonly Token[]) {
  const client = tokens.find(({ kind }) => kind === 'client');
  if (client)
    return scene.error(
      'client-command',
      `${scene.show(client.raw)} of the mysql client: what it does cannot be checked`,
    );
  const broken = tokens.find(({ kind }) => kind === 'broken');
  // What can still be recognised is told as well.
  if (broken) scene.unparsed(broken.text);
  const first = tokens.findIndex(({ kind, text }) => kind !== 'broken' && text !== '(');
  const head = tokens[first];
  if (
    first > 0 &&
    head?.text !== 'SELECT' &&
    head?.text !== 'WITH' &&
    head?.text !== 'VALUES' &&
    head?.text !== 'TABLE'
  ) {
    if (!broken) return scene.unparsed('a statement in parentheses');
  }
  if (head === undefined) return broken ? undefined : scene.unparsed('parentheses around nothing');
  const cursor = new Cursor(tokens.slice(first));
  const known = (scene.inBody ? byWordInBody : byWord).get(cursor.word()) ?? [];
  const found = known.find(({ words }) => cursor.is(...words));
  if (!found)
    return broken ? undefined : scene.unparsed(`${scene.show(head.raw || head.text)} starts no known statement`);
  cursor.at = found.words.length === 1 || found.judge !== judgeAlterTable ? found.words.length : 1;
  if (scene.made.routines.size + scene.made.triggers.size > 0) judgeCalls(scene, tokens);
  if (!broken && !balanced(tokens)) scene.unparsed('parentheses that do not match');
  found.judge(scene, cursor);
  if (cursor.tokens[0]!.text !== 'SET') scene.made.literal = null;
}

function balanced(tokens: readonly Token[]): boolean {
  let depth = 0;
  for (const { kind, text } of tokens) {
    if (kind !== 'sign') continue;
    if (text === '(') depth++;
    else if (text === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

/** Functions that this script has defined, and triggers on the tables that are written to. */
function judgeCalls(scene: Scene, tokens: readonly Token[]) {
  const { routines, triggers } = scene.made;
  const writes = ['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'LOAD', 'IMPORT', 'WITH', 'BATCH'].includes(tokens[0]!.text);
  for (const [i, { kind, text, raw }] of tokens.entries()) {
    if (kind !== 'word' && kind !== 'name') continue;
    const name = (kind === 'word' ? raw : text).toLowerCase();
    const called = tokens[i + 1]?.text === '(' && tokens[0]!.text !== 'CALL' ? routines.get(name) : null;
    if (called) scene.error('call-destroys', `calls ${scene.show(name)}, which ${called}`);
    const trigger = writes ? triggers.get(name) : undefined;
    if (trigger) scene.error('call-destroys', `fires the trigger on ${scene.show(name)}, which ${trigger}`);
  }
}

/** A reserved word that only starts a statement: a semicolon is missing before it. */
function runTogether(tokens: readonly Token[]): string | null {
  const found = tokens.find(({ kind, text }, i) => {
    if (kind !== 'word' || !['DROP', 'ALTER', 'DELETE', 'CREATE', 'GRANT', 'REVOKE', 'CALL', 'LOAD'].includes(text))
      return false;
    const before = tokens[i - 1]?.text;
    return before !== '.' && before !== '@';
  });
  return found?.text ?? null;
}

function warn(rule: string, message: string): Judge {
  return (scene) => scene.warning(rule, message);
}

function fail(rule: string, message: string): Judge {
  return (scene) => scene.error(rule, message);
}

/** Judges the statement that another one runs. */
function inner(scene: Scene, cursor: Cursor, after: readonly string[]) {
  if (after.length > 0) {
    if (!cursor.seek(...after)) return scene.unparsed(`${after[0]} is missing`);
    cursor.at++;
  }
  const rest = cursor.rest();
  if (rest.length === 0) return scene.unparsed('a statement that is missing');
  judgeStatement({ ...scene, depth: scene.depth + 1 }, rest);
}

function skipFormat(cursor: Cursor): Cursor {
  if (cursor.eat('FORMAT')) {
    cursor.eatSign('=');
    cursor.at++;
  }
  if (cursor.eat('PLAN')) {
    cursor.eat('TARGET');
    cursor.eatSign('=');
    cursor.at++;
  }
  return cursor;
}

function judgeExplain(scene: Scene, cursor: Cursor) {
  skipFormat(cursor);
  if (!cursor.eat('ANALYZE')) return;
  inner(scene, skipFormat(cursor), []);
}

function judgeWith(scene: Scene, cursor: Cursor) {
  cursor.eat('RECURSIVE');
  if (!cursor.seek('SELECT', 'DELETE', 'UPDATE', 'INSERT', 'REPLACE', 'VALUES', 'TABLE')) {
    // The statement itself may stand in parentheses.
    if (cursor.tokens.at(-1)?.text !== ')') scene.unparsed('WITH without a statement');
    return harmless(scene, cursor);
  }
  inner(scene, cursor, []);
}

function judgeBatch(scene: Scene, cursor: Cursor) {
  if (cursor.eat('ON')) cursor.name();
  if (!cursor.eat('LIMIT')) return scene.unparsed('BATCH without LIMIT');
  cursor.at++;
  if (cursor.eat('DRY', 'RUN')) return;
  inner(scene, cursor, []);
}

function judgeBegin(scene: Scene, cursor: Cursor) {
  cursor.eatAny('WORK', 'PESSIMISTIC', 'OPTIMISTIC');
  if (!cursor.done) scene.unparsed('something behind BEGIN');
}

function judgeFlush(scene: Scene, cursor: Cursor) {
  if (cursor.seek('READ') || cursor.seek('FOR')) scene.warning('lock-tables', 'locks tables until they are unlocked');
}

function judgeFlashback(scene: Scene, cursor: Cursor) {
  if (cursor.seek('TIMESTAMP') || cursor.seek('TSO')) scene.error('flashback', 'takes the data back to what it was');
  else scene.warning('flashback', 'brings back what was dropped');
}
