/** What a coverage report says of one file. */
export interface Lines {
  readonly total: number;
  readonly covered: number;
}

/** A coverage report, whatever its format. */
export interface CoverageReport {
  /** What its format is called. */
  readonly format: string;
  /** By path from the top of the repository. */
  readonly files: ReadonlyMap<string, Lines>;
  /** Paths in the report that lie outside the repository, as written there. */
  readonly outside: readonly string[];
}

/** What one entry of a report says: hits by line where the format tells them, else how many lines. */
export interface Entry {
  readonly path: string;
  /** Folders that a relative path may start from, in this order; empty: not told. */
  readonly sources?: readonly string[];
  /** The path starts with names that are no folders here (a Go module), or lacks its first ones (a Java package). */
  readonly partial?: true;
  readonly lines: ReadonlyMap<number, number> | Lines;
}

/** A whole number of at least 0. @throws SyntaxError */
export function count(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw new SyntaxError(`${what} is not a whole number`);
}

/** @throws SyntaxError where more is covered than there is */
export function lines(total: number, covered: number, path: string): Lines {
  if (covered > total) throw new SyntaxError(`${path} has more covered lines than lines`);
  return { total, covered };
}

/** A map in JSON. */
export interface Fields {
  readonly [key: string]: unknown;
}

export function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
