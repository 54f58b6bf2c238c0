import { UsageError } from '../model/index.ts';
import type { Io } from './io.ts';
import type { Usage } from './options.ts';
import { type Verb, verbOf } from './verbs.ts';

const verbs: Readonly<Record<string, Verb>> = {
  status: {
    does: 'how old secrets are, what is due, what is claimed and not so',
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
export async function secrets(args: readonly string[], io: Io): Promise<number> {
  const verb = await verbOf('secrets', verbs, args, io);
  if (verb === null) throw new UsageError(`what about the secrets: ${usage.words}?`, usage.example);
  return verb();
}
