import { UsageError } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';
import type { Io } from './io.ts';
import type { Usage } from './options.ts';

type Verb = {
  readonly does: string;
  load(): Promise<{ run(args: readonly string[], io: Io): Promise<number>; usage: Usage }>;
};

/** What `protect db` does, by its second word. */
export const verbs: Readonly<Record<string, Verb>> = {
  check: {
    does: 'is the test database another one than production, and can no role destroy rows?',
    load: () => import('./db-check.ts').then(({ dbCheck, usage }) => ({ run: dbCheck, usage })),
  },
};

export const usage = {
  words: `${Object.keys(verbs).join(' | ')} …`,
  flags: {},
  example: 'npx git-protect db check',
  verbs,
} as const satisfies Usage & { verbs: typeof verbs };

/** `protect db VERB …`. */
export async function db([verb, ...rest]: readonly string[], io: Io): Promise<number> {
  const found = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!found) {
    const meant = verb === undefined ? null : nearest(verb, Object.keys(verbs));
    throw new UsageError(
      verb === undefined
        ? 'what about the databases?'
        : `there is no 'db ${verb}'${meant ? `; did you mean '${meant}'?` : ''}`,
      `npx git-protect db --help lists ${Object.keys(verbs).join(', ')}`,
    );
  }
  const { run, usage: own } = await found.load();
  if (rest[0] === '--help' || rest[0] === '-h') {
    const { helpText } = await import('./help.ts');
    io.stdout.write(helpText(`db ${verb}`, found.does, own));
    return 0;
  }
  return run(rest, io);
}
