import { deepest, list, map, scalar, type Tree, Unreadable } from './tree.ts';

/**
 * Reads JSON, with the comments and trailing commas that tools such as TypeScript take. A key that is there twice is
 * refused: programs differ in which one they read.
 * @throws Unreadable
 */
export function readJson(text: string): Tree {
  const reader = new JsonReader(text);
  const tree = reader.value(0);
  reader.space();
  if (reader.at < text.length) reader.fail('has something after its end');
  return tree;
}

class JsonReader {
  at = 0;
  #line = 1;
  #counted = 0;
  constructor(readonly text: string) {}

  fail(what: string): never {
    throw new Unreadable(what, this.#lineHere());
  }

  /** White space and comments. */
  space(): void {
    for (;;) {
      while (' \t\n\r'.includes(this.text[this.at] ?? '.')) this.at++;
      if (this.text.startsWith('//', this.at)) {
        const end = this.text.slice(this.at).search(/[\n\r\u2028\u2029]/);
        this.at = end < 0 ? this.text.length : this.at + end;
      } else if (this.text.startsWith('/*', this.at)) {
        const end = this.text.indexOf('*/', this.at + 2);
        if (end < 0) this.fail('has a comment without an end');
        this.at = end + 2;
      } else return;
    }
  }

  value(depth: number): Tree {
    if (depth > deepest) this.fail(`is nested deeper than ${deepest} levels`);
    this.space();
    const line = this.#lineHere();
    const char = this.text[this.at];
    if (char === '{') return this.#object(depth, line);
    if (char === '[') return this.#array(depth, line);
    return scalar(char === '"' ? this.#string() : this.#word(), line);
  }

  #object(depth: number, line: number): Tree {
    const entries = new Map<string, Tree>();
    this.at++;
    for (;;) {
      this.space();
      if (this.#take('}')) return map(entries, line);
      if (this.text[this.at] !== '"') this.fail('is not valid JSON: expected a key in double quotes');
      const key = this.#string();
      if (entries.has(key)) this.fail(`has the key '${key.slice(0, 40)}' twice`);
      this.space();
      if (!this.#take(':')) this.fail("is not valid JSON: expected ':'");
      entries.set(key, this.value(depth + 1));
      this.space();
      if (!this.#take(',') && this.text[this.at] !== '}') this.fail("is not valid JSON: expected ',' or '}'");
    }
  }

  #array(depth: number, line: number): Tree {
    const items: Tree[] = [];
    this.at++;
    for (;;) {
      this.space();
      if (this.#take(']')) return list(items, line);
      items.push(this.value(depth + 1));
      this.space();
      if (!this.#take(',') && this.text[this.at] !== ']') this.fail("is not valid JSON: expected ',' or ']'");
    }
  }

  #string(): string {
    const start = this.at++;
    for (let char = this.text[this.at]; char !== '"'; char = this.text[++this.at]) {
      if (char === undefined || char < ' ') this.fail('is not valid JSON: a text without an end');
      if (char === '\\') this.at++;
    }
    try {
      return JSON.parse(this.text.slice(start, ++this.at)) as string;
    } catch {
      return this.fail('is not valid JSON: a broken escape');
    }
  }

  #word(): unknown {
    const word = /(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
    word.lastIndex = this.at;
    const found = word.exec(this.text)?.[0];
    if (found === undefined) return this.fail('is not valid JSON: expected a value');
    this.at += found.length;
    return /^-?\d{16,400}$/.test(found) ? BigInt(found) : JSON.parse(found);
  }

  #take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  #lineHere(): number {
    for (; this.#counted < this.at; this.#counted++) if (this.text[this.#counted] === '\n') this.#line++;
    return this.#line;
  }
}
