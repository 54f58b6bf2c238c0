import { parseArgs } from 'node:util';
import { UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';

/** A flag: how it is read, and what `--help` says of it. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May it be given more than once? */
  readonly multiple?: boolean;
  /** What its value is called. */
  readonly value?: string;
  /** All that its value may be, where that is a list. */
  readonly values?: readonly string[];
  readonly means: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** The one declaration of a command's arguments: they are read by it, and `--help` is written from it. */
export interface Usage {
  /** What follows the command besides flags. */
  readonly words?: string;
  readonly flags: Flags;
  /** A command line that somebody would type. */
  readonly example: string;
  /** Its second words, each with flags of its own. */
  readonly verbs?: Readonly<Record<string, { readonly does: string; load?(): Promise<{ readonly usage: Usage }> }>>;
}

/**
 * Parses a command's arguments.
 * @throws UsageError for an unknown flag, a missing value, or more words than `words`
 */
export function readOptions<const T extends Flags>(args: readonly string[], flags: T, words: number) {
  for (const arg of args) {
    const name = /^--([^=]+)/.exec(arg)?.[1];
    if (arg === '--') break;
    if (name !== undefined && !Object.hasOwn(flags, name)) {
      const meant = nearest(name, Object.keys(flags));
      throw new UsageError(`there is no flag --${name}${meant ? `; did you mean --${meant}?` : ''}`, known(flags));
    }
  }
  try {
    const parsed = parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: true });
    if (parsed.positionals.length > words) throw new UsageError(`'${parsed.positionals[words]}' is one word too many`);
    return parsed;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message.split('. ')[0]!, known(flags));
  }
}

function known(flags: Flags): string {
  const names = Object.keys(flags).map((name) => `--${name}`);
  return names.length === 0 ? 'this command takes no flags' : `its flags: ${names.join(', ')}`;
}
