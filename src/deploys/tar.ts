import { Readable } from 'node:stream';
import type { ReadEntry } from 'tar';
import { loadDriver } from '../databases/driver.ts';

/** A part of an archive, as its header says it. */
export interface Entry {
  readonly path: string;
  /** `File`, `Directory`, `SymbolicLink`, `Link`, or what else a header can say. */
  readonly type: string;
  readonly size: number;
  readonly linkpath: string;
}

const load = (topLevel: string) =>
  loadDriver<typeof import('tar')>('tar', topLevel, () => import('tar'), 'packs releases');

/** Packs files and folders with their modes and links, as a gzip stream. What changes or vanishes meanwhile ends it with an error. */
export async function packTar(topLevel: string, paths: readonly string[]): Promise<Readable> {
  const tar = await load(topLevel);
  const named = paths.map((path) => `./${path}`);
  const packed = tar.create({ cwd: topLevel, gzip: { level: 1 }, strict: true, follow: false, portable: false }, named);
  return Readable.from(packed as unknown as AsyncIterable<Buffer>);
}

/** Reads an archive to its end. @throws Error for one that is damaged */
export async function readTar(topLevel: string, file: string, see: (entry: Entry) => void): Promise<void> {
  const tar = await load(topLevel);
  await tar.list({
    file,
    strict: true,
    onReadEntry: ({ path, type, size, linkpath }: ReadEntry) =>
      see({ path, type, size: size ?? 0, linkpath: linkpath ?? '' }),
  });
}

/** Unpacks an archive into an empty folder. @throws Error for one that is damaged, or wants out of it */
export async function unpackTar(topLevel: string, file: string, folder: string): Promise<void> {
  const tar = await load(topLevel);
  await tar.extract({ file, cwd: folder, strict: true, preserveOwner: false, preservePaths: false, umask: 0 });
}
