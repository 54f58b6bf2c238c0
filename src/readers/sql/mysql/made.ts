import type { Token } from './token.ts';

/** What the script has made so far: only of that is it known that nothing is lost with it. */
export class Made {
  /** `maybe`: it may have been there before (IF NOT EXISTS). */
  private readonly tables = new Map<string, 'sure' | 'maybe'>();
  private readonly columns = new Map<string, readonly Token[]>();
  readonly views = new Set<string>();
  readonly prepared = new Set<string>();
  /** Routines by name: what they would destroy; null: nothing. */
  readonly routines = new Map<string, string | null>();
  /** Tables with a trigger that destroys something. */
  readonly triggers = new Map<string, string>();
  /** `SET @x = '…'`, if it was the statement before this one. */
  literal: { readonly name: string; readonly tokens: readonly Token[] } | null = null;

  addTable(name: string, sure: boolean): void {
    if (!sure && this.tables.has(name)) return;
    this.tables.set(name, sure ? 'sure' : 'maybe');
  }

  has(name: string): boolean {
    return this.tables.get(name) === 'sure';
  }

  mayHave(name: string): boolean {
    return this.tables.has(name);
  }

  dropTable(name: string): void {
    this.tables.delete(name);
  }

  /** @param sure does the renaming certainly take place? */
  rename(from: string, to: string, sure: boolean): void {
    const was = sure ? this.tables.get(from) : undefined;
    this.tables.delete(from);
    if (was === undefined) this.tables.delete(to);
    else this.tables.set(to, was);
  }

  addColumn(table: string, column: string, type: readonly Token[]): void {
    this.columns.set(`${table}\0${column.toLowerCase()}`, type);
  }

  column(table: string, column: string): readonly Token[] | undefined {
    return this.columns.get(`${table}\0${column.toLowerCase()}`);
  }

  dropColumn(table: string, column: string): void {
    this.columns.delete(`${table}\0${column.toLowerCase()}`);
  }

  /** After `USE` a name means another table. */
  forget(): void {
    this.tables.clear();
    this.columns.clear();
    this.views.clear();
  }
}
