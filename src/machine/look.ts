import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { Undecided } from '../model/index.ts';

/**
 * What lies at a path, links not followed.
 * @returns null: nothing does
 * @throws Undecided when it cannot be looked at: that is not the same as nothing
 */
export async function lookAt(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new Undecided(`${path} cannot be looked at (${code})`);
  }
}
