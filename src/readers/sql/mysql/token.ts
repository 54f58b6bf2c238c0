/**
 * `end`: a semicolon. `cut`: nothing goes on past it (another delimiter, `\G`, a Drizzle breakpoint, a section).
 * `client`: a command of the mysql client. `row`: rows of literals, folded. `broken`: text says what is wrong.
 */
export type Kind = 'word' | 'name' | 'string' | 'number' | 'sign' | 'row' | 'end' | 'cut' | 'client' | 'broken';

export interface Token {
  readonly kind: Kind;
  /** Words in upper case; names and strings without their quotes, escapes as written. */
  readonly text: string;
  /** As written; of a string only its quote. */
  readonly raw: string;
  /** Offset in the text. */
  readonly at: number;
  /** Number of the conditional comment that it stands in; 0: in none. */
  readonly comment: number;
}
