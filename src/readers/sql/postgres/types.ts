import { child, flag, items, type Node, number, relationName, text, unwrap, words } from './tree.ts';

/** The type of a column, as far as it says what fits in. */
export interface ColumnType {
  /** PostgreSQL's own name for it: `int4`, `varchar`. */
  readonly name: string;
  /** `(10, 2)`; empty where nothing limits it. */
  readonly sizes: readonly number[];
  readonly isArray: boolean;
  /** Is it of a schema other than `pg_catalog`? */
  readonly isOwn: boolean;
}

const serials: Readonly<Record<string, string>> = {
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
  smallserial: 'int2',
  serial2: 'int2',
};

/** Reads a `TypeName`. */
export function readType(node: Node): ColumnType {
  const names = words(items(node, 'names'));
  const name = names.at(-1) ?? '';
  return {
    name: serials[name] ?? name,
    sizes: items(node, 'typmods').map((size) => number(child(size, 'A_Const', 'ival'), 'ival')),
    isArray: items(node, 'arrayBounds').length > 0,
    isOwn: names.length > 1 && names[0] !== 'pg_catalog',
  };
}

/** The type as people write it. */
export function shownType({ name, sizes, isArray }: ColumnType): string {
  return `${name}${sizes.length > 0 ? `(${sizes.join(',')})` : ''}${isArray ? '[]' : ''}`;
}

const integers = ['int2', 'int4', 'int8'];
/** Digits of the largest value, and how many nines always fit. */
const digits: Readonly<Record<string, readonly [largest: number, fits: number]>> = {
  int2: [5, 4],
  int4: [10, 9],
  int8: [19, 18],
};
const timed = ['timestamp', 'timestamptz', 'time', 'timetz', 'interval'];

/**
 * Does every value of the old type fit into the new one? `same`: and not a row is rewritten. Null: that is not known.
 */
export function fit(old: ColumnType, next: ColumnType): 'same' | 'wider' | 'narrower' | null {
  if (old.isArray || next.isArray || old.isOwn || next.isOwn) return null;
  if (old.name === next.name && String(old.sizes) === String(next.sizes)) return 'same';
  if (isText(old.name) && isText(next.name)) return fitText(old, next);
  if (isExact(old.name) && isExact(next.name)) return fitNumber(old, next);
  if (old.name === 'float4' && next.name === 'float8') return 'wider';
  if (/^float[48]$/.test(old.name) && (next.name === 'float4' || integers.includes(next.name))) return 'narrower';
  if (old.name === next.name && timed.includes(old.name))
    return (next.sizes[0] ?? 6) >= (old.sizes[0] ?? 6) ? 'wider' : 'narrower';
  return null;
}

const isText = (name: string): boolean => ['varchar', 'bpchar', 'text'].includes(name);
const isExact = (name: string): boolean => name === 'numeric' || integers.includes(name);

function fitText(old: ColumnType, next: ColumnType): 'same' | 'wider' | 'narrower' | null {
  // `char` alone is `char(1)`; the parser writes the 1.
  const [from, to] = [old.sizes[0] ?? Number.POSITIVE_INFINITY, next.sizes[0] ?? Number.POSITIVE_INFINITY];
  if (to < from) return 'narrower';
  if (old.name === 'bpchar') return 'wider';
  return next.name === 'bpchar' ? null : 'same';
}

function fitNumber(old: ColumnType, next: ColumnType): 'same' | 'wider' | 'narrower' {
  if (integers.includes(old.name) && integers.includes(next.name))
    return integers.indexOf(next.name) >= integers.indexOf(old.name) ? 'wider' : 'narrower';
  if (next.name === 'numeric') {
    if (next.sizes.length === 0) return 'wider';
    if (old.name === 'numeric' && old.sizes.length === 0) return 'narrower';
    const [precision, scale] = old.name === 'numeric' ? sized(old) : [digits[old.name]![0], 0];
    const [room, places] = sized(next);
    if (places < scale || room - places < precision - scale) return 'narrower';
    return old.name === 'numeric' && places === scale ? 'same' : 'wider';
  }
  const [precision, scale] = sized(old);
  return old.sizes.length > 0 && scale === 0 && precision <= digits[next.name]![1] ? 'wider' : 'narrower';
}

