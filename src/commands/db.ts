import type { Io } from './io.ts';
import type { Usage } from './options.ts';
import { runVerb, type Verbs } from './verbs.ts';

/** What `protect db` does, by its second word. */
export const verbs: Verbs = {
  check: {
    does: 'is the test database separate from production, and can no role destroy rows?',
    load: () => import('./db-check.ts').then(({ dbCheck, usage }) => ({ run: dbCheck, usage })),
  },
  roles: {
    does: 'what each role can do with rows, and in which way; --sql prints what corrects it',
    load: () => import('./db-roles.ts').then(({ dbRoles, usage }) => ({ run: dbRoles, usage })),
  },
  baseline: {
    does: 'write down what a database holds now, as counts and sums',
    load: () => import('./db-baseline.ts').then(({ dbBaseline, usage }) => ({ run: dbBaseline, usage })),
  },
  verify: {
    does: 'is a database still as the baseline says?',
    load: () => import('./db-verify.ts').then(({ dbVerify, usage }) => ({ run: dbVerify, usage })),
  },
  reseed: {
    does: 'refill the test database from a dump that was compared with its source',
    load: () => import('./db-reseed.ts').then(({ dbReseed, usage }) => ({ run: dbReseed, usage })),
  },
  restore: {
    does: "replace what a database holds by a backup; for production with an owner's waiver",
    load: () => import('./db-restore.ts').then(({ dbRestore, usage }) => ({ run: dbRestore, usage })),
  },
  run: {
    does: 'run a command that can reach only the test database, and prove production unchanged',
    load: () => import('./db-run.ts').then(({ dbRun, usage }) => ({ run: dbRun, usage })),
  },
  begin: {
    does: 'do what run does before its command, for orchestrators that cannot be wrapped',
    load: () => import('./db-begin.ts').then(({ dbBegin, usage }) => ({ run: dbBegin, usage })),
  },
  end: {
    does: 'do what run does after its command: compare production, open the gate',
    load: () => import('./db-end.ts').then(({ dbEnd, usage }) => ({ run: dbEnd, usage })),
  },
  status: {
    does: 'is a run open, and what did it find?',
    load: () => import('./db-status.ts').then(({ dbStatus, usage }) => ({ run: dbStatus, usage })),
  },
};

export const usage = {
  words: `${Object.keys(verbs).join(' | ')} …`,
  flags: {},
  example: 'npx git-protect db check',
  verbs,
} as const satisfies Usage & { verbs: typeof verbs };

/** `protect db VERB …`. */
export const db = (args: readonly string[], io: Io): Promise<number> =>
  runVerb('db', 'what about the databases?', verbs, args, io);
