import { Cursor } from './cursor.ts';
import type { Token } from './token.ts';

/** One statement of a body. */
export interface Statement {
  readonly tokens: readonly Token[];
  /** Does it run whenever the body runs? */
  readonly always: boolean;
}

/** One statement of a script. */
export type Part =
  | { readonly kind: 'simple'; readonly tokens: readonly Token[] }
  /** `CREATE PROCEDURE … BEGIN … END`, or a block that runs where it stands (`what` null). */
  | {
      readonly kind: 'body';
      readonly what: 'PROCEDURE' | 'FUNCTION' | 'TRIGGER' | 'EVENT' | null;
      readonly header: readonly Token[];
      readonly statements: readonly Statement[];
      /** Every token of it. */
      readonly tokens: readonly Token[];
    }
  | { readonly kind: 'broken'; readonly tokens: readonly Token[]; readonly message: string };

class NoBody extends Error {}

/** Splits a script into statements as the server does: at semicolons, but not at those inside a body. Linear. */
export function* parts(tokens: readonly Token[]): Generator<Part> {
  let at = 0;
  // An unclosed body is read to the end of the script before that is known: not for each of a million of them.
  let tries = 20;
  while (at < tokens.length) {
    const { kind } = tokens[at]!;
    if (kind === 'end' || kind === 'cut') {
      at++;
      continue;
    }
    const found = tries > 0 ? bodyAt(tokens, at) : null;
    if (found && 'part' in found) {
      yield found.part;
      at = found.next;
      continue;
    }
    const end = endOf(tokens, at);
    const own = tokens.slice(at, end);
    if (found) {
      tries--;
      yield { kind: 'broken', tokens: own, message: found.message };
    } else yield { kind: 'simple', tokens: own };
    at = end;
  }
}

function endOf(tokens: readonly Token[], from: number): number {
  let at = from;
  while (at < tokens.length && tokens[at]!.kind !== 'end' && tokens[at]!.kind !== 'cut') at++;
  return at;
}

function bodyAt(tokens: readonly Token[], at: number): { part: Part; next: number } | { message: string } | null {
  const end = endOf(tokens, at);
  const what = definition(tokens, at, end);
  if (what === null && !startsBlock(tokens, at)) return null;
  try {
    const from = what === null ? at : what.body;
    const body = new BodyReader(tokens, from).read();
    const own = tokens.slice(at, body.next);
    const header = tokens.slice(at, from);
    const part: Part = {
      kind: 'body',
      what: what?.what ?? null,
      header,
      statements: body.statements,
      tokens: own,
    };
    return { part, next: body.next };
  } catch (error) {
    if (error instanceof NoBody) return { message: error.message };
    throw error;
  }
}

/** MariaDB runs a block outside of a routine as well. */
function startsBlock(tokens: readonly Token[], at: number): boolean {
  const word = (i: number) => (tokens[at + i]?.kind === 'word' ? tokens[at + i]!.text : '');
  if (word(0) === 'BEGIN') return word(1) === 'NOT' && word(2) === 'ATOMIC';
  return ['IF', 'CASE', 'LOOP', 'WHILE', 'REPEAT', 'FOR'].includes(word(0)) || tokens[at + 1]?.text === ':';
}

type What = 'PROCEDURE' | 'FUNCTION' | 'TRIGGER' | 'EVENT';

/** Where the body of a definition starts; null: it is no definition with a body. */
function definition(tokens: readonly Token[], from: number, end: number): { what: What; body: number } | null {
  const word = tokens[from]!.kind === 'word' ? tokens[from]!.text : '';
  if (word !== 'CREATE' && word !== 'ALTER') return null;
  const cursor = new Cursor(tokens.slice(from, end));
  cursor.at = 1;
  cursor.eat('OR', 'REPLACE');
  skipDefiner(cursor);
  cursor.eat('AGGREGATE');
  const what = cursor.word() as What;
  if (!['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT'].includes(what)) return null;
  cursor.at++;
  if (word === 'ALTER' && what !== 'EVENT') return null;
  if (what === 'EVENT') {
    if (!cursor.seek('DO')) return null;
    cursor.at++;
  } else if (what === 'TRIGGER') {
    if (!cursor.seek('FOR') || !cursor.eat('FOR', 'EACH', 'ROW')) return null;
    if (cursor.eat('FOLLOWS') || cursor.eat('PRECEDES')) cursor.name();
  } else if (!skipSignature(cursor)) return null;
  return { what, body: from + cursor.at };
}

