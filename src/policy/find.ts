import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cosmiconfig } from 'cosmiconfig';
import { policyNames } from '../model/index.ts';

/** Finds the policy file of a working tree, and any second one beside it. */
export async function findPolicyFile(
  topLevel: string,
): Promise<{ name: string; text: string; others: string[] } | null> {
  const asText = (_path: string, text: string) => ({ text });
  const explorer = cosmiconfig('protection', {
    searchPlaces: [...policyNames],
    loaders: { noExt: asText, '.json': asText, '.yaml': asText, '.yml': asText },
    searchStrategy: 'none',
    cache: false,
  });
  const result = await explorer.search(topLevel);
  const found: string[] = [];
  for (const name of policyNames) if (await exists(join(topLevel, name))) found.push(name);
  const [name, ...others] = found;
  if (name === undefined) return null;
  return { name, text: (result?.config?.text as string | undefined)?.replace(/^\ufeff/, '') ?? '', others };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
