import type { Entry } from './report.ts';

/** Where the paths of a report may start from. */
export interface Places {
  /** Path of the report, from the top of the repository. */
  readonly name: string;
  /** Absolute paths that the repository had when the report was written: its top level, that of a checkout. */
  readonly roots: readonly string[];
  /** Is there such a file? Relative paths in a report may start from several folders. */
  isFile(path: string): boolean;
  /** The files whose paths end so, after a `/` or from the top. */
  endingIn(path: string): readonly string[];
}

/**
 * Finds the file that an entry of a report is about: its path from the top of the repository, or null where it lies
 * outside.
 * @throws SyntaxError where it could be several files
 */
export function pathResolver({ name, roots, isFile, endingIn }: Places): (entry: Entry) => string | null {
  const tops = roots.map((root) => forward(root).replace(/\/+$/, ''));
  /** From the top of the repository; null: outside. */
  const inside = (absolute: string): string | null => {
    for (const top of tops) {
      const start = absolute.slice(0, top.length + 1);
      const same = /^[A-Za-z]:/.test(top) ? start.toLowerCase() === `${top}/`.toLowerCase() : start === `${top}/`;
      if (same) return tidy(absolute.slice(top.length + 1));
    }
    return null;
  };
  const place = (folder: string, path: string): string | null => {
    if (isAbsolute(path)) return inside(path);
    const joined = folder === '' ? path : `${folder}/${path}`;
    return isAbsolute(joined) ? inside(joined) : tidy(joined);
  };
  const reportFolders = parents(name);
  return ({ path: written, sources = [], partial = false }) => {
    if (partial) return wholePath(tidy(forward(written)), endingIn);
    const path = isFile(written) ? written : forward(written);
    if (isAbsolute(path)) return inside(path);
    const found = (folders: readonly string[]) => [
      ...new Set(folders.map((folder) => place(forward(folder), path)).filter((at) => at !== null)),
    ];
    const told = found(sources);
    const known = told.filter(isFile);
    if (known.length > 1) throw new SyntaxError(`names ${path}, which could be ${known[0]} or ${known[1]}`);
    if (known.length === 1) return known[0]!;
    // Tools write paths from the folder that they were started in: the report's own, or one above it.
    const guessed = found(reportFolders);
    return guessed.find(isFile) ?? told[0] ?? tidy(path);
  };
}

/** The file that a path with other first names, or without its first ones, is about: the one that shares most of its end. */
function wholePath(path: string | null, endingIn: Places['endingIn']): string | null {
  const names = path?.split('/') ?? [];
  for (let from = 0; from < names.length; from++) {
    const end = names.slice(from).join('/');
    const found = endingIn(end);
    if (found.includes(end) && from > 0) return end;
    if (found.length > 1) throw new SyntaxError(`names ${path}, which could be ${found[0]} or ${found[1]}`);
    // Of one that is here the folder is told; a mere name could be any file's.
    if (found.length === 1 && (from === 0 || names.length - from > 1)) return found[0]!;
  }
  return null;
}

/** The folder of a file and all above it, nearest first; '' is the top. */
function parents(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return [...names.map((_, index) => names.slice(0, names.length - index).join('/')), ''];
}

/** Windows and URL forms as POSIX paths. */
function forward(path: string): string {
  const plain = path.startsWith('file://') ? fromUrl(path) : path;
  return plain.includes('\\') ? plain.replaceAll('\\', '/') : plain;
}

function fromUrl(url: string): string {
  try {
    return decodeURIComponent(url.slice('file://'.length)).replace(/^\/(?=[A-Za-z]:)/, '');
  } catch {
    throw new SyntaxError('names a file by a broken URL');
  }
}

function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:\//.test(path);
}

/** Without `.`, `..` and empty names; null: it leads outside. */
function tidy(path: string): string | null {
  const names: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') names.push(part);
    else if (names.pop() === undefined) return null;
  }
  return names.length === 0 ? null : names.join('/');
}
