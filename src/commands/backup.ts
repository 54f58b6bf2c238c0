import type { Io } from './io.ts';
import type { Usage } from './options.ts';
import { runVerb, type Verbs } from './verbs.ts';

/** What `protect backup` does, by its second word. */
export const verbs: Verbs = {
  create: {
    does: 'dump, encrypt, read back, copy elsewhere',
    load: () => import('./backup-create.ts').then(({ backupCreate, usage }) => ({ run: backupCreate, usage })),
  },
  verify: {
    does: 'prove that a backup can be restored: open it, restore it, compare',
    load: () => import('./backup-verify.ts').then(({ backupVerify, usage }) => ({ run: backupVerify, usage })),
  },
  list: {
    does: 'list the backups that are here, and what is known about them',
    load: () => import('./backup-list.ts').then(({ backupList, usage }) => ({ run: backupList, usage })),
  },
  status: {
    does: 'is everything in place that a restore needs? Exit code for cron and CI: 0 yes, 1 no',
    load: () => import('./backup-status.ts').then(({ backupStatus, usage }) => ({ run: backupStatus, usage })),
  },
  prune: {
    does: 'remove what no rule keeps and a newer, tested one follows',
    load: () => import('./backup-prune.ts').then(({ backupPrune, usage }) => ({ run: backupPrune, usage })),
  },
  pin: {
    does: 'keep a backup whatever the rules say, and note why',
    load: () => import('./backup-pin.ts').then(({ backupPin, usage }) => ({ run: backupPin, usage })),
  },
  unpin: {
    does: 'let the rules apply to a backup again',
    load: () =>
      import('./backup-pin.ts').then(({ backupUnpin, unpinUsage }) => ({ run: backupUnpin, usage: unpinUsage })),
  },
  read: {
    does: 'decrypt a backup, or an old Fernet file',
    load: () => import('./backup-read.ts').then(({ backupRead, usage }) => ({ run: backupRead, usage })),
  },
  schedule: {
    does: 'print a schedule that makes backups: cron, systemd or GitHub',
    load: () => import('./backup-schedule.ts').then(({ backupSchedule, usage }) => ({ run: backupSchedule, usage })),
  },
};

export const usage = {
  words: `${Object.keys(verbs).join(' | ')} …`,
  flags: {},
  example: 'npx git-protect backup create',
  verbs,
} as const satisfies Usage & { verbs: typeof verbs };

/** `protect backup VERB …`. */
export const backup = (args: readonly string[], io: Io): Promise<number> =>
  runVerb('backup', 'what about the backups?', verbs, args, io);
