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
  // Most paths are nowhere near a pattern: a look at its literal part spares making the expressions at all.
  const [start, end] = [literalStart(body), literalEnd(body)];
  const bytes = Buffer.from(start, 'utf8').toString('latin1');
  let exact: RegExp | undefined;
  const matchesExactly = (path: BytePath) => {
    if (!path.startsWith(bytes) || !path.includes(end)) return false;
    exact ??= toRegExp(Buffer.from(body, 'utf8').toString('latin1'));
    return exact.test(path);
  };
  if (negated) return { source, negated, matches: matchesExactly };
  const [foldedStart, foldedEnd] = [foldCase(start), foldCase(end)];
  let expression: RegExp | undefined;
  const folded = () => {
    expression ??= toRegExp(foldCase(body).replace(/\[:(?:upper|lower):\]/g, '[:alpha:]'), 'u');
    return expression;
  };
  let directories: string | undefined;
  return {
    source,
    negated,
    matches(path) {
      if (matchesExactly(path)) return true;
      const text = fold(path);
      if (text.startsWith(foldedStart) && text.includes(foldedEnd) && folded().test(text)) return true;
      if (!isPlain(path) && folded().test(foldCase(decode(path)))) return true;
      directories ??= literalDirectories(body);
      return directories.startsWith(`${text}/`);
    },
  };
}

/** What every path under an anchored pattern starts with: ASCII before the first wildcard, which folds unit by unit. */
function literalStart(body: string): string {
  const trimmed = body.replace(/\/$/, '');
  if (!trimmed.includes('/')) return '';
  return /^[\w\-./ ]*(?![^\x00-\x7f])/.exec(trimmed.replace(/^\//, ''))![0];
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

/**
 * The leading directories that the pattern names literally, folded and ended by a slash: a file, symlink or gitlink at
 * one of them would take the place of what is protected. Empty for an unanchored pattern.
 */
function literalDirectories(body: string): string {
  if (!body.replace(/\/$/, '').includes('/')) return '';
  const names = body.replace(/^\//, '').split('/').slice(0, -1);
  const wild = names.findIndex((name) => /[*?[\\]/.test(name));
  const literal = wild < 0 ? names : names.slice(0, wild);
  return literal.length === 0 ? '' : `${foldText(literal.join('/'))}/`;
}

/** What every path under an unanchored pattern holds: ASCII behind the last wildcard. */
function literalEnd(body: string): string {
  const trimmed = body.replace(/\/$/, '');
  return trimmed.includes('/') ? '' : /[\w\-. ]*$/.exec(trimmed)![0];
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
  const stars = /^\*+/.exec(rest);
  const across = stars && stars[0].length > 1 && atSegmentStart;
  if (across && rest[stars[0].length] === '/') return ['(?:.*/)?', stars[0].length + 1];
  if (across && rest.length === stars[0].length) return ['.+', stars[0].length];
  if (stars) return ['[^/]*', stars[0].length];
  if (rest[0] === '?') return ['[^/]', 1];
  if (rest[0] === '[') return bracket(rest);
  const literal = rest[0] === '\\' && rest.length > 1 ? 2 : 1;
  const point = rest.codePointAt(literal - 1)!;
  const char = String.fromCodePoint(point);
  return [quote(char), literal - 1 + char.length];
}

/**
 * `[a-z]`, `[!a]`, `[[:alpha:]]`, as Git's wildmatch reads them; a bracket that never closes stands for itself, a range
 * in the wrong order for nothing.
 */
function bracket(rest: string): [string, number] {
  const not = rest[1] === '!' || rest[1] === '^';
  const chars = [...rest].slice(not ? 2 : 1);
  const set: string[] = [];
  let last: string | null = null;
  for (let at = 0; at < chars.length; at++) {
    if (chars[at] === ']' && at > 0) {
      const length = (not ? 2 : 1) + chars.slice(0, at + 1).join('').length;
      return [set.length === 0 && !not ? '(?!)' : `(?!/)[${not ? '^' : ''}${set.join('')}]`, length];
    }
    const name = /^\[:([^\]]*):\]/.exec(chars.slice(at).join(''))?.[1];
    if (name !== undefined) {
      if (classes[name] === undefined) return ['(?!)', rest.length];
      set.push(classes[name]);
      at += name.length + 3;
      last = null;
    } else if (chars[at] === '-' && last !== null && at + 1 < chars.length && chars[at + 1] !== ']') {
      at += chars[at + 1] === '\\' ? 2 : 1;
      const to = chars[at];
      if (to !== undefined && last.codePointAt(0)! <= to.codePointAt(0)!) set.push(`${inSet(last)}-${inSet(to)}`);
      last = null;
    } else {
      if (chars[at] === '\\') at++;
      last = chars[at] ?? null;
      if (last !== null) set.push(inSet(last));
    }
  }
  return ['\\[', 1];
}

const classes: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t\\n\\r ',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  graph: '!-~',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  xdigit: '0-9A-Fa-f',
};

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function inSet(char: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}

/** Code points that HFS+ leaves out when it compares names, as in Git's own `core.protectHFS`. */
const ignorable = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

function fold(path: BytePath): string {
  // Each path meets every pattern in turn, so the last answer is asked for again and again.
  if (path !== lastPath) [lastPath, lastFolded] = [path, foldText(decode(path))];
  return lastFolded;
}
let lastPath: BytePath | undefined;
let lastFolded = '';

function decode(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

/**
 * The name under which a case-insensitive or normalizing file system would find this path: NFC, upper then lower
 * case, without the code points HFS+ ignores, the trailing dots and spaces and the `:stream` that NTFS drops.
 */
function foldText(text: string): string {
  if (isPlain(text)) return text.toLowerCase();
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

/** Has the text nothing in it that any file system folds but the case of ASCII letters? */
function isPlain(text: string): boolean {
  return /^[\x21-\x39\x3b-\x7e]*$/.test(text) && !/\.(\/|$)/.test(text);
}

/** A pattern in the same form, its wildcards untouched. */
function foldCase(pattern: string): string {
  return pattern.replace(ignorable, '').normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}
