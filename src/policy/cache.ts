import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Policy } from '../model.ts';
import type { PolicyCache } from './load.ts';

/** Raised with every change of the parsed form, so that an older cache is not read. */
const version = 1;

/** Keeps parsed policies under the Git common directory. A cache that cannot be read or written only costs time. */
export function policyCache(commonDir: () => Promise<string>): PolicyCache {
  const file = async (oid: string) => join(await commonDir(), 'protect', 'cache', `policy-v${version}-${oid}.json`);
  return {
    async get(oid) {
      try {
        return JSON.parse(await readFile(await file(oid), 'utf8')) as Policy;
      } catch {
        return null; // Not cached: it is parsed again.
      }
    },
    async set(oid, policy) {
      const path = await file(oid);
      try {
        await mkdir(join(path, '..'), { recursive: true });
        await writeFile(`${path}.${process.pid}`, JSON.stringify(policy));
        await rename(`${path}.${process.pid}`, path);
      } catch (error) {
        // What the system refuses only costs time.
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      }
    },
  };
}
