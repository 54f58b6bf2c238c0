import { Undecided } from '../../../model/index.ts';
import type { SqlProblem } from '../problem.ts';
import { definedName, triggerTable } from './create.ts';
import { Made, Types } from './made.ts';
import { type Part, parts, type Statement } from './program.ts';
import type { Scene } from './scene.ts';
import { judgeStatement } from './statements.ts';
import type { Token } from './token.ts';
import { type Quoting, type Tokens, tokenize } from './tokens.ts';

/** Characters; a migration is far smaller. */
const maxLength = 16 * 1024 * 1024;
/** More conditions in one statement than a dump has; each doubles the ways to read it. */
const maxConditions = 4;

const asUsual: Quoting = { escapes: true, doubleEscapes: true, oneLine: false };
const withAnsiQuotes: Quoting = { ...asUsual, doubleEscapes: false };
const withoutEscapes: Quoting = { escapes: false, doubleEscapes: false, oneLine: false };

/**
 * Tells what in a migration for MySQL, MariaDB or TiDB destroys data or takes heavy locks. What it does not understand
 * is a problem with the rule `unparsed`, never silence. Comments that some server runs (`/*! … *\/`) are judged both
 * ways, and so are quotes that mean something else under another `sql_mode`.
 * @param before the migrations that run before, in their order: they tell which types columns have
 * @throws Undecided when the text is too long to judge in seconds
 */
export function judgeMysql(
  text: string,
  dialect: 'mysql' | 'tidb',
  before: readonly string[] = [],
): readonly SqlProblem[] {
  const read = () => {
    const types = new Types();
    for (const earlier of before) {
      const isSeen = judge(earlier, dialect, () => new Made(types)).every(
        ({ severity, rule }) => severity === 'warning' || seen.has(rule),
      );
      // What hides what it does may have changed any column.
      if (!isSeen) types.clear();
    }
    return new Made(types);
  };
  return judge(text, dialect, read);
}

/** What a file may be refused for though every change of a column in it is seen. */
const seen = new Set(
  'drop-table drop-column change-column-type truncate-table delete-without-where update-without-where'.split(' '),
);

/** @param made what is known before, made anew for each way to read the quotes */
function judge(text: string, dialect: 'mysql' | 'tidb', made: () => Made): readonly SqlProblem[] {
  if (text.length > maxLength)
    throw new Undecided(`an SQL file of ${text.length} characters cannot be checked`, 'split the migration');
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const lines = new Lines(source);
  const found = new Found(lines);
  const tokens = tokenize(source, asUsual);
  new Judge(found, dialect, 0, made()).judge(live(source, tokens), tokens.conditions);
  const others: Quoting[] = tokens.ambiguous ? [withAnsiQuotes, withoutEscapes] : [];
  if (tokens.unclosed) others.push({ ...asUsual, oneLine: true });
  for (const quoting of others) {
    const again = tokenize(source, quoting);
    const other = new Found(lines);
    new Judge(other, dialect, 0, made()).judge(live(source, again), again.conditions);
    found.addOthers(other, quoting.oneLine);
  }
  return found.all();
}

/** Leaves out what is for the way back. */
function live(text: string, { tokens, marks }: Tokens): readonly Token[] {
  const isMark = ({ kind, text: mark }: Token) => kind === 'cut' && mark !== '';
  if (marks === 0 || !isMark(tokens[0]!) || tokens[0]!.text !== 'up') return tokens;
  // The tools look for the marks line by line, also where they are no comments to SQL: then all of it is judged.
  const written = text.match(/^[ \t]*--[ \t]*(?:\+(?:goose|migrate)[ \t]+|migrate:)(?:up|down)\b/gim);
  if (written?.length !== marks) return tokens;
  let down = false;
  return tokens.filter((token) => {
    if (isMark(token)) down = token.text === 'down';
    return !down || token.kind === 'cut';
  });
}

