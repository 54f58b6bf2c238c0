import type { Token } from '../mysql/token.ts';
import { tokenize } from './tokens.ts';

/** One statement; a trigger comes with those of its body. */
export interface Statement {
  readonly tokens: readonly Token[];
  readonly body: readonly (readonly Token[])[];
  /** Why it cannot be read. */
  readonly fault: string | null;
}

const breakpoint = '--> statement-breakpoint';

/**
 * The statements of a script. Drizzle splits it at its marks before SQLite sees a comment or a text, so nothing goes on
 * past one.
 * @throws Undecided when there are too many words
 */
export function* statementsOf(text: string): Generator<Statement> {
  let from = 0;
  for (const piece of text.split(breakpoint)) {
    yield* split(tokenize(piece, from));
    from += piece.length + breakpoint.length;
  }
}

function* split(tokens: readonly Token[]): Generator<Statement> {
  for (let at = 0; at < tokens.length; ) {
    const begin = isTrigger(tokens, at) ? beginOf(tokens, at) : null;
    const end = endOf(tokens, at);
    if (begin === null || begin > end) {
      if (end > at) yield { tokens: tokens.slice(at, end), body: [], fault: null };
      at = end + 1;
      continue;
    }
    const body: (readonly Token[])[] = [];
    let next = begin + 1;
    while (next < tokens.length && !isWord(tokens[next], 'END')) {
      const stop = endOf(tokens, next);
      if (stop > next) body.push(tokens.slice(next, stop));
      next = stop + 1;
    }
    const last = endOf(tokens, next);
    const isWhole = next < tokens.length && last === next + 1;
    yield { tokens: tokens.slice(at, begin), body, fault: isWhole ? null : 'a trigger that does not end with END' };
    at = last + 1;
  }
}

function isTrigger(tokens: readonly Token[], at: number): boolean {
  if (!isWord(tokens[at], 'CREATE')) return false;
  const next = isWord(tokens[at + 1], 'TEMP') || isWord(tokens[at + 1], 'TEMPORARY') ? at + 2 : at + 1;
  return isWord(tokens[next], 'TRIGGER');
}

function beginOf(tokens: readonly Token[], from: number): number | null {
  for (let at = from; at < tokens.length && tokens[at]!.kind !== 'end'; at++)
    if (isWord(tokens[at], 'BEGIN')) return at;
  return null;
}

function endOf(tokens: readonly Token[], from: number): number {
  let at = from;
  while (at < tokens.length && tokens[at]!.kind !== 'end') at++;
  return at;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text === word;
}
