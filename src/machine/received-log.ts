import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { alone } from './lock.ts';

/** What a server says of one push, a line of `protect/received.jsonl`. */
export interface ReceivedPush {
  /** The server's clock, ISO 8601 in UTC. */
  readonly at: string;
  /** As the host names them: the variables of its environment. */
  readonly pusher: Readonly<Record<string, string>>;
  /** Old and new object ids; null where there is none. */
  readonly refs: readonly { readonly ref: string; readonly old: string | null; readonly new: string | null }[];
  readonly verdict: 'pass' | 'refuse' | 'undecided';
  /** Ids of the checks that found something. */
  readonly findings: readonly string[];
  /** Why it could not be judged. */
  readonly reason?: string;
}

/** Where the log lies in a Git directory. */
export const receivedLog = (gitDir: string) => join(gitDir, 'protect', 'received.jsonl');

/**
 * Appends a line, which names the one before it by its sha256, and waits until it is on disk. A line that a crash has cut
 * off is closed by one that says so.
 * @param isShared may the group write it, as `core.sharedRepository` says of the repository?
 * @throws Error when it cannot be written
 */
export async function appendReceived(
  gitDir: string,
  push: ReceivedPush,
  isShared: () => Promise<boolean>,
): Promise<void> {
  const path = receivedLog(gitDir);
  const shared = !existsSync(path) && (await isShared());
  makeFolder(dirname(path), shared);
  await alone(
    { lock: join(gitDir, 'protect', 'received.lock'), doing: 'writing what was received', pause: 5 },
    async () => {
      const isNew = !existsSync(path);
      const file = openSync(path, 'a+', 0o666);
      try {
        if (isNew && shared) chmodSync(path, 0o664);
        const last = lastLine(file);
        const torn = last !== null && !last.ended;
        let text = torn ? '\n' : '';
        let before = last === null ? null : digest(last.bytes);
        const add = (entry: object) => {
          const line = JSON.stringify({ ...entry, previous: before });
          before = digest(Buffer.from(line));
          text += `${line}\n`;
        };
        if (torn) add({ at: push.at, torn: true });
        add(push);
        writeAll(file, Buffer.from(text));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      if (isNew) syncFolder(dirname(path));
    },
  );
}

function makeFolder(path: string, shared: boolean): void {
  mkdirSync(path, { recursive: true });
  if (shared) chmodSync(path, 0o2775);
}

/** The name of a new file is on disk only once its folder is. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const digest = (line: Buffer) => createHash('sha256').update(line).digest('hex');

/** The bytes behind the last line feed but the one that ends the file; null: the file is empty. */
function lastLine(file: number): { bytes: Buffer; ended: boolean } | null {
  const { size } = fstatSync(file);
  if (size === 0) return null;
  const pieces: Buffer[] = [];
  let end = size;
  const [final] = readAt(file, size - 1, 1);
  const ended = final === 0x0a;
  if (ended) end--;
  while (end > 0) {
    const start = Math.max(0, end - 65_536);
    const piece = readAt(file, start, end - start);
    const feed = piece.lastIndexOf(0x0a);
    pieces.unshift(piece.subarray(feed + 1));
    if (feed !== -1) break;
    end = start;
  }
  return { bytes: Buffer.concat(pieces), ended };
}

function readAt(file: number, at: number, length: number): Buffer {
  const piece = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const read = readSync(file, piece, done, length - done, at + done);
    if (read === 0) throw new Error('the log became shorter while it was read');
    done += read;
  }
  return piece;
}

function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}
