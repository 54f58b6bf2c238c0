import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { Undecided } from '../model/index.ts';

/** Bytes and digest of a stream that has passed. */
export interface Counted {
  readonly bytes: number;
  readonly sha256: string;
}

/** What a part of a backup is known by, before its tool is. */
export interface WrittenPart extends Counted {
  readonly file: string;
  readonly plainBytes: number;
  readonly plainSha256: string;
}

/** Counts and digests what passes through. */
export class Counter extends Transform {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  /** Once all has passed. */
  counted(): Counted {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** What a file is called until it is whole. */
export const unfinished = '.partial';

/**
 * Writes a stream to a file beside its name, waits until it is on disk, and reads it back. It gets its name by `finish`.
 * @throws Undecided when what is read back differs from what was written
 */
export async function writeBeside(path: string, stream: Readable): Promise<Counted> {
  const beside = path + unfinished;
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  const counter = new Counter();
  try {
    stream.on('error', (error) => counter.destroy(error));
    for await (const chunk of stream.pipe(counter)) {
      const piece = chunk as Buffer;
      for (let done = 0; done < piece.length; ) done += (await file.write(piece, done)).bytesWritten;
    }
    await file.sync();
  } catch (error) {
    throw full(error, path);
  } finally {
    await file.close();
  }
  const written = counter.counted();
  const read = await countFile(beside);
  if (read.sha256 !== written.sha256)
    throw new Undecided(`${beside} is not what was written to it: the disk cannot be trusted`);
  return written;
}

/** A disk that is full is told as that; any other fault stays what it is. */
function full(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new Undecided(`the disk of ${dirname(path)} is full (${code}); what was there stays`, 'make room, then again');
}

/** Gives a written file its name, and waits until that is on disk too. */
export async function finish(path: string): Promise<void> {
  await rename(path + unfinished, path);
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export async function countFile(path: string): Promise<Counted> {
  const counter = new Counter();
  const stream = createReadStream(path);
  stream.on('error', (error) => counter.destroy(error));
  for await (const _ of stream.pipe(counter));
  return counter.counted();
}
