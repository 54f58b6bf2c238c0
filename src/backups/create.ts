import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { alone } from '../machine/lock.ts';
import { Undecided } from '../model/index.ts';
import { stampOf } from '../words/stamp.ts';
import { encrypt } from './age.ts';
import { dumpDatabase } from './dump.ts';
import type { Dumped } from './dumped.ts';
import { packFiles, toolVersion } from './files.ts';
import { note } from './ledger.ts';
import type { BackupPart, Manifest } from './manifest.ts';
import { type BackupPlace, lockFile, prefixOf } from './place.ts';
import { type Recipients, recipientsOf } from './recipients.ts';
import { signed } from './signature.ts';
import { listBackups, removeLeftovers, type Stored } from './store.ts';
import { Counter, finish, type WrittenPart, writeBeside } from './written.ts';

export interface CreateOptions {
  readonly issue: number | null;
  /** A backup that is much smaller than the last ones is meant to be. */
  readonly smaller: boolean;
  /** Other people than before are to open it. */
  readonly recipientsChanged: boolean;
  /** The deploy that asks for it has the lock already. */
  readonly locked?: boolean;
}

/**
 * Makes a backup: each part is encrypted, on disk and read back before it gets its name, and the manifest comes last.
 * @throws Undecided when any part of it could not be made; then there is no backup of that name
 */
export async function createBackup(place: BackupPlace, options: CreateOptions): Promise<Manifest> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const make = async () => {
    await removeLeftovers(place.folder, prefixOf(place));
    const before = await listBackups(place.folder, place.name);
    const recipients = recipientsOf(place.policy, place.backup);
    refuseOthers(recipients, before, options);
    await refuseFullDisk(place, before);
    const id = nameOf(place, options.issue, before);
    try {
      const made = await makeParts(place, id, recipients);
      const manifest = await signed(place, describe(place, id, made, recipients, before, options));
      await writeManifest(place.folder, manifest);
      await note(place.folder, { at: place.now().toISOString(), event: 'created', id });
      return manifest;
    } catch (error) {
      // Half a backup must not fill the disk until the next one; why there is none is the better reason to end with.
      await removeLeftovers(place.folder, prefixOf(place)).catch((left: NodeJS.ErrnoException) =>
        place.tell(
          `what was begun is still in ${place.backup.folder} (${left.code ?? left.message}); the next backup removes it`,
        ),
      );
      throw error;
    }
  };
  return options.locked ? make() : alone({ lock: lockFile(place), doing: `at work on ${place.name}` }, make);
}

function nameOf(place: BackupPlace, issue: number | null, before: readonly Stored[]): string {
  const time = stampOf(place.now());
  const base = `${prefixOf(place)}${issue === null ? '' : `${issue}_`}${time}`;
  const taken = new Set(before.map(({ manifest }) => manifest.id));
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
  return id;
}

/** Whoever is added to the policy would open what is made from now on, and that is no side effect. */
function refuseOthers({ names }: Recipients, before: readonly Stored[], { recipientsChanged }: CreateOptions): void {
  const last = before[0]?.manifest.recipients;
  if (last === undefined || recipientsChanged || JSON.stringify(last) === JSON.stringify(names)) return;
  const added = names.filter((name) => !last.includes(name));
  const gone = last.filter((name) => !names.includes(name));
  const what = [...added.map((name) => `${name} is new`), ...gone.map((name) => `${name} is gone`)].join(', ');
  throw new Undecided(
    `other people than before could open this backup: ${what}`,
    'npx git-protect backup create --recipients-changed, if that is meant',
  );
}

/** @throws Undecided where less than twice the size of the last one is free */
async function refuseFullDisk({ folder }: BackupPlace, before: readonly Stored[]): Promise<void> {
  const last = before[0]?.bytes ?? 0;
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= 2 * last) return;
  throw new Undecided(
    `${Math.floor((bavail * bsize) / 1e6)} MB are free in ${folder}, and twice the last backup (${Math.ceil((2 * last) / 1e6)} MB) is needed`,
    'npx git-protect backup prune, or make room',
  );
}

