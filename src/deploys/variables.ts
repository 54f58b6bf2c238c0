import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fits } from '../readers/variables/fingerprint.ts';
import { parseEnvironment } from '../readers/variables/parse.ts';
import type { DeployPlace } from './place.ts';

/**
 * May a file of variables be put back? Its pinned values are those that the policy pins today; where it pins none, nobody can
 * say that an old value still holds.
 * @param path from the top of the repository
 */
export async function mayPutBack({ topLevel, environment }: DeployPlace, path: string): Promise<boolean> {
  const pins = Object.entries(environment.environment?.pinned ?? {}).filter(([, pin]) => pin.fingerprint !== null);
  if (pins.length === 0) return false;
  const values = parseEnvironment(await readFile(join(topLevel, path)));
  for (const [name, { fingerprint }] of pins) {
    const value = values.get(name);
    if (value === undefined || !(await fits(fingerprint!, name, value))) return false;
  }
  return true;
}
