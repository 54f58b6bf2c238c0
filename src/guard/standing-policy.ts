import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Oid } from '../model/change.ts';
import { type Policy, policyNames } from '../model/policy.ts';
import { cachedPolicy } from '../policy/cache.ts';
import type { Place } from './place.ts';

/** Raised with every change of what the file says. */
const form = 1;
/** Commits that are kept, the newest first. */
const kept = 8;

const fileOf = ({ commonDir }: Place) => join(commonDir, 'protect', 'cache', `guard-v${form}.json`);

/**
 * The policy that holds, where this clone has parsed it before: that of HEAD, else the one in the working tree.
 * @returns undefined where only Git and the parser can tell; null where there is none
 */
export function rememberedPolicy(place: Place): Policy | null | undefined {
  if (place.head !== null) {
    const known = recall(place).find(([head]) => head === place.head);
    if (known === undefined) return undefined;
    if (known[1] !== null) return cachedPolicy(place.commonDir, known[1]) ?? undefined;
  }
  const content = worktreePolicy(place.top);
  return content === null ? null : (cachedPolicy(place.commonDir, blobId(content)) ?? undefined);
}

/** Keeps which policy a commit holds. What the system refuses only costs time. */
export function rememberPolicy(place: Place, oid: Oid | null): void {
  if (place.head === null) return;
  const file = fileOf(place);
  const entries = [[place.head, oid], ...recall(place).filter(([head]) => head !== place.head)].slice(0, kept);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(entries));
    renameSync(`${file}.${process.pid}`, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

function recall(place: Place): [Oid, Oid | null][] {
  try {
    return JSON.parse(readFileSync(fileOf(place), 'utf8')) as [Oid, Oid | null][];
  } catch {
    return []; // Nothing is remembered: Git is asked.
  }
}

/** The policy file of the working tree; null: there is none. */
export function worktreePolicy(top: string): Buffer | null {
  for (const name of policyNames) {
    try {
      return readFileSync(join(top, name));
    } catch (error) {
      if (!['ENOENT', 'EISDIR', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return null;
}

/** The name under which a text is kept: the id that Git would give it. Loading the module costs more than all else here. */
export function blobId(content: Buffer): Oid {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}
