/** Which database reads the SQL. TiDB speaks MySQL's, with statements of its own. */
export type Dialect = 'postgres' | 'mysql' | 'tidb';

/** What a statement does to the data, or to those who wait for its locks. */
export interface SqlProblem {
  /** Counted from 1: where the statement's own first word stands. */
  readonly line: number;
  readonly severity: 'error' | 'warning';
  /** In kebab case: `drop-table`. */
  readonly rule: string;
  /** Lower case, no full stop: `drops table orders`. */
  readonly message: string;
}
