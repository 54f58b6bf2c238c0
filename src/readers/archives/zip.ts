import type { FileHandle } from 'node:fs/promises';

const longestComment = 0xffff;
/** Bytes of a directory that is read. */
const largestDirectory = 256 << 20;

/**
 * What is wrong with the directory of a zip archive, which stands at its end; null: nothing. The contents are not
 * unpacked.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function zipFault(file: FileHandle, size: number): Promise<string | null> {
  const cut = 'it is cut off: the directory of the zip archive is missing';
  const from = Math.max(0, size - longestComment - 22 - 20);
  const tail = await readAt(file, from, size - from);
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + 22 > tail.length) return cut;
  const place = await directoryPlace(file, tail, end);
  if (place === null || place.at + place.length > from + end || place.length > largestDirectory) return cut;
  if (place.entries === 0) return 'its zip archive holds no file';
  const directory = await readAt(file, place.at, place.length);
  let at = 0;
  for (let entry = 0; entry < place.entries; entry++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) return 'its zip directory is broken';
    const packed = directory.readUInt32LE(at + 20);
    const local = directory.readUInt32LE(at + 42);
    const large = packed === 0xffffffff || local === 0xffffffff;
    if (!large && local + 30 + packed > place.at) return 'its zip directory names contents that are not there';
    at += 46 + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return null;
}

interface Place {
  readonly at: number;
  readonly length: number;
  readonly entries: number;
}

/** Null where the record that large archives have is not there. */
async function directoryPlace(file: FileHandle, tail: Buffer, end: number): Promise<Place | null> {
  const entries = tail.readUInt16LE(end + 10);
  const [length, at] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (entries !== 0xffff && length !== 0xffffffff && at !== 0xffffffff) return { at, length, entries };
  if (end < 20 || tail.readUInt32LE(end - 20) !== 0x07064b50) return { at, length, entries };
  const record = await readAt(file, Number(tail.readBigUInt64LE(end - 20 + 8)), 56);
  if (record.length < 56 || record.readUInt32LE(0) !== 0x06064b50) return null;
  return {
    entries: Number(record.readBigUInt64LE(32)),
    length: Number(record.readBigUInt64LE(40)),
    at: Number(record.readBigUInt64LE(48)),
  };
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(at)) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
