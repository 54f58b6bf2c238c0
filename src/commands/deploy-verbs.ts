import type { Verbs } from './verbs.ts';

/** What `protect deploy` does besides deploying, by its second word. */
export const deployVerbs: Verbs = {
  status: {
    does: 'what runs there, since when, and how it is; is anything open, locked or frozen?',
    load: () => import('./deploy-status.ts').then(({ deployStatus, usage }) => ({ run: deployStatus, usage })),
  },
  rollback: {
    does: 'go back by hand: to what ran before, to a tag, or to an archive',
    load: () => import('./deploy-rollback.ts').then(({ deployRollback, usage }) => ({ run: deployRollback, usage })),
  },
  resume: {
    does: 'show how far an interrupted deploy got, watch what runs, and record the result',
    load: () => import('./deploy-resume.ts').then(({ deployResume, usage }) => ({ run: deployResume, usage })),
  },
  unlock: {
    does: 'unlock an environment whose run is gone',
    load: () => import('./deploy-unlock.ts').then(({ deployUnlock, usage }) => ({ run: deployUnlock, usage })),
  },
  init: {
    does: 'print what the policy needs for pm2, systemd, Compose or Render',
    load: () => import('./deploy-init.ts').then(({ deployInit, usage }) => ({ run: deployInit, usage })),
  },
};
