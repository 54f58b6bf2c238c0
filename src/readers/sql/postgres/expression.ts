import { child, has, items, type Node, number, text, unwrap, visit, words } from './tree.ts';

/** What a row is looked for by: the names its table has in the statement, and what only looks like a column. */
export interface Target {
  readonly names: ReadonlySet<string>;
  /** Its own name, if it has another in the statement. */
  readonly tables: ReadonlySet<string>;
  /** Names in the statement under which the same table is joined once more. */
  readonly twins: ReadonlySet<string>;
  readonly variables: ReadonlySet<string>;
}

/** Does it ask for a column of the row, be it from within a subquery? */
export function asksRow(expression: Node, target: Target): boolean {
  let asks = false;
  visit(expression, (kind, node) => {
    if (asks) return false;
    if (kind === 'ColumnRef') asks = isColumn(node, target);
    if (kind !== 'SubLink') return true;
    asks ||= asksRow(child(node, 'testexpr'), target) || correlated(child(node, 'subselect'), target);
    return false;
  });
  return asks;
}

function isColumn(reference: Node, target: Target): boolean {
  const fields = words(items(reference, 'fields'));
  if (fields.length < 2) return fields.length === 1 && !target.variables.has(fields[0]!);
  return target.names.has(fields.at(-2)!);
}

/** A subquery that looks at the row: by a qualified name, or by comparing two columns of which one may be the row's. */
function correlated(subselect: Node, target: Target): boolean {
  const own = new Set<string>();
  visit(subselect, (kind, node) => {
    if (kind === 'RangeVar') own.add(text(child(node, 'alias'), 'aliasname') || text(node, 'relname'));
    return true;
  });
  const outer = { ...target, names: new Set([...target.names].filter((name) => !own.has(name))) };
  let found = false;
  visit(subselect, (kind, node) => {
    if (kind === 'ColumnRef' && items(node, 'fields').length > 1) found ||= isColumn(node, outer);
    if (kind === 'A_Expr') {
      const sides = [child(node, 'lexpr'), child(node, 'rexpr')].map((side) => unwrap(bare(side)));
      const columns = sides.filter(([side, ref]) => side === 'ColumnRef' && words(items(ref, 'fields')).length > 0);
      const free = columns.some(([, ref]) => words(items(ref, 'fields')).length === 1 && isColumn(ref, outer));
      found ||= columns.length === 2 && free;
    }
    return !found;
  });
  return found;
}

/** One text for what means the same, wherever it is written and whether the table is named or not. */
export function shape(expression: Node, target: Target): string {
  return JSON.stringify(expression, (field, value) => {
    if (field === 'location') return undefined;
    if (field !== 'ColumnRef') return value;
    const fields = words(items(value as Node, 'fields'));
    return isColumn(value as Node, target) ? `row ${fields.at(-1)}` : fields.join('.');
  });
}

/** Leaves out what does not change a value: a cast, `+ 0`, `|| ''`, `coalesce(x, …)`. */
export function bare(expression: Node): Node {
  for (let [kind, node] = unwrap(expression), depth = 0; depth < 20; depth++) {
    if (kind === 'TypeCast') expression = child(node, 'arg');
    else if (kind === 'SubLink' && isBare(child(node, 'subselect', 'SelectStmt')))
      expression = child(items(child(node, 'subselect', 'SelectStmt'), 'targetList')[0] ?? {}, 'ResTarget', 'val');
    else if (kind === 'CoalesceExpr') expression = items(node, 'args')[0] ?? {};
    else if (kind === 'A_Expr' && isNeutral(node)) expression = child(node, 'lexpr');
    else break;
    [kind, node] = unwrap(expression);
  }
  return expression;
}

/** `(SELECT x)`. */
const isBare = (select: Node): boolean =>
  items(select, 'targetList').length === 1 && !has(select, 'fromClause') && !has(select, 'whereClause');

function isNeutral(node: Node): boolean {
  const operator = words(items(node, 'name')).at(-1) ?? '';
  const value = constantOf(child(node, 'rexpr'));
  return (
    (value === 0 && ['+', '-'].includes(operator)) ||
    (value === 1 && ['*', '/'].includes(operator)) ||
    (value === '' && operator === '||')
  );
}

export type Constant = string | number | boolean | null | undefined;

/** The value of a constant; undefined where it is none. */
export function constantOf(expression: Node): Constant {
  const [kind, node] = unwrap(expression);
  if (kind === 'TypeCast') return constantOf(child(node, 'arg'));
  if (kind === 'A_Expr' && !has(node, 'lexpr') && words(items(node, 'name'))[0] === '-') {
    const value = constantOf(child(node, 'rexpr'));
    return typeof value === 'number' ? -value : undefined;
  }
  if (kind !== 'A_Const') return undefined;
  if (node['isnull'] === true) return null;
  if (has(node, 'ival')) return number(child(node, 'ival'), 'ival');
  if (has(node, 'fval')) return Number(text(child(node, 'fval'), 'fval'));
  if (has(node, 'boolval')) return child(node, 'boolval')['boolval'] === true;
  return has(node, 'sval') ? text(child(node, 'sval'), 'sval') : undefined;
}
