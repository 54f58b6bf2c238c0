import type { SqlProblem } from '../problem.ts';
import type { Created } from './created.ts';
import type { Parser } from './parser.ts';
import type { Node } from './tree.ts';
import type { KnownTypes } from './types.ts';

/** What holds for a whole file. */
export interface Session {
  readonly parser: Parser;
  /** The routines that the file defines and that destroy, or cannot be read: by name, what they do. */
  readonly routines: Map<string, string>;
  readonly problems: Map<string, SqlProblem>;
  /** What is known of columns from the migrations before. */
  readonly types: KnownTypes;
  /** Judges the statements of a text: a body, or what is executed. */
  judgeText(text: string, scope: Scope): void;
  /** Judges one statement. */
  judgeTree(statement: Node, scope: Scope): void;
}

/** Where a statement stands. */
export interface Scope {
  readonly session: Session;
  readonly created: Created;
  /** Names that are variables there, not columns. */
  readonly variables: ReadonlySet<string>;
  /** The routine whose definition it is in: it runs later, if ever. */
  readonly routine: string | null;
  /** Of the file: where the statement, or the text it stands in, begins. */
  readonly line: number;
  /** Are the lines of that text lines of the file? What is put together at run time has only the line of its `EXECUTE`. */
  readonly counted: boolean;
  /** The statement as it is written. */
  readonly source: string;
  readonly inTransaction: boolean;
  /** How many bodies it stands in. */
  readonly depth: number;
}

/** Says what is wrong. What a routine would do when it is called is a warning at its definition. */
export function report(scope: Scope, severity: SqlProblem['severity'], rule: string, message: string): void {
  const { session, routine, line } = scope;
  let problem: SqlProblem = { line, severity, rule, message };
  if (routine !== null) {
    if (severity === 'error') session.routines.set(routine, session.routines.get(routine) ?? message);
    if (rule !== 'unparsed') problem = { line, severity: 'warning', rule, message: `${routine}() ${message}` };
  }
  const key = `${line} ${rule} ${problem.message}`;
  if (!session.problems.has(key)) session.problems.set(key, problem);
}
