import type { Dialect, SqlProblem } from './problem.ts';

/**
 * Tells what in a migration destroys data (`error`) or holds others up (`warning`), in the order of its lines.
 * What cannot be read is an `error` of the rule `unparsed`.
 * @throws Undecided when the text is too large to be judged
 */
export async function judgeSql(text: string, dialect: Dialect): Promise<readonly SqlProblem[]> {
  if (dialect === 'postgres') return (await import('./postgres.ts')).judgePostgres(text);
  return (await import('./mysql.ts')).judgeMysql(text, dialect);
}
