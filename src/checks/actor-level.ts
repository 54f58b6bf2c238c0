import type { Check } from '../model/index.ts';
import { levelOf } from '../rules/level.ts';

/** Refuses what goes beyond the level of whoever runs it: a read-only actor commits and pushes nothing. */
export const actorLevel: Check = {
  id: 'actor-level',
  summary: 'Whoever may only read makes no commits and pushes nothing.',
  gates: ['pre-commit', 'commit-msg', 'pre-push'],
  needs: [],
  weakenable: false,
  timeout: 10_000,
  docs: {
    since: '0.2.0',
    why: 'An AI agent that was asked to look something up has no business changing the history. `actors:` says what an agent may do; what is detected can only lower its level.',
    fix: 'Have a person commit, or an owner change `actors:` in the policy. `npx git-protect whoami` shows what was detected and what it may do.',
  },
  async run({ policy, agents, gate }) {
    const actor = levelOf(policy, agents);
    if (actor === null) return { skipped: 'the policy has no actors:' };
    if (actor.level !== 'read-only') return [];
    const who = actor.agent === null ? 'whoever works here' : `${actor.agent.name} (${actor.agent.variable} is set)`;
    const what = gate === 'pre-push' ? 'nothing is pushed' : 'nothing is committed';
    return [
      {
        message: `${who} may only read here (${actor.key}), so ${what}`,
        help: `leave the change in the working tree, and ask a person to look at it and ${gate === 'pre-push' ? 'push' : 'commit'} it`,
      },
    ];
  },
};
