import { Undecided } from '../../../model/index.ts';
import { RowFolder } from '../mysql/rows.ts';
import type { Kind, Token } from '../mysql/token.ts';

/** Rows of literals count as one; this bounds memory and time. */
const maxTokens = 1_000_000;
const signs = ['->>', '==', '>=', '<=', '<>', '!=', '||', '<<', '>>', '->'];
const closing: Readonly<Record<string, string>> = { "'": "'", '"': '"', '`': '`', '[': ']' };

/**
 * Reads SQL as SQLite's own tokenizer does, linearly. Words are in upper case, names and texts without their quotes; what
 * stands in for a value (`?1`, `:a`, `@a`, `$a`) is a question mark.
 * @see https://www.sqlite.org/src/file/src/tokenize.c
 * @param from offset of the text in its file
 * @throws Undecided when there are too many words
 */
export function tokenize(text: string, from: number): readonly Token[] {
  const tokens: Token[] = [];
  const rows = new RowFolder(tokens);
  const push = (kind: Kind, word: string, raw: string, at: number) => {
    tokens.push({ kind, text: word, raw, at: at + from, comment: 0 });
    rows.pushed();
    if (tokens.length > maxTokens)
      throw new Undecided('an SQL file with so many words cannot be checked', 'split the migration');
  };
  for (let at = 0; at < text.length; ) at = step(text, at, push);
  return tokens;
}

type Push = (kind: Kind, word: string, raw: string, at: number) => void;

/** Reads what stands at a place. @returns the place behind it */
function step(text: string, at: number, push: Push): number {
  const char = text[at]!;
  if (/[ \t\n\f\r]/.test(char)) return at + 1;
  if (char === ';') {
    push('end', ';', ';', at);
    return at + 1;
  }
  if (char === '-' && text[at + 1] === '-') return lineEnd(text, at);
  if (char === '/' && text[at + 1] === '*') return comment(text, at, push);
  if (Object.hasOwn(closing, char)) return quoted(text, at, push);
  if (/[0-9]/.test(char) || (char === '.' && /[0-9]/.test(text[at + 1] ?? ''))) {
    const [number] = /^(?:0[xX][0-9A-Fa-f_]+|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9]+)?)/.exec(text.slice(at, at + 400))!;
    push('number', number.replaceAll('_', ''), number, at);
    return at + number.length;
  }
  if (isWord(text.charCodeAt(at))) return word(text, at, push);
  if (char === '?' || ((char === ':' || char === '@' || char === '$') && isWord(text.charCodeAt(at + 1)))) {
    push('sign', '?', char, at);
    return wordEnd(text, at + 1);
  }
  if (char === '\0') {
    push('broken', 'a NUL', char, at);
    return at + 1;
  }
  const sign = signs.find((each) => text.startsWith(each, at)) ?? char;
  // Both ways to write it mean the same; and `||` joins texts, which is arithmetic to whoever asks what a condition holds.
  push('sign', sign === '==' ? '=' : sign === '||' ? '+' : sign, sign, at);
  return at + sign.length;
}

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline < 0 ? text.length : newline;
}

/** SQLite takes an open comment as going on to the end; whoever splits the text before may not. */
function comment(text: string, at: number, push: Push): number {
  const end = text.indexOf('*/', at + 2);
  if (end >= 0) return end + 2;
  push('broken', 'a comment that is never closed', '', at);
  return text.length;
}

function quoted(text: string, at: number, push: Push): number {
  const quote = text[at]!;
  const close = closing[quote]!;
  let end = at + 1;
  for (; end < text.length; end++) {
    if (text[end] !== close) continue;
    if (close === ']' || text[end + 1] !== close) break;
    end++;
  }
  if (end >= text.length) {
    push('broken', 'a quote that is never closed', quote, at);
    return text.length;
  }
  const inner = text.slice(at + 1, end);
  const plain = close === ']' ? inner : inner.replaceAll(quote + quote, quote);
  if (inner.includes('\0')) push('broken', 'a NUL', quote, at);
  else push(quote === "'" ? 'string' : 'name', plain, quote, at);
  return end + 1;
}

function word(text: string, at: number, push: Push): number {
  const end = wordEnd(text, at);
  const raw = text.slice(at, end);
  // A blob, x'…', is a value.
  if (/^[xX]$/.test(raw) && text[end] === "'") return end;
  if (/[^\x20-\x7e]/.test(raw)) push('name', raw, raw, at);
  else push('word', raw.length < 128 ? raw.toUpperCase() : raw, raw, at);
  return end;
}

function wordEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && isWord(text.charCodeAt(end))) end++;
  return end;
}

function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 36 ||
    code >= 128
  );
}
