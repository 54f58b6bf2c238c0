import type { Dialect, SqlProblem } from './problem.ts';

/**
 * Tells what in a migration destroys data (`error`) or holds others up (`warning`), in the order of its lines.
 * What cannot be read is an `error` of the rule `unparsed`.
 * @param marked does the tool that runs it keep the way back in the same file, behind marks such as `-- migrate:down`?
 *   Any other tool runs what follows them.
 * @param before the migrations that run before, in their order: they tell which columns there are, and their types
 * @param inTransaction does the tool run each migration in a transaction of its own?
 * @throws Undecided when the text is too large to be judged
 */
export async function judgeSql(
  text: string,
  dialect: Dialect,
  {
    marked = false,
    before = [],
    inTransaction = false,
  }: { readonly marked?: boolean; readonly before?: readonly string[]; readonly inTransaction?: boolean } = {},
): Promise<readonly SqlProblem[]> {
  const read = marked ? text : unmarked(text);
  const earlier = before.map(unmarked);
  if (dialect === 'postgres') return (await import('./postgres/index.ts')).judgePostgres(read, earlier);
  if (dialect === 'sqlite')
    return (await import('./sqlite/index.ts')).judgeSqlite(read, { before: earlier, inTransaction });
  return (await import('./mysql/index.ts')).judgeMysql(read, dialect, earlier);
}

function unmarked(text: string): string {
  return text.replace(/--[ \t]*(?=migrate:|\+goose|\+migrate)/gi, '-- a mark of no meaning: ');
}
