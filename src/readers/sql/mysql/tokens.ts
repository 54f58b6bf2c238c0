import { Undecided } from '../../../model/index.ts';
import { RowFolder } from './rows.ts';
import type { Kind, Token } from './token.ts';

/** How quotes are read, which depends on the server's `sql_mode`. */
export interface Quoting {
  /** Backslash escapes in '…' (NO_BACKSLASH_ESCAPES unset). */
  readonly escapes: boolean;
  /** Backslash escapes in "…" (and ANSI_QUOTES unset). */
  readonly doubleEscapes: boolean;
  /** A string ends on its line: only to find what an unclosed quote would hide. */
  readonly oneLine: boolean;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  /** The condition of each conditional comment (`!50003`, `M!`, `T![ttl]`), by number. */
  readonly conditions: readonly string[];
  /** Would another `sql_mode` read it otherwise? */
  readonly ambiguous: boolean;
  /** Is a quote never closed? */
  readonly unclosed: boolean;
  /** How many comments are section marks (`-- migrate:down`). */
  readonly marks: number;
}

/** Rows of literals count as one; this bounds memory and time. */
const maxTokens = 2_000_000;
const breakpoint = '--> statement-breakpoint';
const clientWords = new Set(
  `SOURCE SYSTEM TEE NOTEE PAGER NOPAGER EDIT CONNECT CHARSET PRINT PROMPT REHASH RESETCONNECTION STATUS WARNINGS
  NOWARNING QUIT EXIT CLEAR GO EGO QUERY_ATTRIBUTES SANDBOX SSL_SESSION_DATA_PRINT`.split(/\s+/),
);
const signs = ['<=>', '->>', '>=', '<=', '<>', '!=', '||', '&&', ':=', '<<', '>>', '->'];
const markPattern = /^--[ \t]*(?:\+(?:goose|migrate)[ \t]+|migrate:)(up|down)\b/i;

/** Reads a script as the mysql client and the server together read it. Linear. @throws Undecided */
export function tokenize(text: string, quoting: Quoting): Tokens {
  return new Scanner(text, quoting).run();
}

class Scanner {
  private readonly tokens: Token[] = [];
  private readonly conditions: string[] = [''];
  private readonly rows = new RowFolder(this.tokens);
  private readonly never = new Set<string>();
  private comment = 0;
  private at = 0;
  private delimiter = ';';
  private ambiguous = false;
  private unclosed = false;
  private marks = 0;
  private readonly text: string;
  private readonly quoting: Quoting;

  constructor(text: string, quoting: Quoting) {
    this.text = text;
    this.quoting = quoting;
  }

  run(): Tokens {
    while (this.at < this.text.length) {
      this.step();
      if (this.tokens.length > maxTokens)
        throw new Undecided('an SQL file with so many words cannot be checked', 'split the migration');
    }
    if (this.comment !== 0) this.push('broken', 'a comment that is never closed', '', this.at);
    const { tokens, conditions, ambiguous, unclosed, marks } = this;
    return { tokens, conditions, ambiguous, unclosed, marks };
  }

  private push(kind: Kind, text: string, raw: string, at: number) {
    this.tokens.push({ kind, text, raw, at, comment: this.comment });
    this.rows.pushed();
  }

  private step() {
    const { text, at } = this;
    const char = text[at]!;
    if (this.delimiter !== ';' && text.startsWith(this.delimiter, at)) return this.cut(this.delimiter.length);
    if (char === ' ' || (char >= '\t' && char <= '\r')) this.at++;
    else if (char === ';') {
      this.push('end', ';', ';', at);
      this.at++;
    } else if (char === "'" || char === '"' || char === '`') this.quoted(char);
    else if (char === '#') this.lineComment();
    else if (char === '-' && text.startsWith(breakpoint, at)) this.cut(breakpoint.length);
    else if (char === '-' && text[at + 1] === '-' && !(text.charCodeAt(at + 2) > 32 && text[at + 2] !== '\x7f'))
      this.lineComment();
    else if (char === '/' && text[at + 1] === '*') this.blockComment();
    else if (char === '*' && text[at + 1] === '/') this.closeComment();
    else if (char === '\\') this.backslash();
    else if (isWordChar(text.charCodeAt(at))) this.word();
    else if (char < ' ' || char === '\x7f') {
      this.push('broken', 'a control character', char, at);
      this.at++;
    } else {
      const sign = signs.find((each) => each[0] === char && text.startsWith(each, at)) ?? char;
      this.push('sign', sign, sign, at);
      this.at += sign.length;
    }
  }

