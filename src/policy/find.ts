import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cosmiconfig } from 'cosmiconfig';
import { policyNames, UsageError } from '../model/index.ts';
import { maxPolicy } from './fault.ts';

/**
 * Finds the policy file of a working tree, and any second one beside it.
 * @throws UsageError when what stands there is no file, such as a pipe that never ends, or larger than a policy can be
 */
export async function findPolicyFile(
  topLevel: string,
): Promise<{ name: string; content: Buffer; others: readonly string[] } | null> {
  const there = (await readdir(topLevel)).filter((name) => (policyNames as readonly string[]).includes(name));
  for (const name of there) {
    const fault = await faultOf(join(topLevel, name));
    if (fault !== null)
      throw new UsageError(`${name} ${fault}`, `look at it with ls -l ${name}, and write the policy there`);
  }
  // Which file it is; what it holds is read as bytes, since a text would hide what is not UTF-8.
  const asText = () => ({});
  const explorer = besideConfiguration(() =>
    cosmiconfig('protection', {
      searchPlaces: [...policyNames],
      loaders: { noExt: asText, '.json': asText, '.yaml': asText, '.yml': asText },
      searchStrategy: 'none',
      ignoreEmptySearchPlaces: false,
      cache: false,
    }),
  );
  const found = await explorer.search(topLevel);
  if (found === null) return null;
  const name = basename(found.filepath);
  return { name, content: await readFile(found.filepath), others: there.filter((other) => other !== name) };
}

/**
 * cosmiconfig looks in the current folder for a configuration of its own, in package.json and in code that it would run
 * (`.config/config.js`). In a repository that is anybody's code, so it is made beside Node itself, whose folder is trusted in any
 * case. Our own may lie in an archive, with Yarn's Plug'n'Play.
 */
function besideConfiguration<T>(make: () => T): T {
  const before = process.cwd();
  process.chdir(dirname(process.execPath));
  try {
    return make();
  } finally {
    process.chdir(before);
  }
}

async function faultOf(file: string): Promise<string | null> {
  try {
    const found = await stat(file);
    if (!found.isFile()) return 'is not a regular file';
    return found.size > maxPolicy ? 'is larger than 1 MiB' : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP') return 'is a link to nowhere';
    throw error;
  }
}
