import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { baselineBeside, type Dump, dumpFolder } from './dump.ts';
import type { Place } from './place.ts';

const time = String.raw`(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z)\.dump`;

/**
 * Removes the dumps of earlier runs, now that a newer one is proven: it was restored, and compared with its source. What was
 * dumped before a restore has another name, and stays.
 * @returns how many went
 */
export function removeOlder(place: Place, { file }: Dump): number {
  const folder = dumpFolder(place);
  const proven = dirname(file) === folder ? read(place, basename(file)) : null;
  if (proven === null) return 0;
  let gone = 0;
  for (const name of readdirSync(folder)) {
    const one = read(place, name);
    if (one?.environment !== proven.environment || one.at >= proven.at) continue;
    // A dump without its baseline is none, so no half of it is ever taken for one.
    rmSync(baselineBeside(join(folder, name)), { force: true });
    rmSync(join(folder, name), { force: true });
    gone++;
  }
  return gone;
}

/** Of which environment it is, and from when. Where one name begins as another one does, the longer one is meant. */
function read({ policy }: Place, name: string): { environment: string; at: string } | null {
  const found = Object.keys(policy.databases).flatMap((environment) => {
    const at = name.startsWith(`${environment}_`)
      ? new RegExp(`^(?:\\d+_)?${time}$`).exec(name.slice(environment.length + 1))?.[1]
      : undefined;
    return at === undefined ? [] : [{ environment, at }];
  });
  return found.sort((a, b) => b.environment.length - a.environment.length)[0] ?? null;
}
