import { Undecided } from '../../../model/index.ts';
import type { SqlProblem } from '../problem.ts';
import { withoutPlainRows } from './bulk.ts';
import { Created } from './created.ts';
import { loadParser, type Parser } from './parser.ts';
import { fillVariables, judgeCommand, setsSql } from './psql.ts';
import { report, type Scope, type Session } from './scope.ts';
import { type Piece, split } from './split.ts';
import { judgeTree } from './statement.ts';
import { child, type Node, text as textOf } from './tree.ts';
import { KnownTypes } from './types.ts';

/** Characters. */
const largest = 16 * 1024 * 1024;

/** From here on the rows of an INSERT are thinned out; in characters of the statement. */
const bulky = 64 * 1024;

type Statement = Extract<Piece, { kind: 'statement' }>;

/**
 * Tells what in PostgreSQL's SQL destroys data or takes heavy locks, read by PostgreSQL's own parser, one statement at a
 * time. psql's commands and variables are understood, and the way back in files of dbmate, goose and sql-migrate is
 * left out.
 * @param before the migrations that run before, in their order: they tell which types columns have
 * @throws Undecided when the text is longer than 16 million characters
 */
export async function judgePostgres(text: string, before: readonly string[] = []): Promise<readonly SqlProblem[]> {
  if (text.length > largest) throw new Undecided('the SQL is too large to be judged', 'split the file');
  const types = new KnownTypes();
  for (const earlier of /search_path/i.test(text) ? [] : before) {
    const problems = await read(earlier, types);
    // What hides what it does may have changed any column.
    const isSeen = problems.every(({ severity, rule }) => severity === 'warning' || seen.has(rule));
    if (!isSeen || /search_path/i.test(earlier)) types.clear();
  }
  return read(text, types);
}

/** What a file may be refused for though every change of a column in it is seen. */
const seen = new Set(
  'drop-table drop-column change-column-type truncate delete-all-rows update-all-rows merge-delete drop-policy drop-constraint drop-sequence drop-materialized-view disable-row-security'.split(
    ' ',
  ),
);

async function read(text: string, types: KnownTypes): Promise<readonly SqlProblem[]> {
  const file = new File(await loadParser(), types);
  let judged = 0;
  for (const piece of split(text.replace(/^\uFEFF/, ' '), { psql: true })) {
    file.take(piece);
    // A long file must not keep a time limit from being noticed.
    if (++judged % 200 === 0) await new Promise((resume) => setImmediate(resume));
  }
  return file.problems().sort((a, b) => a.line - b.line);
}

/** A file on its way from the first statement to the last. */
class File {
  readonly session: Session;
  private readonly created = new Created();
  private inTransaction = false;
  private back = false;
  private readonly there = new Set<string>();
  /** psql variables whose values may be any SQL. */
  private readonly sqlVariables = new Set<string>();
  private readable = false;

  constructor(parser: Parser, types: KnownTypes) {
    this.session = { parser, routines: new Map(), problems: new Map(), types, judgeText, judgeTree };
  }

  take(piece: Piece): void {
    if (piece.kind === 'direction') {
      this.turn(piece.tool, piece.down);
      return;
    }
    if (this.back) return;
    if (piece.kind === 'statement') this.statement(piece);
    else if (piece.kind === 'command') this.command(piece.name, piece.args, piece.line);
    else this.rows(piece);
  }

  /** What was said. A policy that is made anew is no policy less. */
  problems(): SqlProblem[] {
    return [...this.session.problems.values()].map((problem) => {
      const dropped = /^drops policy (.+)$/.exec(problem.message)?.[1];
      const isBack = dropped !== undefined && this.created.has('part', dropped);
      return isBack ? { ...problem, severity: 'warning', message: `recreates policy ${dropped}` } : problem;
    });
  }

  /** A way back without a way there before it is some other tool's comment, and hides nothing. */
  private turn(tool: string, down: boolean): void {
    if (!down) this.there.add(tool);
    this.back = down && this.there.has(tool);
  }

  private scope(line: number, source: string): Scope {
    const { session, created, inTransaction } = this;
    return {
      session,
      created,
      inTransaction,
      variables: new Set(),
      routine: null,
      line,
      counted: true,
      source,
      depth: 0,
    };
  }

