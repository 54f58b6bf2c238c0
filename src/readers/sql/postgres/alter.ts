import { report, type Scope } from './scope.ts';
import { child, flag, has, items, type Node, number, relationName, text, unwrap, words } from './tree.ts';
import { fit, readType, shownType } from './types.ts';

/** Functions that give the same value within a statement, so that a new column with such a default rewrites nothing. */
const stable = new Set(
  'now transaction_timestamp statement_timestamp timezone current_setting date_trunc make_interval make_date lower upper concat length to_char to_json to_jsonb json_build_object jsonb_build_object json_build_array jsonb_build_array array_fill md5 left right replace'.split(
    ' ',
  ),
);

const serials = new Set(['serial', 'bigserial', 'smallserial', 'serial2', 'serial4', 'serial8']);

/** `ALTER TABLE`, and what is altered by the same statement: views, types, indexes, foreign tables. */
export function judgeAlterTable(node: Node, scope: Scope): void {
  const table = relationName(child(node, 'relation'));
  const made = text(node, 'objtype') === 'OBJECT_TYPE' ? 'type' : 'table';
  if (scope.created.has(made, table)) return;
  for (const wrapped of items(node, 'cmds')) judgeCommand(child(wrapped, 'AlterTableCmd'), table, scope);
}

type Said = readonly [severity: 'error' | 'warning', rule: string, message: (table: string, name: string) => string];

const said: Readonly<Record<string, Said>> = {
  AT_SetUnLogged: ['error', 'set-unlogged', (table) => `makes ${table} unlogged: a crash empties it`],
  AT_DisableTrigAll: ['error', 'disable-triggers', (table) => `switches off every trigger of ${table}`],
  AT_DisableTrigUser: ['error', 'disable-triggers', (table) => `switches off every trigger of ${table}`],
  AT_DisableTrig: ['warning', 'disable-triggers', (table, name) => `switches off the trigger ${name} of ${table}`],
  AT_DisableRule: ['warning', 'disable-rule', (table, name) => `switches off the rule ${name} of ${table}`],
  AT_DisableRowSecurity: ['error', 'disable-row-security', (table) => `lets everybody see every row of ${table}`],
  AT_NoForceRowSecurity: ['error', 'disable-row-security', (table) => `lets the owner of ${table} past its policies`],
  AT_DropInherit: ['warning', 'detach-partition', (table) => `takes ${table} out of its parent table`],
  AT_DropIdentity: ['warning', 'drop-identity', (table, name) => `stops ${table}.${name} from counting by itself`],
  AT_SetIdentity: ['warning', 'restart-sequence', (table, name) => `changes how ${table}.${name} counts`],
  AT_SetLogged: ['warning', 'rewrite-table', (table) => `rewrites ${table} under an exclusive lock`],
  AT_SetAccessMethod: ['warning', 'rewrite-table', (table) => `rewrites ${table} under an exclusive lock`],
  AT_SetTableSpace: ['warning', 'rewrite-table', (table) => `moves ${table} under an exclusive lock`],
  AT_SetExpression: ['warning', 'rewrite-table', (table, name) => `recomputes ${table}.${name} in every row`],
  AT_SetNotNull: ['warning', 'set-not-null', (table, name) => `scans ${table} under an exclusive lock for ${name}`],
};

function judgeCommand(command: Node, table: string, scope: Scope): void {
  const name = text(command, 'name');
  const subtype = text(command, 'subtype');
  const cascade = text(command, 'behavior') === 'DROP_CASCADE';
  const tail = cascade ? ' and all that depends on it' : '';
  switch (subtype) {
    case 'AT_DropColumn':
      if (!scope.created.hasColumn(table, name) || cascade)
        report(scope, 'error', 'drop-column', `drops column ${table}.${name}${tail}`);
      return;
    case 'AT_DropConstraint':
      if (!scope.created.has('part', `${table}.${name}`) || cascade)
        report(scope, cascade ? 'error' : 'warning', 'drop-constraint', `drops constraint ${name} of ${table}${tail}`);
      return;
    case 'AT_AlterColumnType':
      judgeType(command, table, scope);
      return;
    case 'AT_DetachPartition':
      judgeDetach(child(command, 'def', 'PartitionCmd'), table, scope);
      return;
    case 'AT_AddColumn':
      judgeColumn(child(command, 'def', 'ColumnDef'), table, scope);
      return;
    case 'AT_AddConstraint':
      judgeConstraint(child(command, 'def', 'Constraint'), table, scope);
      return;
  }
  const found = said[subtype];
  if (found) report(scope, found[0], found[1], found[2](table, name));
}

