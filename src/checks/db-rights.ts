import type { Check } from '../model/index.ts';
import { onDemand } from './parts/on-demand.ts';

/** Tells which rights the users for dumps and restores lack, before one is needed. */
export const dbRights: Check<'services'> = {
  id: 'db-rights',
  summary: 'The users that read for dumps, and that create and rename databases, have the rights they need for it.',
  gates: ['pre-deploy'],
  needs: ['services'],
  weakenable: true,
  timeout: 300_000,
  docs: {
    since: '0.2.0',
    why: 'A dump that lacks a table, or a restore that lacks a right, is found out on the day that it is needed.',
    fix: 'Run the GRANT that each warning names, as an administrator. It is a warning: nothing is dumped or restored by it, and what cannot be read then is refused then.',
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