class Lines {
  private readonly starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  /** 1-based. */
  at(offset: number): number {
    let [low, high] = [0, this.starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

/** What was found, each once. */
class Found {
  private readonly problems = new Map<string, SqlProblem>();
  private readonly lines: Lines;

  constructor(lines: Lines) {
    this.lines = lines;
  }

  add(at: number, severity: 'error' | 'warning', rule: string, message: string): void {
    this.put({ line: this.lines.at(at), severity, rule, message });
  }

  unparsed(at: number, why: string): void {
    const line = this.lines.at(at);
    this.put({ line, severity: 'error', rule: 'unparsed', message: `line ${line} cannot be read as MySQL: ${why}` });
  }

  private put(problem: SqlProblem) {
    const key = `${problem.line}\0${problem.rule}\0${problem.message}`;
    if (this.problems.get(key)?.severity !== 'error') this.problems.set(key, problem);
  }

  /** Takes over what another way to read the text shows, up to where a server would stop that reads it so. */
  addOthers(other: Found, beyond: boolean): void {
    for (const problem of other.problems.values()) {
      const stops = problem.rule === 'unparsed' || problem.rule === 'client-command';
      if (!stops) this.put(problem);
      else if (!beyond) return;
    }
  }

  all(): readonly SqlProblem[] {
    return [...this.problems.values()].sort((a, b) => a.line - b.line);
  }
}

/** A severity and what follows from a statement standing where it stands. */
interface Place {
  readonly made: Made;
  readonly inBody: boolean;
  /** What a definition would do is told as a warning, as nothing runs yet. */
  readonly defines: string | null;
}

class Judge {
  private readonly found: Found;
  private readonly dialect: 'mysql' | 'tidb';
  private readonly depth: number;
  private readonly made: Made;
  private conditions: readonly string[] = [''];
  /** What destroys in the body that is being judged. */
  private destroys: string | null = null;

  constructor(found: Found, dialect: 'mysql' | 'tidb', depth: number, made = new Made()) {
    this.found = found;
    this.dialect = dialect;
    this.depth = depth;
    this.made = made;
  }

  judge(tokens: readonly Token[], conditions: readonly string[]): void {
    this.conditions = conditions;
    this.splitComments(tokens);
    for (const part of parts(tokens)) {
      if (part.kind === 'body') this.body(part);
      else {
        if (part.kind === 'broken') this.found.unparsed(part.tokens[0]!.at, part.message);
        else this.statement({ tokens: part.tokens, always: true }, { made: this.made, inBody: false, defines: null });
      }
    }
  }

  /** A conditional comment that starts within a statement and ends within another reads as two scripts. */
  private splitComments(tokens: readonly Token[]) {
    let first: Token | null = null;
    for (const token of tokens) {
      const ends = token.kind === 'end' || token.kind === 'cut';
      if (!ends) {
        first ??= token;
        continue;
      }
      const odd =
        token.comment !== 0 && first !== null && this.conditions[token.comment] !== this.conditions[first.comment];
      if (odd) this.found.unparsed(first!.at, 'a conditional comment with a semicolon in it');
      first = null;
    }
  }

  private statement({ tokens, always }: Statement, place: Place): void {
    this.read(tokens, tokens, place, true, always);
    for (const reading of this.readings(tokens))
      if (reading.length > 0) this.read(reading, tokens, place, false, false);
  }

  /** The other ways to read a statement: without what stands in some of its conditional comments. */
  private *readings(tokens: readonly Token[]): Generator<readonly Token[]> {
    const names = [...new Set(tokens.map(({ comment }) => this.conditions[comment]!))].filter((name) => name !== '');
    if (names.length === 0) return;
    if (names.length > maxConditions)
      return this.found.unparsed(tokens[0]!.at, 'too many kinds of conditional comments in one statement');
    for (let set = 0; set < 2 ** names.length - 1; set++) {
      const kept = new Set(['', ...names.filter((_, i) => set & (2 ** i))]);
      yield tokens.filter(({ comment }) => kept.has(this.conditions[comment]!));
    }
  }

  private read(reading: readonly Token[], whole: readonly Token[], place: Place, first: boolean, sure: boolean): void {
    const from = whole[0]!.at;
    const { at } = whole.find(({ kind }) => kind !== 'broken') ?? whole[0]!;
    const tell = (severity: 'error' | 'warning', rule: string, message: string) => {
      if (severity === 'error') this.destroys ??= message;
      if (place.defines === null) this.found.add(at, severity, rule, message);
      else if (severity === 'error') this.found.add(at, 'warning', rule, `${place.defines} ${message}`);
    };
    const scene: Scene = {
      made: place.made,
      dialect: this.dialect,
      online: this.dialect === 'tidb',
      sure,
      inBody: place.inBody,
      depth: this.depth,
      error: (rule, message) => tell('error', rule, message),
      warning: (rule, message) => tell('warning', rule, message),
      // Where a server reads it so, it stops.
      unparsed: (why) => first && this.found.unparsed(from, why),
      show,
      nested: (text) => this.nested(text, at, tell),
    };
    judgeStatement(scene, reading);
  }

  private nested(
    text: string,
    at: number,
    tell: (severity: 'error' | 'warning', rule: string, message: string) => void,
  ) {
    const inside = new Found(new Lines(text));
    const tokens = tokenize(text, asUsual);
    new Judge(inside, this.dialect, this.depth + 1, this.made).judge(tokens.tokens, tokens.conditions);
    for (const { severity, rule, message } of inside.all()) {
      if (rule === 'unparsed') this.found.unparsed(at, 'the text of a prepared statement');
      else tell(severity, rule, message);
    }
  }

  private body(part: Part & { kind: 'body' }): void {
    const { what, header, statements, tokens } = part;
    const name = what === null ? null : definedName(header, what);
    const before = this.destroys;
    this.destroys = null;
    const runs = what === null || what === 'EVENT';
    const place: Place = {
      made: what === null ? this.made : this.inside(name),
      inBody: true,
      defines: runs ? null : `the ${what.toLowerCase()} ${show(name ?? '')}, when it runs,`,
    };
    this.unsureComments(tokens);
    const hidden = header[0] !== undefined && header[0].comment !== 0;
    for (const statement of statements) {
      // A server that skips the comment with the definition runs the statement at once.
      const bare = hidden && statement.tokens[0]!.comment === 0;
      this.statement(statement, bare ? { ...place, defines: null } : place);
    }
    if (what === 'TRIGGER') {
      const table = triggerTable(header);
      if (table === null) this.found.unparsed(tokens[0]!.at, 'a trigger without a table');
      else if (this.destroys !== null) this.made.triggers.set(table.split('.').at(-1)!.toLowerCase(), this.destroys);
    } else if (what !== null && what !== 'EVENT' && name !== null) this.define(name.toLowerCase(), this.destroys);
    this.destroys = before ?? (what === null ? this.destroys : null);
  }

  private define(name: string, destroys: string | null) {
    this.made.routines.set(name, destroys);
    this.made.routines.set(name.split('.').at(-1)!, destroys);
  }

  /** When a routine runs, what the script has made may have been filled. */
  private inside(own: string | null): Made {
    const made = new Made();
    for (const [name, destroys] of this.made.routines) made.routines.set(name, destroys);
    // It may call itself.
    if (own !== null) made.routines.set(own.toLowerCase(), null);
    return made;
  }

  /** A comment around only some of the words that hold a body together hides where it ends. */
  private unsureComments(tokens: readonly Token[]) {
    if (tokens[0]!.comment !== 0) return;
    const structure = ['BEGIN', 'END', 'IF', 'CASE', 'LOOP', 'WHILE', 'REPEAT', 'THEN', 'DO'];
    const odd = tokens.some(
      ({ kind, text, comment }) => comment !== 0 && (kind === 'end' || (kind === 'word' && structure.includes(text))),
    );
    if (odd) this.found.unparsed(tokens[0]!.at, 'a conditional comment around part of a body');
  }
}

function show(name: string): string {
  const short = name.length > 64 ? `${name.slice(0, 63)}…` : name;
  return short.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');
}