function judgeDetach(partition: Node, table: string, scope: Scope): void {
  const name = relationName(child(partition, 'name'));
  report(scope, 'warning', 'detach-partition', `takes the rows of ${name} out of ${table}`);
  if (flag(partition, 'concurrent') && scope.inTransaction)
    report(scope, 'warning', 'concurrently-in-transaction', 'cannot detach concurrently within a transaction');
}

/** Types that take in every value of whatever turns into them by itself, without a word about its old type. */
const wide = new Set([
  'text',
  'int8',
  'numeric',
  'varchar',
  'jsonb',
  'json',
  'bytea',
  'timestamptz',
  'uuid',
  'citext',
  'bpchar',
]);

function judgeType(command: Node, table: string, scope: Scope): void {
  const column = text(command, 'name');
  if (scope.created.hasColumn(table, column)) return;
  const definition = child(command, 'def', 'ColumnDef');
  const type = child(definition, 'typeName');
  const shown = `${table}.${column} to ${typeName(type)}`;
  const limited = items(type, 'typmods').length > 0;
  const own = words(items(type, 'names')).length > 1 && words(items(type, 'names'))[0] !== 'pg_catalog';
  const array = items(type, 'arrayBounds').length > 0;
  const using = has(definition, 'raw_default') ? child(definition, 'raw_default') : null;
  const made = scope.created.has('type', words(items(type, 'names')).join('.')) && !array;
  if (made && (!using || isPlainCast(using, column, type)))
    report(scope, 'warning', 'change-column-type', `changes ${shown}: fails where a value is not one of the new type`);
  else if ((!using || isCast(using, column, type)) && isJudgedByOld(command, table, scope)) return;
  else if (using && !isPlainCast(using, column, type))
    report(scope, 'error', 'change-column-type', `computes ${shown} from an expression, which may lose data`);
  else if (!wide.has(typeName(type)) || own || limited || array)
    report(scope, 'error', 'change-column-type', `changes ${shown}, which may lose data`);
  else
    report(scope, 'warning', 'change-column-type', `changes ${shown}: may rewrite the table under an exclusive lock`);
}

/** Where the migrations before tell the old type: is all said with that? */
function isJudgedByOld(command: Node, table: string, scope: Scope): boolean {
  const column = text(command, 'name');
  // A routine runs when nobody knows what columns there are.
  const old = scope.routine === null ? scope.session.types.get(table, column) : undefined;
  if (old === undefined) return false;
  const next = readType(child(command, 'def', 'ColumnDef', 'typeName'));
  const shown = `${table}.${column} from ${shownType(old)} to ${shownType(next)}`;
  const found = fit(old, next);
  if (found === 'narrower') report(scope, 'error', 'change-column-type', `narrows ${shown}, which may lose data`);
  if (found === 'wider')
    report(scope, 'warning', 'change-column-type', `widens ${shown}: may rewrite the table under an exclusive lock`);
  return found !== null;
}

const typeName = (type: Node): string => words(items(type, 'names')).at(-1) ?? '';

/** `USING column::type`, with the sizes of the type where it has some: they cut off what an old type held beyond them. */
function isCast(using: Node, column: string, type: Node): boolean {
  if (isPlainCast(using, column, type)) return true;
  const cast = child(using, 'TypeCast');
  const to = readType(child(cast, 'typeName'));
  return shownType(to) === shownType(readType(type)) && isPlainCast(child(cast, 'arg'), column, type);
}

