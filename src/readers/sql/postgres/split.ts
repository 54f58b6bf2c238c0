import { lineBreaks, tokenAt } from './tokens.ts';

/** What a file for psql, or a migration tool, is made of. */
export type Piece =
  | {
      readonly kind: 'statement';
      readonly text: string;
      readonly line: number;
      /** Why it has no proper end. */
      readonly fault?: string;
    }
  /** Rows for the `COPY … FROM stdin` before them. */
  | { readonly kind: 'data'; readonly text: string; readonly line: number; readonly ended: boolean }
  /** A `\` command of psql. `ends`: it sends the statement before it. */
  | { readonly kind: 'command'; readonly name: string; readonly args: string; readonly line: number }
  /** From here on: the way there, or the way back. */
  | { readonly kind: 'direction'; readonly tool: string; readonly down: boolean };

/** dbmate, goose and sql-migrate keep both ways in one file, told apart by comments. */
const direction = /^--[ \t]*(?:(migrate):|\+(goose|migrate)[ \t]+)(up|down)\b/i;

/** How often reading goes on behind a quote that is never closed. */
const resumptions = 100;

/** Splits a text as psql does. `psql: false`: a body, where a backslash and a comment mean nothing more. */
export function split(text: string, { psql }: { psql: boolean }): Piece[] {
  return new Splitter(text, psql).pieces();
}

class Splitter {
  private readonly found: Piece[] = [];
  private at = 0;
  private line = 1;
  /** How far lines are counted. */
  private counted = 0;
  /** Where the statement that is being read starts; -1 between statements. */
  private start = -1;
  private depth = 0;
  private blocks = 0;
  private resumed = 0;
  private heads: string[] = [];
  /** Commands in the middle of the statement, which are no part of it. */
  private cuts: (readonly [from: number, to: number])[] = [];

  constructor(
    private readonly text: string,
    private readonly psql: boolean,
  ) {}

  pieces(): Piece[] {
    while (this.at < this.text.length) this.step();
    this.finish(this.text.length);
    return this.found;
  }

  private step(): void {
    const { text, at } = this;
    const { kind, end, unended } = tokenAt(text, at);
    if (unended) {
      this.resume(kind === 'block-comment' ? 'a comment is not closed' : 'a quote is not closed');
      return;
    }
    this.at = end;
    if (kind === 'space' || kind === 'block-comment') return;
    if (kind === 'line-comment') {
      if (this.psql) this.annotation(at, end);
      return;
    }
    const sign = kind === 'sign' ? text[at] : '';
    if (sign === ';' && this.depth === 0 && this.blocks === 0) {
      this.finish(at, true);
      return;
    }
    if (sign === '\\' && this.psql) {
      this.command(at);
      return;
    }
    if (this.start < 0) this.begin(at);
    if (sign === '(' || sign === '[') this.depth += 1;
    else if ((sign === ')' || sign === ']') && this.depth > 0) this.depth -= 1;
    else if (kind === 'word') this.word(text.slice(at, end).toLowerCase());
  }

  private begin(at: number): void {
    this.start = at;
    this.depth = 0;
    this.blocks = 0;
    this.heads = [];
    this.cuts = [];
  }

  /** `BEGIN ATOMIC … END` of a function holds statements of its own, and `CASE … END` may stand in it. */
  private word(word: string): void {
    if (this.heads.length < 12) this.heads.push(word);
    if (this.depth > 0 || !isRoutine(this.heads)) return;
    if (this.blocks > 0) {
      if (word === 'case' || word === 'begin') this.blocks += 1;
      else if (word === 'end') this.blocks -= 1;
    } else if (word === 'begin' && this.nextWord() === 'atomic') this.blocks = 1;
  }

  private nextWord(): string {
    for (let at = this.at; at < this.text.length; ) {
      const { kind, end } = tokenAt(this.text, at);
      if (kind === 'word') return this.text.slice(at, end).toLowerCase();
      if (kind !== 'space' && kind !== 'line-comment' && kind !== 'block-comment') return '';
      at = end;
    }
    return '';
  }

  private lineAt(at: number): number {
    this.line += lineBreaks(this.text, this.counted, at);
    this.counted = at;
    return this.line;
  }

