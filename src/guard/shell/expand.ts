import { hole, type Word } from './run.ts';
import type { Scope } from './scope.ts';
import type { Script, SyntaxWord, WordPart } from './syntax.ts';

/** What words come to. The walk that asks is told of every script that stands in them. */
export interface Expander {
  /** Walks a script that a word runs, and says what it prints; null: not known. */
  substitute(script: Script, scope: Scope): string | null;
}

/** Words that one word may come to by its braces, at most. */
const most = 64;

interface Piece {
  readonly text: string;
  /** Is it cut at white space, as what stands outside quotes is? */
  readonly split: boolean;
  readonly glob: boolean;
  /** Did anything stand in quotes? Then the word is there even when it is empty. */
  readonly quoted: boolean;
  /** `"$@"`: words of their own. */
  readonly list?: readonly string[];
}

/** The words that one word of a script comes to. */
export function expand(word: SyntaxWord, scope: Scope, expander: Expander): Word[] {
  if (word.parts === undefined) return [{ text: atHome(word.value, word.text, scope), glob: false }];
  const sequences = cross(word.parts.map((part) => alternatives(part, scope, expander)));
  const [first] = word.parts;
  const tilde = first?.type === 'Literal' && first.text.startsWith('~');
  return sequences
    .flatMap((pieces) => fields(pieces))
    .map(({ text, glob }) => ({ text: tilde ? atHome(text, text, scope) : text, glob }));
}

/** A word that has to be one: an assignment's value, a file that is written to. */
export function expandOne(word: SyntaxWord, scope: Scope, expander: Expander): Word {
  if (word.parts === undefined) return { text: atHome(word.value, word.text, scope), glob: false };
  const pieces = word.parts.flatMap((part) => alternatives(part, scope, expander)[0] ?? []);
  const text = pieces.map((piece) => piece.list?.join(' ') ?? piece.text).join('');
  const [first] = word.parts;
  const tilde = first?.type === 'Literal' && first.text.startsWith('~');
  return { text: tilde ? atHome(text, text, scope) : text, glob: pieces.some(({ glob }) => glob) };
}

/** The text of a here-document's parts, or of what stands in double quotes. */
export function expandText(parts: readonly WordPart[], scope: Scope, expander: Expander): string {
  return parts
    .flatMap((part) => pieces(part, scope, expander))
    .map(({ text, list }) => list?.join(' ') ?? text)
    .join('');
}

function atHome(text: string, written: string, scope: Scope): string {
  if (!written.startsWith('~')) return text;
  return text.replace(/^~(?=\/|$)/, scope.get('HOME') ?? hole);
}

/** Every way to take one from each list, up to the limit. */
function cross(lists: readonly (readonly Piece[][])[]): Piece[][] {
  let ways: Piece[][] = [[]];
  for (const list of lists) {
    ways = ways.flatMap((way) => list.map((pieces) => [...way, ...pieces]));
    if (ways.length > most) return [ways[0]!.map((piece) => ({ ...piece, text: hole }))];
  }
  return ways;
}

/** Several only for braces. */
function alternatives(part: WordPart, scope: Scope, expander: Expander): Piece[][] {
  if (part.type !== 'BraceExpansion') return [pieces(part, scope, expander)];
  return expandBraces(part.text).map((text) => [{ text, split: false, glob: false, quoted: false }]);
}

function pieces(part: WordPart, scope: Scope, expander: Expander): Piece[] {
  const plain = (text: string, quoted: boolean): Piece[] => [{ text, split: false, glob: false, quoted }];
  const value = (text: string): Piece[] => [{ text, split: true, glob: false, quoted: false }];
  switch (part.type) {
    case 'Literal':
      return plain(part.value, false);
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return plain(part.value, true);
    case 'DoubleQuoted':
    case 'LocaleString':
      return [
        ...plain('', true),
        ...part.parts
          .flatMap((child) => pieces(child, scope, expander))
          .map((piece) => ({ ...piece, split: false, quoted: true })),
      ];
    case 'Glob':
    case 'ExtendedGlob':
      return [{ text: part.text, split: false, glob: true, quoted: false }];
    case 'BraceExpansion':
      return plain(part.text, false);
    case 'SimpleExpansion':
      return variable(part.text.slice(1), scope);
    case 'ParameterExpansion':
      return parameter(part, scope, expander);
    case 'CommandExpansion':
      return value(part.script === undefined ? hole : (expander.substitute(part.script, scope) ?? hole));
    case 'ProcessSubstitution':
      if (part.script !== undefined) expander.substitute(part.script, scope);
      return plain(`/dev/fd/${hole}`, false);
    case 'ArithmeticExpansion':
      return plain(hole, false);
  }
}

