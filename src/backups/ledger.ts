import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Undecided } from '../model/index.ts';

/** A line of `ledger.jsonl`, beside the backups: what this machine did and saw. */
export interface LedgerLine {
  readonly at: string;
  readonly event: 'created' | 'tested' | 'failed' | 'pruned' | 'pinned' | 'unpinned' | 'uploaded';
  readonly id: string;
  readonly destination?: string;
  readonly reason?: string;
  /** Of the manifest that was tested. */
  readonly sha256?: string;
}

const fileIn = (folder: string) => join(folder, 'ledger.jsonl');

/** @throws Undecided when a line in the middle is none: then nobody knows what was tested */
export async function readLedger(folder: string): Promise<LedgerLine[]> {
  const text = await readFile(fileIn(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new Undecided(`${fileIn(folder)} cannot be read (${error.code})`);
  });
  const lines = text.split('\n');
  // A kill may have torn the last one.
  const torn = lines.pop();
  return lines.map((line, index) => {
    const read = parsed(line);
    if (read === null)
      throw new Undecided(
        `line ${index + 1} of ${fileIn(folder)} is not ours`,
        `look at it${torn === '' ? '' : '; the last line is torn too'}, and take it out`,
      );
    return read;
  });
}

function parsed(line: string): LedgerLine | null {
  try {
    const read = JSON.parse(line) as LedgerLine;
    return typeof read.at === 'string' && typeof read.event === 'string' && typeof read.id === 'string' ? read : null;
  } catch {
    return null;
  }
}

/** Appends a line, and waits until it is on disk. A torn line before it is taken out first. */
export async function note(folder: string, line: LedgerLine): Promise<void> {
  const file = await open(fileIn(folder), 'a+', 0o600);
  try {
    const before = await file.readFile();
    if (before.length > 0 && before.at(-1) !== 0x0a) await file.truncate(before.lastIndexOf(0x0a) + 1);
    await file.appendFile(`${JSON.stringify(line)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
