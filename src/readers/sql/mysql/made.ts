import type { Token } from './token.ts';

/**
 * The types of columns where they are known: from statements that would fail if they were not true, never from one
 * with `IF NOT EXISTS`.
 */
export class Types {
  private readonly tables = new Map<string, Map<string, readonly Token[]>>();

  get(table: string, column: string): readonly Token[] | undefined {
    return this.tables.get(table)?.get(column.toLowerCase());
  }

  /** @param type null: it is not known any more */
  set(table: string, column: string, type: readonly Token[] | null): void {
    const columns = this.tables.get(table) ?? new Map<string, readonly Token[]>();
    if (type === null) columns.delete(column.toLowerCase());
    else columns.set(column.toLowerCase(), type);
    this.tables.set(table, columns);
  }

  drop(table: string): void {
    this.tables.delete(table);
  }

  /** @param sure does the renaming certainly take place? */
  rename(from: string, to: string, sure: boolean): void {
    const columns = this.tables.get(from);
    this.tables.delete(from);
    this.tables.delete(to);
    if (columns !== undefined && sure) this.tables.set(to, columns);
  }

  clear(): void {
    this.tables.clear();
  }
}

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
  /** Types of columns, as the migrations before and this one have made them. */
  readonly types: Types;
  /** `SET @x = '…'`, if it was the statement before this one. */
  literal: { readonly name: string; readonly tokens: readonly Token[] } | null = null;

  constructor(types = new Types()) {
    this.types = types;
  }

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
    this.types.drop(name);
  }

  /** @param sure does the renaming certainly take place? */
  rename(from: string, to: string, sure: boolean): void {
    this.types.rename(from, to, sure);
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
    this.types.clear();
  }
}
