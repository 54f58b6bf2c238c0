import { compilePath, type PathMatch } from './json-path.ts';
import { compileLinear } from './pattern.ts';
import { type Tree, Unreadable } from './tree.ts';

/** The largest settings file that is read, in bytes. */
export const maxSettings = 4 << 20;

/** How a value is found: by JSONPath, or by a regular expression with at most one group. */
export interface Wanted {
  readonly at: string | null;
  readonly pattern: string | null;
}

/** A value that a settings file has at the wanted place. */
export interface Found {
  /** Numbers too large to be exact are bigint. */
  readonly value: unknown;
  readonly line: number | null;
  /** Why programs may read it in different ways, or null. */
  readonly doubt: string | null;
}

/** Finds the wanted values in a file. @throws Unreadable when the file cannot be read, or could be read in several ways */
export type Finder = (content: Buffer, path: string) => Promise<readonly Found[]>;

/** @throws SyntaxError when the JSONPath or the pattern is wrong */
export async function settingFinder({ at, pattern }: Wanted): Promise<Finder> {
  if (at !== null) {
    const query = await compilePath(at);
    return async (content, path) => {
      const documents = await readDocuments(decoded(content), path);
      refuseText(documents, at);
      const found = documents.map((document) => query(document.value));
      const missing = found.findIndex((matches) => matches.length === 0);
      // Some readers take the first document only; where each says what it is, they read them all.
      if (
        documents.length > 1 &&
        missing >= 0 &&
        found.some((matches) => matches.length > 0) &&
        !documents.every(isResource)
      )
        throw new Unreadable('has a document without the value beside one that has it', documents[missing]!.line);
      return Promise.all(found.flatMap((matches, index) => matches.map((match) => locate(documents[index]!, match))));
    };
  }
  const compiled = await compileLinear(pattern ?? '');
  if (compiled.groups > 1) throw new SyntaxError(`has ${compiled.groups} groups, expected one at most`);
  if (compiled.finds('')) throw new SyntaxError('matches the empty text, and so everywhere');
  return async (content) =>
    [...compiled.matches(anyText(content))].map(({ text, line }) => ({ value: text, line, doubt: null }));
}

/** Anything at all is a text to YAML: `.properties`, Terraform, a `.env` file. In a text there is nothing to look up. */
function refuseText(documents: readonly Tree[], at: string): void {
  const text = documents.find(({ value }) => typeof value !== 'object');
  if (text !== undefined && at.trim() !== '$')
    throw new Unreadable('is not a map or list, so nothing can be looked up in it; pin it by a pattern', text.line);
}

/** What `settings[].at` or `settings[].pattern` of a policy has wrong, or null. */
export async function wantedFault(wanted: Wanted): Promise<string | null> {
  try {
    await settingFinder(wanted);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

function decoded(content: Buffer): string {
  if (content.length > maxSettings) throw new Unreadable(`is larger than ${maxSettings >> 20} MiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new Unreadable('is not UTF-8');
  }
}

/** A pattern may look into any text; what is no UTF-8 is taken byte by byte. */
function anyText(content: Buffer): string {
  const text = content.toString('utf8');
  return text.includes('\ufffd') ? content.toString('latin1') : text;
}

/** JSON and TOML by name, JSON also where it begins like that; anything else is YAML. */
async function readDocuments(text: string, path: string): Promise<readonly Tree[]> {
  const name = path.toLowerCase();
  if (/\.toml$|(?:^|\/)(?:pipfile|(?:cargo|poetry|uv|pdm)\.lock)$/.test(name))
    return [await (await import('./toml.ts')).readToml(text)];
  const isYaml = /\.ya?ml$/.test(name);
  if (/\.(?:json|jsonc)$/.test(name) || (!isYaml && /^\s*[{[]/.test(text)))
    return [(await import('./json.ts')).readJson(text)];
  return (await import('./yaml.ts')).readYaml(text);
}

async function locate(document: Tree, { value, location }: PathMatch): Promise<Found> {
  const way = [document];
  for (const key of location) way.push(way.at(-1)!.children.get(key)!);
  const tag = way.find((tree) => tree.tag !== null)?.tag;
  const line = way.findLast((tree) => tree.line !== null)?.line ?? null;
  return { value, line, doubt: tag ? tagged(tag) : await doubt(way.at(-1)!) };
}

/** Why programs may read a value, or something in it, in different ways. */
async function doubt(tree: Tree): Promise<string | null> {
  if (tree.tag !== null) return tagged(tree.tag);
  if (tree.source !== null) return (await import('./yaml-versions.ts')).versionsDiffer(tree.source);
  for (const child of tree.children.values()) {
    const found = await doubt(child);
    if (found !== null) return found;
  }
  return null;
}

function tagged(tag: string): string {
  return `has the tag ${tag.slice(0, 40)}`;
}

/** As Kubernetes has them, many to a file. */
function isResource({ children }: Tree): boolean {
  return ['apiVersion', 'kind'].every((key) => typeof children.get(key)?.value === 'string');
}
