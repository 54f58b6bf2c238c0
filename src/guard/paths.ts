import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { compilePath } from '../rules/glob.ts';
import type { Place } from './place.ts';
import { hole, type Word } from './shell/run.ts';

/** Where a word of a command leads. */
export interface Target {
  /** Absolute, links followed; null: only the end of it is known. */
  readonly absolute: string | null;
  /** From the top of the working tree, with `/`, as bytes; null: not in it. */
  readonly inTree: string | null;
  /** From the Git directory; null: not in it. */
  readonly inGit: string | null;
  /** As it was written, for words. */
  readonly shown: string;
}

/** Names that a glob may stand for, at most. */
const most = 500;

/** Every file that a word may name. @param cwd null: not known */
export function targetsOf(word: Word, cwd: string | null, place: Place | null): Target[] {
  const text = word.text.replace(/\\/g, process.platform === 'win32' ? '/' : '\\');
  if (text === '' || text === '-' || /^\/dev\/(?:null|stdin|stdout|stderr|tty|fd\/)/.test(text)) return [];
  if (text.includes(hole) || (cwd === null && !isAbsolute(text))) return [partly(text)];
  const absolute = resolve(cwd ?? '/', text);
  if (!word.glob) return [located(absolute, text, place)];
  const found = expandGlob(absolute).filter((path) => word.holding === undefined || holds(path, word.holding));
  if (word.holding !== undefined) return found.map((path) => located(path, text, place));
  return found.length === 0 ? [located(absolute, text, place)] : found.map((path) => located(path, text, place));
}

/** May a file hold what `grep` looks for? The longest stretch of the pattern that is no wildcard says so. */
function holds(path: string, pattern: string): boolean {
  if (!statSync(path).isFile() || statSync(path).size > 1 << 20) return false;
  const literal = pattern
    .split(/[^\w\s/:'"=;,@#<>-]+|\\./)
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '');
  return readFileSync(path, 'utf8').toLowerCase().includes(literal.toLowerCase());
}

/** Only what stands behind the last unknown stretch is known: it is taken for a path from the top. */
function partly(text: string): Target {
  const known = text
    .slice(text.lastIndexOf(hole) + 1)
    .replace(/^[^/]*\//, '')
    .replace(/^(?:\.\.?\/)+/, '');
  const inGit = /(?:^|\/)\.git(?:\/(.*))?$/.exec(known);
  return {
    absolute: null,
    inTree: known === '' ? null : toBytes(known),
    inGit: inGit === null ? null : (inGit[1] ?? ''),
    shown: text.replaceAll(hole, '…'),
  };
}

/** Where an absolute path leads. */
export function located(path: string, shown: string, place: Place | null): Target {
  const absolute = followed(path);
  const inside = (folder: string) => {
    const inner = relative(folder, absolute);
    return inner.startsWith('..') || isAbsolute(inner) ? null : inner.split(sep).join('/');
  };
  if (place === null) return { absolute, inTree: null, inGit: gitOfOther(absolute), shown };
  const inGit = inside(place.gitDir) ?? inside(place.commonDir);
  const inTree = inGit === null ? inside(place.top) : null;
  return {
    absolute,
    inTree: inTree === null ? null : toBytes(inTree),
    inGit: inGit ?? (inTree === null ? gitOfOther(absolute) : nestedGit(inTree)),
    shown,
  };
}

/** The Git directory of another repository is none to write in either. */
const gitOfOther = (path: string) =>
  /\/\.git(?:\/(.*))?$/s.exec(path.split(sep).join('/'))?.slice(1)[0] ?? (path.endsWith('/.git') ? '' : null);
const nestedGit = (path: string) =>
  /(?:^|\/)\.git\/(.+)$/i.exec(path)?.[1] ?? (/(?:^|\/)\.git$/i.test(path) ? '' : null);

const toBytes = (path: string) => Buffer.from(path, 'utf8').toString('latin1');

/** The path with every link in it followed, also where its last parts are not there yet. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    // A link that leads nowhere yet is written through all the same.
    return above === path ? path : join(followed(above), basename(path));
  }
}

/** The files that a glob names today. */
function expandGlob(pattern: string): string[] {
  const parts = pattern.split('/');
  let paths = [parts[0] === '' ? '/' : parts[0]!];
  for (const part of parts.slice(1)) {
    if (!/[*?[\](){}!+@]/.test(part)) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    const deep = part === '**';
    const glob = compilePath(`/${part.replace(/[@+!?*]\(([^)]*)\)/g, '*')}`);
    paths = paths.flatMap((path) =>
      deep
        ? [path, ...folders(path)]
        : names(path)
            .filter((name) => (!name.startsWith('.') || part.startsWith('.')) && glob.test(name))
            .map((name) => join(path, name)),
    );
    if (paths.length > most) return paths.slice(0, most);
  }
  return paths.filter((path) => existsSync(path));
}

function folders(path: string, depth = 0): string[] {
  if (depth > 8) return [];
  return names(path)
    .filter((name) => name !== 'node_modules' && name !== '.git' && lstatSync(join(path, name)).isDirectory())
    .flatMap((name) => [join(path, name), ...folders(join(path, name), depth + 1)]);
}

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // No folder: the glob names nothing there.
  }
}
