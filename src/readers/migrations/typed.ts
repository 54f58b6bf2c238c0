import type { Token } from './scan.ts';

/** The name that `type:` has in an object; null where it is not one name, or could be another. */
export function typeIn(argument: readonly Token[]): string | null {
  const code = written(argument);
  const found = [...code.matchAll(/[{,]type:(?:\w+\.){0,3}(\w+)(?=[,}])/g)];
  return found.length === 1 && !/\.\.\.|\[|"":/.test(code) && code.split('type').length === 2 ? found[0]![1]! : null;
}

/** Strings are not written out: their text is no code. */
export function written(tokens: readonly Token[]): string {
  return tokens.map(({ kind, text }) => (kind === 'string' ? '""' : text)).join('');
}
