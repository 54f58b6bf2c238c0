/**
 * PostgreSQL's tokens, as far as they decide where a statement, a string or a comment ends. It reads what the server's
 * scanner reads (src/backend/parser/scan.l), with `standard_conforming_strings` on.
 */

export type TokenKind =
  | 'space'
  | 'line-comment'
  | 'block-comment'
  | 'word'
  | 'string'
  | 'name'
  | 'number'
  | 'parameter'
  | 'sign';

export interface Token {
  readonly kind: TokenKind;
  /** Behind its last character. */
  readonly end: number;
  /** The text ends within it: a quote or comment that is never closed. */
  readonly unended?: boolean;
}

const space = /[ \t\n\r\f\v]+/y;
const lineComment = /--[^\n\r]*/y;
const word = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const digits = /[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const parameter = /\$[0-9]+/y;
const dollarQuote = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

/** The end of what a sticky expression finds at a place; -1 where it finds nothing. */
function endOf(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : -1;
}

/** The token at a place of the text, which must not be its end. */
export function tokenAt(text: string, at: number): Token {
  switch (text[at]) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case '\f':
    case '\v':
      return { kind: 'space', end: endOf(space, text, at) };
    case "'":
      return quoted(text, at, 'string', "'");
    case '"':
      return quoted(text, at, 'name', '"');
    case '-':
      if (text[at + 1] === '-') return { kind: 'line-comment', end: endOf(lineComment, text, at) };
      return { kind: 'sign', end: at + 1 };
    case '/':
      return text[at + 1] === '*' ? blockComment(text, at) : { kind: 'sign', end: at + 1 };
    case '$':
      return dollar(text, at);
    default:
      return wordOrSign(text, at);
  }
}

function wordOrSign(text: string, at: number): Token {
  const end = endOf(word, text, at);
  if (end < 0) {
    const after = endOf(digits, text, at);
    return after < 0 ? { kind: 'sign', end: at + 1 } : { kind: 'number', end: after };
  }
  if (end === at + 1 && text[end] === "'" && /[eE]/.test(text[at]!)) return escaped(text, end);
  return { kind: 'word', end };
}

function quoted(text: string, at: number, kind: 'string' | 'name', quote: string): Token {
  for (let from = at + 1; ; from += 2) {
    from = text.indexOf(quote, from);
    if (from < 0) return { kind, end: text.length, unended: true };
    if (text[from + 1] !== quote) return { kind, end: from + 1 };
  }
}

/**
 * `E'…'`: a backslash takes the next character with it. Where the string goes on in another line, the server reads
 * `\'` that way too, while psql takes it for the end: then nobody can say where it ends.
 */
function escaped(text: string, quote: number): Token {
  let at = quote + 1;
  let continued = false;
  let doubtful = false;
  while (at < text.length) {
    const sign = text[at];
    if (sign === '\\') {
      doubtful ||= continued && text[at + 1] === "'";
      at += 2;
    } else if (sign !== "'") at += 1;
    else if (text[at + 1] === "'") at += 2;
    else {
      const next = continuation(text, at + 1);
      if (next < 0) return { kind: 'string', end: at + 1, unended: doubtful };
      continued = true;
      at = next;
    }
  }
  return { kind: 'string', end: text.length, unended: true };
}

/** Behind the quote that continues a string: after blanks with a line break, comments to the end of a line among them. */
function continuation(text: string, from: number): number {
  let broken = false;
  for (let at = from; at < text.length; ) {
    if (text[at] === "'") return broken ? at + 1 : -1;
    const { kind, end } = tokenAt(text, at);
    if (kind === 'space') broken ||= /[\n\r]/.test(text.slice(at, end));
    else if (kind !== 'line-comment') return -1;
    at = end;
  }
  return -1;
}

function blockComment(text: string, at: number): Token {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = at + 2;
  let depth = 1;
  for (let found = edge.exec(text); found; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return { kind: 'block-comment', end: edge.lastIndex };
  }
  return { kind: 'block-comment', end: text.length, unended: true };
}

function dollar(text: string, at: number): Token {
  const numbered = endOf(parameter, text, at);
  if (numbered > 0) return { kind: 'parameter', end: numbered };
  const open = endOf(dollarQuote, text, at);
  if (open < 0) return { kind: 'sign', end: at + 1 };
  const tag = text.slice(at, open);
  const close = text.indexOf(tag, open);
  if (close < 0) return { kind: 'string', end: text.length, unended: true };
  return { kind: 'string', end: close + tag.length };
}

/** How many line breaks stand between two places. */
export function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
