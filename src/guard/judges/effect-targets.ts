import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Effect } from '../effects.ts';
import { located, type Target, targetsOf } from '../paths.ts';
import type { World } from '../world.ts';

/** Files below a folder that are looked at, at most. */
const most = 5000;

/** Every place that an effect reaches. */
export function effectTargets(effect: Effect, cwd: string | null, { place }: World): Target[] {
  const targets = targetsOf(effect.word, cwd, place);
  if (effect.into !== undefined) {
    const names = targetsOf(effect.into, cwd, place).map(({ shown, absolute }) => basename(absolute ?? shown));
    return targets.flatMap((target) =>
      target.absolute === null
        ? []
        : names.map((name) =>
            located(join(target.absolute!, name), `${target.shown.replace(/\/$/, '')}/${name}`, place),
          ),
    );
  }
  return targets;
}

/** The files below a folder that is taken away as a whole. */
export function below({ absolute, shown }: Target, { place }: World): Target[] {
  if (absolute === null || place === null) return [];
  const found: Target[] = [];
  const visit = (folder: string, path: string) => {
    for (const entry of list(folder)) {
      if (found.length >= most || entry.name === 'node_modules' || entry.name === '.git') continue;
      const inner = join(folder, entry.name);
      if (entry.isDirectory()) visit(inner, `${path}/${entry.name}`);
      else found.push(located(inner, `${path}/${entry.name}`, place));
    }
  };
  visit(absolute, shown.replace(/\/$/, ''));
  return found;
}

function list(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // A file, or nothing: there is nothing below it.
  }
}
