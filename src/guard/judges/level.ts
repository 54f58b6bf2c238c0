import { detectAgents } from '../../machine/agent.ts';
import { levelOf } from '../../rules/level.ts';
import { askPerson, type Judge } from './judge.ts';

/** What makes a commit, or hands one on. */
const writing = new Set([
  'am',
  'cherry-pick',
  'commit',
  'commit-tree',
  'fast-import',
  'merge',
  'pull',
  'push',
  'rebase',
  'revert',
  'update-ref',
]);

/** What goes beyond the level of the agent that asks. */
export const level: Judge = ({ git, run }, { policy, env }) => {
  if (policy === null || git === null || git.name === null || !writing.has(git.name)) return [];
  const actor = levelOf(policy, detectAgents(env));
  if (actor === null || actor.level !== 'read-only') return [];
  const who = actor.agent === null ? 'whoever works here' : actor.agent.name;
  const message = `${who} may only read here (${actor.key}), and git ${git.name} does more`;
  return [{ kind: 'level', part: run.text, message, help: `leave the change in the working tree, and ${askPerson}` }];
};
