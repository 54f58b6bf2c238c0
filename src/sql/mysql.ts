import type { Dialect, SqlProblem } from './problem.ts';

/** Stands in until the one that reads MySQL is here. */
export async function judgeMysql(_text: string, dialect: Dialect): Promise<readonly SqlProblem[]> {
  throw new Error(`${dialect} cannot be judged yet`);
}
