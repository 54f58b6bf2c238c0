const block = 512;
/** Bytes of an extended header that are looked at for a size. */
const longestHeader = 1 << 20;

/**
 * Follows the blocks of a tar archive as they come, without unpacking it.
 * @see https://www.gnu.org/software/tar/manual/html_node/Standard.html
 */
export class TarReader {
  #held = Buffer.alloc(0);
  /** Bytes that belong to the current entry, its padding included. */
  #left = 0;
  /** Of an extended header, as it comes. */
  #extended: { body: Buffer[]; size: number } | null = null;
  /** What an extended header says of the entry behind it. */
  #size: number | null = null;
  #sparse = false;
  #ended = false;
  #fault: string | null = null;
  #bytes = 0;

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#ended && this.#fault === null) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#left -= part.length;
        this.#extended?.body.push(Buffer.from(part));
        rest = rest.subarray(part.length);
        if (this.#left === 0) this.#endHeader();
        continue;
      }
      const part = rest.subarray(0, block - this.#held.length);
      this.#held = Buffer.concat([this.#held, part]);
      rest = rest.subarray(part.length);
      if (this.#held.length < block) return;
      const whole = this.#held;
      this.#held = Buffer.alloc(0);
      this.#next(whole);
    }
  }

  /** What is wrong with the archive, now that all of it has come; null: nothing. */
  end(): string | null {
    if (this.#fault !== null) return this.#fault;
    if (!this.#ended) return 'it is cut off: the end of the tar archive is missing';
    return this.#bytes === 0 ? 'its tar archive holds no content' : null;
  }

  #next(header: Buffer): void {
    if (this.#sparse) {
      this.#sparse = header[504] === 1;
      return;
    }
    if (header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    if (!isHeader(header)) {
      this.#fault = 'it is not a valid tar archive';
      return;
    }
    const type = String.fromCharCode(header[156]!);
    const isExtra = 'xgKLVN'.includes(type);
    const size = (isExtra ? null : this.#size) ?? sizeOf(header);
    if (type === 'x' && size <= longestHeader) this.#extended = { body: [], size };
    if (!isExtra) {
      this.#size = null;
      // Symbolic links, devices and folders have no content, whatever their size says.
      if ('23456'.includes(type)) return;
      this.#bytes += size;
    }
    this.#sparse = type === 'S' && header[482] === 1;
    this.#left = Math.ceil(size / block) * block;
    if (this.#left === 0) this.#endHeader();
  }

  #endHeader(): void {
    if (this.#extended === null) return;
    const text = Buffer.concat(this.#extended.body).toString('latin1', 0, this.#extended.size);
    const size = /(?:^|\n)\d+ size=(\d{1,15})\n/.exec(text)?.[1];
    if (size !== undefined) this.#size = Number(size);
    this.#extended = null;
  }
}

/** Is this the header of an entry? Its sum tells, in every kind of tar. */
export function isHeader(header: Buffer): boolean {
  if (header.length < block) return false;
  const said = /^[ \0]*([0-7]{1,8})/.exec(header.toString('latin1', 148, 156))?.[1];
  let sum = 8 * 32;
  for (let at = 0; at < block; at++) if (at < 148 || at >= 156) sum += header[at]!;
  return said !== undefined && Number.parseInt(said, 8) === sum;
}

/** Octal digits, or base 256 where the first bit is set. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if (field[0]! & 0x80) return Number(BigInt(`0x${field.subarray(4).toString('hex')}`));
  return Number.parseInt(/[0-7]+/.exec(field.toString('latin1'))?.[0] ?? '0', 8);
}
