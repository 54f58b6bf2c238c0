/** A JSON value without `undefined` and without surprises: objects have no prototype. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Parses JSON as RFC 8259 has it and refuses what JSON.parse lets through: repeated keys, lone surrogates, nesting
 * deeper than 16 levels, numbers that are not whole.
 * @throws SyntaxError naming the offset
 */
export function parseStrictJson(text: string): Json {
  const reader = new JsonReader(text);
  const value = reader.value(0);
  reader.space();
  if (reader.at < text.length) reader.fail('something after the end');
  return value;
}

class JsonReader {
  at = 0;
  constructor(readonly text: string) {}

  fail(what: string): never {
    throw new SyntaxError(`${what} at offset ${this.at}`);
  }

  space(): void {
    while (this.at < this.text.length && ' \t\n\r'.includes(this.text[this.at]!)) this.at++;
  }

  value(depth: number): Json {
    if (depth > 16) this.fail('nesting deeper than 16');
    this.space();
    const char = this.text[this.at];
    if (char === '{') return this.object(depth);
    if (char === '[') return this.array(depth);
    if (char === '"') return this.string();
    return this.word();
  }

  private object(depth: number): Json {
    const result: { [key: string]: Json } = Object.create(null);
    this.at++;
    this.space();
    if (this.take('}')) return result;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail('expected a key');
      const key = this.string();
      if (key in result) this.fail(`key '${key.slice(0, 40)}' twice`);
      this.space();
      if (!this.take(':')) this.fail("expected ':'");
      result[key] = this.value(depth + 1);
      this.space();
    } while (this.take(','));
    if (!this.take('}')) this.fail("expected ',' or '}'");
    return result;
  }

  private array(depth: number): Json {
    const result: Json[] = [];
    this.at++;
    this.space();
    if (this.take(']')) return result;
    do {
      result.push(this.value(depth + 1));
      this.space();
    } while (this.take(','));
    if (!this.take(']')) this.fail("expected ',' or ']'");
    return result;
  }

  private string(): string {
    const start = this.at++;
    for (let char = this.text[this.at]; char !== '"'; char = this.text[++this.at]) {
      if (char === undefined || char < ' ') this.fail('a broken string');
      if (char === '\\') this.at++;
    }
    const value = this.parsed(this.text.slice(start, ++this.at));
    if (!value.isWellFormed()) this.fail('a lone surrogate');
    return value;
  }

  /** What is inside the quotes is left to the built-in parser. */
  private parsed(quoted: string): string {
    try {
      return JSON.parse(quoted) as string;
    } catch {
      return this.fail('a broken string');
    }
  }

  private word(): Json {
    const match = /(?:null|true|false|-?(?:0|[1-9][0-9]{0,15}))(?![0-9.eE])/y;
    match.lastIndex = this.at;
    const found = match.exec(this.text);
    if (!found) this.fail('expected a value');
    this.at += found[0].length;
    const value = JSON.parse(found[0]) as null | boolean | number;
    if (typeof value === 'number' && !Number.isSafeInteger(value)) this.fail('a number too large');
    return value;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }
}
