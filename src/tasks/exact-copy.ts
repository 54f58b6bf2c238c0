import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, open, readFile, readlink, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What lies at a path itself, no link followed; null where nothing does. */
export async function look(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw error;
  }
}

/** Copies a file or a link over whatever file or link is there, and makes the folders above it. */
export async function copyExactly(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await mkdir(dirname(to), { recursive: true });
  const found = await lstat(from);
  if (found.isSymbolicLink()) return symlink(await readlink(from), to);
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await chmod(to, found.mode);
}

/** Do both paths hold the same, mode and bytes, or both nothing? */
export async function areSame(a: string, b: string): Promise<boolean> {
  const [one, other] = [await look(a), await look(b)];
  if (one === null || other === null) return one === other;
  if (one.mode !== other.mode || one.size !== other.size) return false;
  if (one.isSymbolicLink()) return (await readlink(a)) === (await readlink(b));
  return (await readFile(a)).equals(await readFile(b));
}

/** Waits until it is on the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a folder and those above it, as long as they are empty. */
export async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error))) return;
    throw error;
  }
  await removeEmpty(dirname(folder));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
