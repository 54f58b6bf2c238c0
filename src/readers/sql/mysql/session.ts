import { type Cursor, Cursor as Reader, splitCommas } from './cursor.ts';
import type { Scene } from './scene.ts';
import type { Token } from './token.ts';

/** Variables whose being off takes a guard away. */
const guards: Readonly<Record<string, readonly [string, string]>> = {
  FOREIGN_KEY_CHECKS: ['foreign-key-checks-off', 'switches foreign key checks off'],
  SQL_LOG_BIN: ['binary-log-off', 'keeps what follows from the binary log, so replicas and backups lack it'],
  SQL_SAFE_UPDATES: ['safe-updates-off', 'switches the guard against UPDATE and DELETE without a key off'],
  INNODB_STRICT_MODE: ['strict-mode-off', 'switches strict mode off'],
};

/** Judges SET; the cursor stands behind the word. */
export function judgeSet(scene: Scene, cursor: Cursor) {
  if (cursor.eat('STATEMENT')) return scene.unparsed('SET STATEMENT without FOR');
  const parts = splitCommas(cursor.rest());
  for (const part of parts) judgeAssignment(scene, new Reader(part));
  const [only] = parts;
  if (parts.length !== 1 || !only) return;
  const reader = new Reader(only);
  if (!reader.eatSign('@') || reader.isSign('@')) return;
  const name = reader.name();
  if (name === null || !(reader.eatSign('=') || reader.eatSign(':='))) return;
  const value = reader.rest();
  if (scene.sure && isLiteral(value)) scene.made.literal = { name: name.toLowerCase(), tokens: value };
}

function judgeAssignment(scene: Scene, cursor: Reader) {
  while (cursor.eatSign('@'));
  if (cursor.eatAny('GLOBAL', 'SESSION', 'LOCAL', 'PERSIST', 'PERSIST_ONLY')) cursor.eatSign('.');
  const name = cursor.name();
  if (name === null) return scene.unparsed('SET without a name');
  if (!(cursor.eatSign('=') || cursor.eatSign(':='))) return;
  const guard = Object.hasOwn(guards, name.toUpperCase()) ? guards[name.toUpperCase()] : undefined;
  const value = cursor.peek();
  const on = value && ['1', 'ON', 'TRUE', '@'].includes(value.text.toUpperCase());
  if (guard && !on) scene.warning(guard[0], guard[1]);
  if (name.toUpperCase() !== 'SQL_MODE') return;
  if (cursor.tokens.some(({ text }) => /ORACLE|MSSQL/i.test(text))) scene.unparsed('a script for another dialect');
}

function isLiteral(tokens: readonly Token[]): boolean {
  return tokens.length > 0 && tokens.every(({ kind, comment }) => kind === 'string' && comment === 0);
}

/** Judges PREPARE; the cursor stands behind the word. */
export function judgePrepare(scene: Scene, cursor: Cursor) {
  const name = cursor.name();
  if (name === null || !cursor.eat('FROM')) return scene.unparsed('PREPARE without FROM');
  scene.made.prepared.add(name.toLowerCase());
  dynamic(scene, cursor);
}

/** Judges EXECUTE; the cursor stands behind the word. */
export function judgeExecute(scene: Scene, cursor: Cursor) {
  if (cursor.eat('IMMEDIATE')) return dynamic(scene, cursor);
  const name = cursor.name();
  if (name === null) return scene.unparsed('EXECUTE without a name');
  if (!scene.made.prepared.has(name.toLowerCase())) unknown(scene);
}

function dynamic(scene: Scene, cursor: Cursor) {
  const to = cursor.seek('USING') ? cursor.at : cursor.tokens.length;
  cursor.at = to;
  const from = cursor.tokens.findIndex(
    ({ kind, text }) => kind === 'word' && (text === 'FROM' || text === 'IMMEDIATE'),
  );
  const source = cursor.tokens.slice(from + 1, to);
  const reader = new Reader(source);
  let tokens: readonly Token[] | null = isLiteral(source) ? source : null;
  if (reader.eatSign('@')) {
    const name = reader.name()?.toLowerCase();
    const { literal } = scene.made;
    if (reader.done && literal !== null && literal.name === name) tokens = literal.tokens;
  }
  if (tokens === null || scene.depth > 3) return unknown(scene);
  scene.nested(tokens.map(unescaped).join(''));
}

function unknown(scene: Scene) {
  scene.error('dynamic-sql', 'dynamic SQL cannot be checked');
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', '0': '\0', Z: '\x1a' };

function unescaped({ text, raw }: Token): string {
  return text.replaceAll(raw + raw, raw).replace(/\\([^%_])/gs, (_, char: string) => escapes[char] ?? char);
}

/** Judges CALL; the cursor stands behind the word. */
export function judgeCall(scene: Scene, cursor: Cursor) {
  const name = cursor.name();
  if (name === null) return scene.unparsed('CALL without a name');
  const found = scene.made.routines.get(name.toLowerCase());
  if (found === undefined)
    scene.error('unknown-routine', `calls ${scene.show(name)}, which is not in this file and cannot be checked`);
  else if (found !== null) scene.error('call-destroys', `calls ${scene.show(name)}, which ${found}`);
}
