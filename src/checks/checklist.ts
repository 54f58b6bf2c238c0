import type { Check } from '../model/index.ts';

/** Asks for what only a person can see. */
export const checklist: Check<'deploy'> = {
  id: 'checklist',
  summary: 'An owner has ticked every item of the checklist for the commit that is deployed.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 10_000,
  docs: {
    since: '0.1.0',
    why: 'Some things only a person can see: that a document looks right, that a call goes through. If it is only said in a chat, nobody knows afterwards which commit it was about, or whether it was done at all.',
    fix: 'Look at what the report names, on this very commit. An owner then signs it: `npx git-protect approve --deploy ENVIRONMENT --tick ID --reason "…"`. It counts for this commit and environment, for 4 hours (`--expires`, at most 24 h), in this clone, and elsewhere as `predeploy --waiver TOKEN`. Who ticked what, and in which words, is in the report and in the rollback point.',
  },
  async run({ deploy }) {
    const { checklist: items } = deploy.environment;
    if (items.length === 0) return { skipped: 'no checklist is configured' };
    return items.map(({ id, text }) => {
      const tick = deploy.ticks.find(({ ticks }) => ticks.includes(id));
      if (tick)
        return { message: `${id}: ${text} (ticked by ${tick.approver}: ${tick.reason})`, severity: 'note' as const };
      return {
        message: `${id}: ${text}; nobody has ticked it for ${deploy.commit.slice(0, 12)}`,
        help: `look at it; an owner then ticks it: npx git-protect approve --deploy ${deploy.name} --tick ${id} --reason "…"`,
      };
    });
  },
};