export function skipDefiner(cursor: Cursor): void {
  if (!cursor.eat('DEFINER')) return;
  cursor.eatSign('=');
  const quoted = cursor.peek()?.kind === 'string';
  if (quoted) cursor.at++;
  else cursor.name();
  if (cursor.isSign('(')) cursor.skipParens();
  if (cursor.eatSign('@')) cursor.at++;
}

function skipSignature(cursor: Cursor): boolean {
  cursor.eatIfExists();
  if (cursor.name() === null || !cursor.isSign('(')) return false;
  cursor.skipParens();
  if (cursor.eat('RETURNS')) {
    cursor.at++;
    cursor.eat('VARYING');
    if (cursor.isSign('(')) cursor.skipParens();
    while (
      cursor.eatAny('UNSIGNED', 'SIGNED', 'ZEROFILL', 'BINARY', 'ASCII', 'UNICODE', 'PRECISION') ||
      charset(cursor)
    );
  }
  while (characteristics.some((words) => cursor.eat(...words)) || (cursor.eat('COMMENT') && ++cursor.at > 0));
  return !cursor.is('LANGUAGE');
}

const characteristics = [
  ['LANGUAGE', 'SQL'],
  ['NOT', 'DETERMINISTIC'],
  ['DETERMINISTIC'],
  ['CONTAINS', 'SQL'],
  ['NO', 'SQL'],
  ['READS', 'SQL', 'DATA'],
  ['MODIFIES', 'SQL', 'DATA'],
  ['SQL', 'SECURITY', 'DEFINER'],
  ['SQL', 'SECURITY', 'INVOKER'],
] as const;

function charset(cursor: Cursor): boolean {
  if (!cursor.eat('CHARACTER', 'SET') && !cursor.eat('CHARSET') && !cursor.eat('COLLATE')) return false;
  cursor.at++;
  return true;
}

type Opener = 'BEGIN' | 'IF' | 'CASE' | 'LOOP' | 'WHILE' | 'REPEAT' | 'FOR';

/** Reads the statements of a body; its own stack, so that depth costs nothing. */
class BodyReader {
  private readonly stack: Opener[] = [];
  private readonly statements: Statement[] = [];
  private inHandler = false;
  private readonly tokens: readonly Token[];
  private at: number;

  constructor(tokens: readonly Token[], at: number) {
    this.tokens = tokens;
    this.at = at;
  }

  /** @throws NoBody when it does not end, or is put together otherwise than MySQL has it */
  read(): { next: number; statements: readonly Statement[] } {
    do this.statement();
    while (this.stack.length > 0);
    return { next: this.at, statements: this.statements };
  }

  private word(ahead = 0): string {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'word' ? token.text : '';
  }

  private statement() {
    const token = this.tokens[this.at];
    if (token === undefined || token.kind === 'cut' || token.kind === 'end')
      throw new NoBody('the body of a routine does not end');
    const next = this.tokens[this.at + 1];
    if ((token.kind === 'word' || token.kind === 'name') && next?.text === ':' && next.kind === 'sign') this.at += 2;
    const word = this.word();
    if (word === 'BEGIN') this.open('BEGIN');
    else if (word === 'LOOP' || word === 'REPEAT') this.open(word);
    else if (word === 'IF') this.openAfter('IF', 'THEN');
    else if (word === 'WHILE' || word === 'FOR') this.openAfter(word, 'DO');
    else if (word === 'CASE') this.openCase();
    else if (word === 'ELSEIF' || word === 'WHEN') this.branch(word === 'WHEN' ? 'CASE' : 'IF', 'THEN');
    else if (word === 'ELSE') this.at++;
    else if (word === 'UNTIL') this.until();
    else if (word === 'END') this.close();
    else if (word === 'DECLARE' && this.word(2) === 'HANDLER') this.handler();
    else this.simple();
  }

