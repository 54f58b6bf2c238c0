/** What a command line comes to: the single programs it would start, each with all that is known of it. */

/** Stands in a text for what is known only when the command runs. It cannot occur in an argument. */
export const hole = '\0';

/** A word as the shell would hand it to a program. */
export interface Word {
  /** Quotes are taken off, what is known is put in, and what is not is a `hole`. */
  readonly text: string;
  /** Do `*`, `?` or brackets in it stand for names of files? */
  readonly glob: boolean;
  /** Of the files that it names only those that hold this are meant. */
  readonly holding?: string;
}

/** Where a redirection leads. */
export interface Redirect {
  readonly operator: string;
  readonly target: Word;
}

/** What a program reads from its standard input. */
export interface Input {
  /** Null: it is made by a program, and not known. */
  readonly text: string | null;
  /** The program that makes it, or the file that it is read from. */
  readonly from: string | null;
}

/** One program that would be started. */
export interface Run {
  /** Its name first; whatever only starts it (`sudo`, `env`, `timeout`) is taken off. */
  readonly words: readonly Word[];
  /** What stood before it was taken off, from the outside in. */
  readonly around: readonly (readonly Word[])[];
  /** Variables that are set for it by the command line; a hole where the value is not known. */
  readonly env: ReadonlyMap<string, string>;
  /** Names among them that the command line sets for everything that follows. */
  readonly redirects: readonly Redirect[];
  readonly input: Input | null;
  /** The folder it runs in; null: not known. */
  readonly cwd: string | null;
  /** Does it run on another machine or in a container, where the paths of this one mean nothing? */
  readonly far: boolean;
  /** Are there words that only a run of `xargs` or `find` brings? */
  readonly more: boolean;
  /** As it was written. */
  readonly text: string;
  /** The script file that it stands in; null: the command line itself. */
  readonly file: string | null;
}

/** A part of a command line that cannot be judged as it is written. */
export interface Unclear {
  readonly text: string;
  /** What is not known, as the subject of a sentence. */
  readonly what: string;
}

/** What a text came to. */
export interface Reading {
  readonly runs: readonly Run[];
  readonly unclear: readonly Unclear[];
}

export const isKnown = (text: string) => !text.includes(hole);

/** The words of a run as plain text. */
export const texts = ({ words }: Pick<Run, 'words'>): readonly string[] => words.map(({ text }) => text);

/** The name of a program without its folder and without what Windows adds. */
export function programName(text: string): string {
  const name = text.replace(/^.*[\\/]/, '');
  return /\.(?:exe|cmd|bat|ps1)$/i.test(name) ? name.replace(/\.\w+$/, '').toLowerCase() : name;
}