  /** Ends the statement that is being read. */
  private finish(end: number, semicolon = false): void {
    if (this.start < 0) return;
    let text = '';
    let from = this.start;
    for (const cut of this.cuts) {
      text += `${this.text.slice(from, cut[0])} `;
      from = cut[1];
    }
    text = (text + this.text.slice(from, end)).trimEnd();
    this.found.push({ kind: 'statement', text, line: this.lineAt(this.start) });
    this.start = -1;
    if (semicolon && this.psql && isCopyFromStdin(this.heads)) this.data();
  }

  /** Reads on behind the statement that holds what is never closed, so that it does not hide all that follows. */
  private resume(fault: string): void {
    if (this.start < 0) this.begin(this.at);
    const { text, start } = this;
    const edge = /;[ \t]*\r?\n|\r?\n[ \t]*\r?\n/g;
    edge.lastIndex = start;
    const end = this.resumed < resumptions && edge.test(text) ? edge.lastIndex : text.length;
    this.resumed += 1;
    this.found.push({ kind: 'statement', text: text.slice(start, end), line: this.lineAt(start), fault });
    this.start = -1;
    this.at = end;
  }

  private annotation(at: number, end: number): void {
    const before = this.text.slice(this.text.lastIndexOf('\n', at - 1) + 1, at);
    const found = before.trim() === '' && direction.exec(this.text.slice(at, Math.min(end, at + 80)));
    if (!found) return;
    this.finish(at);
    const tool = found[1] ? 'dbmate' : found[2]!.toLowerCase();
    this.found.push({ kind: 'direction', tool, down: found[3]!.toLowerCase() === 'down' });
  }

  private command(at: number): void {
    const { text } = this;
    if (text[at + 1] === ';') {
      this.at = at + 2;
      this.finish(at);
      return;
    }
    let end = text.indexOf('\n', at);
    if (end < 0) end = text.length;
    const whole = text.slice(at + 1, end).trimEnd();
    const name = /^(?:[!?]|[^\s\\]*)/.exec(whole)![0];
    // The next backslash ends the command; behind two of them follows SQL.
    const next = /^(?:!|copy|e[fv]|s[fv]\+?|h|help)$/.test(name) ? -1 : nextBackslash(whole, name.length);
    this.at = next < 0 ? end : at + 1 + next + (whole[next + 1] === '\\' ? 2 : 0);
    const args = whole.slice(name.length, next < 0 ? undefined : next).trim();
    if (!/^(?:[px]|echo|qecho|warn|timing|if|elif|else|endif)$/.test(name)) this.finish(at);
    else this.cuts.push([at, this.at]);
    this.found.push({ kind: 'command', name, args, line: this.lineAt(this.start < 0 ? at : this.start) });
  }

  private data(): void {
    const lineEnd = this.text.indexOf('\n', this.at);
    const from = lineEnd < 0 ? this.text.length : lineEnd + 1;
    const edge = /^\\\.\r?$/gm;
    edge.lastIndex = from;
    const ended = edge.exec(this.text);
    const to = ended ? ended.index : this.text.length;
    this.found.push({ kind: 'data', text: this.text.slice(from, to), line: this.lineAt(from), ended: ended !== null });
    this.at = ended ? edge.lastIndex : to;
  }
}

/** The place of the next backslash outside of quotes; -1 where there is none. */
function nextBackslash(line: string, from: number): number {
  let quote = '';
  for (let at = from; at < line.length; at++) {
    const sign = line[at]!;
    if (sign === quote) quote = '';
    else if (quote === '' && sign === '\\') return at;
    else if (quote === '' && /['"`]/.test(sign)) quote = sign;
  }
  return -1;
}

function isRoutine(heads: readonly string[]): boolean {
  const [create, second, third, fourth] = heads;
  const kind = second === 'or' && third === 'replace' ? fourth : second;
  return create === 'create' && (kind === 'function' || kind === 'procedure');
}

function isCopyFromStdin(heads: readonly string[]): boolean {
  const from = heads.indexOf('from');
  return heads[0] === 'copy' && from > 0 && heads[from + 1] === 'stdin';
}