  private open(opener: Opener) {
    this.inHandler = false;
    this.stack.push(opener);
    this.at++;
    if (opener === 'BEGIN' && this.word() === 'NOT' && this.word(1) === 'ATOMIC') this.at += 2;
  }

  private openAfter(opener: Opener, until: string) {
    this.stack.push(opener);
    this.at++;
    this.expression(until);
    this.at++;
  }

  private openCase() {
    this.stack.push('CASE');
    this.at++;
    this.expression('WHEN');
  }

  private branch(opener: Opener, until: string) {
    if (this.stack.at(-1) !== opener) throw new NoBody(`${this.word()} without ${opener}`);
    this.at++;
    this.expression(until);
    this.at++;
  }

  private until() {
    if (this.stack.at(-1) !== 'REPEAT') throw new NoBody('UNTIL without REPEAT');
    this.at++;
    this.expression('END');
    this.close();
  }

  /** Moves to the word that ends the expression, past CASE … END; what it calls is judged as well. */
  private expression(until: string) {
    const start = this.at;
    let cases = 0;
    for (; ; this.at++) {
      const kind = this.tokens[this.at]?.kind;
      if (kind === undefined || kind === 'end' || kind === 'cut') throw new NoBody(`${until} is missing`);
      const word = this.word();
      if (cases === 0 && word === until) break;
      if (word === 'CASE') cases++;
      else if (word === 'END' && --cases < 0) throw new NoBody(`END instead of ${until}`);
    }
    if (this.at > start) {
      const { at, comment } = this.tokens[start]!;
      const head: Token = { kind: 'word', text: 'DO', raw: 'DO', at, comment };
      this.statements.push({ tokens: [head, ...this.tokens.slice(start, this.at)], always: false });
    }
  }

  private close() {
    const opener = this.stack.pop();
    if (opener === undefined) throw new NoBody('END without a start');
    this.at++;
    if (opener !== 'BEGIN') {
      if (this.word() !== opener) throw new NoBody(`END ${opener} is missing`);
      this.at++;
    }
    const label = this.tokens[this.at]?.kind;
    if (label === 'word' || label === 'name') this.at++;
    this.finish();
  }

  private handler() {
    this.at += 3;
    this.inHandler = true;
    if (this.word() !== 'FOR') throw new NoBody('a handler that is for nothing');
    do {
      this.at++;
      if (this.word() === 'SQLSTATE') this.at += this.word(1) === 'VALUE' ? 2 : 1;
      else if (this.word() === 'NOT') this.at++;
      this.at++;
    } while (this.tokens[this.at]?.kind === 'sign' && this.tokens[this.at]?.text === ',');
  }

  private simple() {
    const end = endOf(this.tokens, this.at);
    const plain = this.stack.length === 0 || (this.stack.length === 1 && this.stack[0] === 'BEGIN');
    this.statements.push({ tokens: this.tokens.slice(this.at, end), always: plain && !this.inHandler });
    this.inHandler = false;
    this.at = end;
    this.finish();
  }

  /** A statement ends with a semicolon; the body itself with whatever ends the statement around it. */
  private finish() {
    const kind = this.tokens[this.at]?.kind;
    if (this.stack.length > 0 && kind !== 'end') throw new NoBody('the body of a routine does not end');
    if (kind !== undefined && kind !== 'end' && kind !== 'cut') throw new NoBody('something follows the END of a body');
    if (this.stack.length > 0) this.at++;
  }
}
