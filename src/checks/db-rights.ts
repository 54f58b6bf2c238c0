import type { Check } from '../model/index.ts';
import { onDemand } from './parts/on-demand.ts';

/** Tells which rights the users for dumps and restores lack, before one is needed. */
export const dbRights: Check<'services'> = {
  id: 'db-rights',
  summary: 'The users that read for dumps, and that create and rename databases, have the rights they need.',
  gates: ['pre-deploy'],
  needs: ['services'],
  weakenable: true,
  timeout: 300_000,
  docs: {
    since: '0.2.0',
    why: 'Otherwise a missing table in a dump, or a missing right in a restore, is found on the day it is needed.',
    fix: 'Run the GRANT that each warning names, as an administrator. It is only a warning: this check dumps and restores nothing, and what cannot be read at that time is refused then.',
  },
  async run(context) {
    const skipped = onDemand(context, 'db-rights', () => true);
    if (skipped) return skipped;
    const facts = await context.services.databases.rights();
    return facts.flatMap(({ environment, use, variable, user, shown, lacks }) =>
      lacks.map(({ what, end }) => ({
        severity: 'warning' as const,
        message: `${use} of ${environment} (${[user, shown, variable].filter((one) => one !== '').join(', ')}): ${what}`,
        ...(end === '' ? {} : { help: `${end};` }),
      })),
    );
  },
};