  private cut(length: number) {
    this.push('cut', '', '', this.at);
    this.at += length;
  }

  private quoted(quote: string) {
    const start = this.at;
    const end = this.never.has(quote) ? -1 : this.closing(quote, start + 1);
    if (end < 0) {
      // The rest is read as code, so that one forgotten quote does not hide it.
      if (!this.quoting.oneLine) this.never.add(quote);
      this.unclosed = true;
      this.push('broken', 'a quote that is never closed', quote, start);
      this.at = start + 1;
      return;
    }
    const inner = this.text.slice(start + 1, end);
    if (this.comment !== 0 && inner.includes('*/'))
      this.push('broken', 'an end of comment in quotes, in a conditional comment', quote, start);
    if (inner.includes('\0')) this.push('broken', 'a NUL', quote, start);
    if (quote === '`') this.push('name', inner.replaceAll('``', '`'), inner, start);
    else this.push('string', inner, quote, start);
    this.at = end + 1;
  }

  /** Where the closing quote is; -1: nowhere. */
  private closing(quote: string, from: number): number {
    const { escapes, doubleEscapes, oneLine } = this.quoting;
    const honours = quote === "'" ? escapes : quote === '"' && doubleEscapes;
    for (let at = from; at < this.text.length; at++) {
      const char = this.text[at];
      if (char === '\\' && quote !== '`') {
        const next = this.text[at + 1];
        if (next === quote || next === '\\') this.ambiguous = true;
        if (honours) at++;
      } else if (char === quote) {
        if (this.text[at + 1] !== quote) return at;
        at++;
      } else if (oneLine && char === '\n') return -1;
    }
    return -1;
  }

  private lineComment() {
    const { text, at } = this;
    const newline = text.indexOf('\n', at);
    let end = newline < 0 ? text.length : newline;
    // Drizzle splits the file there before the server sees a comment.
    const broken = text.slice(at, end).indexOf(breakpoint);
    if (broken >= 0) end = at + broken;
    const body = text.slice(at, end).replace(/\r$/, '');
    const mark = body.length < 200 ? markPattern.exec(body) : null;
    if (mark && this.startsLine(at)) {
      this.marks++;
      this.push('cut', mark[1]!.toLowerCase(), '', at);
    } else if (this.comment !== 0 && body.includes('*/'))
      this.push('broken', 'an end of comment in a comment, in a conditional comment', '', at);
    else if (body.includes('\r')) this.push('broken', 'a carriage return in a comment', '', at);
    this.at = end;
  }

  private startsLine(at: number): boolean {
    let back = at - 1;
    while (back >= 0 && (this.text[back] === ' ' || this.text[back] === '\t')) back--;
    return back < 0 || this.text[back] === '\n' || this.text[back] === '\ufeff';
  }

  private blockComment() {
    const { text, at } = this;
    if (this.comment === 0) {
      const condition = conditionAt(text, at);
      if (condition !== null) {
        this.conditions.push(condition.name);
        this.comment = this.conditions.length - 1;
        this.at = at + condition.length;
        if (condition.fault) this.push('broken', condition.fault, '', at);
        return;
      }
    } else if (conditionAt(text, at) !== null) this.push('broken', 'a conditional comment in another', '', at);
    const end = this.never.has('/*') ? -1 : text.indexOf('*/', at + 2);
    if (end < 0) {
      this.never.add('/*');
      this.push('broken', 'a comment that is never closed', '', at);
      this.push('cut', '', '', at);
      const newline = text.indexOf('\n', at);
      this.at = newline < 0 ? text.length : newline;
      return;
    }
    if (text[at + 2] === '+' && oddQuotes(text.slice(at, end)))
      this.push('broken', 'a hint with an unclosed quote', '', at);
    this.at = end + 2;
  }

  private closeComment() {
    if (this.comment === 0) this.push('broken', 'an end of comment without a start', '*/', this.at);
    this.comment = 0;
    this.at += 2;
  }

