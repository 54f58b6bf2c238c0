import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Policy } from '../model/index.ts';
import type { PolicyCache } from './load.ts';

/** Raised with every change of the parsed form, so that an older cache is not read. */
const version = 2;

/**
 * Keeps parsed policies under the Git common directory. A cache that cannot be read or written only costs time. Synchronous: one small file, and
 * loading the other kind of file access costs a hook more than reading it.
 */
export function policyCache(commonDir: () => Promise<string>): PolicyCache {
  const file = async (oid: string) => join(await commonDir(), 'protect', 'cache', `policy-v${version}-${oid}.json`);
  return {
    async get(oid) {
      try {
        return JSON.parse(readFileSync(await file(oid), 'utf8')) as Policy;
      } catch {
        return null; // Not cached: it is parsed again.
      }
    },
    async set(oid, policy) {
      const path = await file(oid);
      try {
        mkdirSync(join(path, '..'), { recursive: true });
        writeFileSync(`${path}.${process.pid}`, JSON.stringify(policy));
        renameSync(`${path}.${process.pid}`, path);
      } catch (error) {
        // What the system refuses only costs time.
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      }
    },
  };
}
