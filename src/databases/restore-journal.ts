import { appendFileSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Place } from './place.ts';

/** A line on a restore onto production: the intent before the deed, and how it ended. */
export interface RestoreLine {
  readonly event: 'will swap' | 'restored' | 'taken back' | 'stuck';
  readonly environment: string;
  /** Of the dump. */
  readonly sha256: string;
  /** Of the owner's waiver. */
  readonly nonce: string | null;
  /** What the original is called. */
  readonly kept: string;
}

const fileOf = ({ commonDir }: Pick<Place, 'commonDir'>) => join(commonDir, 'protect', 'restores.jsonl');

/** Writes it down, and waits until it is on the disk. */
export function noteRestore(place: Place, line: RestoreLine): void {
  const file = fileOf(place);
  mkdirSync(dirname(file), { recursive: true });
  const handle = openSync(file, 'a', 0o600);
  try {
    appendFileSync(handle, `${JSON.stringify({ at: place.now().toISOString(), ...line })}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Did a restore of this clone end well by this waiver? A line that a kill has torn says nothing. */
export function wasRestoredBy(place: Place, nonce: string): boolean {
  let text: string;
  try {
    text = readFileSync(fileOf(place), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  return text.split('\n').some((line) => line.includes('"event":"restored"') && line.includes(`"nonce":"${nonce}"`));
}
