import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cosmiconfig } from 'cosmiconfig';
import { policyNames, UsageError } from '../model/index.ts';

/**
 * Finds the policy file of a working tree, and any second one beside it.
 * @throws UsageError when what stands there is no file, such as a pipe that never ends
 */
export async function findPolicyFile(
  topLevel: string,
): Promise<{ name: string; content: Buffer; others: readonly string[] } | null> {
  const there = (await readdir(topLevel)).filter((name) => (policyNames as readonly string[]).includes(name));
  for (const name of there)
    if (!(await stat(join(topLevel, name))).isFile())
      throw new UsageError(
        `${name} is not a regular file`,
        `look at it with ls -l ${name}, and write the policy there`,
      );
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
 * (`.config/config.js`). In a repository that is anybody's code, so it is made where there is none.
 */
function besideConfiguration<T>(make: () => T): T {
  const before = process.cwd();
  process.chdir(import.meta.dirname);
  try {
    return make();
  } finally {
    process.chdir(before);
  }
}
