import { asksRow, bare, type Constant, constantOf, shape, type Target } from './expression.ts';
import { child, has, items, type Node, text, unwrap, visit, words } from './tree.ts';

/**
 * What a condition says of a row. `constant`: it asks for no column of the row, so it holds for all or for none;
 * `column`: it tells rows apart.
 */
export type Truth = 'true' | 'false' | 'null' | 'constant' | 'column';

const opposite: Readonly<Record<Truth, Truth>> = {
  true: 'false',
  false: 'true',
  null: 'null',
  constant: 'constant',
  column: 'column',
};

/** Folds a condition as far as it can be without the data. */
export function fold(condition: Node, target: Target): Truth {
  const [kind, node] = unwrap(condition);
  switch (kind) {
    case 'A_Const':
      return foldConstant(node);
    case 'TypeCast':
      return fold(child(node, 'arg'), target);
    case 'BoolExpr':
      return foldBoolean(node, target);
    case 'NullTest':
      return foldNullTest(node, target);
    case 'BooleanTest':
      return foldBooleanTest(node, target);
    case 'A_Expr':
      return foldComparison(node, target) ?? generic(condition, target);
    case 'SubLink':
      return foldSublink(node, condition, target);
    case 'CaseExpr':
      return foldCase(node, target) ?? generic(condition, target);
    case 'CurrentOfExpr':
      return 'column';
    default:
      return generic(condition, target);
  }
}

const generic = (expression: Node, target: Target): Truth => (asksRow(expression, target) ? 'column' : 'constant');

function foldConstant(node: Node): Truth {
  if (node['isnull'] === true) return 'null';
  if (has(node, 'boolval')) return child(node, 'boolval')['boolval'] === true ? 'true' : 'false';
  if (!has(node, 'sval')) return 'constant';
  const word = text(child(node, 'sval'), 'sval').trim().toLowerCase();
  if (word !== '' && ['true', 'yes', 'on', '1'].some((name) => name.startsWith(word) && word !== 'o')) return 'true';
  return ['false', 'no', 'off', '0'].some((name) => word.length > 0 && name.startsWith(word)) ? 'false' : 'constant';
}

function foldBoolean(node: Node, target: Target): Truth {
  const args = items(node, 'args');
  const truths = new Set(args.map((arg) => fold(arg, target)));
  if (text(node, 'boolop') === 'NOT_EXPR') return opposite[[...truths][0] ?? 'constant'];
  const and = text(node, 'boolop') === 'AND_EXPR';
  if (truths.has('column') && complementary(args, target)) return and ? 'false' : 'true';
  if (and) return first(truths, ['false', 'null', 'column', 'constant', 'true']);
  return first(truths, ['true', 'constant', 'column', 'null', 'false']);
}

const first = (truths: ReadonlySet<Truth>, order: readonly Truth[]): Truth =>
  order.find((truth) => truths.has(truth)) ?? 'constant';

const negations: Readonly<Record<string, string>> = { '=': '<>', '<': '>=', '>': '<=' };

/** Is one of them true just where another is not, as `x IS NULL` and `x IS NOT NULL`? */
function complementary(args: readonly Node[], target: Target): boolean {
  const seen = new Set(args.slice(0, 200).map((arg) => shape(arg, target)));
  return args.slice(0, 200).some((arg) => {
    const [kind, node] = unwrap(arg);
    if (kind === 'BoolExpr' && text(node, 'boolop') === 'NOT_EXPR')
      return seen.has(shape(items(node, 'args')[0] ?? {}, target));
    if (kind === 'NullTest' && text(node, 'nulltesttype') === 'IS_NULL')
      return seen.has(shape({ NullTest: { ...node, nulltesttype: 'IS_NOT_NULL' } }, target));
    const [operator] = words(items(node, 'name'));
    const negation = kind === 'A_Expr' && operator ? negations[operator] : undefined;
    return (
      negation !== undefined && seen.has(shape({ A_Expr: { ...node, name: [{ String: { sval: negation } }] } }, target))
    );
  });
}

function foldNullTest(node: Node, target: Target): Truth {
  const arg = child(node, 'arg');
  const not = text(node, 'nulltesttype') === 'IS_NOT_NULL';
  const [kind, inner] = unwrap(arg);
  if (kind === 'NullTest' || kind === 'BooleanTest') return not ? 'true' : 'false';
  if (kind === 'RowExpr') return 'constant';
  if (kind === 'ColumnRef') {
    const name = words(items(inner, 'fields')).at(-1);
    const wholeRow = items(inner, 'fields').some((field) => has(field, 'A_Star'));
    if (wholeRow || (name && target.names.has(name))) return 'constant';
    if (isNatural(arg, target)) return not ? 'true' : 'false';
  }
  const truth = fold(arg, target);
  if (truth === 'null') return not ? 'false' : 'true';
  if (kind === 'A_Const') return not ? 'true' : 'false';
  return generic(arg, target);
}

