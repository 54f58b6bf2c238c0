import { join } from 'node:path';
import { readOptional } from '../install/plan.ts';
import { toldByName } from '../readers/private-files.ts';
import { ownSecrets } from '../readers/secrets/own.ts';
import { scan } from '../readers/secrets/scan.ts';
import { largestSettings, secretVariables } from '../readers/variables/settings-only.ts';
import { foldPath } from '../rules/match.ts';
import { named } from '../words/named.ts';
import type { Unsure } from './unsure.ts';

/** What Git tracks although forbidden-files refuses it once it is changed. */
export interface HeldFiles {
  /** Environment files that hold settings only: the first policy lets them change as long as they do. */
  readonly allowed: readonly string[];
  /** What has to be taken out, or allowed by somebody who has looked at it. */
  readonly refused: readonly string[];
}

/** Tells apart what a policy can let stay without asking much, and what somebody has to look at. */
export async function heldFiles(topLevel: string, tracked: readonly string[], unsure: Unsure): Promise<HeldFiles> {
  const held = tracked.filter((path) => toldOf(path) !== null);
  const settings: string[] = [];
  for (const path of held)
    if (toldOf(path) === 'environment' && (await holdsNoSecret(topLevel, path))) settings.push(path);
  const question = `Let ${named(settings)} change, which Git tracks and which hold no secret?`;
  const allowed = settings.length > 0 && (await unsure.yes(question, true)) ? settings : [];
  return { allowed, refused: held.filter((path) => !allowed.includes(path)) };
}

/** By its name; null: it may be there. */
function toldOf(path: string) {
  return toldByName(foldPath(Buffer.from(path, 'utf8').toString('latin1')))?.kind ?? null;
}

/** Does no-secrets find nothing, and is every password, key and token left empty or a placeholder? */
async function holdsNoSecret(topLevel: string, path: string): Promise<boolean> {
  if (!/^[\w./@-]+$/.test(path)) return false;
  const text = await readOptional(join(topLevel, path), 'latin1');
  if (text === null || text.length > largestSettings || text.includes('\0')) return false;
  const bytes = Buffer.from(text, 'latin1');
  if ((await scan(bytes, ownSecrets([]))).length > 0) return false;
  return secretVariables(bytes).length === 0;
}
