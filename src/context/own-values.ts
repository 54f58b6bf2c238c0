import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { type OwnValue, type Policy, Undecided } from '../model/index.ts';
import { isExample } from '../readers/private-files.ts';
import { largestEnvironment, parseEnvironment } from '../readers/variables/parse.ts';

/** Characters: shorter values stand everywhere. */
const shortest = 12;

/**
 * The values that must not get into the repository: those of the `.env` files at hand and of the variables that the
 * policy names. What an example file shows is none, and neither is what the repository holds in such a file already:
 * everybody has that.
 * @param topLevel of the working tree; null: there is none
 * @param landed what the base of the change holds at a path; null: nothing
 * @throws Undecided when a file cannot be read, or is too large to be one
 */
export async function ownValues(
  topLevel: string | null,
  policy: Policy,
  env: NodeJS.ProcessEnv,
  landed: (path: string) => Promise<Buffer | null>,
): Promise<OwnValue[]> {
  const files = topLevel === null ? [] : environmentFiles(topLevel, policy);
  const parsed = files.map((file) => ({ isShown: isExample(basename(file)), values: readVariables(file) }));
  const shown = new Set(parsed.flatMap(({ isShown, values }) => (isShown ? [...values.values()] : [])));
  for (const file of files) {
    const content = topLevel === null ? null : await landed(relative(topLevel, file).split(sep).join('/'));
    if (content !== null) for (const value of valuesIn(content)) shown.add(value);
  }
  const found = new Map<string, OwnValue>();
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && value.length >= shortest && !shown.has(value)) found.set(value, { name, value });
  };
  for (const { isShown, values } of parsed) if (!isShown) for (const [name, value] of values) add(name, value);
  for (const { environment } of Object.values(policy.deploy))
    for (const name of [...(environment?.required ?? []), ...Object.keys(environment?.pinned ?? {})])
      add(name, env[name]);
  return [...found.values()];
}

/** Those at the top and in its folders, which may hold packages of their own; and those that the policy names. */
function environmentFiles(topLevel: string, policy: Policy): string[] {
  const files: string[] = [];
  const isNamed = (name: string) => name === '.env' || name.startsWith('.env.') || name.endsWith('.env');
  const look = (folder: string, below: boolean) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && below && !/^(\.git|node_modules)$/.test(entry.name))
        look(join(folder, entry.name), false);
      else if (entry.isFile() && isNamed(entry.name)) files.push(join(folder, entry.name));
    }
  };
  look(topLevel, true);
  const named = Object.values(policy.deploy).flatMap(({ environment }) => environment?.file ?? []);
  for (const path of named.map((name) => join(topLevel, name)))
    if (!files.includes(path) && statSync(path, { throwIfNoEntry: false })?.isFile()) files.push(path);
  return files;
}

/** What cannot be read shows nothing. */
function valuesIn(content: Buffer): Iterable<string> {
  try {
    return content.length > largestEnvironment ? [] : parseEnvironment(content).values();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return [];
    throw error;
  }
}

function readVariables(file: string): ReadonlyMap<string, string> {
  const { size } = statSync(file);
  if (size > largestEnvironment)
    throw new Undecided(`${basename(file)} is ${size} bytes, too large for a file of variables`, 'move it elsewhere');
  try {
    return parseEnvironment(readFileSync(file));
  } catch (error) {
    throw new Undecided(`${basename(file)} cannot be read: ${(error as Error).message}`);
  }
}
