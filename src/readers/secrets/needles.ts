/** Lower case of ASCII letters, byte by byte; every other byte stays. */
const folded = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
const asIs = Uint8Array.from({ length: 256 }, (_, byte) => byte);

interface Literal<T> {
  /** A character a byte. */
  readonly bytes: string;
  readonly what: T;
}

/** What three bytes at a place can be of a literal: its second to fourth, its first to third, or both. */
const secondToFourth = 1;
const firstToThird = 2;

/** What may follow a literal of three bytes: space to `~`. */
const lowest = 0x20;
const highest = 0x7e;

/**
 * Finds many literals in one pass: three bytes at every second place are looked up in a table, and only where a literal
 * has them, at its start or one further, is the rest compared. Time is linear in the content, whatever the number of
 * literals.
 */
export class Needles<T> {
  readonly #fold: Uint8Array;
  readonly #slots = new Uint8Array(1 << 16);
  /** By their first three bytes. */
  readonly #byStart = new Map<number, Literal<T>[]>();

  /** @param ignoreCase the literals are in lower case, and the content's letters are read as such */
  constructor(literals: Iterable<readonly [literal: string | Uint8Array, what: T]>, ignoreCase: boolean) {
    this.#fold = ignoreCase ? folded : asIs;
    for (const [literal, what] of literals) {
      const bytes = typeof literal === 'string' ? literal : Buffer.from(literal).toString('latin1');
      if (bytes.length < 3) throw new RangeError('a literal to look for has at least three bytes');
      const [first, second, third] = [bytes.charCodeAt(0), bytes.charCodeAt(1), bytes.charCodeAt(2)];
      this.#mark(first, second, third, firstToThird);
      if (bytes.length > 3) this.#mark(second, third, bytes.charCodeAt(3), secondToFourth);
      else for (let next = lowest; next <= highest; next++) this.#mark(second, third, next, secondToFourth);
      const start = startOf(first, second, third);
      const same = this.#byStart.get(start);
      if (same) same.push({ bytes, what });
      else this.#byStart.set(start, [{ bytes, what }]);
    }
  }

  #mark(first: number, second: number, third: number, can: number): void {
    const at = slot(startOf(first, second, third));
    this.#slots[at] = this.#slots[at]! | can;
  }

  /** Calls `visit` with the offset of each literal found, from the first to the last. */
  find(content: Uint8Array, visit: (offset: number, what: T) => void): void {
    if (this.#byStart.size === 0 || content.length < 3) return;
    const [fold, slots] = [this.#fold, this.#slots];
    const last = content.length - 3;
    let first = fold[content[0]!]!;
    for (let i = 0; i <= last; i += 2) {
      const second = fold[content[i + 1]!]!;
      const third = fold[content[i + 2]!]!;
      const can = slots[slot(startOf(first, second, third))]!;
      if (can !== 0) {
        if ((can & secondToFourth) !== 0 && i > 0)
          this.#at(content, i - 1, startOf(fold[content[i - 1]!]!, first, second), visit);
        if ((can & firstToThird) !== 0) this.#at(content, i, startOf(first, second, third), visit);
      }
      first = third;
    }
    // Three bytes at the very end may start where none was looked up.
    if (last % 2 === 1)
      this.#at(content, last, startOf(first, fold[content[last + 1]!]!, fold[content[last + 2]!]!), visit);
  }

  #at(content: Uint8Array, offset: number, start: number, visit: (offset: number, what: T) => void): void {
    const literals = this.#byStart.get(start);
    if (literals === undefined) return;
    for (const { bytes, what } of literals) if (this.#goesOn(content, offset, bytes)) visit(offset, what);
  }

  #goesOn(content: Uint8Array, offset: number, bytes: string): boolean {
    if (offset + bytes.length > content.length) return false;
    for (let i = 3; i < bytes.length; i++) if (this.#fold[content[offset + i]!] !== bytes.charCodeAt(i)) return false;
    return true;
  }
}

function startOf(first: number, second: number, third: number): number {
  return (first << 16) | (second << 8) | third;
}

function slot(start: number): number {
  return Math.imul(start, 0x9e3779b1) >>> 16;
}
