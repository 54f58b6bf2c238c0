import { deepest, list, map, scalar, type Tree, Unreadable } from './tree.ts';

/**
 * Reads TOML 1.0. Dates become the text that stands for them.
 * @throws Unreadable
 */
export async function readToml(text: string): Promise<Tree> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return toTree(parse(text, { integersAsBigInt: 'asNeeded', maxDepth: deepest }), 0);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The rest of the message quotes the content.
    throw new Unreadable(
      `is not valid TOML: ${error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '')}`,
      error.line,
    );
  }
}

function toTree(value: unknown, depth: number): Tree {
  if (depth > deepest) throw new Unreadable(`is nested deeper than ${deepest} levels`);
  if (Array.isArray(value))
    return list(
      value.map((item) => toTree(item, depth + 1)),
      null,
    );
  if (value instanceof Date) return scalar(value.toISOString(), null);
  if (typeof value !== 'object' || value === null) return scalar(value, null);
  return map(new Map(Object.entries(value).map(([key, own]) => [key, toTree(own, depth + 1)])), null);
}
