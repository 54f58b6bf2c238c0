import type { BytePath } from '../model.ts';

/** One pattern of a rule, compiled. */
export interface Pattern {
  /** As written in the policy. */
  readonly source: string;
  readonly negated: boolean;
  matches(path: BytePath): boolean;
}

/** Why a pattern cannot be used, or null. */
export function patternFault(pattern: string): string | null {
  const body = pattern.startsWith('!') ? pattern.slice(1) : pattern;
  if (body.replace(/^\/+|\/+$/g, '') === '') return 'is empty';
  if (body.startsWith('#')) return "is a comment in gitignore syntax; write '\\#' for a file that starts with #";
  if (/[\0\n\r]/.test(body)) return 'holds a line break';
  if (/(^|\/)\.\.?(\/|$)/.test(body)) return "holds '.' or '..'; patterns start at the top of the repository";
  if (body.includes('//')) return "holds an empty directory name ('//')";
  if (/(^|[^\\])(\\\\)*\\$/.test(body)) return 'ends in a backslash';
  if (/ $/.test(body)) return 'ends in a space';
  if (body.length > 1024) return 'is longer than 1024 characters';
  return null;
}

/**
 * Compiles a pattern in gitignore syntax to a test on byte paths. Positive patterns also match folded paths, and
 * whatever stands at or above their literal leading directories; negations match exactly.
 * @see https://git-scm.com/docs/gitignore#_pattern_format
 */
export function compilePattern(source: string): Pattern {
  const negated = source.startsWith('!');
  const body = negated ? source.slice(1) : source;
  const exact = toRegExp(Buffer.from(body, 'utf8').toString('latin1'));
  if (negated) return { source, negated, matches: (path) => exact.test(path) };
  let folded: RegExp | undefined;
  const parents = literalParents(body);
  return {
    source,
    negated,
    matches(path) {
      if (exact.test(path)) return true;
      const text = foldText(decode(path));
      folded ??= toRegExp(foldCase(body), 'u');
      return folded.test(text) || parents.has(text) || folded.test(foldCase(decode(path)));
    },
  };
}

/** Does a rule's list of patterns cover the path? The last pattern that matches decides, as in gitignore. */
export function firstMatch(patterns: readonly Pattern[], path: BytePath): Pattern | null {
  let match: Pattern | null = null;
  for (const pattern of patterns) {
    if (pattern.negated ? match !== null && pattern.matches(path) : match === null && pattern.matches(path))
      match = pattern.negated ? null : pattern;
  }
  return match;
}

