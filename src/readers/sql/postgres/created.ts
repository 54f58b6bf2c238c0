import { child, flag, has, items, type Node, relationName, text, unwrap, visit, words } from './tree.ts';

/** The kinds of things that a file may make and take away again without harm to what was there before. */
export type Thing = 'table' | 'view' | 'schema' | 'type' | 'sequence' | 'index' | 'routine' | 'column' | 'part';

/**
 * What the statements so far have made, so that taking it away loses nothing. Names count as they are written: `t` and
 * `public.t` may be two tables. What may have been there before (`IF NOT EXISTS`) does not count.
 */
export class Created {
  private readonly known: Set<string>;
  /** Tables that end with the transaction. */
  private readonly passing = new Set<string>();

  constructor(known: Iterable<string> = []) {
    this.known = new Set(known);
  }

  /** For a block within: it knows what was made before, and what it makes may never come to be. */
  within(): Created {
    return new Created(this.known);
  }

  has(thing: Thing, name: string): boolean {
    return name !== '' && this.known.has(`${thing} ${name}`);
  }

  hasColumn(table: string, column: string): boolean {
    return this.has('table', table) || this.has('column', `${table} ${column}`);
  }

  forget(thing: Thing, name: string): void {
    this.known.delete(`${thing} ${name}`);
  }

  /** The names may mean something else from here on. */
  clear(): void {
    this.known.clear();
  }

  private add(thing: Thing, name: string): void {
    if (name !== '') this.known.add(`${thing} ${name}`);
  }

  private move(thing: Thing, from: string, to: string): void {
    const known = this.has(thing, from);
    this.forget(thing, from);
    this.forget(thing, to);
    if (known) this.add(thing, to);
  }

  /** Takes in what a statement has made, taken away or renamed. */
  remember(statement: Node, { inTransaction }: { inTransaction: boolean }): void {
    const [kind, node] = unwrap(statement);
    const relation = child(node, 'relation');
    const name = relationName(relation);
    switch (kind) {
      case 'CreateStmt':
        if (flag(node, 'if_not_exists')) return;
        this.addTable(name, text(node, 'oncommit') === 'ONCOMMIT_DROP', inTransaction);
        return;
      case 'CreateTableAsStmt':
        if (flag(node, 'if_not_exists')) return;
        this.madeFrom(node, inTransaction);
        return;
      case 'SelectStmt':
        this.add('table', relationName(child(node, 'intoClause', 'rel')));
        return;
      case 'ViewStmt':
        if (!flag(node, 'replace')) this.add('view', relationName(child(node, 'view')));
        return;
      case 'CreateSchemaStmt':
        if (!flag(node, 'if_not_exists')) this.add('schema', text(node, 'schemaname'));
        return;
      case 'CreateSeqStmt':
        if (!flag(node, 'if_not_exists')) this.add('sequence', relationName(child(node, 'sequence')));
        return;
      case 'CreateEnumStmt':
      case 'CreateRangeStmt':
        this.add('type', words(items(node, 'typeName')).join('.'));
        return;
      case 'CompositeTypeStmt':
        this.add('type', relationName(child(node, 'typevar')));
        return;
      case 'CreateDomainStmt':
        this.add('type', words(items(node, 'domainname')).join('.'));
        return;
      case 'IndexStmt':
        if (!flag(node, 'if_not_exists')) this.add('index', text(node, 'idxname'));
        return;
      case 'CreateFunctionStmt':
        if (!flag(node, 'replace')) this.add('routine', words(items(node, 'funcname')).join('.'));
        return;
      case 'CreateTrigStmt':
        if (!flag(node, 'replace')) this.add('part', `${name}.${text(node, 'trigname')}`);
        return;
      case 'CreatePolicyStmt':
        this.add('part', `${relationName(child(node, 'table'))}.${text(node, 'policy_name')}`);
        return;
      case 'RuleStmt':
        if (!flag(node, 'replace')) this.add('part', `${name}.${text(node, 'rulename')}`);
        return;
      case 'AlterTableStmt':
        this.altered(node, name);
        return;
      case 'RenameStmt':
        this.renamed(node, relation, name);
        return;
      case 'AlterObjectSchemaStmt':
        this.forget('schema', text(node, 'newschema'));
        this.forget('table', name);
        return;
      case 'DropStmt':
        this.dropped(node);
        return;
      case 'TransactionStmt':
        if (!/BEGIN|START|SAVEPOINT|RELEASE/.test(text(node, 'kind'))) this.ended(text(node, 'kind'));
        return;
      case 'DiscardStmt':
        this.clear();
        return;
    }
  }

