/** Lower case of ASCII letters, byte by byte; every other byte stays. */
const folded = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
const asIs = Uint8Array.from({ length: 256 }, (_, byte) => byte);

interface Literal<T> {
  readonly bytes: Uint8Array;
  readonly what: T;
}

/** What three bytes at a place can be of a literal: its second to fourth, its first to third, or both. */
const secondToFourth = 1;
const firstToThird = 2;

/**
 * Finds many literals in one pass: three bytes at every second place are looked up in a table, and only where a literal
 * has them, at its start or one further, is the rest compared. Time is linear in the content, whatever the number of
 * literals.
 */
export class Needles<T> {
  readonly #fold: Uint8Array;
  readonly #slots = new Uint8Array(1 << 16);
  readonly #byHead = new Map<number, Literal<T>[]>();

  /** @param ignoreCase the literals are in lower case, and the content's letters are read as such */
  constructor(literals: Iterable<readonly [literal: string | Uint8Array, what: T]>, ignoreCase: boolean) {
    this.#fold = ignoreCase ? folded : asIs;
    for (const [literal, what] of literals) {
      const bytes = typeof literal === 'string' ? Buffer.from(literal) : literal;
      if (bytes.length < 4) throw new RangeError('a literal to look for has at least four bytes');
      this.#slots[slot(bytes[0]!, bytes[1]!, bytes[2]!)]! |= firstToThird;
      this.#slots[slot(bytes[1]!, bytes[2]!, bytes[3]!)]! |= secondToFourth;
      const head = headOf(bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!);
      const same = this.#byHead.get(head);
      if (same) same.push({ bytes, what });
      else this.#byHead.set(head, [{ bytes, what }]);
    }
  }

  /** Calls `visit` with the offset of each literal found, from the first to the last. */
  find(content: Uint8Array, visit: (offset: number, what: T) => void): void {
    if (this.#byHead.size === 0 || content.length < 4) return;
    const [fold, slots] = [this.#fold, this.#slots];
    const last = content.length - 3;
    let first = fold[content[0]!]!;
    for (let i = 0; i <= last; i += 2) {
      const second = fold[content[i + 1]!]!;
      const third = fold[content[i + 2]!]!;
      const can = slots[slot(first, second, third)]!;
      if (can !== 0) {
        if ((can & secondToFourth) !== 0 && i > 0)
          this.#at(content, i - 1, headOf(fold[content[i - 1]!]!, first, second, third), visit);
        if ((can & firstToThird) !== 0 && i < last)
          this.#at(content, i, headOf(first, second, third, fold[content[i + 3]!]!), visit);
      }
      first = third;
    }
  }

  #at(content: Uint8Array, offset: number, head: number, visit: (offset: number, what: T) => void): void {
    const literals = this.#byHead.get(head);
    if (literals === undefined) return;
    for (const { bytes, what } of literals) if (this.#goesOn(content, offset, bytes)) visit(offset, what);
  }

  #goesOn(content: Uint8Array, offset: number, bytes: Uint8Array): boolean {
    if (offset + bytes.length > content.length) return false;
    for (let i = 4; i < bytes.length; i++) if (this.#fold[content[offset + i]!] !== bytes[i]) return false;
    return true;
  }
}

function headOf(first: number, second: number, third: number, fourth: number): number {
  return (first << 24) | (second << 16) | (third << 8) | fourth;
}

function slot(first: number, second: number, third: number): number {
  return Math.imul((first << 16) | (second << 8) | third, 0x9e3779b1) >>> 16;
}
