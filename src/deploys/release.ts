import { chmod, lstat, mkdir, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { countFile, finish, unfinished, writeBeside } from '../backups/written.ts';
import { lookAt } from '../machine/look.ts';
import { type Oid, Undecided } from '../model/index.ts';
import { stampOf } from '../words/stamp.ts';
import { archiveFault, type Contained } from './archive.ts';
import type { DeployPlace } from './place.ts';
import { packTar } from './tar.ts';

/** What is known of an archive; written last, so that there is none of a half one. */
export interface Release extends Contained {
  readonly version: 1;
  readonly id: string;
  readonly environment: string;
  /** The commit that these files ran; empty: nobody knows. */
  readonly commit: Oid | '';
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Absolute. */
export const releasesOf = ({ topLevel, environment }: DeployPlace) => join(topLevel, environment.release!.into);

/**
 * Packs what runs now, before something else does; the archive is read back before it gets its name.
 * @throws Undecided where a path is missing, the disk is too full, or what is read back is not what was packed
 */
export async function packRelease(place: DeployPlace, commit: Oid | ''): Promise<Release> {
  const { paths } = place.environment.release!;
  const folder = releasesOf(place);
  await prepareFolder(folder, place.environment.release!.into);
  await refuseFullDisk(place, folder);
  for (const path of paths) await refuseMissing(place.topLevel, path);
  const time = stampOf(place.now());
  const id = `${place.name}_${time}_${commit === '' ? 'first' : commit.slice(0, 12)}`;
  const file = `${id}.tar.gz`;
  const stream = await packTar(place.topLevel, paths);
  const written = await writeBeside(join(folder, file), stream).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof Undecided) throw error;
    throw new Undecided(`${paths.join(', ')} could not be packed: ${error.code ?? error.message}`);
  });
  const contained: Contained = { paths, entries: 0, unpacked: 0 };
  const counted = await archiveFault(place.topLevel, join(folder, file + unfinished), contained);
  if (typeof counted === 'string') throw new Undecided(`what was packed could not be put back: ${counted}`);
  await finish(join(folder, file));
  const release: Release = {
    version: 1,
    id,
    environment: place.name,
    commit,
    createdAt: place.now().toISOString(),
    file,
    bytes: written.bytes,
    sha256: written.sha256,
    ...counted,
  };
  const manifest = join(folder, `${id}.json`);
  await writeBeside(manifest, Readable.from([Buffer.from(`${JSON.stringify(release, null, 1)}\n`)]));
  await finish(manifest);
  return release;
}

/** The archives of an environment, the newest first. */
export async function releases(place: DeployPlace): Promise<Release[]> {
  const folder = releasesOf(place);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Undecided(`${folder} cannot be read (${error.code})`);
  });
  const found: Release[] = [];
  for (const name of names.filter((each) => each.startsWith(`${place.name}_`) && each.endsWith('.json'))) {
    const release = parse(await readFile(join(folder, name), 'utf8'));
    if (release === null || `${release.id}.json` !== name)
      throw new Undecided(`${join(place.environment.release!.into, name)} is not a description of a release`);
    if (release.environment === place.name) found.push(release);
  }
  return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** @throws Undecided when it is not there, or not what was packed */
export async function proveRelease(place: DeployPlace, release: Release): Promise<void> {
  const path = join(releasesOf(place), release.file);
  const shown = join(place.environment.release!.into, release.file);
  const { bytes, sha256 } = await countFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Undecided(`${shown} cannot be read (${error.code})`);
  });
  if (bytes !== release.bytes || sha256 !== release.sha256)
    throw new Undecided(`${shown} is not what was packed: its sha256 is another`);
  const fault = await archiveFault(place.topLevel, path, release);
  if (typeof fault === 'string') throw new Undecided(`${shown} is not put back: ${fault}`);
}

/** Removes what is older than the newest that were live; those of a commit that is there once more count once. */
export async function pruneReleases(place: DeployPlace, wereLive: ReadonlySet<string>): Promise<string[]> {
  const { keep } = place.environment.release!;
  const all = await releases(place);
  const kept = new Set<string>();
  for (const { id, commit } of all) {
    if (kept.size >= keep) break;
    if (wereLive.has(commit) && !all.some((one) => kept.has(one.id) && one.commit === commit)) kept.add(id);
  }
  if (kept.size < keep) return [];
  const oldest = all.find(({ id }) => id === [...kept].at(-1))!;
  const gone = all.filter(({ id, createdAt }) => !kept.has(id) && createdAt < oldest.createdAt);
  for (const { id, file } of gone) {
    // Its description first: without one nobody takes it for whole.
    await rm(join(releasesOf(place), `${id}.json`), { force: true });
    await rm(join(releasesOf(place), file), { force: true });
  }
  return gone.map(({ id }) => id);
}

async function prepareFolder(folder: string, shown: string): Promise<void> {
  const there = await lookAt(folder);
  // A link that came with a commit would have the rights of another folder changed, and archives put there.
  if (there !== null && !there.isDirectory())
    throw new Undecided(`${shown} is not a folder`, 'remove it, or name another release.into');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  // What lies there is not part of the repository.
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  for (const name of await readdir(folder))
    if (name.endsWith(unfinished)) await rm(join(folder, name), { force: true });
}

async function refuseMissing(topLevel: string, path: string): Promise<void> {
  try {
    await lstat(join(topLevel, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be read (${code})`;
    throw new Undecided(
      `${path} ${why}, so there would be nothing to go back to`,
      'correct release.paths, or build it',
    );
  }
}

/** Packing, and putting back beside what runs, each take room. */
async function refuseFullDisk(place: DeployPlace, folder: string): Promise<void> {
  const last = (await releases(place))[0];
  const needed = (last?.bytes ?? 0) + (last?.unpacked ?? 0);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new Undecided(
    `${Math.floor((bavail * bsize) / 1e6)} MB are free in ${place.environment.release!.into}, and the last release needs ${Math.ceil(needed / 1e6)} MB to be packed and put back`,
    'make room first',
  );
}

function parse(text: string): Release | null {
  try {
    const read = JSON.parse(text) as Release;
    const isWhole =
      read?.version === 1 &&
      /^[a-z][\w-]*_\d{8}T\d{6}Z_(?:first|[0-9a-f]{12})$/.test(read.id) &&
      read.file === `${read.id}.tar.gz` &&
      typeof read.createdAt === 'string' &&
      Array.isArray(read.paths) &&
      read.paths.every((path) => typeof path === 'string') &&
      [read.bytes, read.entries, read.unpacked].every(Number.isSafeInteger) &&
      /^(?:[0-9a-f]{40}|[0-9a-f]{64}|)$/.test(read.commit);
    return isWhole ? read : null;
  } catch {
    return null;
  }
}
