import { hole, programName, type Run } from './run.ts';
import { Scope } from './scope.ts';
import type { CompoundList, Script } from './syntax.ts';

/** A path without its detours. */
export function absolute(path: string, cwd: string | null): string {
  const whole = path.startsWith('/') ? path : `${cwd ?? ''}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** A word as a shell takes it; what is not known stays so. */
export const quoted = (text: string) =>
  /^[\w./:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''").replaceAll(hole, "'$PROTECT_UNKNOWN'")}'`;

/** A copy of the scope in which an alias is a plain word. */
export function withoutAlias(scope: Scope, name: string): Scope {
  const copy = new Scope(scope);
  copy.aliases.delete(name);
  return copy;
}

/** Is the name of the program not known, and not an editor or the like, whose variable says what it is? */
export function hasUnknownName({ words: [name] }: Run): boolean {
  const text = name?.text ?? '';
  return text.includes(hole) && programName(text).replaceAll(hole, '') === '';
}

/** The variables that `while read a b` fills. */
export function readNames(clause: CompoundList): string[] {
  return clause.commands.flatMap(({ command }) =>
    command.type === 'Command' && command.name?.value === 'read'
      ? command.suffix.flatMap((word) =>
          word.type === 'Word' && /^[A-Za-z_]\w*$/.test(word.value) ? [word.value] : [],
        )
      : [],
  );
}

/** Scripts inside a node, by their shape. */
export function nested(node: object, found: Script[] = [], depth = 0): Script[] {
  if (depth > 40) return found;
  for (const value of Object.values(node)) {
    if (typeof value !== 'object' || value === null) continue;
    if ((value as { type?: string }).type === 'Script') found.push(value as Script);
    else nested(value, found, depth + 1);
  }
  const { parts, script } = node as { parts?: unknown; script?: Script };
  if (script !== undefined) found.push(script);
  if (Array.isArray(parts)) for (const part of parts) nested(part as object, found, depth + 1);
  return found;
}
