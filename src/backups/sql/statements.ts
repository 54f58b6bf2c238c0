/** A statement of a dump. */
export interface Statement {
  /** As the server gets it. */
  readonly text: string;
  /** What of it is code: comments are gone, strings are empty, and what a comment hides from other versions stands open. */
  readonly code: string;
}

/** Characters that one statement may have: a row is at most as long as a packet. */
const longest = 256 << 20;

const places = /['"`;#]|--|\/\*|\*\//g;

/**
 * Cuts what `mariadb-dump` and `mysqldump` write into statements, piece by piece. A statement is judged and sent as it was cut here,
 * so nobody else reads where it ends; the commands of a client (`\!`, `source`) are nothing but text here.
 */
export class StatementReader {
  #text = '';
  /** Where what was looked at ends, and where the code begins that was not put down yet. */
  #at = 0;
  #from = 0;
  #code: string[] = [];
  #quote: string | null = null;
  /** Within a comment that only some versions run. */
  #conditional = false;
  #delimiter = ';';
  #started = false;
  /** The last line that is nothing but a comment. */
  lastComment = '';

  /** @throws RangeError when a statement is longer than any server takes, or cannot be cut in one way only */
  push(text: string): Statement[] {
    this.#text += text;
    return this.#cut(false);
  }

  /** @returns what was left, statements and at last what has no end */
  end(): { readonly statements: Statement[]; readonly rest: string } {
    const statements = this.#cut(true);
    return { statements, rest: this.#text.trim() };
  }

  #cut(last: boolean): Statement[] {
    const found: Statement[] = [];
    for (;;) {
      if (!this.#started && !this.#begin(last)) break;
      const statement = this.#advance(last);
      if (statement === null) break;
      if (statement.code.trim() !== '') found.push(statement);
    }
    if (this.#text.length > longest) throw new RangeError('a statement is longer than any server takes');
    return found;
  }

  /** Passes what stands before a statement: white space, lines of comment, the client's own lines. False: there is no more. */
  #begin(last: boolean): boolean {
    for (;;) {
      this.#text = this.#text.replace(/^\s+/, '');
      if (this.#text === '') return false;
      const line = /^(?:--(?=\s)|#|DELIMITER\s|\/\*M!999999\\- )/i.test(this.#text);
      const isWhole = last || this.#text.includes('\n');
      if (!line && (isWhole || this.#text.length > 40)) break;
      if (!isWhole) return false;
      if (!line) break;
      const end = this.#text.indexOf('\n');
      this.#clientLine(this.#text.slice(0, end < 0 ? undefined : end).trim());
      this.#text = end < 0 ? '' : this.#text.slice(end + 1);
    }
    this.#started = true;
    this.#at = this.#from = 0;
    this.#code = [];
    return true;
  }

  #clientLine(line: string): void {
    if (line.startsWith('--')) this.lastComment = line;
    const [, delimiter] = /^DELIMITER\s+(.*)$/i.exec(line) ?? [];
    if (delimiter === undefined) return;
    if (delimiter !== ';' && delimiter !== ';;')
      throw new RangeError('it ends statements in another way than dumps do');
    this.#delimiter = delimiter;
  }

  /** @returns the statement; null: its end has not come yet */
  #advance(last: boolean): Statement | null {
    for (;;) {
      if (this.#quote !== null && !this.#closeQuote()) return null;
      places.lastIndex = this.#at;
      const place = places.exec(this.#text);
      if (place === null) {
        // The last character may be the first half of what is looked for.
        this.#at = Math.max(this.#at, this.#text.length - 1);
        return null;
      }
      if (!last && place.index + 12 > this.#text.length) {
        this.#at = place.index;
        return null;
      }
      const statement = this.#pass(place[0], place.index);
      if (statement === 'unfinished') return null;
      if (statement !== null) return statement;
    }
  }

  #closeQuote(): boolean {
    const quote = this.#quote!;
    const ends = quote === '`' ? /`/g : quote === "'" ? /['\\]/g : /["\\]/g;
    for (ends.lastIndex = this.#at; ; ) {
      const end = ends.exec(this.#text);
      if (end === null || (end[0] === '\\' && end.index + 1 >= this.#text.length)) {
        this.#at = end?.index ?? this.#text.length;
        return false;
      }
      if (end[0] === '\\') ends.lastIndex = end.index + 2;
      else {
        this.#at = end.index + 1;
        this.#quote = null;
        if (quote === "'") {
          this.#code.push("''");
          this.#from = this.#at;
        }
        return true;
      }
    }
  }

  #pass(what: string, index: number): Statement | 'unfinished' | null {
    const text = this.#text;
    this.#at = index + what.length;
    if (what === "'" || what === '"' || what === '`') {
      if (what === "'") this.#put(index);
      this.#quote = what;
      return null;
    }
    if (what === ';') return text.startsWith(this.#delimiter, index) ? this.#finish(index) : null;
    if (what === '*/') {
      if (this.#conditional) this.#put(index, this.#at);
      this.#conditional = false;
      return null;
    }
    if (what === '/*') {
      const [opened] = /^\/\*M?!\d*/.exec(text.slice(index, index + 12)) ?? [];
      if (opened !== undefined) {
        this.#put(index, index + opened.length);
        this.#at = index + opened.length;
        this.#conditional = true;
        return null;
      }
      return this.#skip(index, text.indexOf('*/', index + 2), 2);
    }
    if (what === '--' && !/\s/.test(text[index + 2] ?? '\n')) return null;
    return this.#skip(index, text.indexOf('\n', index), 1);
  }

  /** Puts the code before `index` down, and a space for what stands up to `next`. */
  #put(index: number, next?: number): void {
    this.#code.push(this.#text.slice(this.#from, index));
    if (next !== undefined) this.#code.push(' ');
    this.#from = next ?? index;
  }

  #skip(index: number, end: number, length: number): 'unfinished' | null {
    if (end < 0) {
      this.#at = index;
      return 'unfinished';
    }
    this.#put(index, end + length);
    this.#at = end + length;
    return null;
  }

  #finish(index: number): Statement {
    this.#put(index);
    const statement = { text: this.#text.slice(0, index), code: this.#code.join('') };
    this.#text = this.#text.slice(index + this.#delimiter.length);
    this.#started = false;
    this.#conditional = false;
    return statement;
  }
}