  /** `\G` and the other short commands of the mysql client; only `\N` is SQL. */
  private backslash() {
    const { text, at } = this;
    const letter = text[at + 1] ?? '';
    this.at = at + 2;
    if (letter === 'N') this.push('word', 'NULL', '\\N', at);
    else if (letter === 'g' || letter === 'G') this.push('cut', '', '', at);
    else if (letter === 'd') this.setDelimiter(at);
    else this.client(`\\${letter}`, at);
  }

  private word() {
    const { text, at } = this;
    const breaks = this.delimiter !== ';' && isWordChar(this.delimiter.charCodeAt(0));
    let end = at + 1;
    let ascii = text.charCodeAt(at) < 128;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (!isWordChar(code) || (breaks && text.startsWith(this.delimiter, end))) break;
      if (code >= 128) ascii = false;
    }
    const raw = text.slice(at, end);
    const upper = ascii && end - at < 128 ? raw.toUpperCase() : raw;
    this.at = end;
    const first = raw.charCodeAt(0);
    if (first >= 48 && first <= 57 && /^(?:\d+(?:E\d*)?|0X[\dA-F]+|0B[01]+)$/.test(upper))
      this.push('number', upper, raw, at);
    else if (upper === 'DELIMITER' && (this.fresh() || this.startsLine(at) || /\s/.test(text[end] ?? '')))
      this.delimiterWord(at, raw);
    else if (clientWords.has(upper) && this.fresh()) this.client(raw, at);
    else if (!ascii) this.push('name', raw, raw, at);
    else this.push('word', upper, raw, at);
    if (upper === 'USE' && this.tokens.length > 0) this.use();
  }

  /** Does a statement start here? */
  private fresh(): boolean {
    const last = this.tokens.at(-1)?.kind;
    return last === undefined || last === 'end' || last === 'cut' || last === 'client';
  }

  private delimiterWord(at: number, raw: string) {
    if (this.fresh()) this.setDelimiter(at);
    else this.push('broken', 'DELIMITER inside a statement', raw, at);
  }

  private setDelimiter(at: number) {
    const newline = this.text.indexOf('\n', this.at);
    const end = newline < 0 ? this.text.length : newline;
    const wanted = /^\s*(\S*)/.exec(this.text.slice(this.at, Math.min(end, this.at + 200)))![1]!;
    this.at = end;
    if (wanted === '' || wanted.length > 15 || /['"`\\]|--|#|\/\*/.test(wanted)) {
      this.push('broken', 'a delimiter that hides what follows', '', at);
      this.push('cut', '', '', at);
      return;
    }
    this.push('cut', '', '', at);
    this.delimiter = wanted;
  }

  private client(command: string, at: number) {
    const { text } = this;
    while (this.at < text.length && text[this.at] !== '\n' && text[this.at] !== ';') this.at++;
    this.push('client', command, command, at);
  }

  /** The client takes `USE name` as complete at the end of its line. */
  private use() {
    const before = this.tokens.at(-2)?.kind;
    if (before !== undefined && before !== 'end' && before !== 'cut' && before !== 'client') return;
    const line = /^[ \t]*(?:`[^`\n]{1,64}`|[\w$]{1,64})[ \t]*(?=\r?\n|$)/.exec(this.text.slice(this.at, this.at + 160));
    if (!line) return;
    const name = line[0].trim();
    this.push('name', name, name, this.at);
    this.push('end', ';', '', this.at);
    this.at += line[0].length;
  }
}

function isWordChar(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 36 ||
    code >= 128
  );
}

/** Recognises what opens a comment that some server runs: `/*!50003`, `/*M!100100`, `/*T![feature]`. */
function conditionAt(text: string, at: number): { name: string; length: number; fault?: string } | null {
  const found = /^\/\*([MT]?!)(\[[\w, ]{0,80}\])?(\d*)/.exec(text.slice(at, at + 110));
  if (!found) return null;
  const [all, mark, features = '', digits] = found;
  // What mariadb-dump writes first: a command of the client, not SQL.
  if (mark === 'M!' && digits === '999999' && text.startsWith('\\-', at + all.length)) return null;
  if (digits!.length > 6) return { name: 'x', length: all.length, fault: 'a version that is too long' };
  const version = digits!.length >= 5 && features === '' ? digits! : '';
  return { name: mark + features + version, length: all.length - digits!.length + version.length };
}

function oddQuotes(hint: string): boolean {
  return ["'", '"', '`'].some((quote) => (hint.split(quote).length - 1) % 2 === 1);
}
