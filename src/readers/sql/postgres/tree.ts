/** The trees that PostgreSQL's parser gives: a field with a capital letter names the kind of what it holds. */

export type Value = string | number | boolean | null | Node | readonly Value[];
export interface Node {
  readonly [field: string]: Value | undefined;
}

const isNode = (value: Value | undefined): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What stands at a path of fields; an empty node where nothing does. */
export function child(node: Node, ...path: readonly string[]): Node {
  let at: Value | undefined = node;
  for (const field of path) at = isNode(at) ? at[field] : undefined;
  return isNode(at) ? at : {};
}

export const has = (node: Node, field: string): boolean => node[field] !== undefined;

export function items(node: Node, field: string): readonly Node[] {
  const value = node[field];
  return Array.isArray(value) ? (value as readonly Value[]).filter(isNode) : [];
}

export function text(node: Node, field: string): string {
  const value = node[field];
  return typeof value === 'string' ? value : '';
}

export const flag = (node: Node, field: string): boolean => node[field] === true;

export function number(node: Node, field: string): number {
  const value = node[field];
  return typeof value === 'number' ? value : 0;
}

/** The kind of a wrapped node, and the node itself. */
export function unwrap(wrapped: Node): readonly [kind: string, node: Node] {
  for (const kind in wrapped) return [kind, child(wrapped, kind)];
  return ['', {}];
}

/** The words of a list of `String` nodes, such as the parts of a name. */
export const words = (list: readonly Node[]): string[] =>
  list.map((item) => text(child(item, 'String'), 'sval')).filter((word) => word !== '');

/** The name of a relation, with its schema where one is written. */
export const relationName = (relation: Node): string =>
  [text(relation, 'schemaname'), text(relation, 'relname')].filter((part) => part !== '').join('.');

/**
 * Calls `enter` for every node that has a kind, in the order of the text; it returns false to leave out what is below.
 * Without recursion, so that deep nesting is no danger.
 */
export function visit(root: Node, enter: (kind: string, node: Node) => boolean | undefined): void {
  const open: (readonly [string, Value | undefined])[] = [['', root]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [kind, value] = next;
    if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--) open.push(['', value[index]]);
    } else if (isNode(value)) {
      if (/^[A-Z]/.test(kind) && enter(kind, value) === false) continue;
      for (const field of Object.keys(value).reverse()) open.push([field, value[field]]);
    }
  }
}
