import { Cursor, splitCommas, written } from './mysql-cursor.ts';
import type { Token } from './mysql-tokens.ts';

/** What a WHERE leaves: every row, none, or those that it picks. */
export type Reach = 'all' | 'none' | 'some';

/** Thrown for a condition that cannot be read. */
export class Unreadable extends Error {}

interface Value {
  readonly reach: Reach;
  /** Holds no column: the same for every row. */
  readonly constant: boolean;
  readonly from: number;
  readonly to: number;
  readonly number?: number;
  readonly isNull?: boolean;
  /** The outcome of a test: 0 or 1 in each row. */
  readonly tested?: boolean;
  /** The condition and its opposite as text, to see `a OR NOT a`. */
  readonly says?: { readonly key: string; readonly opposite: string };
}

const opposites: Readonly<Record<string, string>> = {
  '=': '<>',
  '<>': '=',
  '!=': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
};
const comparisons = ['=', '<=>', '>=', '>', '<=', '<', '<>', '!='];
const flipped: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const arithmeticSigns = ['|', '&', '<<', '>>', '+', '-', '*', '/', '%', '^', '->', '->>', ':='];
const arithmeticWords = ['DIV', 'MOD', 'COLLATE'];
const notNegative = ['LENGTH', 'CHAR_LENGTH', 'CHARACTER_LENGTH', 'OCTET_LENGTH', 'BIT_LENGTH', 'ABS', 'BIT_COUNT'];
const notColumns = new Set(
  `AS USING FROM FOR IN BOTH LEADING TRAILING DISTINCT INTERVAL SIGNED UNSIGNED INTEGER INT CHAR CHARACTER SET BINARY
  DATE DATETIME TIME TIMESTAMP YEAR DECIMAL DOUBLE FLOAT REAL JSON NULL TRUE FALSE AND OR XOR NOT IS LIKE DIV MOD CASE
  WHEN THEN ELSE END MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER UNKNOWN BETWEEN REGEXP RLIKE ESCAPE COLLATE
  CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME CURRENT_USER LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME UTC_TIMESTAMP
  SELECT LIMIT UNION ALL DUAL UTF8 UTF8MB4 LATIN1 ASCII`.split(/\s+/),
);
/** An id that no table comes to in practice: what stands below it is written to please a client. */
const beyond = 100_000_000;
/** What a subquery must have to pick anything. */
const picks = new Set(['WHERE', 'HAVING', 'JOIN', 'LIMIT', 'GROUP', 'STRAIGHT_JOIN', 'INTERSECT', 'EXCEPT']);

/**
 * Tells whether a WHERE holds rows back. A constant that cannot be computed counts as true.
 * @param targets names of the tables that the statement changes
 * @throws Unreadable
 */
export function reachOf(tokens: readonly Token[], targets: readonly string[]): Reach {
  const reader = new ConditionReader(tokens, targets);
  return reader.read();
}

class ConditionReader {
  private readonly cursor: Cursor;
  private readonly tokens: readonly Token[];
  private readonly targets: readonly string[];
  private depth = 0;

  constructor(tokens: readonly Token[], targets: readonly string[]) {
    this.tokens = tokens;
    this.targets = targets.map((name) => name.toLowerCase());
    this.cursor = new Cursor(tokens);
  }

  read(): Reach {
    const { reach } = this.or();
    if (!this.cursor.done) throw new Unreadable('the condition goes on where it should end');
    return reach;
  }

  private or(): Value {
    const from = this.cursor.at;
    let first = this.xor();
    const said = new Set<string>();
    while (this.cursor.is('OR') || this.cursor.isSign('||')) {
      this.cursor.at++;
      if (first.says) said.add(first.says.key);
      const next = this.xor();
      const all = first.reach === 'all' || next.reach === 'all' || (next.says && said.has(next.says.opposite));
      if (next.says && said.size < 1000) said.add(next.says.key);
      const none = first.reach === 'none' && next.reach === 'none';
      first = this.made(from, all ? 'all' : none ? 'none' : 'some', first.constant && next.constant);
    }
    return first;
  }

