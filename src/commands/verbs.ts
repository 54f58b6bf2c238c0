import type { Io } from './io.ts';
import type { Usage } from './options.ts';

/** A second word of a command, with flags of its own. */
export interface Verb {
  readonly does: string;
  load(): Promise<{ run(args: readonly string[], io: Io): Promise<number>; usage: Usage }>;
}

/** What the second word asks for; null: it is none of them. */
export async function verbOf(
  command: string,
  verbs: Readonly<Record<string, Verb>>,
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
