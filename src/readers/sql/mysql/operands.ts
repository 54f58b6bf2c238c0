import { hasColumn, isConstantCall, isNoColumn, isPicky } from './columns.ts';
import { Cursor } from './cursor.ts';
import type { Token } from './token.ts';
import { type Reach, type Value, Values } from './values.ts';

/** Thrown for a condition that cannot be read. */
export class Unreadable extends Error {}

const arithmeticSigns = ['|', '&', '<<', '>>', '+', '-', '*', '/', '%', '^', '->', '->>', ':='];
const arithmeticWords = ['DIV', 'MOD', 'COLLATE'];

/** Reads what conditions are about: columns, constants, calls, subqueries, and arithmetic over them. */
export abstract class OperandReader {
  protected readonly cursor: Cursor;
  protected readonly values: Values;
  private depth = 0;

  constructor(protected readonly tokens: readonly Token[]) {
    this.cursor = new Cursor(tokens);
    this.values = new Values(tokens);
  }

  /** A whole condition, as it stands in parentheses. @throws Unreadable */
  protected abstract condition(): Value;

  /** Arithmetic; which operator binds tighter makes no difference to what is asked here. */
  protected sum(): Value {
    const from = this.cursor.at;
    let left = this.primary();
    for (;;) {
      const token = this.cursor.peek();
      const sign = token?.kind === 'sign' && arithmeticSigns.includes(token.text);
      if (!sign && !(token?.kind === 'word' && arithmeticWords.includes(token.text))) return left;
      this.cursor.at++;
      const made = this.values.arithmetic(left, token!.text, this.primary());
      if (made !== null) left = { ...made, from, to: this.cursor.at };
    }
  }

  private primary(): Value {
    return this.deeper(() => this.operand());
  }

  private operand(): Value {
    const { cursor } = this;
    const from = cursor.at;
    const token = cursor.peek();
    if (token === undefined) throw new Unreadable('the condition ends too early');
    if (token.kind === 'sign') return this.signed(from, token.text);
    if (token.kind === 'number') return this.numbered(from);
    if (token.kind === 'string') return this.strings(from);
    if (token.kind === 'word' && this.isFixed(token.text)) return this.fixed(from, token.text);
    if (token.kind === 'name' || token.kind === 'word') return this.named(from);
    throw new Unreadable('a condition that makes no sense');
  }

  private signed(from: number, sign: string): Value {
    const { cursor } = this;
    if (sign === '(') return this.parens(from);
    cursor.at++;
    if (sign === '!') return this.negated(from, this.primary());
    if (sign === '-' || sign === '+' || sign === '~') {
      const inner = this.primary();
      if (inner.number === undefined) return { ...inner, from, to: cursor.at };
      const number = sign === '-' ? -inner.number : sign === '~' ? 2 ** 64 - 1 - inner.number : inner.number;
      return { ...this.made(from, number === 0 ? 'none' : 'all', true), number };
    }
    if (sign === '?') return this.made(from, 'all', true);
    if (sign === '.') return this.numbered(from);
    if (sign === '@') {
      cursor.eatSign('@');
      if (cursor.peek()?.kind === 'string') cursor.at++;
      else if (cursor.name() === null) throw new Unreadable('a variable without a name');
      return this.made(from, 'all', true);
    }
    if (sign === ':' && cursor.name() !== null) return this.made(from, 'all', true);
    throw new Unreadable(`${sign} in a condition`);
  }

  private numbered(from: number): Value {
    const { cursor } = this;
    while (cursor.peek()?.kind === 'number' || cursor.isSign('.')) cursor.at++;
    const number = Number(
      this.tokens
        .slice(from, cursor.at)
        .map(({ text }) => text)
        .join(''),
    );
    const made = this.made(from, number === 0 ? 'none' : 'all', true);
    return Number.isNaN(number) ? made : { ...made, number };
  }

  private strings(from: number): Value {
    while (this.cursor.peek()?.kind === 'string') this.cursor.at++;
    // Such as "a"."b" where quotes are for names.
    if (this.cursor.isSign('.')) this.cursor.name();
    return this.made(from, 'all', true);
  }

  private isFixed(word: string): boolean {
    return ['NULL', 'TRUE', 'FALSE', 'EXISTS', 'CASE', 'INTERVAL', 'BINARY', 'MATCH', 'NOT'].includes(word);
  }

