import { Created } from './created.ts';
import { judgeDynamic } from './dynamic.ts';
import { report, type Scope } from './scope.ts';
import { lineBreaks, tokenAt } from './tokens.ts';
import { child, has, items, type Node, number, text, type Value, visit, words } from './tree.ts';

const option = (node: Node, field: string, name: string): Node | undefined =>
  items(node, field)
    .map((item) => child(item, 'DefElem'))
    .findLast((item) => text(item, 'defname') === name);

const languageOf = (node: Node, field: string): string =>
  text(child(option(node, field, 'language') ?? {}, 'arg', 'String'), 'sval').toLowerCase();

/** `DO`: its body runs at once. */
export function judgeDo(node: Node, scope: Scope): void {
  const language = languageOf(node, 'args') || 'plpgsql';
  const body = option(node, 'args', 'as') ?? {};
  const inner = { ...scope, created: scope.created.within(), inTransaction: true };
  if (language === 'plpgsql') judgePlpgsql(body, inner);
  else report(scope, 'error', 'unparsed', `runs a block of ${language}, which cannot be read`);
}

/** `CREATE FUNCTION` and `CREATE PROCEDURE`: the body runs when it is called. */
export function judgeRoutine(node: Node, scope: Scope): void {
  const name = words(items(node, 'funcname')).at(-1) ?? '';
  const language = languageOf(node, 'options') || 'sql';
  const body = option(node, 'options', 'as') ?? {};
  // By the time it is called there are rows in what is new now.
  const inner: Scope = { ...scope, routine: name, created: new Created(), inTransaction: true };
  for (const item of items(node, 'options'))
    if (text(child(item, 'DefElem'), 'defname') === 'set')
      scope.session.judgeTree(child(item, 'DefElem', 'arg'), inner);
  for (const item of items(node, 'parameters'))
    scope.session.judgeTree(child(item, 'FunctionParameter', 'defexpr'), inner);
  if (has(node, 'sql_body')) scope.session.judgeTree(child(node, 'sql_body'), inner);
  else if (language === 'plpgsql') judgePlpgsql(body, inner);
  else if (language === 'sql') judgeSqlBody(body, inner);
  else report(inner, 'error', 'foreign-language', `is written in ${language}, which cannot be read`);
}

function judgeSqlBody(body: Node, scope: Scope): void {
  const [source] = words(items(child(body, 'arg', 'List'), 'items'));
  scope.session.judgeText(source ?? '', { ...scope, line: bodyLine(body, scope), depth: scope.depth + 1 });
}

/** The line on which the quoted body begins. */
function bodyLine(body: Node, scope: Scope): number {
  if (!scope.counted) return scope.line;
  // The parser counts bytes.
  const before = new TextEncoder().encode(scope.source).subarray(0, number(body, 'location'));
  let at = new TextDecoder().decode(before).length;
  for (let end = at; at < scope.source.length; at = end) {
    const token = tokenAt(scope.source, at);
    if (token.kind === 'string') break;
    end = token.end;
  }
  return scope.line + lineBreaks(scope.source, 0, at);
}

function judgePlpgsql(body: Node, scope: Scope): void {
  let tree: Node;
  try {
    tree = scope.session.parser.parseBody(scope.source);
  } catch (error) {
    report(scope, 'error', 'unparsed', `line ${scope.line} cannot be read as PL/pgSQL: ${(error as Error).message}`);
    return;
  }
  const variables = new Set<string>();
  visit(tree, (kind, node) => {
    if (/^PLpgSQL_(?:var|rec|row)$/.test(kind)) variables.add(text(node, 'refname'));
    return !kind.startsWith('PLpgSQL_stmt');
  });
  const start = bodyLine(body, scope);
  walk(tree, { ...scope, line: start, variables, depth: scope.depth + 1 }, start, '');
}

/** Follows a body: each list of statements knows what was made before it, and keeps what it makes to itself. */
function walk(value: Value | undefined, scope: Scope, start: number, kind: string): void {
  if (Array.isArray(value)) {
    const inner = { ...scope, created: scope.created.within() };
    for (const item of value) walk(item, inner, start, '');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  if (kind === 'PLpgSQL_expr') {
    judgeExpression(node, scope);
    return;
  }
  if (kind === 'PLpgSQL_stmt_commit' || kind === 'PLpgSQL_stmt_rollback') scope.created.clear();
  const line = scope.counted && number(node, 'lineno') > 0 ? start + number(node, 'lineno') - 1 : scope.line;
  const here = { ...scope, line };
  for (const [field, inner] of Object.entries(node)) {
    const dynamic = field === 'dynquery' || (field === 'query' && /^PLpgSQL_stmt_dyn/.test(kind));
    if (dynamic) judgeExecuted(child(node, field, 'PLpgSQL_expr'), here);
    walk(inner, here, start, field);
  }
}

/** Whole statements, values, and assignments, told apart by PostgreSQL's `RawParseMode`. */
function judgeExpression(expression: Node, scope: Scope): void {
  const mode = number(expression, 'parseMode');
  const query = text(expression, 'query');
  if (mode === 1) return;
  const inner = { ...scope, counted: false };
  if (mode === 0) scope.session.judgeText(query, inner);
  else scope.session.judgeText(`SELECT ${mode === 2 ? query : assigned(query)}`, inner);
}

/** What stands behind the `:=` of an assignment. */
function assigned(query: string): string {
  let depth = 0;
  for (let at = 0; at < query.length; ) {
    const { end } = tokenAt(query, at);
    const sign = query[at]!;
    if ('[('.includes(sign)) depth += 1;
    else if ('])'.includes(sign)) depth -= 1;
    else if (depth === 0 && sign === '=') return query.slice(end);
    at = end;
  }
  return query;
}

function judgeExecuted(expression: Node, scope: Scope): void {
  let value: Node = {};
  try {
    const [statement] = scope.session.parser.parse(`SELECT ${text(expression, 'query')}`);
    const [target] = items(child(statement ?? {}, 'SelectStmt'), 'targetList');
    value = child(target ?? {}, 'ResTarget', 'val');
  } catch {
    // It is judged as an expression as well, which says what is wrong with it.
  }
  judgeDynamic(value, scope);
}
