import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Oid, Policy } from '../model/index.ts';
import type { PolicyCache } from './load.ts';

/** Raised with every change of the parsed form, so that an older cache is not read. */
const version = 13;

/**
 * A parsed policy that is kept by its blob id; null where it is not. Synchronous: one small file, and loading the other
 * kind of file access costs a hook more than reading it.
 */
export function cachedPolicy(commonDir: string, oid: Oid): Policy | null {
  try {
    return JSON.parse(readFileSync(fileOf(commonDir, oid), 'utf8')) as Policy;
  } catch {
    return null; // Not cached: it is parsed again.
  }
}

const fileOf = (commonDir: string, oid: Oid) => join(commonDir, 'protect', 'cache', `policy-v${version}-${oid}.json`);

/** Keeps what is parsed, under the Git common directory. A cache that cannot be written only costs time. */
export function policyCache(commonDir: () => Promise<string>): PolicyCache {
  return {
    get: async (oid) => cachedPolicy(await commonDir(), oid),
    async set(oid, policy) {
      const path = fileOf(await commonDir(), oid);
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
