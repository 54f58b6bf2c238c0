import type { BytePath } from '../model/index.ts';
import { compilePath, type Glob } from './glob.ts';

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
  // Most paths are nowhere near a pattern: a look at its literal part spares compiling them at all.
  const [start, end] = [literalStart(body), literalEnd(body)];
  const bytes = Buffer.from(start, 'utf8').toString('latin1');
  let exact: Glob | undefined;
  const matchesExactly = (path: BytePath) => {
    if (!path.startsWith(bytes) || !path.includes(end)) return false;
    exact ??= compilePath(Buffer.from(body, 'utf8').toString('latin1'));
    return exact.test(path);
  };
  if (negated) return { source, negated, matches: matchesExactly };
  const [foldedStart, foldedEnd] = [foldCase(start), foldCase(end)];
  let glob: Glob | undefined;
  const folded = () => {
    glob ??= compilePath(foldCase(body).replace(/\[:(?:upper|lower):\]/g, '[:alpha:]'));
    return glob;
  };
  let directories: string | undefined;
  return {
    source,
    negated,
    matches(path) {
      if (matchesExactly(path)) return true;
      const text = fold(path);
      if (text.startsWith(foldedStart) && text.includes(foldedEnd) && folded().test(text)) return true;
      if (!lastIsPlain && folded().test(foldCase(decode(path)))) return true;
      directories ??= literalDirectories(body);
      return directories.startsWith(`${text}/`);
    },
  };
}

/** What every path under an anchored pattern starts with: ASCII before the first wildcard, which folds unit by unit. */
function literalStart(body: string): string {
  const trimmed = body.replace(/\/$/, '');
  if (!trimmed.includes('/')) return '';
  return /^[\w\-./ ]*(?![^\x00-\x7f])/.exec(trimmed.replace(/^\//, ''))?.[0] ?? '';
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

/** A list of patterns as a test. */
export function anyPattern(sources: readonly string[]): (path: BytePath) => boolean {
  const compiled = sources.map(compilePattern);
  return (path) => firstMatch(compiled, path) !== null;
}

/** The pattern of all that is in a folder, whatever characters its name holds. @param folder from the top, `.` for it */
export function folderPattern(folder: string): string {
  return folder === '.' ? '**' : `/${folder.replace(/[*?[\\]/g, '\\$&')}/`;
}

/** Does the pattern name exactly one file, with no wildcard? Then its path, else null. */
export function literalPath(source: string): string | null {
  if (/[*?[\]!\\]/.test(source) || source.endsWith('/')) return null;
  return source.replace(/^\//, '');
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

/** Code points that HFS+ leaves out when it compares names, as in Git's own `core.protectHFS`. */
const ignorable = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** The text under which a case-insensitive or normalizing file system would find a path. */
export function foldPath(path: BytePath): string {
  return fold(path);
}

function fold(path: BytePath): string {
  // Each path meets every pattern in turn, so the last answer is asked for again and again.
  if (path !== lastPath) {
    lastIsPlain = isPlain(path);
    lastFolded = lastIsPlain ? path.toLowerCase() : foldText(decode(path));
    lastPath = path;
  }
  return lastFolded;
}
let lastPath: BytePath | undefined;
let lastFolded = '';
let lastIsPlain = true;

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