  private command(name: string, args: string, line: number): void {
    judgeCommand(name, args, this.scope(line, ''));
    const sql = setsSql(name, args);
    if (sql !== null) this.sqlVariables.add(sql);
  }

  /** Where `COPY` itself fails, psql reads its rows as SQL; so they are rows only if it can be read. */
  private rows({ text, line, ended }: Extract<Piece, { kind: 'data' }>): void {
    if (!this.readable) for (const piece of split(text, { psql: true })) this.take(shifted(piece, line));
    else if (!ended) unread(this.scope(line, ''), 'the rows of COPY have no end');
  }

  private statement(statement: Statement): void {
    const scope = this.scope(statement.line, statement.text);
    const nodes = this.read(statement, scope);
    this.readable = nodes !== null;
    for (const node of nodes ?? []) {
      this.follow(node);
      const { inTransaction } = this;
      judgeSafely(node, { ...this.scope(statement.line, statement.text), inTransaction, variables: scope.variables });
    }
  }

  /** The trees of a statement; null where it cannot be read, which is said. */
  private read(statement: Statement, scope: Scope): readonly Node[] | null {
    const text = statement.text.length > bulky ? withoutPlainRows(statement.text) : statement.text;
    const fault = statement.fault ?? faultOf(text, this.session.parser);
    if (typeof fault !== 'string') return fault;
    const filled = statement.fault ? null : fillVariables(statement.text);
    const nodes = filled && !filled.text.includes('\0') ? faultOf(filled.text, this.session.parser) : fault;
    if (typeof nodes === 'string' || !filled) {
      unread(scope, fault);
      this.innerStatements(statement);
      return null;
    }
    for (const name of filled.bare)
      if (this.sqlVariables.has(name)) report(scope, 'error', 'dynamic-sql', `:${name} is SQL that cannot be checked`);
    (scope as { variables: ReadonlySet<string> }).variables = filled.names;
    return nodes;
  }

  /** A bracket that is never closed swallows what follows; it is judged all the same. */
  private innerStatements(statement: Statement): void {
    if (statement.fault || !statement.text.includes(';')) return;
    const parts = split(statement.text.replace(/[()[\]]/g, ' '), { psql: false });
    if (parts.length < 2) return;
    for (const part of parts) {
      if (part.kind !== 'statement') continue;
      const nodes = part.fault ?? faultOf(part.text, this.session.parser);
      const line = statement.line + part.line - 1;
      if (typeof nodes !== 'string') for (const node of nodes) judgeSafely(node, this.scope(line, part.text));
    }
  }

  private follow(node: Node): void {
    const kind = textOf(child(node, 'TransactionStmt'), 'kind');
    if (/_(?:BEGIN|START)$/.test(kind)) this.inTransaction = true;
    if (/_(?:COMMIT|ROLLBACK|PREPARE)$/.test(kind)) this.inTransaction = false;
  }
}

const shifted = (piece: Piece, line: number): Piece =>
  'line' in piece ? { ...piece, line: piece.line + line - 1 } : piece;

/** The trees of a text, or why it cannot be read. */
function faultOf(text: string, parser: Parser): readonly Node[] | string {
  // The parser would take it for the end.
  if (text.includes('\0')) return 'it holds a zero byte';
  if (text === '') return [];
  try {
    return parser.parse(text);
  } catch (error) {
    return (error as Error).message;
  }
}

function unread(scope: Scope, why: string): void {
  report(scope, 'error', 'unparsed', `line ${scope.line} cannot be read as PostgreSQL: ${why}`);
}

/** What is nested beyond what can be followed has not been judged. */
function judgeSafely(node: Node, scope: Scope): void {
  try {
    judgeTree(node, scope);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    unread(scope, 'it is nested too deeply');
  }
}

/** Judges a text within a statement: a body, or what is executed. */
function judgeText(text: string, scope: Scope): void {
  if (scope.depth > 20) {
    unread(scope, 'it is nested too deeply');
    return;
  }
  for (const piece of split(text, { psql: false })) {
    if (piece.kind !== 'statement') continue;
    const line = scope.counted ? scope.line + piece.line - 1 : scope.line;
    const inner = { ...scope, line, source: piece.text };
    const nodes = piece.fault ?? faultOf(piece.text, scope.session.parser);
    if (typeof nodes === 'string') unread(inner, nodes);
    else for (const node of nodes) judgeTree(node, inner);
  }
}