function foldBooleanTest(node: Node, target: Target): Truth {
  const truth = fold(child(node, 'arg'), target);
  if (truth === 'column' || truth === 'constant') return truth;
  switch (text(node, 'booltesttype')) {
    case 'IS_TRUE':
      return truth === 'true' ? 'true' : 'false';
    case 'IS_NOT_TRUE':
      return truth === 'true' ? 'false' : 'true';
    case 'IS_FALSE':
      return truth === 'false' ? 'true' : 'false';
    case 'IS_NOT_FALSE':
      return truth === 'false' ? 'false' : 'true';
    case 'IS_UNKNOWN':
      return truth === 'null' ? 'true' : 'false';
    default:
      return truth === 'null' ? 'false' : 'true';
  }
}

function foldCase(node: Node, target: Target): Truth | null {
  if (has(node, 'arg')) return null;
  const ends = items(node, 'args').map((arg) => child(arg, 'CaseWhen', 'result'));
  const truths = new Set([...ends, child(node, 'defresult')].map((end) => fold(end, target)));
  return truths.size === 1 ? [...truths][0]! : null;
}

const mirrors: Readonly<Record<string, string>> = { '=': '=', '<>': '<>', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

/** `SIMILAR TO` hands its pattern to a function. */
function patternOf(expression: Node): Constant {
  const call = child(expression, 'FuncCall');
  const similar = words(items(call, 'funcname')).at(-1) === 'similar_to_escape';
  return constantOf(similar ? (items(call, 'args')[0] ?? {}) : expression);
}

/** Comparisons that hold for every row, for none, or that no column has a part in. Null: nothing is known of it. */
function foldComparison(node: Node, target: Target): Truth | null {
  const operator = words(items(node, 'name')).at(-1) ?? '';
  if (text(node, 'kind') === 'AEXPR_NULLIF') return null;
  const [left, right] = [child(node, 'lexpr'), child(node, 'rexpr')];
  const [a, b] = [constantOf(left), patternOf(right)];
  const mirrored = mirrors[operator];
  if (a !== undefined && b === undefined && mirrored !== undefined && text(node, 'kind') === 'AEXPR_OP')
    return foldComparison({ ...node, name: [{ String: { sval: mirrored } }], lexpr: right, rexpr: left }, target);
  if (a === null || b === null) return text(node, 'kind').includes('DISTINCT') ? null : 'null';
  if (a !== undefined && b !== undefined) return compare(a, operator, b) ?? 'constant';
  const negative = /^(?:!|<>)/.test(operator);
  if (typeof b === 'string' && /^(?:~~\*?|!~~\*?)$/.test(operator) && /^%+$/.test(b)) return yes(!negative);
  if (text(node, 'kind') === 'AEXPR_SIMILAR') return typeof b === 'string' && /^%+$/.test(b) ? yes(!negative) : null;
  if (typeof b === 'string' && /^!?~\*?$/.test(operator) && /^\^?(?:\.\*)?\$?$/.test(b)) return yes(!negative);
  if (everyNumber(node, operator, b, left, target)) return 'true';
  return foldSame(node, operator, [left, right], target);
}

const yes = (value: boolean): Truth => (value ? 'true' : 'false');

/** `id > 0` and the like: what every row fulfils. */
function everyNumber(node: Node, operator: string, b: unknown, left: Node, target: Target): boolean {
  if (isCount(left) && typeof b === 'number') return (operator === '>=' && b <= 0) || (operator === '>' && b < 0);
  if (!isNatural(left, target)) return false;
  const list = items(child(node, 'rexpr', 'List'), 'items').map(constantOf);
  if (text(node, 'kind') === 'AEXPR_IN')
    return operator === '<>' && list.every((value) => typeof value === 'number' && value <= 0);
  if (typeof b !== 'number') return false;
  return (operator === '>=' && b <= 1) || ((operator === '>' || operator === '<>') && b <= 0);
}

function foldSame(node: Node, operator: string, sides: readonly [Node, Node], target: Target): Truth | null {
  const own = shape(bare(sides[0]), target);
  const [kind, right] = unwrap(sides[1]);
  const others = kind === 'List' ? items(right, 'items') : kind === 'A_ArrayExpr' ? items(right, 'elements') : [];
  const among = others.filter((other) => shape(bare(other), target) === own).length;
  if (text(node, 'kind').startsWith('AEXPR_BETWEEN')) return among === 2 ? 'true' : null;
  if (among > 0 && asksRow(sides[0], target)) return yes(operator === '=');
  if (!asksRow(sides[0], target)) return null;
  const distinct = text(node, 'kind') === 'AEXPR_DISTINCT';
  const twins = { ...target, names: new Set([...target.names, ...target.twins]) };
  // Every row finds itself in the same table.
  if (target.twins.size > 0 && operator === '=' && shape(sides[0], twins) === shape(sides[1], twins)) return 'constant';
  if (shape(bare(sides[1]), target) === own) {
    if (['=', '>=', '<=', '~~', '~~*', '@>', '<@'].includes(operator)) return yes(!distinct);
    if (['<>', '<', '>'].includes(operator)) return 'false';
  }
  return sameColumn(sides, target) ? 'constant' : null;
}

/** `id < id + 1`: arithmetic with one column on both sides. */
function sameColumn(sides: readonly [Node, Node], target: Target): boolean {
  const [left, right] = sides.map((side) => {
    const names = new Set<string>();
    visit(side, (kind, node) => {
      if (kind === 'ColumnRef') names.add(shape({ ColumnRef: node }, target));
      else if (!['A_Expr', 'A_Const', 'String', 'Integer', 'Float'].includes(kind)) names.add(`other ${names.size}`);
      return kind !== 'ColumnRef' && kind !== 'A_Const';
    });
    return names;
  });
  return (
    left!.size === 1 && right!.size === 1 && [...left!][0] === [...right!][0] && ![...left!][0]!.startsWith('other')
  );
}

const isCount = (expression: Node): boolean =>
  /^(?:(?:char_|octet_|bit_)?length|abs|cardinality|array_length)$/.test(
    words(items(child(expression, 'FuncCall'), 'funcname')).at(-1) ?? '',
  );

/** A key or a system column: never null, and a key is above zero. */
function isNatural(expression: Node, target: Target): boolean {
  const [kind, node] = unwrap(bare(expression));
  if (kind !== 'ColumnRef') return false;
  const name = words(items(node, 'fields')).at(-1) ?? '';
  return (
    ['id', 'uuid', 'ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax'].includes(name) &&
    asksRow({ ColumnRef: node }, target)
  );
}

function compare(a: Constant, operator: string, b: Constant): Truth | null {
  if (typeof a !== typeof b || a === null || b === null || a === undefined || b === undefined) return null;
  // What sorts first among texts is for the database to say.
  if (operator === '=') return yes(a === b);
  if (operator === '<>') return yes(a !== b);
  if (typeof a !== 'number' || typeof b !== 'number') return null;
  if (operator === '<') return yes(a < b);
  if (operator === '>') return yes(a > b);
  if (operator === '<=') return yes(a <= b);
  return operator === '>=' ? yes(a >= b) : null;
}

function foldSublink(node: Node, whole: Node, target: Target): Truth {
  const select = child(node, 'subselect', 'SelectStmt');
  const kind = text(node, 'subLinkType');
  if (kind === 'EXISTS_SUBLINK' && !has(select, 'fromClause') && !has(select, 'whereClause')) return 'true';
  if (kind === 'ANY_SUBLINK' && picksAll(child(node, 'testexpr'), select, target)) return 'true';
  return generic(whole, target);
}

/** `id IN (SELECT id FROM the same table)`. */
function picksAll(test: Node, select: Node, target: Target): boolean {
  const from = items(select, 'fromClause');
  const relation = from.length === 1 ? child(from[0]!, 'RangeVar') : {};
  const listed = items(select, 'targetList');
  const limited = has(select, 'limitCount') && constantOf(child(select, 'limitCount')) !== null;
  if (!target.tables.has(text(relation, 'relname')) || listed.length !== 1 || limited) return false;
  const names = new Set([...target.names, text(child(relation, 'alias'), 'aliasname')]);
  const inner = { ...target, names };
  const picked = child(listed[0]!, 'ResTarget', 'val');
  const all = items(child(picked, 'ColumnRef'), 'fields').some((field) => has(field, 'A_Star'));
  if (!all && shape(picked, inner) !== shape(test, inner)) return false;
  return (
    !has(select, 'whereClause') || !['column', 'false', 'null'].includes(fold(child(select, 'whereClause'), inner))
  );
}
