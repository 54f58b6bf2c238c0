import { report, type Scope } from './scope.ts';
import { tokenAt } from './tokens.ts';

/** Commands that read, show, or set how it is shown. */
const harmless =
  /^(?:echo|qecho|warn|set|unset|timing|pset|x|a|t|f|H|C|T|r|reset|p|print|encoding|if|elif|else|endif|q|quit|conninfo|errverbose|prompt|cd|bind|gset|gdesc|gx|g|crosstabview|h|help|\?|l\+?|d\S*|sf\+?|sv\+?|z|restrict|unrestrict|s|lo_list|lo_import|o|out|w|write|password|html|parse|bind_named|close_prepared|getenv)$/;

/** A `\` command of psql, which other tools do not know. */
export function judgeCommand(name: string, args: string, scope: Scope): void {
  if (name === 'c' || name === 'connect') scope.created.clear();
  const found = judged(name, args);
  if (found) report(scope, found[0], found[1], `\\${name} ${found[2]}`);
}

function judged(
  name: string,
  args: string,
): readonly [severity: 'error' | 'warning', rule: string, message: string] | null {
  if (name === '!' || args.includes('`') || (/^(?:g|gx|o|out|w|write)$/.test(name) && args.startsWith('|')))
    return ['error', 'run-program', 'runs a program'];
  switch (name) {
    case 'i':
    case 'ir':
    case 'include':
    case 'include_relative':
      return ['error', 'psql-command', 'runs another file, which is not checked here'];
    case 'gexec':
      return ['error', 'dynamic-sql', 'runs what a query answers, which cannot be checked'];
    case 'lo_unlink':
      return ['error', 'drop-large-object', 'deletes a large object'];
    case 'c':
    case 'connect':
      return ['warning', 'psql-command', 'goes on in another database'];
    default:
      return harmless.test(name) ? null : ['error', 'psql-command', 'cannot be checked'];
  }
}

/** A name that `\set` gives a value which is more than one word or number: it may be any SQL. */
export function setsSql(name: string, args: string): string | null {
  if (name !== 'set') return null;
  const [variable, ...values] = args.split(/[ \t]+/);
  return variable && !/^(?:'?[\w.-]*'?)$/.test(values.join(' ')) ? variable : null;
}

/** A statement with psql's variables replaced by something of their kind. */
export interface Filled {
  readonly text: string;
  readonly names: ReadonlySet<string>;
  /** Those that stand in it bare, so that their value is read as SQL. */
  readonly bare: readonly string[];
}

/** Replaces `:name`, `:'name'` and `:"name"`; null where there is none. */
export function fillVariables(statement: string): Filled | null {
  const parts: string[] = [];
  const names = new Set<string>();
  const bare: string[] = [];
  for (let at = 0; at < statement.length; ) {
    const { end } = tokenAt(statement, at);
    const found =
      statement[at] === ':'
        ? /^:(?:(['"])(\w+)\1|([A-Za-z_\x80-\uffff]\w*))/.exec(statement.slice(at, at + 200))
        : null;
    if (statement.startsWith('::', at)) {
      parts.push('::');
      at += 2;
    } else if (found) {
      const name = found[2] ?? found[3]!;
      if (!found[1]) bare.push(name);
      names.add(`psql_${name}`);
      parts.push(found[1] === "'" ? `'psql_${name}'` : `psql_${name}`);
      at += found[0].length;
    } else {
      parts.push(statement.slice(at, end));
      at = end;
    }
  }
  return names.size === 0 ? null : { text: parts.join(''), names, bare };
}
