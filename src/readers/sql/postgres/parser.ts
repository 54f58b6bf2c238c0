import type { Node } from './tree.ts';

/** PostgreSQL's own parser, compiled to WebAssembly. */
export interface Parser {
  /** The statements of a text, each wrapped in its kind. @throws Error with PostgreSQL's message when it cannot be read */
  parse(sql: string): readonly Node[];
  /**
   * The body of a `DO` or of a `CREATE FUNCTION … LANGUAGE plpgsql`, which has to be all of the text: with a
   * `BEGIN ATOMIC` body the parser aborts.
   * @throws Error with PostgreSQL's message when it cannot be read
   */
  parseBody(statement: string): Node;
}

let loading: Promise<Parser> | null = null;

/** Loads the parser once; 1.7 MB, so only where there is SQL to judge. */
export function loadParser(): Promise<Parser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Parser> {
  const { loadModule, parseSync, parsePlPgSQLSync } = await import('libpg-query');
  await loadModule();
  return {
    parse: (sql) => {
      const tree = parseSync(sql) as unknown as { stmts?: { stmt?: Node }[] };
      return (tree.stmts ?? []).flatMap(({ stmt }) => (stmt ? [stmt] : []));
    },
    parseBody: (statement) => parsePlPgSQLSync(statement) as unknown as Node,
  };
}
