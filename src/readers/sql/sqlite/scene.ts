import type { Tables } from './tables.ts';

/** What a judge of one statement sees and says. */
export interface Scene {
  readonly tables: Tables;
  /** Views, indexes and triggers that the script has made. */
  readonly made: Set<string>;
  /** Is the statement part of a transaction? */
  inTransaction: boolean;
  /** Are foreign keys obeyed? They are with most drivers, and always on D1. */
  foreignKeys: boolean;
  error(rule: string, message: string): void;
  warning(rule: string, message: string): void;
  /** Takes a warning back that turns out to be none. */
  unsay(rule: string, message: string): void;
  unread(why: string): void;
}
