import { isKnown } from './run.ts';
import { Scope } from './scope.ts';

/** What the walk asks of the place that the command line would run in. */
export interface Surroundings {
  /** What a program prints that only looks, as far as that is known without starting it; null: not known. */
  prints(words: readonly string[], cwd: string | null): string | null;
  /** The text of a script file; null: there is none that can be read. */
  script(path: string, cwd: string | null): string | null;
  /** Is there a folder at an absolute path? */
  isFolder(path: string): boolean;
  /** The script that a package manager's `run NAME` stands for. */
  packageScript(name: string, cwd: string | null): string | null;
}

/** What a builtin or a shell goes on with. */
export type Started = {
  readonly script?: string;
  /** The scope it runs in; default: a copy. */
  readonly scope?: Scope;
  /** The file that the script is from. */
  readonly file?: string;
  readonly unclear?: string;
} | null;

/** The script of a file, as far as it can be read. */
export function fromFile(
  path: string,
  words: readonly string[],
  scope: Scope,
  place: Surroundings,
  own?: Scope,
): Started {
  const script = isKnown(path) ? place.script(path, scope.cwd) : null;
  if (script === null) return {};
  return withWords(script, path, words, own ?? scope, own !== undefined);
}

/** A script with the words that it is started with. */
export function withWords(
  script: string,
  file: string,
  words: readonly string[],
  scope: Scope,
  isSame = false,
): Started {
  const inner = isSame ? scope : new Scope(scope);
  if (!isSame || words.length > 0) inner.words = words;
  return { script, file, scope: inner };
}
