import type { Token } from './token.ts';

/** Walks over the tokens of one statement. */
export class Cursor {
  at = 0;
  readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.at + ahead];
  }

  /** The keyword here, in upper case; empty where none is. */
  word(ahead = 0): string {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'word' ? token.text : '';
  }

  is(...words: readonly string[]): boolean {
    return words.every((word, i) => this.word(i) === word);
  }

  isOneOf(words: readonly string[]): boolean {
    return words.includes(this.word());
  }

  isSign(sign: string): boolean {
    const token = this.tokens[this.at];
    return token?.kind === 'sign' && token.text === sign;
  }

  /** Takes the words if all of them come next. */
  eat(...words: readonly string[]): boolean {
    if (!this.is(...words)) return false;
    this.at += words.length;
    return true;
  }

  /** Takes as many of the words as come next, in any order. */
  eatAny(...words: readonly string[]): boolean {
    const start = this.at;
    while (this.isOneOf(words)) this.at++;
    return this.at > start;
  }

  eatSign(sign: string): boolean {
    if (!this.isSign(sign)) return false;
    this.at++;
    return true;
  }

  eatIfExists(): boolean {
    return this.eat('IF', 'EXISTS') || this.eat('IF', 'NOT', 'EXISTS');
  }

  /** A name with or without its qualifiers, the parts joined by a dot; null where none is. */
  name(): string | null {
    let name = this.part();
    while (name !== null && this.isSign('.')) {
      this.at++;
      const part = this.part();
      if (part === null) return null;
      name = `${name}.${part}`;
    }
    return name;
  }

  private part(): string | null {
    const token = this.tokens[this.at];
    // With ANSI_QUOTES, "…" is a name.
    const named =
      token?.kind === 'word' ||
      token?.kind === 'name' ||
      token?.kind === 'number' ||
      (token?.kind === 'string' && token.raw === '"');
    if (!named) return null;
    this.at++;
    return token.kind === 'word' ? token.raw : token.text;
  }

  /** From an opening parenthesis to after its closing one, or to the end. */
  skipParens(): void {
    let depth = 0;
    do {
      if (this.isSign('(')) depth++;
      else if (this.isSign(')')) depth--;
      this.at++;
    } while (depth > 0 && !this.done);
  }

  /** Moves to the first of the words that stands outside parentheses; false: there is none, and nothing moved. */
  seek(...words: readonly string[]): boolean {
    const start = this.at;
    while (!this.done) {
      if (this.isOneOf(words)) return true;
      if (this.isSign('(')) this.skipParens();
      else this.at++;
    }
    this.at = start;
    return false;
  }

  /** The tokens from here on. */
  rest(): readonly Token[] {
    return this.tokens.slice(this.at);
  }
}

/** Splits at the commas that stand outside parentheses. */
export function splitCommas(tokens: readonly Token[]): (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'sign' && token.text === '(') depth++;
    else if (token.kind === 'sign' && token.text === ')') depth--;
    if (depth === 0 && token.kind === 'sign' && token.text === ',') parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}

/** The text of a token as SQL has it, for comparing. */
export function written(token: Token): string {
  if (token.kind === 'string') return `'${token.text}'`;
  return token.kind === 'word' || token.kind === 'name' ? token.raw : token.text;
}
