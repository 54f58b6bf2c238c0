import type { Io } from './io.ts';
import type { Usage } from './options.ts';
import { runVerb, type Verbs } from './verbs.ts';

const verbs: Verbs = {
  status: {
    does: 'how old secrets are, what is due, and which claims are not true',
    load: () => import('./secrets-status.ts').then(({ secretsStatus, usage }) => ({ run: secretsStatus, usage })),
  },
};

export const usage = {
  words: Object.keys(verbs).join(' | '),
  flags: {},
  example: 'npx git-protect secrets status production',
  verbs,
} as const satisfies Usage;

/** `protect secrets VERB …`. */
export const secrets = (args: readonly string[], io: Io): Promise<number> =>
  runVerb('secrets', 'what about the secrets?', verbs, args, io);
