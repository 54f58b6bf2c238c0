import { hasColumn, isQuery, takesAll } from './columns.ts';
import { splitCommas, written } from './cursor.ts';
import { OperandReader, Unreadable } from './operands.ts';
import type { Token } from './token.ts';
import { bare, beyond, type Reach, type Value } from './values.ts';

const comparisons = ['=', '<=>', '>=', '>', '<=', '<', '<>', '!='];

/**
 * Tells whether a WHERE holds rows back. A constant that cannot be computed counts as true.
 * @param targets names of the tables that the statement changes
 * @throws Unreadable
 */
export function reachOf(tokens: readonly Token[], targets: readonly string[]): Reach {
  const reader = new ConditionReader(tokens, targets);
  return reader.read();
}

class ConditionReader extends OperandReader {
  private readonly targets: readonly string[];

  constructor(tokens: readonly Token[], targets: readonly string[]) {
    super(tokens);
    this.targets = targets.map((name) => name.toLowerCase());
  }

  read(): Reach {
    const { reach } = this.condition();
    if (!this.cursor.done) throw new Unreadable('the condition goes on where it should end');
    return reach;
  }

  protected condition(): Value {
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

  private predicate(): Value {
    const from = this.cursor.at;
    let left = this.sum();
    for (;;) {
      const next = this.comparison(left) ?? this.test(left);
      if (next === null) return this.values.isId(left) ? { ...left, reach: 'all' } : left;
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
      const self = token.text === '=' && takesAll(this.tokens.slice(from + 1, this.cursor.at - 1), this.targets);
      return this.made(left.from, self ? 'all' : 'some', false);
    }
    const made = this.values.comparison(left, token.text, this.sum());
    return { ...made, from: left.from, to: this.cursor.at };
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
    const odd = not && what !== 'TRUE' && (this.values.isId(left) || (left.tested && what !== 'FALSE'));
    const decided = left.reach !== 'some' || odd;
    const made = this.made(left.from, decided ? 'all' : 'some', false);
    const key = this.values.key(left);
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
      return this.made(left.from, left.constant || takesAll(inside, this.targets) ? 'all' : 'some', left.constant);
    const own = this.values.key(left);
    const items = splitCommas(inside);
    const self = own !== null && items.some((item) => bare(item.map(written).join(' ')) === own);
    if (self || (left.constant && !items.some((item) => hasColumn(item))))
      return this.made(left.from, 'all', left.constant);
    const key = own === null || inside.length > 60 ? null : `${own} IN ${inside.map(written).join(' ')}`;
    if (left.tested) return this.made(left.from, 'all', false);
    // No id is below 1, so NOT IN takes every row.
    const low = items.every((item) => /^(?:- \d+|0)$/.test(item.map(written).join(' ')));
    const made = this.made(left.from, this.values.isId(left) && low ? 'none' : 'some', false);
    return key === null ? made : { ...made, says: { key, opposite: `NOT ${key}` } };
  }

  private between(left: Value): Value {
    const low = this.sum();
    if (!this.cursor.eat('AND')) throw new Unreadable('BETWEEN without AND');
    const high = this.sum();
    const constant = left.constant && low.constant && high.constant;
    const wide = this.values.isId(left) && (low.number ?? 2) <= 1 && high.constant && (high.number ?? beyond) >= beyond;
    const self = wide || (this.values.same(left, low) && this.values.same(left, high));
    return this.made(left.from, constant || self ? 'all' : 'some', constant);
  }

  private likeTest(left: Value, everything: readonly string[]): Value {
    const right = this.sum();
    const last = this.tokens[right.to - 1];
    const all = right.to - right.from === 1 && last?.kind === 'string' && everything.includes(last.text);
    if (this.cursor.eat('ESCAPE')) this.sum();
    const constant = left.constant && right.constant;
    const made = this.made(left.from, constant || all || this.values.same(left, right) ? 'all' : 'some', constant);
    const [a, b] = [this.values.key(left), this.values.key(right)];
    if (made.reach !== 'some' || a === null || b === null) return made;
    return { ...made, says: { key: `${a} LIKE ${b}`, opposite: `NOT ${a} LIKE ${b}` } };
  }
}
