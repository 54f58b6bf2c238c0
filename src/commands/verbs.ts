import { UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import type { Io } from './io.ts';
import type { Usage } from './options.ts';

/** What a command of two words does, by its second one; each is loaded when it is asked for. */
export type Verbs = Readonly<
  Record<
    string,
    {
      readonly does: string;
      load(): Promise<{ run(args: readonly string[], io: Io): Promise<number>; usage: Usage }>;
    }
  >
>;

/** What the second word asks for, help included; null: it is none of them. */
export async function verbOf(
  command: string,
  verbs: Verbs,
  [word, ...rest]: readonly string[],
  io: Io,
): Promise<(() => Promise<number>) | null> {
  const found = word !== undefined && Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (!found) return null;
  const { run, usage } = await found.load();
  if (rest[0] !== '--help' && rest[0] !== '-h') return () => run(rest, io);
  return async () => {
    const { helpText } = await import('./help.ts');
    io.stdout.write(helpText(`${command} ${word}`, found.does, usage));
    return 0;
  };
}

/**
 * Runs a command of two words, or shows its help.
 * @param about what is asked where the second word is missing: `what about the backups?`
 */
export async function runVerb(
  command: string,
  about: string,
  verbs: Verbs,
  args: readonly string[],
  io: Io,
): Promise<number> {
  const run = await verbOf(command, verbs, args, io);
  if (run !== null) return run();
  const [verb] = args;
  const meant = verb === undefined ? null : nearest(verb, Object.keys(verbs));
  throw new UsageError(
    verb === undefined ? about : `there is no '${command} ${verb}'${meant ? `; did you mean '${meant}'?` : ''}`,
    `npx git-protect ${command} --help lists ${Object.keys(verbs).join(', ')}`,
  );
}
