import { readFileSync, type Stats, statSync } from 'node:fs';

/** The largest file that is looked into, in bytes. */
const maxFile = 1 << 20;

function look(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null; // Nothing is there, or nobody may look: then it tells nothing.
  }
}

/** Is there a folder? */
export const isFolder = (path: string): boolean => look(path)?.isDirectory() === true;

/** A file as it stands; null where there is none, or one that is too large to be looked into. */
export function readWhole(path: string): Buffer | null {
  const found = look(path);
  if (found === null || !found.isFile() || found.size > maxFile) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