  private xor(): Value {
    const from = this.cursor.at;
    let first = this.and();
    while (this.cursor.eat('XOR')) {
      const next = this.and();
      const some = first.reach === 'some' && next.reach === 'some';
      first = this.made(from, some ? 'some' : first.constant && next.constant ? 'all' : 'some', first.constant);
    }
    return first;
  }

  private and(): Value {
    const from = this.cursor.at;
    let first = this.not();
    const said = new Set<string>();
    while (this.cursor.is('AND') || this.cursor.isSign('&&')) {
      this.cursor.at++;
      if (first.says) said.add(first.says.key);
      const next = this.not();
      const never = next.says !== undefined && said.has(next.says.opposite);
      if (next.says && said.size < 1000) said.add(next.says.key);
      const reach =
        never || first.reach === 'none' || next.reach === 'none'
          ? 'none'
          : first.reach === 'some' || next.reach === 'some'
            ? 'some'
            : 'all';
      first = this.made(from, reach, first.constant && next.constant);
    }
    return first;
  }

  private not(): Value {
    const from = this.cursor.at;
    if (!this.cursor.eat('NOT')) return this.predicate();
    const inner = this.deeper(() => this.not());
    return this.negated(from, inner);
  }

  private negated(from: number, inner: Value): Value {
    const reach = inner.reach === 'all' ? 'none' : inner.reach === 'none' ? 'all' : 'some';
    // Nothing is known of a constant that was not computed.
    const sure = inner.constant && inner.number === undefined && reach === 'none' ? this.certain(inner) : true;
    const says = inner.says && { key: inner.says.opposite, opposite: inner.says.key };
    return {
      ...this.made(from, inner.isNull ? 'none' : sure ? reach : 'all', inner.constant),
      ...(says ? { says } : {}),
    };
  }

  /** Is a constant made of TRUE, FALSE and numbers only? */
  private certain({ from, to }: Value): boolean {
    return this.tokens
      .slice(from, to)
      .every(({ kind, text }) => kind === 'number' || ['TRUE', 'FALSE', '(', ')', 'NOT', '!', '='].includes(text));
  }

  private predicate(): Value {
    const from = this.cursor.at;
    let left = this.sum();
    for (;;) {
      const next = this.comparison(left) ?? this.test(left);
      if (next === null) return this.isId(left) ? { ...left, reach: 'all' } : left;
      left = { ...next, from, tested: true };
    }
  }

  private comparison(left: Value): Value | null {
    const token = this.cursor.peek();
    if (token?.kind !== 'sign' || !comparisons.includes(token.text)) return null;
    this.cursor.at++;
    if (this.cursor.eatAny('ANY', 'ALL', 'SOME')) {
      const from = this.cursor.at;
      if (!this.cursor.isSign('(')) throw new Unreadable('ANY without a subquery');
      this.cursor.skipParens();
      const self = token.text === '=' && this.takesAll(from + 1, this.cursor.at - 1);
      return this.made(left.from, self ? 'all' : 'some', false);
    }
    return this.compared(left, token.text, this.sum());
  }

  private compared(left: Value, sign: string, right: Value): Value {
    const { constant, reach } = this.comparedReach(left, sign, right);
    const made = this.made(left.from, reach, constant);
    const opposite = opposites[sign];
    if (opposite === undefined || reach !== 'some') return made;
    const [a, b] = [this.key(left), this.key(right)];
    if (a === null || b === null) return made;
    const one = sign === '!=' ? '<>' : sign;
    return { ...made, says: { key: `${a} ${one} ${b}`, opposite: `${a} ${opposite} ${b}` } };
  }

