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

/**
 * Runs a command of two words, or shows its help.
 * @param about what is asked where the second word is missing: `what about the backups?`
 */
export async function runVerb(
  command: string,
  about: string,
  verbs: Verbs,
  [verb, ...rest]: readonly string[],
  io: Io,
): Promise<number> {
  const found = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!found) {
    const meant = verb === undefined ? null : nearest(verb, Object.keys(verbs));
    throw new UsageError(
      verb === undefined ? about : `there is no '${command} ${verb}'${meant ? `; did you mean '${meant}'?` : ''}`,
      `npx git-protect ${command} --help lists ${Object.keys(verbs).join(', ')}`,
    );
  }
  const { run, usage } = await found.load();
  if (rest[0] !== '--help' && rest[0] !== '-h') return run(rest, io);
  const { helpText } = await import('./help.ts');
  io.stdout.write(helpText(`${command} ${verb}`, found.does, usage));
  return 0;
}
