import type { Readable } from 'node:stream';
import type { Baseline } from '../databases/fingerprint/baseline.ts';
import type { BackupPart, Bracketed } from './manifest.ts';
import type { WrittenPart } from './written.ts';

/** A database in a file, and what it held at that moment. */
export interface Dumped {
  readonly part: Omit<BackupPart, 'kind'>;
  readonly baseline: Baseline;
  /** Tables that the fingerprint does not prove. */
  readonly bracketed: readonly Bracketed[];
}

/** Takes a dump to its file. */
export type Write = (stream: Readable, suffix: string) => Promise<WrittenPart>;