  private comparedReach(left: Value, sign: string, right: Value): { constant: boolean; reach: Reach } {
    if (left.isNull || right.isNull)
      return { constant: left.constant && right.constant, reach: sign === '<=>' ? 'some' : 'none' };
    if (left.number !== undefined && right.number !== undefined)
      return { constant: true, reach: holds(left.number, sign, right.number) ? 'all' : 'none' };
    const same = this.same(left, right);
    if (same) return { constant: left.constant, reach: ['=', '<=>', '>=', '<='].includes(sign) ? 'all' : 'none' };
    if (left.constant && right.constant) return { constant: true, reach: 'all' };
    if (left.tested && right.number !== undefined && !tells(sign, right.number))
      return { constant: false, reach: 'all' };
    if (this.alwaysHolds(left, sign, right) || this.alwaysHolds(right, flipped[sign] ?? sign, left))
      return { constant: false, reach: 'all' };
    return { constant: false, reach: 'some' };
  }

  /** `id > 0` and `LENGTH(x) >= 0`, which are written to please a client that asks for a WHERE. */
  private alwaysHolds(left: Value, sign: string, { number }: Value): boolean {
    if (number === undefined) return false;
    const above = (least: number) =>
      (sign === '>' && number < least) ||
      (sign === '>=' && number <= least) ||
      ((sign === '<>' || sign === '!=') && number < least);
    const last = this.tokens[left.to - 1];
    if (this.isId(left)) return above(1) || ((sign === '<' || sign === '<=') && number >= beyond);
    const first = this.tokens[left.from];
    return first?.kind === 'word' && notNegative.includes(first.text) && last?.text === ')' && above(0);
  }

  private isId(value: Value): boolean {
    return this.isColumn(value) && this.tokens[value.to - 1]?.raw.toLowerCase() === 'id';
  }

  private isColumn({ from, to }: Value): boolean {
    return (
      to - from <= 5 &&
      this.tokens.slice(from, to).every(({ kind, text }, i) => (i % 2 === 0 ? isNamed(kind) : text === '.'))
    );
  }

  /** IS, IN, BETWEEN, LIKE and their like. */
  private test(left: Value): Value | null {
    const { cursor } = this;
    const start = cursor.at;
    if (cursor.eat('IS')) return this.isTest(left);
    const not = cursor.eat('NOT');
    let made: Value;
    if (cursor.eat('IN')) made = this.inTest(left);
    else if (cursor.eat('BETWEEN')) made = this.between(left);
    else if (cursor.eat('SOUNDS', 'LIKE') || cursor.eat('LIKE')) made = this.likeTest(left, ['%', '%%']);
    else if (cursor.eat('REGEXP') || cursor.eat('RLIKE')) made = this.likeTest(left, ['', '.*', '.', '^', '$', '^.*$']);
    else if (cursor.eat('MEMBER')) {
      cursor.eat('OF');
      made = this.made(left.from, 'some', this.sum().constant && left.constant);
    } else {
      cursor.at = start;
      return null;
    }
    if (!not) return made;
    if (made.constant) return this.made(left.from, 'all', true);
    return this.negated(left.from, made);
  }

  private isTest(left: Value): Value {
    const { cursor } = this;
    const not = cursor.eat('NOT');
    const what = cursor.word();
    if (!['NULL', 'TRUE', 'FALSE', 'UNKNOWN'].includes(what)) throw new Unreadable('IS without NULL, TRUE or FALSE');
    cursor.at++;
    if (left.constant) return this.made(left.from, 'all', true);
    const odd = not && what !== 'TRUE' && (this.isId(left) || (left.tested && what !== 'FALSE'));
    const decided = left.reach !== 'some' || odd;
    const made = this.made(left.from, decided ? 'all' : 'some', false);
    const key = this.key(left);
    if (key === null || decided) return made;
    const [yes, no] = [`${key} IS ${what}`, `${key} IS NOT ${what}`];
    return { ...made, says: not ? { key: no, opposite: yes } : { key: yes, opposite: no } };
  }