type Parameter = Extract<WordPart, { type: 'ParameterExpansion' }>;

function parameter(part: Parameter, scope: Scope, expander: Expander): Piece[] {
  if (part.prefix !== undefined || part.index !== undefined) return variable('', scope);
  const operation = part.operation;
  if (operation === undefined) return variable(part.parameter, scope);
  if (operation.type !== 'Default') return variable('', scope);
  const known = scope.get(part.parameter);
  const operand = expandOne(operation.operand, scope, expander).text;
  const takesOther = operation.operator.includes('+') ? known !== undefined : known === undefined || known === '';
  if (operation.operator.includes('?')) return variable(part.parameter, scope);
  // What the environment holds is not known here; then the word that stands in for it is what may be meant.
  return [{ text: takesOther ? operand : (known ?? ''), split: true, glob: false, quoted: false }];
}

function variable(name: string, scope: Scope): Piece[] {
  const piece = { split: true, glob: false, quoted: false };
  if (name === '@' || name === '*')
    return [
      scope.words === null ? { ...piece, text: hole } : { ...piece, text: scope.words.join(' '), list: scope.words },
    ];
  if (/^[1-9]$/.test(name))
    return [{ ...piece, text: scope.words === null ? hole : (scope.words[Number(name) - 1] ?? '') }];
  return [{ ...piece, text: scope.get(name) ?? hole, glob: scope.globs.has(name) }];
}

/** Cuts the pieces of one word into the words that the shell makes of them. */
function fields(sequence: readonly Piece[]): Word[] {
  const done: Word[] = [];
  let current: { text: string; glob: boolean; there: boolean } = { text: '', glob: false, there: false };
  const end = () => {
    if (current.there) done.push({ text: current.text, glob: current.glob });
    current = { text: '', glob: false, there: false };
  };
  const add = (text: string, piece: Piece) => {
    current.text += text;
    current.glob ||= piece.glob;
    current.there ||= text !== '' || piece.quoted;
  };
  for (const piece of sequence) {
    if (piece.list !== undefined) {
      piece.list.forEach((text, index) => {
        if (index > 0) end();
        add(text, { ...piece, quoted: true });
      });
      continue;
    }
    if (!piece.split || !/\s/.test(piece.text)) {
      add(piece.text, piece);
      continue;
    }
    const parts = piece.text.split(/\s+/);
    parts.forEach((text, index) => {
      if (index > 0) end();
      add(text, piece);
    });
  }
  end();
  return done;
}

/** `a{b,c}` as bash writes it out; a range is not known. */
export function expandBraces(text: string): string[] {
  const open = text.indexOf('{');
  if (open < 0) return [unquote(text)];
  let depth = 0;
  const cuts: number[] = [];
  for (let at = open; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === ',' && depth === 1) cuts.push(at);
    else if (text[at] === '}' && --depth === 0) {
      const [before, after] = [text.slice(0, open), expandBraces(text.slice(at + 1))];
      if (cuts.length === 0) return after.map((rest) => `${unquote(before)}${hole}${rest}`);
      const bounds = [open, ...cuts, at];
      const inner = bounds.slice(1).flatMap((end, index) => expandBraces(text.slice(bounds[index]! + 1, end)));
      const all = inner.flatMap((middle) => after.map((rest) => `${unquote(before)}${middle}${rest}`));
      return all.length > most ? [hole] : all;
    }
  }
  return [unquote(text)];
}

const unquote = (text: string) => text.replace(/\\(.)|["']/g, '$1');
