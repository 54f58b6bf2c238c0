import { report, type Scope } from './scope.ts';
import { child, has, items, type Node, number, text, unwrap, words } from './tree.ts';

/** Stand for what is known only at run time, where it is quoted so that it can be nothing but a name or a value. */
const someName = '"(computed)"';
const someValue = "'(computed)'";

/** How deep `EXECUTE` within `EXECUTE` is followed. */
const deepest = 8;

/** Judges `EXECUTE` of an expression: its text, as far as it is known before it runs. */
export function judgeDynamic(expression: Node, scope: Scope): void {
  const sql = knownText(expression);
  if (sql === null || scope.depth >= deepest)
    report(scope, 'error', 'dynamic-sql', 'runs SQL put together at run time, which cannot be checked');
  else scope.session.judgeText(sql, { ...scope, counted: false, depth: scope.depth + 1 });
}

/** The text of an expression; null where it depends on more than names and values that are quoted. */
export function knownText(expression: Node, depth = 0): string | null {
  if (depth > 200) return null;
  const [kind, node] = unwrap(expression);
  if (kind === 'A_Const') return constantText(node);
  if (kind === 'TypeCast') return castText(node, depth);
  if (kind === 'FuncCall') return calledText(node, depth);
  if (kind === 'CollateClause') return knownText(child(node, 'arg'), depth + 1);
  if (kind !== 'A_Expr' || words(items(node, 'name')).at(-1) !== '||') return null;
  const left = knownText(child(node, 'lexpr'), depth + 1);
  const right = left === null ? null : knownText(child(node, 'rexpr'), depth + 1);
  return left === null || right === null ? null : left + right;
}

function constantText(node: Node): string | null {
  if (has(node, 'sval')) return text(child(node, 'sval'), 'sval');
  if (has(node, 'ival')) return String(number(child(node, 'ival'), 'ival'));
  return null;
}

function castText(node: Node, depth: number): string | null {
  const type = words(items(child(node, 'typeName'), 'names')).at(-1) ?? '';
  const known = knownText(child(node, 'arg'), depth + 1);
  if (known !== null) return known;
  if (/^reg(?:class|type|proc|procedure|namespace|role)$/.test(type)) return someName;
  return /^(?:int[248]|oid)$/.test(type) ? '0' : null;
}

function calledText(node: Node, depth: number): string | null {
  const args = items(node, 'args');
  switch (words(items(node, 'funcname')).at(-1)) {
    case 'quote_ident':
      return someName;
    case 'quote_literal':
    case 'quote_nullable':
      return someValue;
    case 'concat': {
      const parts = args.map((arg) => knownText(arg, depth + 1));
      return parts.every((part) => part !== null) ? parts.join('') : null;
    }
    case 'format':
      return formatted(args, depth);
    default:
      return null;
  }
}

function formatted(args: readonly Node[], depth: number): string | null {
  const pattern = args[0] ? knownText(args[0], depth + 1) : null;
  if (pattern === null) return null;
  let next = 0;
  let known = true;
  const result = pattern.replace(/%(?:(\d+)\$)?(-?\d*)([%sIL]?)/g, (_all, position, _width, kind) => {
    if (kind === '%') return '%';
    next = position ? Number(position) : next + 1;
    if (kind === 'I') return quotedName(args[next], depth);
    if (kind === 'L') return someValue;
    const value = kind === 's' && args[next] ? knownText(args[next]!, depth + 1) : null;
    known &&= value !== null;
    return value ?? '';
  });
  return known ? result : null;
}

function quotedName(arg: Node | undefined, depth: number): string {
  const name = arg ? knownText(arg, depth + 1) : null;
  return name === null ? someName : `"${name.replaceAll('"', '""')}"`;
}