  private inTest(left: Value): Value {
    const { cursor } = this;
    const from = cursor.at;
    if (!cursor.isSign('(')) throw new Unreadable('IN without a list');
    cursor.skipParens();
    const inside = this.tokens.slice(from + 1, cursor.at - 1);
    if (isQuery(inside))
      return this.made(
        left.from,
        left.constant || this.takesAll(from + 1, cursor.at - 1) ? 'all' : 'some',
        left.constant,
      );
    const own = this.key(left);
    const items = splitCommas(inside);
    const self = own !== null && items.some((item) => bare(item.map(written).join(' ')) === own);
    if (self || (left.constant && !items.some((item) => hasColumn(item))))
      return this.made(left.from, 'all', left.constant);
    const key = own === null || inside.length > 60 ? null : `${own} IN ${inside.map(written).join(' ')}`;
    if (left.tested) return this.made(left.from, 'all', false);
    // No id is below 1, so NOT IN takes every row.
    const low = items.every((item) => /^(?:- \d+|0)$/.test(item.map(written).join(' ')));
    const made = this.made(left.from, this.isId(left) && low ? 'none' : 'some', false);
    return key === null ? made : { ...made, says: { key, opposite: `NOT ${key}` } };
  }

  private between(left: Value): Value {
    const low = this.sum();
    if (!this.cursor.eat('AND')) throw new Unreadable('BETWEEN without AND');
    const high = this.sum();
    const constant = left.constant && low.constant && high.constant;
    const wide = this.isId(left) && (low.number ?? 2) <= 1 && high.constant && (high.number ?? beyond) >= beyond;
    const self = wide || (this.same(left, low) && this.same(left, high));
    return this.made(left.from, constant || self ? 'all' : 'some', constant);
  }

  private likeTest(left: Value, everything: readonly string[]): Value {
    const right = this.sum();
    const last = this.tokens[right.to - 1];
    const all = right.to - right.from === 1 && last?.kind === 'string' && everything.includes(last.text);
    if (this.cursor.eat('ESCAPE')) this.sum();
    const constant = left.constant && right.constant;
    const made = this.made(left.from, constant || all || this.same(left, right) ? 'all' : 'some', constant);
    const [a, b] = [this.key(left), this.key(right)];
    if (made.reach !== 'some' || a === null || b === null) return made;
    return { ...made, says: { key: `${a} LIKE ${b}`, opposite: `NOT ${a} LIKE ${b}` } };
  }

  /** Arithmetic; which operator binds tighter makes no difference to what is asked here. */
  private sum(): Value {
    const from = this.cursor.at;
    let left = this.primary();
    for (;;) {
      const token = this.cursor.peek();
      const sign = token?.kind === 'sign' && arithmeticSigns.includes(token.text);
      if (!sign && !(token?.kind === 'word' && arithmeticWords.includes(token.text))) return left;
      this.cursor.at++;
      left = this.computed(from, left, token!.text, this.primary());
    }
  }

