import { readXml } from '../coverage/xml.ts';
import { type Tree, Unreadable } from '../settings/tree.ts';
import { judgeSql } from '../sql/index.ts';
import type { Dialect, SqlProblem } from '../sql/problem.ts';

/** Changes that destroy data, with what they do. @see https://docs.liquibase.com/change-types/home.html */
const destroys: Readonly<Record<string, string>> = {
  dropTable: 'drops table',
  dropColumn: 'drops column of',
  dropSequence: 'drops sequence',
  modifyDataType: 'changes a column, which can lose data: of',
  mergeColumns: 'merges columns, which loses them: of',
  delete: 'deletes rows of',
  executeCommand: 'runs a program that is not looked at',
  customChange: 'runs code that is not looked at',
};

/** What runs SQL from elsewhere. */
const loads = new Set(['sqlFile', 'include', 'includeAll', 'loadUpdateData']);

/** One change, as XML, YAML or JSON has it. */
interface Change {
  readonly kind: string;
  readonly line: number;
  readonly table: string;
  readonly limited: boolean;
  readonly sql: string | null;
}

/**
 * Tells what a changelog of Liquibase does to the data. `rollback` is left out.
 * @param path as text: its ending names the format
 */
export async function judgeLiquibase(text: string, path: string, dialect: Dialect): Promise<readonly SqlProblem[]> {
  const problems: SqlProblem[] = [];
  try {
    const changes = /\.xml$/i.test(path) ? fromXml(text) : await fromTree(text, path);
    for (const change of changes) problems.push(...(await judge(change, dialect)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const line = error instanceof Unreadable ? (error.line ?? 1) : 1;
    problems.push({ line, severity: 'error', rule: 'unparsed', message: `cannot be read: it ${error.message}` });
  }
  return problems;
}

async function judge({ kind, line, table, limited, sql }: Change, dialect: Dialect): Promise<readonly SqlProblem[]> {
  if (sql !== null) return (await judgeSql(sql, dialect)).map((found) => ({ ...found, line: line + found.line - 1 }));
  if (kind === 'update' && !limited)
    return [{ line, severity: 'error', rule: 'call', message: `updates every row of ${table}`.trim() }];
  if (loads.has(kind) && kind !== 'include' && kind !== 'includeAll')
    return [{ line, severity: 'warning', rule: 'loads', message: `${kind} loads a file that is not looked at` }];
  const does = Object.hasOwn(destroys, kind) ? destroys[kind] : undefined;
  if (does === undefined || (kind === 'delete' && limited)) return [];
  return [{ line, severity: 'error', rule: 'call', message: `${does} ${table}`.trim() }];
}

const running = new Set(['sql', 'createProcedure', 'createView']);

function fromXml(text: string): Change[] {
  const changes: Change[] = [];
  const open: { name: string; table: string; limited: boolean; sql: string; line: number }[] = [];
  let from = 0;
  for (const event of readXml(text)) {
    const top = open.at(-1);
    if (event.kind === 'text') {
      if (top) top.sql += event.text;
    } else if (event.kind === 'open') {
      const name = event.name.replace(/^.*:/, '');
      from = Math.max(from, text.indexOf(`<${event.name}`, from));
      if (name === 'where' && top) top.limited = true;
      const line = text.slice(0, from).split('\n').length;
      open.push({ name, table: event.attributes.get('tableName') ?? '', limited: false, sql: '', line });
      from += 1;
    } else {
      const { name, table, limited, sql, line } = open.pop()!;
      if (open.some((outer) => outer.name === 'rollback')) continue;
      changes.push({ kind: name, line, table, limited, sql: running.has(name) ? sql : null });
    }
  }
  return changes;
}

async function fromTree(text: string, path: string): Promise<Change[]> {
  const documents = /\.json$/i.test(path)
    ? [(await import('../settings/json.ts')).readJson(text)]
    : (await import('../settings/yaml.ts')).readYaml(text);
  const changes: Change[] = [];
  const walk = (tree: Tree) => {
    for (const [key, child] of tree.children) {
      if (key === 'rollback') continue;
      const value = (typeof child.value === 'object' && child.value !== null ? child.value : {}) as Record<
        string,
        unknown
      >;
      const sql =
        typeof child.value === 'string'
          ? child.value
          : (value['sql'] ?? value['procedureText'] ?? value['selectQuery']);
      if (typeof key === 'string')
        changes.push({
          kind: key,
          line: child.line ?? 1,
          table: typeof value['tableName'] === 'string' ? value['tableName'] : '',
          limited: typeof value['where'] === 'string' && value['where'].trim() !== '',
          sql: running.has(key) && typeof sql === 'string' ? sql : null,
        });
      walk(child);
    }
  };
  for (const document of documents) walk(document);
  return changes;
}
