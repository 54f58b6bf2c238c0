import type { SqlProblem } from '../problem.ts';
import { judgeDynamic, knownText } from './dynamic.ts';
import { report, type Scope } from './scope.ts';
import { child, items, type Node, text, words } from './tree.ts';

/** Functions of PostgreSQL and of common extensions that destroy by themselves. */
const destroying: Readonly<Record<string, readonly [severity: SqlProblem['severity'], rule: string, message: string]>> =
  {
    lo_unlink: ['error', 'drop-large-object', 'deletes a large object'],
    lo_truncate: ['error', 'drop-large-object', 'cuts a large object'],
    lo_truncate64: ['error', 'drop-large-object', 'cuts a large object'],
    pg_file_unlink: ['error', 'drop-file', 'deletes a file on the server'],
    drop_chunks: ['error', 'drop-table', 'drops chunks of a table'],
    add_retention_policy: ['error', 'drop-table', 'has chunks of a table dropped from now on'],
    dropgeometrytable: ['error', 'drop-table', 'drops a table'],
    dropgeometrycolumn: ['error', 'drop-column', 'drops a column'],
    drop_partition_time: ['error', 'drop-table', 'drops partitions'],
    drop_partition_id: ['error', 'drop-table', 'drops partitions'],
    pg_drop_replication_slot: ['warning', 'drop-replication-slot', 'drops a replication slot'],
    setval: ['warning', 'restart-sequence', 'sets a sequence to another value'],
  };

/** Functions that run a text as SQL. */
const running =
  /^(?:dblink(?:_exec|_open|_send_query)?|query_to_xml(?:schema|_and_xmlschema)?|ts_stat|crosstab\w*|connectby|run_command_on_\w+|schedule(?:_in_database)?)$/;

/** Functions that only make text of text. */
const textual =
  /^(?:format|concat(?:_ws)?|quote_\w+|lower|upper|length|md5|sha\d+|replace|regexp_\w+|to_ts\w+|jsonb?_\w+|to_jsonb?|str\w*|position|left|right|trim|btrim|ltrim|rtrim|substr(?:ing)?|overlay|encode|decode|convert_\w+|coalesce|nullif|array_\w+|string_to_array)$/;

/** A call in a statement: of what destroys, of what runs its argument, of a routine that the file has defined. */
export function judgeCall(node: Node, scope: Scope): void {
  const name = words(items(node, 'funcname')).at(-1) ?? '';
  const known = Object.hasOwn(destroying, name) ? destroying[name] : undefined;
  if (known) report(scope, known[0], known[1], known[2]);
  judgeRoutineUse(name, scope, `calls ${name}()`);
  if (name === 'set_config') judgeSetting(knownText(items(node, 'args')[0] ?? {}) ?? '', items(node, 'args')[1], scope);
  const args = items(node, 'args');
  if (running.test(name)) judgeRun(args, scope);
  else if (!textual.test(name)) for (const arg of args) judgeHanded(name, arg, scope);
}

/** Says so where a routine of this file that destroys is used. */
export function judgeRoutineUse(name: string, scope: Scope, use: string): void {
  const does = scope.session.routines.get(name);
  if (does !== undefined && scope.routine !== name)
    report(scope, 'error', 'call-destructive-routine', `${use}, which ${does}`);
}

function judgeRun(args: readonly Node[], scope: Scope): void {
  const texts = args.filter((arg) => {
    const known = knownText(arg);
    return known === null || /^[\s(]*(?:[a-z]+\s|--|\/\*)/i.test(known);
  });
  // Connection strings and names of jobs are constants too.
  for (const arg of texts) if (knownText(arg) === null || looksLikeSql(knownText(arg)!)) judgeDynamic(arg, scope);
}

const looksLikeSql = (text: string): boolean =>
  /^(?:[\s(;]|--[^\n]*\n|\/\*[\s\S]{0,2000}?\*\/)*(?:alter|call|copy|create|delete|do|drop|execute|explain|insert|merge|prepare|select|set|table|truncate|update|vacuum|values|with)\b/i.test(
    text,
  );

/** A text that would destroy if the function ran it: `exec_sql('DROP TABLE orders')`. */
function judgeHanded(name: string, arg: Node, scope: Scope): void {
  const sql = knownText(arg);
  if (sql === null || !looksLikeSql(sql) || scope.depth > 4) return;
  const problems = new Map<string, SqlProblem>();
  const session = { ...scope.session, problems };
  scope.session.judgeText(sql, { ...scope, session, routine: null, counted: false, depth: scope.depth + 1 });
  for (const { severity, rule, message } of problems.values())
    if (severity === 'error' && rule !== 'unparsed') report(scope, 'error', rule, `${message}, as told to ${name}()`);
}

/** `SET`, which can switch off what guards the data, or what names mean. */
export function judgeSet(node: Node, scope: Scope): void {
  if (text(node, 'kind') === 'VAR_RESET_ALL') {
    scope.created.clear();
    return;
  }
  judgeSetting(text(node, 'name'), items(node, 'args')[0], scope);
}

function judgeSetting(name: string, value: Node | undefined, scope: Scope): void {
  const sval = value ? knownText(value)?.toLowerCase() : undefined;
  switch (name.toLowerCase()) {
    case 'search_path':
    case 'role':
    case 'session_authorization':
      scope.created.clear();
      return;
    case 'session_replication_role':
      if (sval !== 'origin' && value)
        report(scope, 'error', 'disable-triggers', 'switches off triggers and foreign keys');
      return;
    case 'standard_conforming_strings':
      if (sval !== 'on' && sval !== 'true' && sval !== '1' && value)
        report(scope, 'error', 'unparsed', 'changes where strings end: what follows cannot be read');
      return;
    case 'zero_damaged_pages':
    case 'ignore_checksum_failure':
      if (sval !== 'off' && sval !== 'false' && value)
        report(scope, 'error', 'damaged-pages', `sets ${name}: damaged rows are lost`);
  }
}

/** The function that a trigger runs. */
export function judgeTrigger(node: Node, scope: Scope): void {
  const name = words(items(node, 'funcname')).at(-1) ?? '';
  judgeRoutineUse(name, scope, `has ${name}() run by the trigger ${text(node, 'trigname')}`);
}

/** `CALL`, and whatever else names a routine without calling it in an expression. */
export const judgeCallStatement = (node: Node, scope: Scope): void => judgeCall(child(node, 'funccall'), scope);
