/** A value as it is written down: where its characters stand, and what they make. */
export interface Literal {
  readonly from: number;
  readonly to: number;
  readonly value: string;
  readonly quoted: boolean;
}

/** Nothing longer is a key or a password that somebody assigns. */
const longest = 500;

const opening = /(?:[A-Za-z@$]{0,2})(\\{0,7})("""|'''|["'`])/y;
const joined =
  /[ \t]{0,9}(?:(?:\+|\.\.?|&|<>|\\)[ \t]{0,9}(?:\\?\r?\n[ \t]{0,80})?|\r?\n[ \t]{1,80}[+.&][ \t]{0,9})(?=\\{0,7}["'`])/y;

/** The literal in quotes that begins at `at`, with the pieces that are joined to it: `'a' + 'b'`. */
export function quotedAt(text: string, at: number): Literal | null {
  let piece = onePiece(text, at);
  if (piece === null) return null;
  const { from } = piece;
  let { value } = piece;
  for (let pieces = 1; pieces < 20; pieces++) {
    joined.lastIndex = piece.end;
    if (!joined.test(text)) break;
    const next = onePiece(text, joined.lastIndex);
    if (next === null) break;
    piece = next;
    value += next.value;
  }
  return { from, to: piece.to, value, quoted: true };
}

function onePiece(text: string, at: number): { from: number; to: number; end: number; value: string } | null {
  opening.lastIndex = at;
  const match = opening.exec(text);
  if (!match) return null;
  const close = match[1]! + match[2]!;
  const from = opening.lastIndex;
  const to = from + text.slice(from, from + longest).indexOf(close);
  if (to < from) return null;
  const value = text.slice(from, to);
  return /\s/.test(value) ? null : { from, to, end: to + close.length, value };
}

const word = /[^\s"'`<>\\]{6,500}/y;

/** The word without quotes that begins at `at`; null for a call or an index, which are no values. */
export function bareAt(text: string, at: number): Literal | null {
  word.lastIndex = at;
  const match = word.exec(text);
  if (!match) return null;
  const cut = match[0].search(/[;,&|(){}[\]]/);
  if (cut >= 0 && /[([{]/.test(match[0][cut]!)) return null;
  if (/\.{3}$/.test(match[0])) return null;
  const value = (cut < 0 ? match[0] : match[0].slice(0, cut)).replace(/[.:]+$/, '');
  return value.length < 6 ? null : { from: at, to: at + value.length, value, quoted: false };
}
