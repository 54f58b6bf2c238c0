import { judgeSql } from '../sql/index.ts';
import type { Dialect, SqlProblem } from '../sql/problem.ts';
import { callProblems } from './calls.ts';
import { hole, type Language, scan, type Token, Unreadable } from './scan.ts';
import { closing, flatten, wayUp } from './way-up.ts';

/** Functions whose first argument, or template, is SQL. */
const runners: Readonly<Record<Language, ReadonlySet<string>>> = {
  js: new Set(
    'raw query execute runSql sql unsafe schemaRaw $executeRaw $executeRawUnsafe $queryRaw $queryRawUnsafe'.split(' '),
  ),
  python: new Set('RunSQL execute text exec_driver_sql executescript executemany run_sql'.split(' ')),
};

/** What a statement that can destroy data holds; `ON DELETE` and `FOR UPDATE` do not. */
const destructive =
  /(?<!\b(?:on|for|key|do)\s{1,20})\b(?:drop|truncate|delete|update|merge|modify|change|type|execute|do(?!\s+(?:nothing|update)))\b/i;
/** More strings that could be SQL are no migration, and each costs time. */
const mostStrings = 2000;
/** A string that is SQL, wherever it stands. */
const looksDestructive =
  /\b(?:drop\s+(?:table|schema|database|column|view|materialized|owned|type|tablespace|domain|sequence|foreign|user|role)\b|truncate\s+(?:table\s+)?["`\w]|delete\s+from\s|alter\s+table\s|update\s+["`\w.]+\s+set\s|merge\s+into\s|do\s+(?:\$|'))/i;

/** The languages by the end of the file's name; null: one that is not read. */
export function languageOf(path: string): Language | null {
  if (/\.py$/i.test(path)) return 'python';
  return /\.[cm]?[jt]s$/i.test(path) ? 'js' : null;
}

/**
 * Tells what a migration that is written as code does to the data, as far as its strings and calls show it. What they
 * do not show is an error too, where it could be destructive.
 */
export async function judgeCode(text: string, language: Language, dialect: Dialect): Promise<readonly SqlProblem[]> {
  let tokens: readonly Token[];
  try {
    tokens = wayUp(scan(text, language), language);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return [problem(error.line, 'unparsed', `cannot be read for sure: ${error.message}`)];
  }
  const strings = flatten(tokens).filter(({ kind, text }) => kind === 'string' && text.includes(' ')).length;
  if (strings > mostStrings)
    return [problem(1, 'unparsed', `holds ${strings} strings, more than the ${mostStrings} that are checked`)];
  const problems = [...(await judgeTokens(tokens, language, dialect)), ...loaded(tokens, language)];
  return [...problems].sort((a, b) => a.line - b.line);
}

/** What is loaded from a file beside it runs as well, and is not looked at. */
function loaded(tokens: readonly Token[], language: Language): SqlProblem[] {
  if (language !== 'js') return [];
  return tokens.flatMap(({ kind, text, line }, at) => {
    const before = tokens[at - 1];
    const isLoad =
      ['from', 'import', 'require'].includes(before?.text ?? '') ||
      (isMark(before, '(') && ['import', 'require'].includes(tokens[at - 2]?.text ?? ''));
    const message = `loads ${text.slice(0, 80)}, which is not looked at`;
    return kind === 'string' && isLoad && /^[./]/.test(text)
      ? [{ line, severity: 'warning', rule: 'loads', message }]
      : [];
  });
}

async function judgeTokens(tokens: readonly Token[], language: Language, dialect: Dialect): Promise<SqlProblem[]> {
  const problems = callProblems(tokens, language, dialect);
  const used = new Set<number>();
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'name' && runners[language].has(token.text)) {
      const first = argument(tokens, at);
      if (first === null) continue;
      const run = await runnerProblems(tokens, { at, first, language, dialect, used });
      problems.push(...run);
    }
  }
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at]!.kind !== 'string') continue;
    problems.push(...(await judgeTokens(tokens[at]!.inner, language, dialect)));
    const sql = constant(tokens, at, language);
    if (!used.has(at) && looksDestructive.test(sql.text))
      problems.push(...(await judgeText(sql, tokens[at]!.line, dialect)));
    at = Math.max(at, sql.last);
  }
  return problems;
}

/** Where the first argument of a call, or the template behind a tag, begins; null where nothing is called. */
function argument(tokens: readonly Token[], at: number): number | null {
  let next = at + 1;
  if (isMark(tokens[next], '<')) {
    while (next < at + 20 && !isMark(tokens[next], '>')) next += 1;
    next += 1;
  }
  if (isMark(tokens[next], '.')) next += 1;
  if (tokens[next]?.kind === 'string') return next === at + 1 ? next : null;
  if (!isMark(tokens[next], '(') || isMark(tokens[next + 1], ')')) return null;
  // A function of that name that is declared here.
  if (/^(?:function|def)$/.test(tokens[at - 1]?.text ?? '')) return null;
  return next + 1;
}

interface Run {
  readonly at: number;
  readonly first: number;
  readonly language: Language;
  readonly dialect: Dialect;
  /** Strings that are judged as what they are. */
  readonly used: Set<number>;
}

async function runnerProblems(tokens: readonly Token[], run: Run): Promise<readonly SqlProblem[]> {
  const { at, first, language, dialect, used } = run;
  const place = tokens[first]!.kind === 'string' ? first : definition(tokens, first, language);
  if (place !== null) {
    if (used.has(place)) return [];
    used.add(place);
    const sql = constant(tokens, place, language);
    return judgeText(sql, tokens[place]!.line, dialect);
  }
  if (isBuilt(tokens, first, language)) return [];
  return [
    problem(
      tokens[at]!.line,
      'unparsed',
      `${tokens[at]!.text}() runs SQL that is not written out there, so it cannot be checked`,
    ),
  ];
}

/** Is what is run a call that is judged itself: `sql(…)`, `users.update().where(…)`? */
function isBuilt(tokens: readonly Token[], first: number, language: Language): boolean {
  for (let at = first; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    if (kind === 'mark' && text !== '.') return false;
    if (kind === 'name' && isMark(tokens[at + 1], '('))
      return runners[language].has(text) || /^(?:insert|select|update|delete|values)$/.test(text);
    if (kind === 'name' && tokens[at + 1]?.kind === 'string') return language === 'js' && runners.js.has(text);
  }
  return false;
}

/** The place of the string that a name stands for, where it is given one once and for all. */
function definition(tokens: readonly Token[], first: number, language: Language): number | null {
  const name = tokens[first]!;
  if (name.kind !== 'name' || !/^[,)]$/.test(tokens[first + 1]?.text ?? '')) return null;
  const values = assignmentsOf(tokens).get(name.text) ?? [];
  const declared =
    tokens[values[0]! - 2]?.text === name.text ? tokens[values[0]! - 3]?.text : tokens[values[0]! - 4]?.text;
  if (values.length !== 1 || tokens[values[0]!]?.kind !== 'string') return null;
  if (language === 'js' && declared !== 'const') return null;
  return values[0]!;
}

const known = new WeakMap<readonly Token[], ReadonlyMap<string, readonly number[]>>();

/** By name, where the values begin that it is given. */
function assignmentsOf(tokens: readonly Token[]): ReadonlyMap<string, readonly number[]> {
  const before = known.get(tokens);
  if (before !== undefined) return before;
  const values = new Map<string, number[]>();
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'name' || isMark(tokens[at - 1], '.')) continue;
    const sign = isMark(tokens[at + 1], ':') ? at + 3 : at + 1;
    if (isMark(tokens[sign], '=') && !isMark(tokens[sign + 1], '='))
      values.set(text, [...(values.get(text) ?? []).slice(0, 1), sign + 1]);
  }
  known.set(tokens, values);
  return values;
}

interface Constant {
  readonly text: string;
  readonly hasHole: boolean;
  /** The place of its last token. */
  readonly last: number;
}

/** The string at a place with all that is put together with it. */
function constant(tokens: readonly Token[], at: number, language: Language): Constant {
  let { text, hasHole } = tokens[at]!;
  let last = at;
  if (isMark(tokens[at - 1], '+')) [text, hasHole] = [`${hole}${text}`, true];
  for (;;) {
    const next = tokens[last + 1];
    if (language === 'python' && next?.kind === 'string') last += 1;
    else if (isMark(next, '+') && tokens[last + 2]?.kind === 'string') last += 2;
    else if (isMark(next, '+')) {
      [text, hasHole] = [`${text}${hole}`, true];
      last = operandEnd(tokens, last + 2);
      if (!isMark(tokens[last + 1], '+')) return { text, hasHole, last };
      continue;
    } else {
      // What a method makes of a string, or `%`, is not seen.
      if (isMark(next, '.') || isMark(next, '%')) hasHole = true;
      return { text: isMark(next, '%') ? text.replace(/%(?:\(\w+\))?[sdr]/g, hole) : text, hasHole, last };
    }
    text += tokens[last]!.text;
    hasHole ||= tokens[last]!.hasHole;
  }
}

function operandEnd(tokens: readonly Token[], from: number): number {
  let at = from;
  while (at < tokens.length) {
    if (tokens[at]!.kind === 'mark' && '([{'.includes(tokens[at]!.text)) at = closing(tokens, at);
    const next = tokens[at + 1];
    if (next === undefined || (next.kind === 'mark' && /^[+,;)\]}]$/.test(next.text))) return at;
    at += 1;
  }
  return tokens.length - 1;
}

async function judgeText(sql: Constant, line: number, dialect: Dialect): Promise<readonly SqlProblem[]> {
  const found = await judgeForms(sql.text, dialect);
  if (sql.hasHole && (destructive.test(sql.text) || found.some(({ severity }) => severity === 'error')))
    return [problem(line, 'expression', 'runs SQL that holds an expression, so it cannot be checked')];
  return found.map((each) => ({ ...each, line: line + each.line - 1 }));
}

/** SQL as it stands; else with its parameters filled in; else as an expression. The first that can be read counts. */
async function judgeForms(text: string, dialect: Dialect): Promise<readonly SqlProblem[]> {
  const asIs = await judgeSql(text, dialect);
  if (!asIs.some(({ rule }) => rule === 'unparsed')) return asIs;
  const value = dialect === 'postgres' ? '$1' : '?';
  const filled = text
    .replace(/\?\?/g, hole)
    .replace(/\?/g, () => value)
    .replace(/(?<![:\w]):[A-Za-z_]\w*:?/g, (name) => (name.endsWith(':') ? hole : value));
  for (const form of [filled, `SELECT ${filled}`]) {
    const judged = await judgeSql(form, dialect);
    if (!judged.some(({ rule }) => rule === 'unparsed')) return judged;
  }
  return asIs;
}

function problem(line: number, rule: string, message: string): SqlProblem {
  return { line, severity: 'error', rule, message };
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}