  /** What a rollback takes back may have been there before; a commit ends only what is made to end with it. */
  private ended(kind: string): void {
    if (kind !== 'TRANS_STMT_COMMIT') this.clear();
    for (const name of this.passing) this.forget('table', name);
  }

  private madeFrom(node: Node, inTransaction: boolean): void {
    const into = child(node, 'into');
    const name = relationName(child(into, 'rel'));
    if (text(node, 'objtype') === 'OBJECT_MATVIEW') this.add('view', name);
    else this.addTable(name, text(into, 'onCommit') === 'ONCOMMIT_DROP', inTransaction);
  }

  /** `passing`: it is gone at the end of its transaction, which without `BEGIN` is at once. */
  private addTable(name: string, passing: boolean, inTransaction: boolean): void {
    if (passing && !inTransaction) return;
    if (passing) this.passing.add(name);
    this.add('table', name);
  }

  private altered(node: Node, table: string): void {
    for (const wrapped of items(node, 'cmds')) {
      const command = child(wrapped, 'AlterTableCmd');
      const subtype = text(command, 'subtype');
      const definition = child(command, 'def');
      if (subtype === 'AT_AddColumn' && !flag(command, 'missing_ok'))
        this.add('column', `${table} ${text(child(definition, 'ColumnDef'), 'colname')}`);
      if (subtype === 'AT_AddConstraint')
        this.add('part', `${table}.${text(child(definition, 'Constraint'), 'conname')}`);
      if (subtype === 'AT_DropColumn') this.forget('column', `${table} ${text(command, 'name')}`);
      if (subtype === 'AT_DropConstraint') this.forget('part', `${table}.${text(command, 'name')}`);
      // From here on older rows are reached through the new table.
      if (
        subtype === 'AT_AttachPartition' &&
        !this.has('table', relationName(child(definition, 'PartitionCmd', 'name')))
      )
        this.forget('table', table);
      if (subtype === 'AT_AddInherit' && !this.has('table', table))
        this.forget('table', relationName(child(definition, 'RangeVar')));
    }
    if (this.has('table', table)) return;
    visit({ cmds: items(node, 'cmds') }, (kind, inner) => {
      if (kind === 'Constraint' && has(inner, 'pktable')) this.forget('table', relationName(child(inner, 'pktable')));
      return true;
    });
  }

  private renamed(node: Node, relation: Node, name: string): void {
    const to = text(node, 'newname');
    const schema = text(relation, 'schemaname');
    switch (text(node, 'renameType')) {
      case 'OBJECT_TABLE':
        this.move('table', name, schema === '' ? to : `${schema}.${to}`);
        return;
      case 'OBJECT_COLUMN':
        this.move('column', `${name} ${text(node, 'subname')}`, `${name} ${to}`);
        return;
      case 'OBJECT_INDEX':
        this.move('index', name, schema === '' ? to : `${schema}.${to}`);
        return;
      case 'OBJECT_TABCONSTRAINT':
      case 'OBJECT_TRIGGER':
      case 'OBJECT_ROLE':
        return;
      default:
        this.clear();
    }
  }

  private dropped(node: Node): void {
    const thing = thingOf(text(node, 'removeType'));
    if (thing === 'schema') {
      this.clear();
      return;
    }
    for (const name of droppedNames(node)) if (thing) this.forget(thing, name);
  }
}

const things: Readonly<Record<string, Thing>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'view',
  OBJECT_SCHEMA: 'schema',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_INDEX: 'index',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
  OBJECT_ROUTINE: 'routine',
  OBJECT_TRIGGER: 'part',
  OBJECT_POLICY: 'part',
  OBJECT_RULE: 'part',
};

/** What kind of thing a `DROP` is about; null for what a file cannot have made alone. */
export const thingOf = (removeType: string): Thing | null => things[removeType] ?? null;

/** The names in a `DROP`, with their schemas where they are written. */
export function droppedNames(node: Node): string[] {
  return items(node, 'objects').map((object) => {
    const [kind, inner] = unwrap(object);
    if (kind === 'String') return text(inner, 'sval');
    const names =
      kind === 'List' ? items(inner, 'items') : kind === 'TypeName' ? items(inner, 'names') : items(inner, 'objname');
    return words(names).join('.');
  });
}
