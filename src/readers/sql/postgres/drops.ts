import { droppedNames, thingOf } from './created.ts';
import { report, type Scope } from './scope.ts';
import { flag, type Node, text } from './tree.ts';

/** What is lost with it: an `error`, unless only its definition is. */
const lost: Readonly<Record<string, readonly [severity: 'error' | 'warning', rule: string, noun: string]>> = {
  OBJECT_TABLE: ['error', 'drop-table', 'table'],
  OBJECT_SCHEMA: ['error', 'drop-schema', 'schema'],
  OBJECT_MATVIEW: ['error', 'drop-materialized-view', 'materialized view'],
  OBJECT_SEQUENCE: ['error', 'drop-sequence', 'sequence'],
  OBJECT_EXTENSION: ['error', 'drop-extension', 'extension'],
  OBJECT_POLICY: ['error', 'drop-policy', 'policy'],
  OBJECT_FOREIGN_TABLE: ['warning', 'drop-foreign-table', 'foreign table'],
  OBJECT_VIEW: ['warning', 'drop-view', 'view'],
  OBJECT_INDEX: ['warning', 'drop-index', 'index'],
  OBJECT_TYPE: ['warning', 'drop-type', 'type'],
  OBJECT_DOMAIN: ['warning', 'drop-type', 'domain'],
};

/** Where `CASCADE` takes only what the file has made as well. */
const closed = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_SCHEMA', 'OBJECT_INDEX']);

/** `DROP …` of whatever lies in a schema, and of schemas. */
export function judgeDrop(node: Node, scope: Scope): void {
  const type = text(node, 'removeType');
  const noun = type.replace('OBJECT_', '').toLowerCase().replaceAll('_', ' ');
  const [severity, rule, what] = lost[type] ?? ['warning', `drop-${noun.replaceAll(' ', '-')}`, noun];
  const cascade = text(node, 'behavior') === 'DROP_CASCADE';
  const thing = thingOf(type);
  for (const name of droppedNames(node)) {
    if (thing && scope.created.has(thing, name) && (!cascade || closed.has(type))) continue;
    if (cascade) report(scope, 'error', rule, `drops ${what} ${name} and all that depends on it`);
    else report(scope, severity, rule, `drops ${what} ${name}`);
  }
  if (type === 'OBJECT_INDEX') judgeIndexDrop(node, scope);
}

function judgeIndexDrop(node: Node, scope: Scope): void {
  if (flag(node, 'concurrent') && scope.inTransaction)
    report(scope, 'warning', 'concurrently-in-transaction', 'cannot drop an index concurrently within a transaction');
}
