/** The languages in which migrations are written as code. */
export type Language = 'js' | 'python';

/** A piece of code: enough to tell names, strings and brackets apart, and no more. */
export interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'mark';
  /** A string's is its value, escapes resolved, each expression in it replaced by `hole`. */
  readonly text: string;
  /** Both count from 1 and from 0. */
  readonly line: number;
  readonly column: number;
  /** Does the string hold an expression? */
  readonly hasHole: boolean;
  /** The code of these expressions. */
  readonly inner: readonly Token[];
}

/** What stands in a string in place of an expression; it reads as a name in SQL. */
export const hole = 'hole';

/** The code cannot be taken apart for sure. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** @throws Unreadable where it is not sure what is a string and what is code */
export function scan(text: string, language: Language): Token[] {
  const scanner = new Scanner(text, language);
  return scanner.tokens(null);
}

const nameStart = /[\p{ID_Start}$_]/u;
const nameRest = /[\p{ID_Continue}$\u200c\u200d]/u;
/** After these a slash starts a regular expression. */
const beforeRegex = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'do']);
const beforeRegexToo = new Set(['await', 'yield', 'default']);

const deepest = 20;

class Scanner {
  readonly #text: string;
  readonly #isPython: boolean;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** Of templates within templates. */
  #depth = 0;

  constructor(text: string, language: Language) {
    this.#text = text;
    this.#isPython = language === 'python';
    if (text.startsWith('\ufeff')) this.#at = 1;
    if (text.startsWith('#!', this.#at)) this.#skipLine();
  }

  /** Reads up to the end, or to the closing bracket of what is read. */
  tokens(end: '}' | null): Token[] {
    const tokens: Token[] = [];
    const open: string[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#at >= this.#text.length) {
        if (end !== null || open.length > 0) throw this.#unreadable('a bracket is not closed');
        return tokens;
      }
      const char = this.#text[this.#at]!;
      if (char === end && open.length === 0) {
        this.#at += 1;
        return tokens;
      }
      const token = this.#token(tokens.at(-1));
      if (token === null) continue;
      if (token.kind === 'mark') this.#balance(token.text, open);
      tokens.push(token);
    }
  }

  #balance(mark: string, open: string[]): void {
    if ('([{'.includes(mark)) open.push(mark);
    else if (')]}'.includes(mark) && open.pop() !== { ')': '(', ']': '[', '}': '{' }[mark])
      throw this.#unreadable('brackets do not match');
  }

