import { createReadStream } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Undecided } from '../model/index.ts';
import { isHeader, TarReader } from '../readers/archives/tar.ts';
import { zipFault } from '../readers/archives/zip.ts';

/** Entries of a folder that are looked at. */
const mostEntries = 1_000_000;
/** Bytes at each end of a file that tell what it is, and whether it was written to its end. */
const ends = 4096;

/** A file in a folder, at any depth. Links are not followed. */
interface Listed {
  /** From the folder. */
  readonly path: string;
  readonly size: number;
  readonly modifiedAt: number;
}

/**
 * Reads a file, or every file of a folder, to its end. Told is what can be told without the program that wrote it: the
 * sums of gzip, the blocks of tar, the directory of zip, the header of `pg_dump -Fc`, the last line of dumps in SQL.
 * @returns what is wrong, or null
 * @throws Undecided when the signal aborts
 */
export async function damage(path: string, signal: AbortSignal): Promise<string | null> {
  try {
    return (await stat(path)).isDirectory() ? await folderDamage(path, signal) : await fileDamage(path, true, signal);
  } catch (error) {
    if (signal.aborted) throw new Undecided('it was interrupted');
    if (error instanceof Undecided) throw error;
    return sentenceOf(error as NodeJS.ErrnoException);
  }
}

/**
 * When the newest file in a folder was modified, in milliseconds since the epoch; null where it holds none.
 * @throws Error when something in it cannot be looked at
 */
export async function newestFile(folder: string): Promise<number | null> {
  let newest: number | null = null;
  for await (const { modifiedAt } of filesIn(folder)) newest = Math.max(newest ?? modifiedAt, modifiedAt);
  return newest;
}

async function* filesIn(top: string): AsyncIterable<Listed> {
  const folders = [''];
  let seen = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
    for (const entry of await readdir(join(top, folder), { withFileTypes: true })) {
      if (++seen > mostEntries) throw new Undecided(`${basename(top)} holds more than ${mostEntries} entries`);
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile()) continue;
      const { size, mtimeMs } = await lstat(join(top, path));
      yield { path, size, modifiedAt: mtimeMs };
    }
}

async function folderDamage(folder: string, signal: AbortSignal): Promise<string | null> {
  const names = await readdir(folder);
  const ofPostgres = names.includes('toc.dat');
  if (!ofPostgres && names.some((name) => /^\d+\.dat(\.\w+)?$/.test(name)))
    return 'its toc.dat is missing, which pg_dump writes last';
  let total = 0;
  for await (const { path, size } of filesIn(folder)) {
    total += size;
    // Of copied folders only the bytes matter: a package may hold a broken archive on purpose.
    const fault = size === 0 ? null : await fileDamage(join(folder, path), ofPostgres, signal).catch(told(signal));
    if (fault !== null) return `${path}: ${fault}`;
  }
  return total === 0 ? 'it is empty' : null;
}

const told = (signal: AbortSignal) => (error: NodeJS.ErrnoException) => {
  if (signal.aborted) throw error;
  return sentenceOf(error);
};

/** @param unpack look at what the bytes mean */
async function fileDamage(path: string, unpack: boolean, signal: AbortSignal): Promise<string | null> {
  const head = await headOf(path);
  const packed = unpack && (/\.t?gz$/i.test(path) || (head[0] === 0x1f && head[1] === 0x8b));
  const stream = createReadStream(path, { highWaterMark: 1 << 18 });
  const content = new ContentReader(unpack ? path.replace(/\.gz$/i, '').replace(/\.tgz$/i, '.tar') : '', packed);
  const read = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) content.push(chunk);
  };
  if (packed) await pipeline(stream, createGunzip({ chunkSize: 1 << 18 }), read, { signal });
  else await pipeline(stream, read, { signal });
  const fault = content.end();
  if (fault !== null || !unpack || packed) return fault;
  if (!/\.zip$/i.test(path) && head.toString('latin1', 0, 4) !== 'PK\x03\x04') return null;
  const file = await open(path);
  try {
    return await zipFault(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Looks at content as it comes, unpacked. */
class ContentReader {
  #size = 0;
  #isZero = true;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #tar: TarReader | null | undefined;
  constructor(
    readonly name: string,
    readonly packed: boolean,
  ) {}

  push(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#isZero) this.#isZero = chunk.every((byte) => byte === 0);
    if (this.#head.length < ends) this.#head = Buffer.concat([this.#head, chunk.subarray(0, ends - this.#head.length)]);
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-ends)]).subarray(-ends);
    // A stream may come in small pieces, so it is not known at once whether it is a tar archive.
    if (this.#tar === undefined && this.#head.length >= 512) {
      const isTar = this.name !== '' && (/\.tar$/i.test(this.name) || isHeader(this.#head));
      this.#tar = isTar ? new TarReader() : null;
      if (this.#size > chunk.length) this.#tar?.push(this.#head.subarray(0, this.#size - chunk.length));
    }
    this.#tar?.push(chunk);
  }

  /** What is wrong with it, or null. */
  end(): string | null {
    if (this.#size === 0) return this.packed ? 'it unpacks to nothing' : 'it is empty';
    if (this.#isZero) return 'it holds nothing but zeros';
    if (this.name === '') return null;
    if (this.#tar) return this.#tar.end();
    if (/\.tar$/i.test(this.name)) return 'it is not a valid tar archive';
    return dumpFault(this.#head, this.#tail);
  }
}

/** Dumps say what they are in their first lines, and in their last that they are whole. */
function dumpFault(head: Buffer, tail: Buffer): string | null {
  const [first, last] = [head.toString('latin1', 0, 300), tail.toString('latin1')];
  if (first.startsWith('PGDMP') && ![1, 3, 5].includes(head[10] ?? 0)) return 'its pg_dump header is broken';
  const postgres = /^-- PostgreSQL database (cluster )?dump$/m.exec(first);
  if (postgres && !last.includes(`-- PostgreSQL database ${postgres[1] ?? ''}dump complete`))
    return 'it is cut off: the last line of the dump is missing';
  if (/^-- (?:MySQL|MariaDB) dump /m.test(first) && !last.includes('-- Dump completed'))
    return 'it is cut off: the last line of the dump is missing';
  return null;
}

function sentenceOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'Z_BUF_ERROR') return 'it is cut off: the end of the gzip data is missing';
  if (code?.startsWith('Z_')) return `its gzip data is broken (${message})`;
  if (code === 'ENOENT') return 'it is not there any more';
  return `it cannot be read (${code ?? message})`;
}