const sized = ({ sizes: [precision = 0, scale = 0] }: ColumnType): readonly [number, number] => [precision, scale];

/**
 * The types of columns, as the migrations before have made them. Only what would fail where it is not true counts: a
 * plain `CREATE TABLE` or `ADD COLUMN`, never one `IF NOT EXISTS`.
 */
export class KnownTypes {
  private readonly tables = new Map<string, Map<string, ColumnType>>();

  get(table: string, column: string): ColumnType | undefined {
    return this.tables.get(table)?.get(column);
  }

  clear(): void {
    this.tables.clear();
  }

  /** Takes in what a statement does to columns. @param sure does it certainly run? */
  remember(statement: Node, sure: boolean): void {
    const [kind, node] = unwrap(statement);
    const relation = child(node, 'relation');
    const table = relationName(relation);
    switch (kind) {
      case 'CreateStmt':
        // A temporary table stands before the other one of its name for a while.
        if (text(relation, 'relpersistence') === 't') this.tables.delete(table);
        else if (!flag(node, 'if_not_exists')) this.create(table, node, sure);
        return;
      case 'CreateTableAsStmt':
        this.tables.delete(relationName(child(node, 'into', 'rel')));
        return;
      case 'AlterTableStmt':
        for (const wrapped of items(node, 'cmds')) this.alter(table, child(wrapped, 'AlterTableCmd'), sure);
        return;
      case 'RenameStmt':
        this.rename(node, table, sure);
        return;
      case 'DropStmt':
      case 'AlterObjectSchemaStmt':
        this.forget(node, table);
        return;
      case 'TransactionStmt':
        if (/ROLLBACK/.test(text(node, 'kind'))) this.clear();
        return;
      case 'VariableSetStmt':
        if (text(node, 'name') === 'search_path') this.clear();
    }
  }

  private create(table: string, node: Node, sure: boolean): void {
    const columns = new Map<string, ColumnType>();
    for (const element of items(node, 'tableElts')) {
      const definition = child(element, 'ColumnDef');
      const name = text(definition, 'colname');
      if (name !== '') columns.set(name, readType(child(definition, 'typeName')));
    }
    if (sure) this.tables.set(table, columns);
    else this.tables.delete(table);
  }

  private alter(table: string, command: Node, sure: boolean): void {
    const definition = child(command, 'def', 'ColumnDef');
    const column = text(command, 'name') || text(definition, 'colname');
    const subtype = text(command, 'subtype');
    if (subtype === 'AT_AddColumn' && flag(command, 'missing_ok')) return;
    if (subtype === 'AT_AddColumn' || subtype === 'AT_AlterColumnType')
      this.set(table, column, sure ? readType(child(definition, 'typeName')) : null);
    if (subtype === 'AT_DropColumn') this.set(table, column, null);
  }

  private set(table: string, column: string, type: ColumnType | null): void {
    const columns = this.tables.get(table) ?? new Map<string, ColumnType>();
    if (type === null) columns.delete(column);
    else columns.set(column, type);
    this.tables.set(table, columns);
  }

  private rename(node: Node, table: string, sure: boolean): void {
    const to = text(node, 'newname');
    const columns = this.tables.get(table);
    if (text(node, 'renameType') === 'OBJECT_TABLE') {
      const schema = text(child(node, 'relation'), 'schemaname');
      this.tables.delete(table);
      this.tables.delete(schema === '' ? to : `${schema}.${to}`);
      if (columns && sure) this.tables.set(schema === '' ? to : `${schema}.${to}`, columns);
    } else if (text(node, 'renameType') === 'OBJECT_COLUMN') {
      const type = columns?.get(text(node, 'subname')) ?? null;
      this.set(table, text(node, 'subname'), null);
      this.set(table, to, sure ? type : null);
    } else if (!/CONSTRAINT|INDEX|TRIGGER|POLICY|ROLE/.test(text(node, 'renameType'))) this.clear();
  }

  private forget(node: Node, table: string): void {
    if (table !== '') this.tables.delete(table);
    if (text(node, 'removeType') === 'OBJECT_TABLE')
      for (const object of items(node, 'objects'))
        this.tables.delete(words(items(child(object, 'List'), 'items')).join('.'));
    else if (/SCHEMA|TYPE|DOMAIN/.test(text(node, 'removeType'))) this.clear();
  }
}
