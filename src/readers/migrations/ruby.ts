import { judgeSql } from '../sql/index.ts';
import type { Dialect, SqlProblem } from '../sql/problem.ts';
import { keptAsText } from './calls.ts';

/** Calls of Active Record that destroy data, with what they do. */
const calls: readonly (readonly [call: RegExp, does: string])[] = [
  [/\bdrop_(?:table|join_table)\b/, 'drops table'],
  [/\b(?:remove_column|remove_columns)\b/, 'drops column'],
  [/\bremove_(?:reference|belongs_to|timestamps)\b/, 'drops columns of'],
  [/\bt\.remove(?:_references|_belongs_to|_timestamps)?\b/, 'drops columns'],
  [/\b(?:drop_schema|drop_enum|drop_database|disable_extension)\b/, 'drops'],
  [/\btruncate(?:_tables)?\b/, 'empties table'],
  [
    /\bchange_column(?!_(?:default|null|comment))\b|\bt\.change(?!_(?:default|null))\b/,
    'changes a column, which can lose data:',
  ],
  [
    /\b(?:system|exec|eval|instance_eval|class_eval|module_eval|spawn|popen)\b[ (]|`/,
    'runs code that is not looked at',
  ],
];

/** A line that makes a column `text`, and does nothing else. */
const toText =
  /^\s*(?:change_column[ (]\s*:\w+\s*,\s*:\w+|t\.change[ (]\s*:\w+)\s*,\s*:text(?:\s*,\s*(?:null|default|comment):\s*[\w"]+)*\s*\)?\s*$/;

/** Calls of a model that reach every row where no condition stands in the chain. */
const everyRow = /\.(delete_all|destroy_all|update_all)\b/;
const condition = /\.(?:where|find_by|limit|in_batches\.where)\b/;

interface Line {
  readonly text: string;
  readonly number: number;
}

/**
 * Tells what a migration of Rails does to the data, by its calls and the SQL that it runs, line by line: there is no reader
 * of Ruby here. What runs only to take it back (`def down`, `dir.down`) is left out.
 */
export async function judgeRuby(text: string, dialect: Dialect): Promise<readonly SqlProblem[]> {
  const problems: SqlProblem[] = [];
  const lines = wayUp(text);
  for (let at = 0; at < lines.length; at++) {
    const { text: line, number } = lines[at]!;
    const tell = (rule: string, message: string) => problems.push({ line: number, severity: 'error', rule, message });
    const code = line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (quoted) => (/#\{/.test(quoted) ? quoted : '""'));
    for (const [call, does] of calls)
      if (call.test(code) && !(dialect === 'postgres' && toText.test(code)))
        tell('call', `${does} ${/[:"'](\w[\w.]*)/.exec(line)?.[1] ?? ''}`.trim());
    if (dialect === 'postgres' && toText.test(code))
      problems.push({ line: number, severity: 'warning', rule: 'call', message: keptAsText });
    const all = everyRow.exec(code)?.[1];
    if (all !== undefined && !condition.test(code)) tell('call', `${all} reaches every row`);
    if (/\brequire_relative\b|\bload\b/.test(code))
      problems.push({
        line: number,
        severity: 'warning',
        rule: 'loads',
        message: 'loads a file that is not looked at',
      });
    if (!/\b(?:execute|exec_query|exec_update|exec_delete|select_all)\b/.test(code)) continue;
    const sql = sqlAt(lines, at);
    if (sql === null) tell('unparsed', 'runs SQL that is not written out there, so it cannot be checked');
    else for (const found of await judgeSql(sql, dialect)) problems.push({ ...found, line: number + found.line - 1 });
  }
  return problems.filter(({ severity }, at) => severity === 'error' || at < 200);
}

/** The SQL of an `execute`: a string on its line, or a heredoc below; null where it is anything else, or holds an expression. */
function sqlAt(lines: readonly Line[], at: number): string | null {
  const { text } = lines[at]!;
  const heredoc = /<<[~-]?(["'`]?)([A-Z_]+)\1/.exec(text);
  if (heredoc) {
    const end = lines.findIndex((line, index) => index > at && line.text.trim() === heredoc[2]);
    const body = end < 0 ? null : lines.slice(at + 1, end).map((line) => line.text);
    return body === null || body.some((line) => /#\{/.test(line)) ? null : `\n${body.join('\n')}`;
  }
  const [, double, single] =
    /\b(?:execute|exec_\w+|select_all)[ (]+(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/.exec(text) ?? [];
  const sql = double ?? single;
  return sql === undefined || (double !== undefined && /#\{/.test(double)) ? null : sql.replace(/\\(["'\\])/g, '$1');
}

/** The lines that run on the way up, without comments. */
function wayUp(text: string): Line[] {
  const lines: Line[] = [];
  let down: number | null = null;
  let inComment = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^=begin\b/.test(raw)) inComment = true;
    if (/^=end\b/.test(raw)) inComment = false;
    const indent = /^\s*/.exec(raw)![0].length;
    if (down !== null) {
      if (indent <= down && /^\s*(?:end|\})/.test(raw)) down = null;
      continue;
    }
    if (inComment || /^\s*#(?!\{)/.test(raw)) continue;
    const isDown = /^\s*(?:def\s+(?:self\.)?down\b|\w+\.down\b)/.test(raw);
    // `dir.down { … }` on one line.
    if (isDown && /\{.*\}\s*$/.test(raw)) continue;
    if (isDown) down = indent;
    else lines.push({ text: raw, number: index + 1 });
  }
  return lines;
}
