import type { Made } from './made.ts';

/** What a judge of one statement sees and says. */
export interface Scene {
  readonly made: Made;
  readonly dialect: 'mysql' | 'tidb';
  /** Does the server add indexes without a lock (TiDB)? */
  readonly online: boolean;
  /** May what this statement makes be relied on? Not where it is only one way to read a comment. */
  readonly sure: boolean;
  /** Inside a routine, where nothing is known of what is there when it runs. */
  readonly inBody: boolean;
  /** How deep in statements that are text of others. */
  readonly depth: number;
  error(rule: string, message: string): void;
  warning(rule: string, message: string): void;
  unparsed(why: string): void;
  /** A name for a message: short, in one line. */
  show(name: string): string;
  /** Judges the text of another statement, in the same place. */
  nested(text: string): void;
}
