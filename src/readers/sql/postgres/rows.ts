import { fold } from './condition.ts';
import { report, type Scope } from './scope.ts';
import { child, flag, has, items, type Node, relationName, text } from './tree.ts';

/** Does the statement reach rows that were there before the file? */
function reaches(relation: Node, scope: Scope): boolean {
  return !scope.created.has('table', relationName(relation));
}

/** Why a condition leaves out no row; null where it does leave some out, or keeps none at all. */
function unconditional(condition: Node | null, relation: Node, joined: readonly Node[], scope: Scope): string | null {
  if (condition === null) return '';
  const name = text(relation, 'relname');
  const names = new Set([aliasOf(relation) || name]);
  const others = joined.map((wrapped) => child(wrapped, 'RangeVar')).filter((other) => text(other, 'relname') === name);
  const twins = new Set(others.map((other) => aliasOf(other) || name));
  const truth = fold(condition, { names, tables: new Set([name]), twins, variables: scope.variables });
  if (truth === 'true') return ': the condition holds for all of them';
  return truth === 'constant' ? ': the condition asks for no column of it' : null;
}

const aliasOf = (relation: Node): string => text(child(relation, 'alias'), 'aliasname');

const whereOf = (node: Node): Node | null => (has(node, 'whereClause') ? child(node, 'whereClause') : null);

/** The tables that PostgreSQL keeps its own books in. */
function isCatalog(relation: Node): boolean {
  const schema = text(relation, 'schemaname');
  return schema === 'pg_catalog' || (schema === '' && /^pg_/.test(text(relation, 'relname')));
}

function judgeCatalog(relation: Node, scope: Scope): void {
  const name = relationName(relation);
  if (isCatalog(relation)) report(scope, 'error', 'system-catalog', `writes to the system catalog ${name}`);
}

export function judgeDelete(node: Node, scope: Scope): void {
  const relation = child(node, 'relation');
  judgeCatalog(relation, scope);
  const why = unconditional(whereOf(node), relation, items(node, 'usingClause'), scope);
  if (why !== null && reaches(relation, scope))
    report(scope, 'error', 'delete-all-rows', `deletes every row of ${relationName(relation)}${why}`);
}

export function judgeUpdate(node: Node, scope: Scope): void {
  const relation = child(node, 'relation');
  judgeCatalog(relation, scope);
  const why = unconditional(whereOf(node), relation, items(node, 'fromClause'), scope);
  if (why === null || !reaches(relation, scope)) return;
  const table = relationName(relation);
  const columns = items(node, 'targetList').map((target) => text(child(target, 'ResTarget'), 'name'));
  // What stood in a new column is lost to nobody.
  const fresh = columns.every((column) => scope.created.has('column', `${table} ${column}`));
  if (fresh) report(scope, 'warning', 'update-all-rows', `rewrites every row of ${table} in one go`);
  else report(scope, 'error', 'update-all-rows', `overwrites ${columns.join(', ')} in every row of ${table}${why}`);
}

export function judgeInsert(node: Node, scope: Scope): void {
  judgeCatalog(child(node, 'relation'), scope);
}

export function judgeTruncate(node: Node, scope: Scope): void {
  const cascade = text(node, 'behavior') === 'DROP_CASCADE' ? ' and of all tables that refer to it' : '';
  for (const wrapped of items(node, 'relations')) {
    const relation = child(wrapped, 'RangeVar');
    if (reaches(relation, scope))
      report(scope, 'error', 'truncate', `removes every row of ${relationName(relation)}${cascade}`);
  }
}

export function judgeMerge(node: Node, scope: Scope): void {
  const relation = child(node, 'relation');
  judgeCatalog(relation, scope);
  if (!reaches(relation, scope)) return;
  const table = relationName(relation);
  for (const wrapped of items(node, 'mergeWhenClauses')) {
    const clause = child(wrapped, 'MergeWhenClause');
    if (text(clause, 'commandType') === 'CMD_DELETE')
      report(scope, 'error', 'merge-delete', `deletes rows of ${table} in a MERGE`);
    if (text(clause, 'commandType') !== 'CMD_UPDATE') continue;
    const conditions = [child(node, 'joinCondition'), child(clause, 'condition')];
    const whys = conditions.map((condition) =>
      unconditional(condition, relation, [child(node, 'sourceRelation')], scope),
    );
    const unmatched = text(clause, 'matchKind') === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE';
    if (whys[1] !== null && (unmatched || whys[0] !== null))
      report(scope, 'error', 'update-all-rows', `overwrites every row of ${table} in a MERGE`);
  }
}

export function judgeCopy(node: Node, scope: Scope): void {
  const file = text(node, 'filename');
  if (flag(node, 'is_program')) report(scope, 'error', 'run-program', `runs a program on the server: ${file}`);
  else if (file !== '' && !flag(node, 'is_from'))
    report(scope, 'warning', 'write-file', `writes the file ${file} on the server`);
  if (flag(node, 'is_from')) judgeCatalog(child(node, 'relation'), scope);
}
