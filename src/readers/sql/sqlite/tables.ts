/** What is known of a column. */
export interface Column {
  readonly name: string;
  /** As declared, in upper case; empty where nothing is. */
  readonly type: string;
}

/** A foreign key, from the table that holds it. */
export interface Reference {
  readonly to: string;
  /** What becomes of its rows when those it refers to go: `CASCADE`, `SET NULL`, `SET DEFAULT`; empty: they stay. */
  readonly onDelete: string;
}

/** Rows of another table that a new one has taken in. */
export interface Copy {
  readonly from: string;
  /** Why not all of it is kept, each a sentence without a subject; none: all of it is. */
  readonly losses: readonly { readonly rule: string; readonly message: string }[];
}

export interface Table {
  /** By their folded name; null: they are not known. */
  columns: Map<string, Column> | null;
  readonly references: readonly Reference[];
  /** Made by this script, so that nothing is lost with it. */
  made: boolean;
  /** Columns that this script has added. */
  readonly fresh: Set<string>;
  /** Does a conflict drop a row instead of failing? */
  readonly dropsRows: boolean;
  /** Is it gone with the connection? */
  readonly temporary: boolean;
  copies: readonly Copy[];
  /** The table whose rows are here alone, since it was dropped. */
  heirOf: string | null;
}

/** A table of which nothing is known but its name. */
export const unknownTable = (): Table => ({
  columns: null,
  references: [],
  made: false,
  fresh: new Set(),
  dropsRows: false,
  temporary: false,
  copies: [],
  heirOf: null,
});

/** Tables as the migrations so far have left them. Names count without their case, as in SQLite. */
export class Tables {
  private readonly known = new Map<string, Table>();

  get(name: string): Table | undefined {
    return this.known.get(fold(name));
  }

  /** The table, known from now on by its name at least. */
  of(name: string): Table {
    const table = this.get(name) ?? unknownTable();
    this.known.set(fold(name), table);
    return table;
  }

  set(name: string, table: Table): void {
    this.known.set(fold(name), table);
  }

  drop(name: string): void {
    this.known.delete(fold(name));
  }

  /** Foreign keys of others follow. */
  rename(from: string, to: string): void {
    const table = this.of(from);
    this.known.delete(fold(from));
    this.known.set(fold(to), table);
    for (const [name, other] of this.known)
      if (other.references.some((reference) => same(reference.to, from)))
        this.known.set(name, {
          ...other,
          references: other.references.map((each) => (same(each.to, from) ? { ...each, to } : each)),
        });
  }

  /** The table that has taken in the rows of another. */
  heirTo(name: string): { readonly table: Table; readonly copy: Copy } | null {
    const found = [...this.known.values()].flatMap((table) =>
      table.copies.filter(({ from }) => same(from, name)).map((copy) => ({ table, copy })),
    );
    return found.sort((a, b) => a.copy.losses.length - b.copy.losses.length)[0] ?? null;
  }

  /** Temporary tables that hold the only copy of rows. */
  stranded(): string[] {
    return [...this.known.values()].flatMap(({ temporary, heirOf }) => (temporary && heirOf !== null ? [heirOf] : []));
  }

  /** Tables that lose something when the rows of this one go. */
  losingWith(name: string): { readonly table: string; readonly onDelete: string }[] {
    return [...this.known].flatMap(([table, { references }]) =>
      references
        .filter(({ to, onDelete }) => same(to, name) && onDelete !== '' && !same(table, name))
        .map(({ onDelete }) => ({ table, onDelete })),
    );
  }

  /** The script has run: what it made is there. */
  settle(): void {
    for (const [name, table] of this.known) {
      table.made = false;
      table.copies = [];
      table.heirOf = null;
      table.fresh.clear();
      if (table.temporary) this.known.delete(name);
    }
  }

  clear(): void {
    this.known.clear();
  }
}

/** Names as SQLite compares them. */
export function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export const same = (a: string, b: string): boolean => fold(a) === fold(b);