interface Made {
  readonly parts: readonly BackupPart[];
  readonly dumped: Dumped | null;
}

async function makeParts(place: BackupPlace, id: string, recipients: Recipients): Promise<Made> {
  const parts: BackupPart[] = [];
  let dumped: Dumped | null = null;
  if (place.backup.database !== null) {
    dumped = await dumpDatabase(place, place.backup.database, (stream, suffix) =>
      writePart(place, `${id}.${suffix}`, stream, recipients),
    );
    parts.push({ kind: 'database', ...dumped.part });
  }
  if (place.backup.files.length > 0) {
    place.tell(`packing ${place.backup.files.join(', ')}`);
    const file = `${id}.tar.gz.age`;
    const { value } = await packFiles(place, place.backup.files, (stream) =>
      writePart(place, file, stream, recipients),
    );
    parts.push({ kind: 'files', ...value, format: 'tar.gz', tool: await toolVersion(place, 'tar') });
  }
  for (const { file } of parts) await finish(join(place.folder, file));
  return { parts, dumped };
}

async function writePart(
  place: BackupPlace,
  file: string,
  stream: Readable,
  recipients: Recipients,
): Promise<WrittenPart> {
  const plain = new Counter();
  stream.on('error', (error) => plain.destroy(error));
  const sealed = await encrypt(stream.pipe(plain), recipients.all, place.topLevel);
  const { bytes, sha256 } = await writeBeside(join(place.folder, file), sealed);
  const { bytes: plainBytes, sha256: plainSha256 } = plain.counted();
  return { file, bytes, sha256, plainBytes, plainSha256 };
}

function describe(
  place: BackupPlace,
  id: string,
  { parts, dumped }: Made,
  { names }: Recipients,
  before: readonly Stored[],
  options: CreateOptions,
): Manifest {
  const doubts = doubtsOf(parts, dumped, before, options);
  return {
    version: 1,
    id,
    environment: place.name,
    createdAt: place.now().toISOString(),
    state: doubts.length === 0 ? 'whole' : 'suspect',
    doubts,
    parts,
    source: sourceOf(dumped),
    baseline: dumped?.baseline ?? null,
    bracketed: dumped?.bracketed ?? [],
    recipients: names,
    ...(options.issue === null ? {} : { issue: options.issue }),
    commit: place.commit,
  };
}

function sourceOf(dumped: Dumped | null): Manifest['source'] {
  if (dumped === null) return null;
  const { engine, version, identity } = dumped.baseline.database;
  return { engine, version, identity: String(identity) };
}

/** What speaks against a backup that was made without an error. */
function doubtsOf(
  parts: readonly BackupPart[],
  dumped: Dumped | null,
  before: readonly Stored[],
  { smaller }: CreateOptions,
): string[] {
  const doubts: string[] = [];
  const last = before.find(({ manifest }) => manifest.state === 'whole')?.manifest;
  const rowsBefore = rowsOf(last?.baseline);
  if (dumped !== null && rowsOf(dumped.baseline) === 0 && (rowsBefore ?? 0) > 0)
    doubts.push(`no table holds a row, and in ${last!.id} there were ${rowsBefore}`);
  const sizes = before
    .filter(({ manifest }) => manifest.state === 'whole')
    .slice(0, 5)
    .map(({ bytes }) => bytes)
    .sort((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  const size = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  if (!smaller && size < median / 2)
    doubts.push(
      `it has ${size} bytes, less than half of what the last ones have (${median}); --smaller says that it is meant`,
    );
  return doubts;
}

/** Rows of all tables of a fingerprint; null where there is none. */
function rowsOf(baseline: unknown): number | null {
  const tables = (baseline as { tables?: readonly { rows?: string }[] } | null | undefined)?.tables;
  return tables === undefined ? null : tables.reduce((sum, { rows }) => sum + Number(rows ?? 0), 0);
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, `${manifest.id}.json`);
  await writeBeside(path, Readable.from([`${JSON.stringify(manifest, null, 1)}\n`].map((text) => Buffer.from(text))));
  await finish(path);
}
