import { tokenAt } from './tokens.ts';

/** Words that a row of plain values may hold. */
const plain = /^(?:null|true|false|default|array|date|timestamp|timestamptz|interval|[xXbBnN])$/i;

/**
 * An `INSERT … VALUES` with most of its plain rows left out: a dump's million rows would fill the memory as a tree, and
 * literals destroy nothing. The first row stays, and every row that holds more than literals.
 */
export function withoutPlainRows(statement: string): string {
  const start = /^insert\s+into\s[^'$;()]{1,300}(?:\([^'$;()]{0,20000}\)\s*)?values\s*(?=\()/i.exec(statement);
  if (!start) return statement;
  const rows: string[] = [];
  let at = start[0].length;
  while (statement[at] === '(') {
    const { end, literal } = row(statement, at);
    if (!literal || rows.length === 0) rows.push(statement.slice(at, end));
    const comma = blanks(statement, end);
    if (statement[comma] !== ',') return `${start[0]}${rows.join(', ')} ${statement.slice(end)}`;
    at = blanks(statement, comma + 1);
  }
  return statement;
}

function row(statement: string, from: number): { end: number; literal: boolean } {
  let depth = 0;
  let literal = true;
  for (let at = from; at < statement.length; ) {
    const { kind, end } = tokenAt(statement, at);
    if (kind === 'sign' && statement[at] === '(') depth += 1;
    if (kind === 'sign' && statement[at] === ')' && --depth === 0) return { end, literal };
    if (kind === 'name' || (kind === 'word' && !plain.test(statement.slice(at, end)))) literal = false;
    at = end;
  }
  return { end: statement.length, literal: false };
}

function blanks(statement: string, from: number): number {
  let at = from;
  while (at < statement.length && tokenAt(statement, at).kind === 'space') at = tokenAt(statement, at).end;
  return at;
}
