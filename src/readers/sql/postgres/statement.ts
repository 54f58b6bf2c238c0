import { judgeAlterTable } from './alter.ts';
import { judgeCall, judgeCallStatement, judgeRoutineUse, judgeSet, judgeTrigger } from './calls.ts';
import { judgeDrop } from './drops.ts';
import {
  judgeCluster,
  judgeIndex,
  judgeLock,
  judgeMove,
  judgeRefresh,
  judgeReindex,
  judgeRename,
  judgeVacuum,
} from './locks.ts';
import { judgeDo, judgeRoutine } from './routines.ts';
import { judgeCopy, judgeDelete, judgeInsert, judgeMerge, judgeTruncate, judgeUpdate } from './rows.ts';
import { report, type Scope } from './scope.ts';
import { child, flag, has, items, type Node, relationName, text, unwrap, visit, words } from './tree.ts';

type Rule = (node: Node, scope: Scope) => void;

const rules: Readonly<Record<string, Rule>> = {
  DropStmt: judgeDrop,
  DropdbStmt: (node, scope) => report(scope, 'error', 'drop-database', `drops database ${text(node, 'dbname')}`),
  DropOwnedStmt: (node, scope) => report(scope, 'error', 'drop-owned', `drops all that ${roles(node)} owns`),
  DropRoleStmt: (node, scope) => report(scope, 'warning', 'drop-role', `drops role ${roles(node)}`),
  DropTableSpaceStmt: (node, scope) =>
    report(scope, 'warning', 'drop-tablespace', `drops tablespace ${text(node, 'tablespacename')}`),
  DropSubscriptionStmt: (node, scope) =>
    report(scope, 'warning', 'drop-subscription', `drops subscription ${text(node, 'subname')}`),
  DropUserMappingStmt: (node, scope) =>
    report(scope, 'warning', 'drop-user-mapping', `drops a user mapping of server ${text(node, 'servername')}`),
  TruncateStmt: judgeTruncate,
  DeleteStmt: judgeDelete,
  UpdateStmt: judgeUpdate,
  InsertStmt: judgeInsert,
  MergeStmt: judgeMerge,
  CopyStmt: judgeCopy,
  AlterTableStmt: judgeAlterTable,
  AlterTableMoveAllStmt: (_node, scope) =>
    report(scope, 'warning', 'rewrite-table', 'moves every table of a tablespace under exclusive locks'),
  AlterSeqStmt: judgeSequence,
  AlterDomainStmt: judgeDomain,
  AlterEnumStmt: (node, scope) => {
    if (has(node, 'oldVal'))
      report(scope, 'warning', 'rename-value', `renames value ${text(node, 'oldVal')}: whoever uses it fails`);
  },
  AlterEventTrigStmt: (node, scope) => {
    if (text(node, 'tgenabled') === 'D')
      report(scope, 'warning', 'disable-triggers', `switches off the event trigger ${text(node, 'trigname')}`);
  },
  AlterSystemStmt: (node, scope) => {
    const name = text(child(node, 'setstmt'), 'name');
    // Without them a crash of the machine destroys data.
    const severity = /^(?:fsync|full_page_writes|synchronous_commit)$/.test(name) ? 'error' : 'warning';
    report(scope, severity, 'alter-system', `changes ${name} for the whole server`);
  },
  AlterRoleSetStmt: (node, scope) => judgeSet(child(node, 'setstmt'), scope),
  AlterDatabaseSetStmt: (node, scope) => judgeSet(child(node, 'setstmt'), scope),
  VariableSetStmt: judgeSet,
  RuleStmt: judgeRule,
  CreateTrigStmt: judgeTrigger,
  CreateEventTrigStmt: (node, scope) => {
    judgeTrigger(node, scope);
    report(scope, 'warning', 'event-trigger', `runs ${words(items(node, 'funcname')).join('.')}() at schema changes`);
  },
  IndexStmt: judgeIndex,
  ReindexStmt: judgeReindex,
  VacuumStmt: judgeVacuum,
  ClusterStmt: judgeCluster,
  RepackStmt: judgeCluster,
  LockStmt: judgeLock,
  RefreshMatViewStmt: judgeRefresh,
  RenameStmt: judgeRename,
  AlterObjectSchemaStmt: judgeMove,
  DoStmt: judgeDo,
  CreateFunctionStmt: judgeRoutine,
  CallStmt: judgeCallStatement,
  FuncCall: judgeCall,
  DefineStmt: judgeDefinition,
  LoadStmt: (node, scope) =>
    report(scope, 'warning', 'load-library', `loads ${text(node, 'filename')} into the server`),
};

/** Judges a statement and all that stands in it, and takes in what it makes. */
export function judgeTree(statement: Node, scope: Scope): void {
  visit(statement, (kind, node) => {
    if (Object.hasOwn(rules, kind)) rules[kind]!(node, scope);
    // A body is judged by itself, as something that runs later.
    return kind !== 'CreateFunctionStmt';
  });
  // EXPLAIN, PREPARE and a routine's definition make nothing.
  if (scope.routine === null || unwrap(statement)[0] !== 'CreateFunctionStmt')
    scope.created.remember(statement, { inTransaction: scope.inTransaction });
  if (scope.routine === null) scope.session.types.remember(statement, scope.depth === 0);
}

const roles = (node: Node): string =>
  items(node, 'roles')
    .map((role) => text(child(role, 'RoleSpec'), 'rolename') || 'the current role')
    .join(', ');

function judgeSequence(node: Node, scope: Scope): void {
  const name = relationName(child(node, 'sequence'));
  const restarts = items(node, 'options').some((option) => text(child(option, 'DefElem'), 'defname') === 'restart');
  if (restarts && !scope.created.has('sequence', name))
    report(scope, 'warning', 'restart-sequence', `restarts sequence ${name}`);
}

function judgeDomain(node: Node, scope: Scope): void {
  const name = words(items(node, 'typeName')).join('.');
  if (scope.created.has('type', name)) return;
  const subtype = text(node, 'subtype');
  const cascade = text(node, 'behavior') === 'DROP_CASCADE';
  if (subtype === 'X' || subtype === 'AD_DropConstraint')
    report(
      scope,
      cascade ? 'error' : 'warning',
      'drop-constraint',
      `drops constraint ${text(node, 'name')} of ${name}`,
    );
  const added = child(node, 'def', 'Constraint');
  if (has(added, 'contype') && !flag(added, 'skip_validation'))
    report(scope, 'warning', 'check-constraint-lock', `checks all columns of domain ${name} under a lock`);
}

function judgeRule(node: Node, scope: Scope): void {
  const name = `${text(node, 'rulename')} of ${relationName(child(node, 'relation'))}`;
  const event = text(node, 'event').replace('CMD_', '').toLowerCase();
  if (flag(node, 'instead') && items(node, 'actions').length === 0)
    report(scope, 'warning', 'discard-writes', `the rule ${name} makes every ${event} do nothing`);
  const deletes = items(node, 'actions').some((action) => has(action, 'DeleteStmt'));
  if (deletes && event !== 'delete')
    report(scope, 'error', 'rule-deletes', `the rule ${name} deletes rows at every ${event}`);
}

/** An operator, aggregate or type made of a routine that destroys. */
function judgeDefinition(node: Node, scope: Scope): void {
  visit({ definition: items(node, 'definition') }, (kind, inner) => {
    const name = kind === 'TypeName' ? words(items(inner, 'names')).at(-1) : undefined;
    if (name !== undefined) judgeRoutineUse(name, scope, `makes use of ${name}()`);
    return true;
  });
}
