import { createHash } from 'node:crypto';
import { Undecided } from '../model/index.ts';

/** One file of a backup. */
export interface BackupPart {
  readonly kind: 'database' | 'files';
  /** Its name beside the manifest. */
  readonly file: string;
  /** Of the file as it lies there. */
  readonly bytes: number;
  readonly sha256: string;
  /** Of what was encrypted. */
  readonly plainBytes: number;
  readonly plainSha256: string;
  readonly format: 'pg_dump custom' | 'SQL' | 'tar.gz';
  /** What made it, with its version. */
  readonly tool: string;
}

/** A table that was written to while it was dumped. */
export interface Bracketed {
  readonly table: string;
  /** How many there were before the dump and after it. */
  readonly rows: readonly [before: string, after: string];
}

/** What a backup says of itself; it is written last, so a backup without one is none. */
export interface Manifest {
  readonly version: 1;
  readonly id: string;
  readonly environment: string;
  readonly createdAt: string;
  /** `suspect`: kept, and counted for nothing. */
  readonly state: 'whole' | 'suspect';
  /** Why it is suspect, in sentences. */
  readonly doubts: readonly string[];
  readonly parts: readonly BackupPart[];
  readonly source: { readonly engine: string; readonly version: string; readonly identity: string } | null;
  /** The fingerprint of the moment that was dumped. */
  readonly baseline: unknown;
  /** Tables whose contents no fingerprint proves. */
  readonly bracketed: readonly Bracketed[];
  /** Who can open it: fingerprints of SSH keys, recipients of age. */
  readonly recipients: readonly string[];
  readonly issue?: number;
  /** HEAD when it was made. */
  readonly commit: string | null;
  /** Armored, over the manifest without it. */
  readonly signature?: string;
}

const idForm = /^[a-z0-9][a-z0-9-]{0,63}_[a-z0-9-]{1,32}(?:_\d{1,10})?_\d{8}T\d{6}Z(?:-\d{1,3})?$/;
const hex64 = /^[0-9a-f]{64}$/;

/** Is this the name of a backup: `<project>_<environment>[_<issue>]_<UTC time>`? */
export const isBackupId = (text: string): boolean => idForm.test(text);

/**
 * Reads a manifest.
 * @param name of the file, which has to be that of the backup
 * @throws Undecided when it is none of ours, or of a newer version
 */
export function parseManifest(text: string, name: string): Manifest {
  const refuse = (what: string): never => {
    throw new Undecided(`${name} ${what}`);
  };
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return refuse('is not JSON: it is cut off, or was changed');
  }
  if (typeof read !== 'object' || read === null) return refuse('is not a manifest of a backup');
  const manifest = read as Partial<Manifest>;
  if (manifest.version !== 1) return refuse('is of another version of git-protect than this knows');
  const { id, environment, createdAt, state, parts } = manifest;
  if (typeof id !== 'string' || !isBackupId(id) || `${id}.json` !== name)
    return refuse('bears the name of another backup');
  if (typeof environment !== 'string' || typeof createdAt !== 'string' || Number.isNaN(Date.parse(createdAt)))
    return refuse('does not say what it is of, and from when');
  if (state !== 'whole' && state !== 'suspect') return refuse('does not say whether it is whole');
  if (!Array.isArray(parts) || parts.length === 0 || !parts.every((part) => isPart(part, id)))
    return refuse('does not list its files as this version does');
  const { bracketed = [] } = manifest;
  if (!Array.isArray(bracketed) || !bracketed.every(isBracketed)) return refuse('does not say what was not proven');
  const { doubts = [], source = null, baseline = null, recipients = [], commit = null } = manifest;
  // What is there keeps its place: a signature is over the text as it was written.
  return { ...manifest, doubts, source, baseline, bracketed, recipients, commit } as Manifest;
}

/** By this a test is bound to what was tested: another manifest, and with it other files, is another backup. */
export const digestOf = (manifest: Manifest): string =>
  createHash('sha256').update(JSON.stringify(manifest)).digest('hex');

const isBracketed = ({ table, rows }: Partial<Bracketed>) =>
  typeof table === 'string' &&
  Array.isArray(rows) &&
  rows.length === 2 &&
  rows.every((count) => /^\d{1,20}$/.test(count));

function isPart(part: Partial<BackupPart>, id: string): boolean {
  const numbers = [part.bytes, part.plainBytes].every((value) => Number.isSafeInteger(value) && value! >= 0);
  const digests = [part.sha256, part.plainSha256].every((value) => typeof value === 'string' && hex64.test(value));
  const named = part.file === `${id}.dump.age` || part.file === `${id}.sql.gz.age` || part.file === `${id}.tar.gz.age`;
  return numbers && digests && named && (part.kind === 'database' || part.kind === 'files');
}
