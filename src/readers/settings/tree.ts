/** A value of a settings file, and where each part of it stands. Numbers too large to be exact are bigint. */
export interface Tree {
  readonly value: unknown;
  /** 1-based; null where the format's reader does not tell. */
  readonly line: number | null;
  /** By key or index; empty for a scalar. */
  readonly children: ReadonlyMap<string | number, Tree>;
  /** How many values it holds, itself included, aliases written out. */
  readonly size: number;
  /** An explicit YAML tag that leaves the meaning to the program that reads it; null: none. */
  readonly tag: string | null;
  /** How a bare scalar is written in YAML, where versions differ in what it means; null elsewhere. */
  readonly source: string | null;
}

/** Levels within levels that are read. */
export const deepest = 100;

/** Values in one document that are read, aliases written out. */
export const largest = 200_000;

/** A settings file that cannot be read, or could be read in several ways. */
export class Unreadable extends SyntaxError {
  override readonly name = 'Unreadable';
  constructor(
    message: string,
    readonly line: number | null = null,
  ) {
    super(message);
  }
}

export function scalar(
  value: unknown,
  line: number | null,
  { tag, source }: { tag?: string | null; source?: string } = {},
): Tree {
  return { value: exact(value), line, children: new Map(), size: 1, tag: tag ?? null, source: source ?? null };
}

/** @throws Unreadable when it holds too much */
export function list(items: readonly Tree[], line: number | null, tag: string | null = null): Tree {
  return collected(
    items.map(({ value }) => value),
    new Map(items.entries()),
    line,
    tag,
  );
}

/** @throws Unreadable when it holds too much */
export function map(entries: ReadonlyMap<string, Tree>, line: number | null, tag: string | null = null): Tree {
  const value = {};
  for (const [key, { value: own }] of entries)
    Object.defineProperty(value, key, { value: own, enumerable: true, configurable: true, writable: true });
  return collected(value, entries, line, tag);
}

function collected(value: unknown, children: Tree['children'], line: number | null, tag: string | null): Tree {
  let size = 1;
  for (const child of children.values()) size += child.size;
  if (size > largest) throw new Unreadable(`holds more than ${largest} values`, line);
  return { value, line, children, size, tag, source: null };
}

function exact(value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
