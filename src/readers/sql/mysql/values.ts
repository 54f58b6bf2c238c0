import { isNamed } from './columns.ts';
import { written } from './cursor.ts';
import type { Token } from './token.ts';

/** What a WHERE leaves: every row, none, or those that it picks. */
export type Reach = 'all' | 'none' | 'some';

/** A part of a condition that was read. */
export interface Value {
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

/** What is known of a value, wherever it stands. */
export type Outcome = Omit<Value, 'from' | 'to'>;

const opposites: Readonly<Record<string, string>> = {
  '=': '<>',
  '<>': '=',
  '!=': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
};
const flipped: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const notNegative = ['LENGTH', 'CHAR_LENGTH', 'CHARACTER_LENGTH', 'OCTET_LENGTH', 'BIT_LENGTH', 'ABS', 'BIT_COUNT'];
/** An id that no table comes to in practice: what stands below it is written to please a client. */
export const beyond = 100_000_000;

/** What is known of operands once they are compared, negated or computed. */
export class Values {
  constructor(readonly tokens: readonly Token[]) {}

  /** What NOT makes of a condition. */
  negation(inner: Value): Outcome {
    const reach = inner.reach === 'all' ? 'none' : inner.reach === 'none' ? 'all' : 'some';
    // Nothing is known of a constant that was not computed.
    const sure = inner.constant && inner.number === undefined && reach === 'none' ? this.certain(inner) : true;
    const says = inner.says && { key: inner.says.opposite, opposite: inner.says.key };
    return { reach: inner.isNull ? 'none' : sure ? reach : 'all', constant: inner.constant, ...(says ? { says } : {}) };
  }

  /** What a comparison leaves. */
  comparison(left: Value, sign: string, right: Value): Outcome {
    const made = this.comparedReach(left, sign, right);
    const opposite = opposites[sign];
    if (opposite === undefined || made.reach !== 'some') return made;
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

  /** What arithmetic makes of two operands; null: nothing, the left one stays what it is. */
  arithmetic(left: Value, sign: string, right: Value): Outcome | null {
    if (sign === 'COLLATE') return null;
    const neutral = ['*', '/', 'DIV'].includes(sign)
      ? 1
      : ['+', '-', '|', '^', '<<', '>>'].includes(sign)
        ? 0
        : undefined;
    if (neutral !== undefined && right.number === neutral && !left.constant) return null;
    const zero = (sign === '*' || sign === '&') && (left.number === 0 || right.number === 0);
    const same = ['-', '^', '/', '%', 'MOD', 'DIV'].includes(sign) && this.same(left, right);
    const one = (sign === '%' || sign === 'MOD') && right.number === 1;
    const set = sign === '|' && ((left.number ?? 0) !== 0 || (right.number ?? 0) !== 0);
    const constant = (left.constant && right.constant) || zero || same || one;
    return { reach: constant || set ? 'all' : 'some', constant };
  }

  /** Is a constant made of TRUE, FALSE and numbers only? */
  private certain({ from, to }: Value): boolean {
    return this.tokens
      .slice(from, to)
      .every(({ kind, text }) => kind === 'number' || ['TRUE', 'FALSE', '(', ')', 'NOT', '!', '='].includes(text));
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

  /** A column called `id`? */
  isId(value: Value): boolean {
    return this.isColumn(value) && this.tokens[value.to - 1]?.raw.toLowerCase() === 'id';
  }

  private isColumn({ from, to }: Value): boolean {
    return (
      to - from <= 5 &&
      this.tokens.slice(from, to).every(({ kind, text }, i) => (i % 2 === 0 ? isNamed(kind) : text === '.'))
    );
  }

  /** Are both the same text? */
  same(left: Value, right: Value): boolean {
    const key = this.key(left);
    return key !== null && key === this.key(right);
  }

  /** The text of an operand without parentheses around it and without what qualifies a column; null when it is long. */
  key({ from, to }: Value): string | null {
    if (to - from > 40) return null;
    return bare(this.tokens.slice(from, to).map(written).join(' '));
  }
}

/** Does comparing 0 or 1 with the number tell the two apart? */
function tells(sign: string, number: number): boolean {
  return holds(0, sign, number) !== holds(1, sign, number) || !holds(0, sign, number);
}

/** An operand without parentheses around it and without what qualifies a column, in lower case. */
export function bare(text: string): string {
  let inner = text;
  while (/^\( [^()]+ \)$/.test(inner)) inner = inner.slice(2, -2);
  const column = /^(?:[\w$]+ \. ){0,2}([\w$]+)$/.exec(inner);
  return (column ? column[1]! : inner).toLowerCase();
}

function holds(left: number, sign: string, right: number): boolean {
  if (sign === '=' || sign === '<=>') return left === right;
  if (sign === '<>' || sign === '!=') return left !== right;
  if (sign === '<') return left < right;
  if (sign === '<=') return left <= right;
  return sign === '>' ? left > right : left >= right;
}
