/** Lower case of ASCII letters, byte by byte; every other byte stays. */
const folded = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
const asIs = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/**
 * Finds many literals in one pass: the first three bytes of each are looked up in a table, and only where they stand is
 * the rest compared. Time is linear in the content, whatever the number of literals.
 */
export class Needles<T> {
  readonly #fold: Uint8Array;
  readonly #first = new Uint8Array(1 << 16);
  readonly #byStart = new Map<number, { readonly bytes: Uint8Array; readonly what: T }[]>();

  /** @param ignoreCase the literals are in lower case, and the content's letters are read as such */
  constructor(literals: Iterable<readonly [literal: string | Uint8Array, what: T]>, ignoreCase: boolean) {
    this.#fold = ignoreCase ? folded : asIs;
    for (const [literal, what] of literals) {
      const bytes = typeof literal === 'string' ? Buffer.from(literal) : literal;
      if (bytes.length < 3) throw new RangeError('a literal to look for has at least three bytes');
      const start = (bytes[0]! << 16) | (bytes[1]! << 8) | bytes[2]!;
      this.#first[slot(start)] = 1;
      const same = this.#byStart.get(start);
      if (same) same.push({ bytes, what });
      else this.#byStart.set(start, [{ bytes, what }]);
    }
  }

  /** Calls `visit` with the offset of each literal found, from the first to the last. */
  find(content: Uint8Array, visit: (offset: number, what: T) => void): void {
    if (this.#byStart.size === 0) return;
    const [fold, first] = [this.#fold, this.#first];
    const length = content.length;
    let window = 0;
    for (let i = 0; i < length; i++) {
      window = ((window << 8) | fold[content[i]!]!) & 0xffffff;
      if (first[(Math.imul(window, 0x9e3779b1) >>> 16) as number] === 0 || i < 2) continue;
      const candidates = this.#byStart.get(window);
      if (!candidates) continue;
      for (const { bytes, what } of candidates) if (this.#standsAt(content, i - 2, bytes)) visit(i - 2, what);
    }
  }

  #standsAt(content: Uint8Array, offset: number, bytes: Uint8Array): boolean {
    if (offset + bytes.length > content.length) return false;
    for (let i = 3; i < bytes.length; i++) if (this.#fold[content[offset + i]!] !== bytes[i]) return false;
    return true;
  }
}

function slot(start: number): number {
  return Math.imul(start, 0x9e3779b1) >>> 16;
}
