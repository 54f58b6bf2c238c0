import type { TableRule } from '../../model/index.ts';
import { compileGlob } from '../../rules/glob.ts';
import { nearest } from '../../words/nearest.ts';
import type { TableName } from './baseline.ts';

type Rules = readonly { readonly table: string; readonly rule: TableRule }[];

/** The first rule that matches, else `equal`. */
export function ruleOf(rules: Rules, name: TableName): TableRule {
  return rules.find(({ table }) => fits(table, name))?.rule ?? 'equal';
}

function fits(pattern: string, { schema, table }: TableName): boolean {
  const glob = compileGlob(pattern);
  return glob.test(table) || glob.test(`${schema}.${table}`);
}

/** Rules that name a table which is not there, in sentences: a name that is mistyped guards nothing. */
export function unknownTables(rules: Rules, names: readonly TableName[]): string[] {
  return rules
    .filter(({ table }) => !table.includes('*') && !names.some((name) => fits(table, name)))
    .map(({ table }) => {
      const meant = nearest(
        table,
        names.flatMap((name) => [name.table, `${name.schema}.${name.table}`]),
      );
      return `tables: names '${table}', and there is no such table${meant ? `; did you mean '${meant}'?` : ''}`;
    });
}