  #token(before: Token | undefined): Token | null {
    const char = this.#text[this.#at]!;
    const place = { line: this.#line, column: this.#at - this.#lineStart, hasHole: false, inner: [] };
    const prefix = this.#isPython ? /^[A-Za-z]{0,2}(?=["'])/.exec(this.#text.slice(this.#at, this.#at + 3))?.[0] : '';
    const quote = prefix === undefined ? '' : this.#text[this.#at + prefix.length]!;
    if (quote === '"' || quote === "'") return { ...place, kind: 'string', ...this.#string(prefix!, quote) };
    if (char === '`' && !this.#isPython) return { ...place, kind: 'string', ...this.#template() };
    const point = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    if (nameStart.test(point)) return { ...place, kind: 'name', text: this.#name() };
    if (/[0-9]/.test(char)) {
      const number = /^[\w.]+/.exec(this.#text.slice(this.#at, this.#at + 400))![0];
      this.#at += number.length;
      return { ...place, kind: 'number', text: number };
    }
    if (char === '/' && !this.#isPython && this.#isRegex(before)) {
      const start = this.#at;
      this.#skipRegex();
      return { ...place, kind: 'number', text: this.#text.slice(start, this.#at) };
    }
    if (char === '\\') throw this.#unreadable('an escape in a name');
    if (!this.#isPython && (this.#text.startsWith('<!--', this.#at) || this.#text.startsWith('-->', this.#at)))
      throw this.#unreadable('an HTML comment');
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (two === '=>' || (two === '?.' && !/[0-9]/.test(this.#text[this.#at + 2] ?? ''))) {
      this.#at += 2;
      return { ...place, kind: 'mark', text: two === '=>' ? '=>' : '.' };
    }
    this.#at += point.length;
    return { ...place, kind: 'mark', text: char };
  }

  #name(): string {
    const start = this.#at;
    while (this.#at < this.#text.length) {
      const point = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
      if (!nameRest.test(point)) break;
      this.#at += point.length;
    }
    const name = this.#text.slice(start, this.#at);
    // Python takes names for the same that are so once normalized.
    return this.#isPython ? name.normalize('NFKC') : name;
  }

  #isRegex(before: Token | undefined): boolean {
    if (before === undefined) return true;
    if (before.kind === 'name') return beforeRegex.has(before.text) || beforeRegexToo.has(before.text);
    if (before.kind !== 'mark') return false;
    if (before.text === ')' || before.text === '}') throw this.#unreadable(`a slash after ${before.text}`);
    return before.text !== ']';
  }

  #skipRegex(): void {
    let isClass = false;
    for (this.#at += 1; ; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char === undefined || isLineEnd(char)) throw this.#unreadable('a regular expression is not closed');
      if (char === '\\') this.#at += 1;
      else if (char === '[') isClass = true;
      else if (char === ']') isClass = false;
      else if (char === '/' && !isClass) break;
    }
    this.#at += 1;
    while (/[a-z]/i.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #string(prefix: string, mark: string): { text: string; hasHole: boolean; inner: readonly Token[] } {
    const kind = prefix.toLowerCase();
    if (!/^(?:|r|b|u|f|br|rb|fr|rf)$/.test(kind)) throw this.#unreadable(`a string with the prefix ${prefix}`);
    this.#at += prefix.length;
    const isLong = this.#isPython && this.#text.startsWith(mark.repeat(3), this.#at);
    const quote = isLong ? mark.repeat(3) : mark;
    this.#at += quote.length;
    const inner: Token[] = [];
    let [text, hasHole] = ['', false];
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text[this.#at];
      if (char === undefined || (!isLong && (char === '\n' || char === '\r')))
        throw this.#unreadable('a string is not closed');
      if (char === '\\') text += this.#escape(kind.includes('r'));
      else if (char === '{' && kind.includes('f') && this.#text[this.#at + 1] !== '{') {
        inner.push(...this.#pythonHole(mark));
        hasHole = true;
        text += hole;
      } else {
        const isDoubled = kind.includes('f') && (char === '{' || char === '}');
        text += char;
        this.#step(isDoubled ? 2 : 1);
      }
    }
    this.#at += quote.length;
    return { text, hasHole, inner };
  }

  /** The outer quote within the expression of an f-string means different things in different versions of Python. */
  #pythonHole(outer: string): Token[] {
    const start = this.#at + 1;
    let [at, depth] = [start, 0];
    /** Where the conversion or the format begins. */
    let spec: number | null = null;
    for (; depth > 0 || this.#text[at] !== '}'; at++) {
      const char = this.#text[at];
      if (char === undefined || /[\\#\n\r]/.test(char) || outer.includes(char))
        throw this.#unreadable('an expression in an f-string');
      if (char === "'" || char === '"') {
        const end = this.#text.indexOf(char, at + 1);
        if (end < 0) throw this.#unreadable('a string is not closed');
        if (/[\\\n\r]/.test(this.#text.slice(at, end))) throw this.#unreadable('an expression in an f-string');
        at = end;
      } else if ('([{'.includes(char)) depth += 1;
      else if (')]}'.includes(char)) depth -= 1;
      else if (depth === 0 && (char === ':' || (char === '!' && this.#text[at + 1] !== '='))) spec ??= at;
    }
    const code = this.#text.slice(start, spec ?? at);
    this.#at = at + 1;
    return scan(code, 'python').map((token) => ({ ...token, line: this.#line }));
  }

  #template(): { text: string; hasHole: boolean; inner: readonly Token[] } {
    const inner: Token[] = [];
    let [text, hasHole] = ['', false];
    this.#at += 1;
    while (this.#text[this.#at] !== '`') {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#unreadable('a template is not closed');
      if (char === '\\') text += this.#escape(false);
      else if (char === '$' && this.#text[this.#at + 1] === '{') {
        this.#at += 2;
        this.#depth += 1;
        if (this.#depth > deepest) throw this.#unreadable('templates within templates');
        for (const token of this.tokens('}')) inner.push(token);
        this.#depth -= 1;
        hasHole = true;
        text += hole;
      } else {
        text += char;
        this.#step(1);
      }
    }
    this.#at += 1;
    return { text, hasHole, inner };
  }

  #escape(isRaw: boolean): string {
    const next = this.#text[this.#at + 1];
    if (next === undefined) throw this.#unreadable('a string is not closed');
    if (isRaw) {
      this.#step(2);
      return `\\${next}`;
    }
    const rest = this.#text.slice(this.#at + 1, this.#at + 12);
    const code =
      /^x([0-9a-fA-F]{2})/.exec(rest) ?? /^u([0-9a-fA-F]{4})/.exec(rest) ?? /^u\{([0-9a-fA-F]{1,6})\}/.exec(rest);
    const long = this.#isPython ? /^U([0-9a-fA-F]{8})/.exec(rest) : null;
    const octal = /^[0-7]{1,3}/.exec(rest);
    const found = code ?? long;
    if (found || octal) {
      const value = found ? Number.parseInt(found[1]!, 16) : Number.parseInt(octal![0], 8);
      if (value > 0x10ffff) throw this.#unreadable('an escape in a string');
      this.#at += 1 + (found ?? octal)![0].length;
      return String.fromCodePoint(value);
    }
    if (/[xuUN]/.test(next) && (this.#isPython || next !== 'U') && next !== 'N') throw this.#unreadable('an escape');
    if (next === 'N' && this.#isPython) throw this.#unreadable('an escape in a string');
    const isCrLf = next === '\r' && this.#text[this.#at + 2] === '\n';
    this.#step(isCrLf ? 3 : 2);
    if (isLineEnd(next)) return '';
    const known: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' };
    return known[next] ?? (this.#isPython && !/["'\\]/.test(next) ? `\\${next}` : next);
  }

  #skipSpace(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) return;
      const two = this.#text.slice(this.#at, this.#at + 2);
      const isComment = this.#isPython ? char === '#' : two === '//';
      if (isComment) this.#skipLine();
      else if (!this.#isPython && two === '/*') {
        const end = this.#text.indexOf('*/', this.#at + 2);
        if (end < 0) throw this.#unreadable('a comment is not closed');
        this.#step(end + 2 - this.#at);
      } else if (this.#isPython && char === '\\' && /^\\\r?\n/.test(this.#text.slice(this.#at, this.#at + 3)))
        this.#step(two[1] === '\r' ? 3 : 2);
      else if (/\s/.test(char)) this.#step(1);
      else return;
    }
  }

  #skipLine(): void {
    while (this.#at < this.#text.length && !isLineEnd(this.#text[this.#at]!)) this.#at += 1;
  }

  /** Goes on by some characters, counting lines. */
  #step(length: number): void {
    for (const end = this.#at + length; this.#at < end; this.#at += 1) {
      const char = this.#text[this.#at];
      if (char !== '\n' && (char !== '\r' || this.#text[this.#at + 1] === '\n')) continue;
      this.#line += 1;
      this.#lineStart = this.#at + 1;
    }
  }

  #unreadable(message: string): Unreadable {
    return new Unreadable(message, this.#line);
  }
}

function isLineEnd(char: string): boolean {
  return char === '\n' || char === '\r' || char === '\u2028' || char === '\u2029';
}
