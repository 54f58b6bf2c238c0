import type { Language, Token } from './scan.ts';

/**
 * Leaves out what runs only to take a migration back: the body of `down` or `downgrade`. Where it is not plain that
 * nothing else runs that body, all of the code stays.
 */
export function wayUp(tokens: readonly Token[], language: Language): readonly Token[] {
  const name = language === 'python' ? 'downgrade' : 'down';
  const places = tokens.flatMap((token, at) => (token.text === name && token.kind !== 'mark' ? [at] : []));
  // So many are no migration, and each is looked at in turn.
  if (places.length > 20) return tokens;
  if (flatten(tokens).filter((token) => token.text === name).length !== places.length) return tokens;
  const bodies = places.map((at) => (language === 'python' ? pythonBody(tokens, at) : jsBody(tokens, at)));
  const found = bodies.filter((body) => body !== null);
  const others = places.filter((_, index) => bodies[index] === null);
  if (found.length !== 1 || !others.every((at) => language === 'js' && isExportedByName(tokens, at))) return tokens;
  const [from, to] = found[0]!;
  return tokens.filter((_, at) => at < from || at > to);
}

/** With the code of the expressions in strings. */
export function flatten(tokens: readonly Token[]): Token[] {
  return tokens.flatMap((token) => [token, ...flatten(token.inner)]);
}

/** `module.exports = { up, down }` and `export { up, down }`. */
function isExportedByName(tokens: readonly Token[], at: number): boolean {
  const isAround = (token: Token | undefined, marks: string) => token?.kind === 'mark' && marks.includes(token.text);
  return isAround(tokens[at - 1], '{,') && isAround(tokens[at + 1], '},');
}

/** `def downgrade(…): …` at the left margin, up to the next line there. */
function pythonBody(tokens: readonly Token[], at: number): [number, number] | null {
  if (tokens[at]!.kind !== 'name' || tokens[at - 1]?.text !== 'def' || tokens[at - 1]!.column !== 0) return null;
  if (tokens[at - 2]?.text === '@' || tokens[at + 1]?.text !== '(') return null;
  const isDecorated = tokens.slice(0, at - 1).some((token) => token.text === '@' && token.column === 0);
  if (isDecorated) return null;
  // Defaults and annotations are run where the function is defined.
  const header = closing(tokens, at + 1);
  const start = tokens.findIndex((token, index) => index > header && isMark(token, ':'));
  if (start < 0) return null;
  let depth = 0;
  for (let end = start + 1; end < tokens.length; end++) {
    const { text, kind, column, line } = tokens[end]!;
    if (depth === 0 && column === 0 && line > tokens[at]!.line) return [start + 1, end - 1];
    if (kind === 'mark' && '([{'.includes(text)) depth += 1;
    if (kind === 'mark' && ')]}'.includes(text)) depth -= 1;
  }
  return [start + 1, tokens.length - 1];
}

/** A function, method or property called `down` that stands by itself. */
function jsBody(tokens: readonly Token[], at: number): [number, number] | null {
  const start = startOfStatement(tokens, at);
  if (tokens[at]!.kind !== 'name' || start === null) return null;
  const sign = isMark(tokens[at + 1], '=') || isMark(tokens[at + 1], ':') ? tokens[at + 1]!.text : '';
  const isFunction = tokens[at - 1]?.text === 'function';
  // What is assigned within a list could be an argument of something; what looks like a method could be a call.
  if (sign === '=' && isMark(tokens[start - 1], ',')) return null;
  if (sign !== '=' && !isFunction && !isMember(tokens, at)) return null;
  let next = at + 1 + sign.length;
  if (tokens[next]?.text === 'async') next += 1;
  if (tokens[next]?.text === 'function') next += 1;
  const isBare = tokens[next]?.kind === 'name' && isMark(tokens[next + 1], '=>');
  if (!isBare && !isMark(tokens[next], '(')) return null;
  next = isBare ? next + 1 : closing(tokens, next) + 1;
  const end = endOfBody(tokens, next);
  // Called at once, or the beginning of a longer expression.
  const after = end === null ? undefined : tokens[end + 1];
  if (end === null || (after !== undefined && after.kind !== 'name' && !/^[;},]$/.test(after.text))) return null;
  return [next, end];
}

/** From behind the parameters: the type of the result, an arrow, a block; or after the arrow a chain of calls. */
function endOfBody(tokens: readonly Token[], from: number): number | null {
  const isType = ({ kind, text }: Token) => kind === 'name' || (kind === 'mark' && /^[:<>.,|]$/.test(text));
  let at = from;
  while (at < from + 12 && tokens[at] !== undefined && isType(tokens[at]!)) at += 1;
  if (isMark(tokens[at], '=>')) at += 1;
  if (isMark(tokens[at], '{')) return closing(tokens, at);
  if (!isMark(tokens[at - 1], '=>') || tokens[at]?.kind !== 'name') return null;
  for (;;) {
    const next = tokens[at + 1];
    if (isMark(next, '(')) at = closing(tokens, at + 1);
    else if (isMark(next, '.') && tokens[at + 2]?.kind === 'name') at += 2;
    else return at;
  }
}

/** Where the statement, or the member of a class or an object, begins; null where something else gets its value. */
function startOfStatement(tokens: readonly Token[], at: number): number | null {
  let start = at;
  while (start > 0 && (words.has(tokens[start - 1]!.text) || isMark(tokens[start - 1], '.'))) start -= 1;
  return start === 0 || /^[;},{)]$/.test(tokens[start - 1]!.text) ? start : null;
}

const words = new Set('export async function public const let var override exports module default static'.split(' '));

/** Is the innermost bracket around it that of a class or of an object? */
function isMember(tokens: readonly Token[], at: number): boolean {
  let depth = 0;
  let open = at - 1;
  for (; open >= 0; open--) {
    const { kind, text } = tokens[open]!;
    if (kind === 'mark' && ')]}'.includes(text)) depth += 1;
    if (kind === 'mark' && '([{'.includes(text) && depth-- === 0) break;
  }
  if (!isMark(tokens[open], '{')) return false;
  if (isMark(tokens[open - 1], '=') || isMark(tokens[open - 1], '(') || tokens[open - 1]?.text === 'default')
    return true;
  for (let before = open - 1; before >= 0; before--) {
    const { kind, text } = tokens[before]!;
    if (kind === 'mark' && !/^[.,<>]$/.test(text)) return false;
    if (text === 'class') return true;
  }
  return false;
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}

/** The place of the bracket that closes the one at a place. */
export function closing(tokens: readonly Token[], at: number): number {
  return pairsOf(tokens)[at]!;
}

/** The place of the bracket that opens what the one at a place closes. */
export function opening(tokens: readonly Token[], at: number): number {
  return pairsOf(tokens)[at]!;
}

const known = new WeakMap<readonly Token[], Int32Array>();

/** For each bracket the place of its other half. They are looked up again and again, so all are found once. */
function pairsOf(tokens: readonly Token[]): Int32Array {
  const before = known.get(tokens);
  if (before !== undefined) return before;
  const pairs = new Int32Array(tokens.length);
  const open: number[] = [];
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind !== 'mark') continue;
    if ('([{'.includes(text)) open.push(at);
    else if (')]}'.includes(text)) {
      const start = open.pop() ?? 0;
      [pairs[start], pairs[at]] = [at, start];
    }
  }
  known.set(tokens, pairs);
  return pairs;
}
