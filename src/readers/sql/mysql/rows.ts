import type { Token } from './token.ts';

const literalWords = new Set(['NULL', 'TRUE', 'FALSE', 'DEFAULT']);

/** Folds `VALUES (1, 'a'), (2, 'b'), …` into one token as it is read, so that a seed of many rows stays small. */
export class RowFolder {
  private open = -1;
  private depth = 0;
  private pure = true;
  private lastRow = -1;
  private readonly tokens: Token[];

  constructor(tokens: Token[]) {
    this.tokens = tokens;
  }

  /** To be called after each token that was added. */
  pushed(): void {
    const at = this.tokens.length - 1;
    const { kind, text, comment } = this.tokens[at]!;
    if (kind === 'end' || kind === 'cut') this.open = -1;
    else if (this.open < 0) {
      if (text !== '(' || kind !== 'sign' || !this.startsRow(at)) return;
      this.open = at;
      this.depth = 1;
      this.pure = comment === 0;
    } else if (kind === 'sign') this.sign(at, text, comment);
    else if (comment !== 0 || !(kind === 'string' || kind === 'number' || (kind === 'word' && literalWords.has(text))))
      this.pure = false;
  }

  private startsRow(at: number): boolean {
    const before = this.tokens[at - 1];
    if (before?.kind === 'word') return before.text === 'VALUES' || before.text === 'VALUE';
    return before?.text === ',' && before.kind === 'sign' && this.lastRow === at - 2;
  }

  private sign(at: number, text: string, comment: number) {
    if (comment !== 0 || !['(', ')', ',', '-', '+', '.'].includes(text)) this.pure = false;
    if (text === '(') {
      this.depth++;
      this.pure = false;
    } else if (text === ')' && --this.depth === 0) this.close(at);
  }

  private close(at: number) {
    const { open, tokens } = this;
    this.open = -1;
    this.lastRow = at;
    if (!this.pure) return;
    const first = tokens[open]!;
    tokens.length = open;
    if (tokens.at(-1)?.text === ',' && tokens.at(-2)?.kind === 'row') tokens.pop();
    else tokens.push({ kind: 'row', text: '()', raw: '()', at: first.at, comment: 0 });
    this.lastRow = tokens.length - 1;
  }
}
