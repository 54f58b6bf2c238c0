import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { type Piped, pipe } from '../machine/pipe.ts';
import { Undecided } from '../model/index.ts';
import { TarReader } from '../readers/archives/tar.ts';
import type { BackupPlace } from './place.ts';

/**
 * Packs files and folders of the repository, with their modes and links.
 * @throws Undecided where one is missing, changes while it is read, or there is no `tar`
 */
export async function packFiles<T>(
  place: BackupPlace,
  paths: readonly string[],
  use: (stream: Readable) => Promise<T>,
): Promise<Piped<T>> {
  for (const path of paths) {
    try {
      await lstat(join(place.topLevel, path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'is not there' : `cannot be read (${code})`;
      throw new Undecided(`${path} ${why}, so the backup would not be whole`);
    }
  }
  // A leading ./ keeps a name from being read as a flag.
  const named = paths.map((path) => `./${path.replace(/\/+$/, '')}`);
  const env = { PATH: place.env['PATH'], LC_ALL: 'C' };
  const archive = new TarReader();
  const done = await pipe(
    ['tar', '-cf', '-', '--', ...named],
    { cwd: place.topLevel, env, timeout: place.backup.timeout, signal: place.signal },
    ({ stdout, stdin }) => {
      stdin.end();
      stdout.on('data', (chunk: Buffer) => archive.push(chunk));
      const zipped = createGzip({ level: 1 });
      stdout.on('error', (error) => zipped.destroy(error));
      return use(stdout.pipe(zipped));
    },
  );
  // Some end with 0 all the same.
  const fault = archive.end();
  if (fault !== null) throw new Undecided(`what tar wrote is not a complete archive: ${fault}`);
  return done;
}

/** The version of a tool, as it says it. */
export async function toolVersion(place: BackupPlace, tool: string): Promise<string> {
  const options = {
    cwd: place.topLevel,
    env: { PATH: place.env['PATH'], LC_ALL: 'C' },
    timeout: 30_000,
    signal: place.signal,
  };
  const { value } = await pipe([tool, '--version'], options, async ({ stdout, stdin }) => {
    stdin.end();
    let text = '';
    for await (const chunk of stdout) text += String(chunk);
    return text;
  });
  return value.split('\n')[0]!.trim().slice(0, 100);
}
