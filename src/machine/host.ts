import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { access, constants, readdir, readFile, stat, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Host, Undecided } from '../model/index.ts';
import { certificates } from './certificates.ts';
import { damage, newestFile } from './damage.ts';
import { get } from './http.ts';

/** File systems date by a clock that goes by ticks: a file of now may be dated so many milliseconds back. */
const tick = 20;
/** What a timer can wait for, in milliseconds. */
const longestWait = 2 ** 31 - 1;

/**
 * The machine as it is.
 * @param topLevel where relative paths count from
 * @param userId tells the effective user id; handed in, so that nothing a caller can set decides
 */
export function realHost(topLevel: string, env: NodeJS.ProcessEnv, userId: () => number | null): Host {
  const at = (path: string) => (isAbsolute(path) ? path : join(topLevel, path));
  return {
    time: () => Date.now() - tick,
    userId,
    isContainer: () => existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    // `process.env` has the names that every object has as well.
    variable: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    status: (path) => status(path, at(path)),
    async read(path, max) {
      const there = await status(path, at(path));
      if (there?.kind !== 'file') return null;
      if (there.size > max) throw new Undecided(`${path} is ${there.size} bytes, the limit is ${max}`);
      return named(path, () => readFile(at(path)));
    },
    digest: (path) => named(path, () => digest(at(path))),
    async list(path) {
      if ((await status(path, at(path)))?.kind !== 'folder') return null;
      return named(path, () => readdir(at(path)));
    },
    async isWritable(path) {
      try {
        await access(at(path), constants.W_OK);
        return true;
      } catch {
        return false; // Whatever the reason, nothing can be written there.
      }
    },
    async freeSpace(path) {
      const { bavail, bsize } = await named(path, () => statfs(at(path)));
      return bavail * bsize;
    },
    newestFile: (path) => named(path, () => newestFile(at(path))),
    damage: (path, signal) => damage(at(path), signal),
    get,
    certificates,
    async wait(milliseconds, signal) {
      try {
        await delay(Math.min(milliseconds, longestWait), undefined, { signal });
      } catch {
        throw new Undecided('it was interrupted');
      }
    },
  };
}

async function status(path: string, absolute: string): ReturnType<Host['status']> {
  try {
    const found = await stat(absolute);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
    const permissions = process.platform === 'win32' ? null : found.mode & 0o777;
    return { kind, size: found.size, permissions, modifiedAt: found.mtimeMs };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw new Undecided(`${path} cannot be looked at: ${(error as Error).message}`);
  }
}

/** @throws Undecided that names the path */
async function named<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Undecided) throw error;
    throw new Undecided(`${path} cannot be read: ${(error as Error).message}`);
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
