import { report, type Scope } from './scope.ts';
import { child, flag, has, items, type Node, relationName, text } from './tree.ts';

const madeHere = (relation: Node, scope: Scope): boolean => scope.created.has('table', relationName(relation));

function judgeConcurrently(scope: Scope, what: string): void {
  if (scope.inTransaction)
    report(scope, 'warning', 'concurrently-in-transaction', `cannot ${what} within a transaction`);
}

const options = (node: Node, field: string): string[] =>
  items(node, field).map((option) => text(child(option, 'DefElem'), 'defname'));

export function judgeIndex(node: Node, scope: Scope): void {
  const relation = child(node, 'relation');
  if (flag(node, 'concurrent')) judgeConcurrently(scope, 'build an index concurrently');
  // On `ONLY` a partitioned table nothing is built.
  else if (!madeHere(relation, scope) && flag(relation, 'inh'))
    report(scope, 'warning', 'create-index-lock', `builds an index while ${relationName(relation)} cannot be written`);
}

export function judgeReindex(node: Node, scope: Scope): void {
  const name = relationName(child(node, 'relation')) || text(node, 'name') || 'the database';
  if (options(node, 'params').includes('concurrently')) judgeConcurrently(scope, 'rebuild an index concurrently');
  else if (!madeHere(child(node, 'relation'), scope))
    report(scope, 'warning', 'reindex-lock', `rebuilds indexes of ${name} while it cannot be written`);
}

export function judgeVacuum(node: Node, scope: Scope): void {
  if (!flag(node, 'is_vacuumcmd')) return;
  judgeConcurrently(scope, 'vacuum');
  const names = items(node, 'rels').map((rel) => relationName(child(rel, 'VacuumRelation', 'relation')));
  if (options(node, 'options').includes('full'))
    report(scope, 'warning', 'vacuum-full', `rewrites ${names.join(', ') || 'every table'} under an exclusive lock`);
}

export function judgeCluster(node: Node, scope: Scope): void {
  if (madeHere(child(node, 'relation'), scope)) return;
  const name = relationName(child(node, 'relation')) || 'every clustered table';
  report(scope, 'warning', 'cluster', `rewrites ${name} under an exclusive lock`);
}

export function judgeLock(node: Node, scope: Scope): void {
  for (const wrapped of items(node, 'relations')) {
    const relation = child(wrapped, 'RangeVar');
    if (!madeHere(relation, scope)) report(scope, 'warning', 'lock-table', `locks ${relationName(relation)}`);
  }
}

export function judgeRefresh(node: Node, scope: Scope): void {
  const name = relationName(child(node, 'relation'));
  if (scope.created.has('view', name)) return;
  if (flag(node, 'skipData')) report(scope, 'warning', 'empty-view', `empties the materialized view ${name}`);
  else if (!flag(node, 'concurrent'))
    report(scope, 'warning', 'refresh-lock', `recomputes ${name} while it cannot be read`);
}

const renamed: Readonly<Record<string, string>> = {
  OBJECT_TABLE: 'table',
  OBJECT_COLUMN: 'column',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_SCHEMA: 'schema',
  OBJECT_DATABASE: 'database',
  OBJECT_TYPE: 'type',
  OBJECT_ATTRIBUTE: 'attribute',
};

export function judgeRename(node: Node, scope: Scope): void {
  const noun = renamed[text(node, 'renameType')];
  if (!noun || madeHere(child(node, 'relation'), scope)) return;
  const relation = relationName(child(node, 'relation'));
  const sub = text(node, 'subname');
  const column = noun === 'column' || noun === 'attribute';
  if (column && scope.created.hasColumn(relation, sub)) return;
  const name = column ? `${relation}.${sub}` : relation || sub || text(node, 'name');
  const rule = noun === 'attribute' ? 'rename-column' : `rename-${noun.replaceAll(' ', '-')}`;
  const shown = name === '' ? `a ${noun}` : `${noun} ${name}`;
  report(scope, 'warning', rule, `renames ${shown} to ${text(node, 'newname')}: whoever uses the old name fails`);
}

export function judgeMove(node: Node, scope: Scope): void {
  if (!has(node, 'relation') || madeHere(child(node, 'relation'), scope)) return;
  const [name, schema] = [relationName(child(node, 'relation')), text(node, 'newschema')];
  report(scope, 'warning', 'rename-table', `moves ${name} to schema ${schema}: whoever uses the old name fails`);
}