  private computed(from: number, left: Value, sign: string, right: Value): Value {
    if (sign === 'COLLATE') return left;
    const neutral = ['*', '/', 'DIV'].includes(sign)
      ? 1
      : ['+', '-', '|', '^', '<<', '>>'].includes(sign)
        ? 0
        : undefined;
    if (neutral !== undefined && right.number === neutral && !left.constant) return left;
    const zero = (sign === '*' || sign === '&') && (left.number === 0 || right.number === 0);
    const same = ['-', '^', '/', '%', 'MOD', 'DIV'].includes(sign) && this.same(left, right);
    const one = (sign === '%' || sign === 'MOD') && right.number === 1;
    const set = sign === '|' && ((left.number ?? 0) !== 0 || (right.number ?? 0) !== 0);
    // `.` in a number
    const constant = (left.constant && right.constant) || zero || same || one;
    return this.made(from, constant || set ? 'all' : 'some', constant);
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
    const picky = this.tokens.slice(from, cursor.at).some(({ kind, text }) => kind === 'word' && picks.has(text));
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
      const constant = word !== '' && notColumns.has(word) && cursor.at - from === 1;
      return this.made(from, constant ? 'all' : 'some', constant);
    }
    const open = cursor.at;
    cursor.skipParens();
    const constant = this.constantCall(word, this.tokens.slice(open + 1, cursor.at - 1));
    if (cursor.eat('OVER')) {
      if (cursor.isSign('(')) cursor.skipParens();
      else cursor.name();
    }
    return this.made(from, constant ? 'all' : 'some', constant);
  }

  private constantCall(word: string, inside: readonly Token[]): boolean {
    if (!hasColumn(inside)) return true;
    const [first = [], second, third] = splitCommas(inside);
    const text = (part: readonly Token[] = []) => part.map(written).join(' ');
    if (word === 'COALESCE' || word === 'IFNULL' || word === 'NVL')
      return !hasColumn(first) && !first.some((token) => token.text === 'NULL');
    if (word === 'IF') return !hasColumn(first) || (!hasColumn(second ?? []) && text(second) === text(third));
    return false;
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
    const values = [this.or()];
    while (cursor.eatSign(',')) values.push(this.or());
    if (!cursor.eatSign(')')) throw new Unreadable('a parenthesis that is not closed');
    if (values.length === 1) return { ...values[0]!, from, to: cursor.at };
    return this.made(
      from,
      'some',
      values.every(({ constant }) => constant),
    );
  }

  /** `id IN (SELECT id FROM same_table)` takes every row. */
  private takesAll(from: number, to: number): boolean {
    const inside = this.tokens.slice(from, to);
    if (inside.some(({ kind, text }) => kind === 'word' && picks.has(text))) return false;
    return inside.some(({ kind, text, raw }) => {
      const name = kind === 'word' ? raw : text;
      return isNamed(kind) && this.targets.some((target) => lastPart(target) === name.toLowerCase());
    });
  }

  private same(left: Value, right: Value): boolean {
    const key = this.key(left);
    return key !== null && key === this.key(right);
  }

  /** The text of an operand without parentheses around it and without what qualifies a column; null when it is long. */
  private key({ from, to }: Value): string | null {
    if (to - from > 40) return null;
    return bare(this.tokens.slice(from, to).map(written).join(' '));
  }

  private made(from: number, reach: Reach, constant: boolean): Value {
    return { from, to: this.cursor.at, reach, constant };
  }

  private deeper<T>(read: () => T): T {
    if (++this.depth > 150) throw new Unreadable('a condition that is nested too deeply');
    try {
      return read();
    } finally {
      this.depth--;
    }
  }
}

/** Does comparing 0 or 1 with the number tell the two apart? */
function tells(sign: string, number: number): boolean {
  return holds(0, sign, number) !== holds(1, sign, number) || !holds(0, sign, number);
}

function bare(text: string): string {
  let inner = text;
  while (/^\( [^()]+ \)$/.test(inner)) inner = inner.slice(2, -2);
  const column = /^(?:[\w$]+ \. ){0,2}([\w$]+)$/.exec(inner);
  return (column ? column[1]! : inner).toLowerCase();
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function isNamed(kind: string): boolean {
  return kind === 'word' || kind === 'name';
}

function isQuery(tokens: readonly Token[]): boolean {
  const first = tokens.find(({ text }) => text !== '(');
  return first?.kind === 'word' && ['SELECT', 'WITH', 'VALUES', 'TABLE'].includes(first.text);
}

function hasColumn(tokens: readonly Token[]): boolean {
  return tokens.some(({ kind, text }, i) => {
    if (!isNamed(kind)) return false;
    const [before, after] = [tokens[i - 1], tokens[i + 1]];
    if (before?.kind === 'sign' && (before.text === '@' || before.text === ':')) return false;
    if (after?.kind === 'sign' && after.text === '(') return false;
    return kind === 'name' || !(notColumns.has(text) || after?.kind === 'string');
  });
}

function holds(left: number, sign: string, right: number): boolean {
  if (sign === '=' || sign === '<=>') return left === right;
  if (sign === '<>' || sign === '!=') return left !== right;
  if (sign === '<') return left < right;
  if (sign === '<=') return left <= right;
  return sign === '>' ? left > right : left >= right;
}
