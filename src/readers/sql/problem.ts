/** Which database a migration is for. */
export type Dialect = 'postgres' | 'mysql' | 'tidb' | 'sqlite';

/** What a statement does that somebody should know before it runs. */
export interface SqlProblem {
  /** 1-based, of the statement's first token. */
  readonly line: number;
  readonly severity: 'error' | 'warning';
  /** Kebab case: `drop-table`. */
  readonly rule: string;
  readonly message: string;
}