/** `USING column::type`, the type being the column's new one; `column::text::type` is how an enum turns into another. */
function isPlainCast(using: Node, column: string, type: Node): boolean {
  const [kind, node] = unwrap(using);
  if (kind === 'ColumnRef') return words(items(node, 'fields')).at(-1) === column;
  if (kind !== 'TypeCast') return false;
  const cast = child(node, 'typeName');
  const inner = child(node, 'arg');
  const asText = 'TypeCast' in inner && typeName(child(inner, 'TypeCast', 'typeName')) === 'text';
  const from = asText ? child(inner, 'TypeCast', 'arg') : inner;
  if (!('ColumnRef' in from)) return false;
  return isPlainCast(from, column, type) && typeName(cast) === typeName(type) && !has(cast, 'typmods');
}

function judgeColumn(definition: Node, table: string, scope: Scope): void {
  const column = text(definition, 'colname');
  const constraints = items(definition, 'constraints').map((wrapped) => child(wrapped, 'Constraint'));
  const kinds = new Set(constraints.map((constraint) => text(constraint, 'contype')));
  const expression = constraints.find((constraint) => text(constraint, 'contype') === 'CONSTR_DEFAULT');
  const serial = serials.has(typeName(child(definition, 'typeName')));
  if (serial || kinds.has('CONSTR_IDENTITY') || constraints.some(isStored))
    report(scope, 'warning', 'rewrite-table', `computes ${column} for every row of ${table} under an exclusive lock`);
  else if (expression && isVolatile(child(expression, 'raw_expr')))
    report(scope, 'warning', 'volatile-default', `rewrites ${table}: the default of ${column} differs from row to row`);
  else if ((kinds.has('CONSTR_NOTNULL') || kinds.has('CONSTR_PRIMARY')) && !expression)
    report(scope, 'warning', 'add-not-null-column', `adds ${column} without a default: fails where ${table} has rows`);
  for (const constraint of constraints)
    if (text(constraint, 'contype') !== 'CONSTR_NOTNULL') judgeConstraint(constraint, table, scope);
}

const isStored = (constraint: Node): boolean =>
  text(constraint, 'contype') === 'CONSTR_GENERATED' && text(constraint, 'generated_kind') !== 'v';

function isVolatile(expression: Node): boolean {
  const open = [expression];
  for (let next = open.pop(); next; next = open.pop()) {
    const called = words(items(child(next, 'FuncCall'), 'funcname')).at(-1);
    if (called !== undefined && !stable.has(called)) return true;
    for (const value of Object.values(next))
      for (const inner of Array.isArray(value) ? value : [value])
        if (typeof inner === 'object' && inner !== null) open.push(inner as Node);
  }
  return false;
}

function judgeConstraint(constraint: Node, table: string, scope: Scope): void {
  const validates = !flag(constraint, 'skip_validation');
  const name = text(constraint, 'conname');
  const shown = name === '' ? '' : ` ${name}`;
  switch (text(constraint, 'contype')) {
    case 'CONSTR_FOREIGN':
      if (validates)
        report(scope, 'warning', 'foreign-key-lock', `checks the foreign key${shown} of all of ${table} under a lock`);
      return;
    case 'CONSTR_CHECK':
      if (validates)
        report(scope, 'warning', 'check-constraint-lock', `checks${shown} in all of ${table} under an exclusive lock`);
      return;
    case 'CONSTR_NOTNULL':
      if (validates) report(scope, 'warning', 'set-not-null', `scans ${table} under an exclusive lock`);
      return;
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
    case 'CONSTR_EXCLUSION':
      if (!has(constraint, 'indexname') && number(constraint, 'location') >= 0)
        report(
          scope,
          'warning',
          'unique-constraint-lock',
          `builds the index of${shown || ' a constraint'} of ${table} under an exclusive lock`,
        );
  }
}
