import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Undecided } from '../model/index.ts';

/**
 * Loads a driver: the project's own, so that one version speaks to its database, else the one beside git-protect.
 * @param topLevel of the project
 * @param does what it is for, where it is missing
 * @throws Undecided with the install command when there is none
 */
export async function loadDriver<T>(
  name: string,
  topLevel: string,
  beside: () => Promise<T>,
  does = 'speaks to the database',
): Promise<T> {
  const own = resolveIn(topLevel, name);
  if (own !== null) return (await import(pathToFileURL(own).href)) as T;
  try {
    return await beside();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Undecided(
      `the package ${name.split('/')[0]}, which ${does}, is not installed`,
      `npm install --save-dev ${name.split('/')[0]}`,
    );
  }
}

function resolveIn(folder: string, name: string): string | null {
  try {
    return createRequire(join(folder, 'package.json')).resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}