/** Does the pattern name exactly one file, with no wildcard? Then its path, else null. */
export function literalPath(source: string): string | null {
  if (/[*?[\]!\\]/.test(source) || source.endsWith('/')) return null;
  return source.replace(/^\//, '');
}

/** Matches branch and tag names: `*` within a segment, `**` across. */
export function compileGlob(glob: string): RegExp {
  return new RegExp(`^${translate(glob)}$`, 'u');
}

/** Paths at which a file, symlink or gitlink would take the place of a directory that the pattern names. */
function literalParents(body: string): ReadonlySet<string> {
  const anchored = body.replace(/\/$/, '').includes('/');
  const parents = new Set<string>();
  if (!anchored) return parents;
  const names = body.replace(/^\//, '').split('/').slice(0, -1);
  const wild = names.findIndex((name) => /[*?[\\]/.test(name));
  const literal = wild < 0 ? names : names.slice(0, wild);
  for (let depth = 1; depth <= literal.length; depth++) parents.add(foldText(literal.slice(0, depth).join('/')));
  return parents;
}

function toRegExp(body: string, flags = ''): RegExp {
  const directory = body.endsWith('/');
  const trimmed = directory ? body.slice(0, -1) : body;
  const anchored = trimmed.includes('/');
  const start = anchored ? '^' : '^(?:.*/)?';
  const core = translate(trimmed.replace(/^\//, ''));
  const below = directory ? '/.*' : '(?:/.*)?';
  return new RegExp(`${start}${core}${below}$`, `s${flags}`);
}

function translate(glob: string): string {
  let out = '';
  for (let at = 0; at < glob.length; ) {
    const rest = glob.slice(at);
    const [text, length] = piece(rest, at === 0 || glob[at - 1] === '/');
    out += text;
    at += length;
  }
  return out;
}

/** The regular expression for what a glob starts with, and how many characters that took. */
function piece(rest: string, atSegmentStart: boolean): [string, number] {
  if (atSegmentStart && rest.startsWith('**/')) return ['(?:.*/)?', 3];
  if (atSegmentStart && rest === '**') return ['.+', 2];
  const stars = /^\*+/.exec(rest);
  if (stars) return ['[^/]*', stars[0].length];
  if (rest[0] === '?') return ['[^/]', 1];
  if (rest[0] === '[') return bracket(rest);
  const literal = rest[0] === '\\' && rest.length > 1 ? 2 : 1;
  const point = rest.codePointAt(literal - 1)!;
  const char = String.fromCodePoint(point);
  return [quote(char), literal - 1 + char.length];
}

/** `[a-z]`, `[!a]`, `[[:alpha:]]`; a bracket that never closes stands for itself, a range that runs backwards is empty. */
function bracket(rest: string): [string, number] {
  const match = /^\[([!^]?)(\]?(?:\\.|\[:[a-z]+:\]|[^\]\\])*)\]/su.exec(rest);
  if (!match) return ['\\[', 1];
  const [whole, not, body] = match as unknown as [string, string, string];
  let inside = '';
  for (const item of body.matchAll(/\[:([a-z]+):\]|(\\.|[^\\])-(\\.|[^\\])|(\\.|[^\\])/gsu)) {
    const [, name, from, to, single] = item;
    if (name !== undefined) inside += classes[name] ?? '';
    else inside += quoteInClass(bare(single ?? from!));
    // Git compares the start of a range by itself first, so it matches even where the range runs backwards.
    if (from !== undefined && bare(from).codePointAt(0)! < bare(to!).codePointAt(0)!)
      inside += `${quoteInClass(bare(from))}-${quoteInClass(bare(to!))}`;
  }
  if (inside === '') return [not ? '[^/]' : '(?!)', whole.length];
  return [`(?!/)[${not ? '^' : ''}${inside}]`, whole.length];
}

/** A character without the backslash before it. */
function bare(item: string): string {
  return item.length > 1 && item.startsWith('\\') ? item.slice(1) : item;
}

const classes: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  punct: '!-\\/:-@\\[-`\\{-~',
  xdigit: '0-9A-Fa-f',
  graph: '!-~',
  print: ' -~',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
};

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function quoteInClass(char: string): string {
  return /[\\^\][-]/.test(char) ? `\\${char}` : char;
}

/** Code points that HFS+ leaves out when it compares names, as in Git's own `core.protectHFS`. */
const ignorable = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

function decode(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

/**
 * The name under which a case-insensitive or normalizing file system would find this path: NFC, upper then lower
 * case, without the code points HFS+ ignores, the trailing dots and spaces and the `:stream` that NTFS drops.
 */
function foldText(text: string): string {
  const plain = /^[\x21-\x39\x3b-\x7e]*$/.test(text) && !/\.(\/|$)/.test(text);
  if (plain) return text.toUpperCase().toLowerCase();
  return text
    .replace(ignorable, '')
    .split('/')
    .map((name) => name.replace(/(?!^):.*$/s, '').replace(/(?!^)[. ]+$/, ''))
    .join('/')
    .normalize('NFC')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC');
}

/** Only its case and Unicode form; the wildcards of a pattern stay as they are. */
function foldCase(pattern: string): string {
  return pattern.replace(ignorable, '').normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}
