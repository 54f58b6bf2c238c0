import { compileLinear, type Pattern } from './pattern.ts';
import { deepest, Unreadable } from './tree.ts';

/** A value that a path found. */
export interface PathMatch {
  readonly value: unknown;
  readonly location: readonly (string | number)[];
}

/** A compiled JSONPath. @throws Unreadable when the value is nested too deep for it */
export type JsonPath = (value: unknown) => readonly PathMatch[];

/**
 * Compiles a JSONPath of RFC 9535. `match()` and `search()` run on the linear engine, so that no text can make them
 * run for long.
 * @see https://www.rfc-editor.org/rfc/rfc9535
 * @throws SyntaxError
 */
export async function compilePath(source: string): Promise<JsonPath> {
  const { FunctionExpressionType, JSONPathEnvironment, JSONPathError, JSONPathRecursionLimitError } = await import(
    'json-p3'
  );
  const environment = new JSONPathEnvironment({ maxRecursionDepth: deepest + 2 });
  const patterns = await literalPatterns(source);
  const { ValueType, LogicalType } = FunctionExpressionType;
  const byPattern = (use: 'fits' | 'finds') => ({
    argTypes: [ValueType, ValueType],
    returnType: LogicalType,
    call(text: unknown, pattern: unknown) {
      if (typeof text !== 'string' || typeof pattern !== 'string') return false;
      const compiled = patterns.get(pattern);
      if (!compiled) throw new Unreadable('is asked for by a pattern that the path does not spell out');
      return compiled[use](text);
    },
  });
  environment.functionRegister.set('match', byPattern('fits'));
  environment.functionRegister.set('search', byPattern('finds'));
  try {
    const query = environment.compile(source);
    return (value) => {
      try {
        return query.query(value as never).nodes;
      } catch (error) {
        if (error instanceof JSONPathRecursionLimitError) throw new Unreadable('is nested too deep');
        throw error;
      }
    };
  } catch (error) {
    if (error instanceof JSONPathError) throw new SyntaxError(error.message);
    throw error;
  }
}

/** Each text in the path that could be a pattern. One taken from the file could not be judged before it runs. */
async function literalPatterns(source: string): Promise<Map<string, Pattern>> {
  const found = new Map<string, Pattern>();
  if (!/\b(?:match|search)\s*\(/.test(source)) return found;
  for (const [quoted] of source.matchAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g)) {
    const text = unquoted(quoted);
    try {
      if (text !== null) found.set(text, await compileLinear(text));
    } catch (error) {
      // A text that is no pattern is there to be compared with.
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return found;
}

function unquoted(quoted: string): string | null {
  const inner = quoted.slice(1, -1);
  const json = quoted.startsWith("'") ? inner.replaceAll("\\'", "'").replaceAll('"', '\\"') : inner;
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch {
    return null;
  }
}