  private fixed(from: number, word: string): Value {
    const { cursor } = this;
    if (word === 'MATCH' && this.tokens[from + 1]?.text !== '(') return this.named(from);
    cursor.at++;
    if (word === 'NULL') return { ...this.made(from, 'none', true), isNull: true };
    if (word === 'TRUE' || word === 'FALSE')
      return { ...this.made(from, word === 'TRUE' ? 'all' : 'none', true), number: word === 'TRUE' ? 1 : 0 };
    if (word === 'EXISTS') return this.exists(from);
    if (word === 'CASE') return this.cases(from);
    if (word === 'NOT') return this.negated(from, this.primary());
    if (word === 'BINARY') return { ...this.primary(), from };
    if (word === 'INTERVAL') {
      const inner = this.sum();
      cursor.at++;
      return this.made(from, 'all', inner.constant);
    }
    cursor.skipParens();
    if (!cursor.eat('AGAINST') || !cursor.isSign('(')) throw new Unreadable('MATCH without AGAINST');
    cursor.skipParens();
    return this.made(from, 'some', false);
  }

  private exists(from: number): Value {
    const { cursor } = this;
    if (!cursor.isSign('(')) throw new Unreadable('EXISTS without a subquery');
    cursor.skipParens();
    const picky = isPicky(this.tokens.slice(from, cursor.at));
    return this.made(from, picky ? 'some' : 'all', !picky);
  }

  private cases(from: number): Value {
    const { cursor } = this;
    let depth = 1;
    while (depth > 0) {
      if (cursor.done) throw new Unreadable('CASE without END');
      if (cursor.is('CASE')) depth++;
      else if (cursor.is('END')) depth--;
      cursor.at++;
    }
    const own = new Cursor(this.tokens.slice(from + 1, cursor.at));
    const first = own.eat('WHEN') && own.seek('THEN') ? own.tokens.slice(1, own.at) : own.tokens;
    const constant = !hasColumn(first);
    return this.made(from, constant || this.oneOutcome(from) ? 'all' : 'some', constant);
  }

  /** `CASE WHEN a THEN 1 ELSE 1 END` */
  private oneOutcome(from: number): boolean {
    const words = this.tokens.slice(from, this.cursor.at);
    const outcomes = words.flatMap(({ kind, text }, i) =>
      kind === 'word' && (text === 'THEN' || text === 'ELSE') ? [words[i + 1]?.text] : [],
    );
    const withElse = words.at(-3)?.text === 'ELSE' && words.at(-3)?.kind === 'word';
    return (
      withElse && outcomes.every((text) => text === outcomes[0] && text !== '0' && text !== 'NULL' && text !== 'FALSE')
    );
  }

  private named(from: number): Value {
    const { cursor } = this;
    const word = cursor.word();
    const introduced = word !== '' && cursor.peek(1)?.kind === 'string';
    if (introduced) {
      cursor.at++;
      return { ...this.strings(from), from };
    }
    if (cursor.name() === null) throw new Unreadable('a name that ends in a dot');
    if (!cursor.isSign('(')) {
      const constant = word !== '' && isNoColumn(word) && cursor.at - from === 1;
      return this.made(from, constant ? 'all' : 'some', constant);
    }
    const open = cursor.at;
    cursor.skipParens();
    const constant = isConstantCall(word, this.tokens.slice(open + 1, cursor.at - 1));
    if (cursor.eat('OVER')) {
      if (cursor.isSign('(')) cursor.skipParens();
      else cursor.name();
    }
    return this.made(from, constant ? 'all' : 'some', constant);
  }

  private parens(from: number): Value {
    const { cursor } = this;
    cursor.at++;
    const inside = cursor.word();
    if (inside === 'SELECT' || inside === 'WITH' || inside === 'VALUES' || inside === 'TABLE') {
      cursor.at--;
      cursor.skipParens();
      const picky = this.tokens
        .slice(from, cursor.at)
        .some(({ kind, text }) => kind === 'word' && (text === 'WHERE' || text === 'HAVING'));
      return this.made(from, picky ? 'some' : 'all', !picky);
    }
    const values = [this.condition()];
    while (cursor.eatSign(',')) values.push(this.condition());
    if (!cursor.eatSign(')')) throw new Unreadable('a parenthesis that is not closed');
    if (values.length === 1) return { ...values[0]!, from, to: cursor.at };
    return this.made(
      from,
      'some',
      values.every(({ constant }) => constant),
    );
  }

  protected negated(from: number, inner: Value): Value {
    return { ...this.values.negation(inner), from, to: this.cursor.at };
  }

  protected made(from: number, reach: Reach, constant: boolean): Value {
    return { from, to: this.cursor.at, reach, constant };
  }

  protected deeper<T>(read: () => T): T {
    if (++this.depth > 150) throw new Unreadable('a condition that is nested too deeply');
    try {
      return read();
    } finally {
      this.depth--;
    }
  }
}
