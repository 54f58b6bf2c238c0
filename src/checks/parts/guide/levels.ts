import type { Policy } from '../../../model/index.ts';
import { levelOf } from '../../../rules/level.ts';
import { code, table } from '../../../words/markdown.ts';
import { section } from './phrases.ts';

const may = {
  'read-only': 'read; it commits and pushes nothing',
  development: 'change what is not protected, and protected files with the approval of an owner',
};

/** Who may do what, and which commands of agents are let through. */
export function levels(policy: Policy): string {
  return section('People and AI agents', [actorsTable(policy), ...trailer(policy), allowed(policy)]);
}

/** By the same function that refuses, so that the page never promises more. */
function actorsTable(policy: Policy): string {
  const { actors } = policy;
  if (actors === null) return '';
  const levelFor = (id: string) => may[levelOf(policy, [{ id, name: id, variable: '' }])!.level];
  const rows = [
    ['whoever works here', may[actors.default]],
    ...actors.rules.map(({ agent }) => [`the AI agent ${code(agent)}`, levelFor(agent.toLowerCase())]),
    // No agent is called so: it stands for every agent without a rule.
    [actors.rules.length > 0 ? 'any other AI agent' : 'an AI agent', levelFor('')],
  ];
  return `${table(['who', 'may'], rows)}\n\nWhoever changes a protected file needs the signature of an owner; an AI agent signs nothing. \`npx git-protect whoami\` says who you are here.`;
}

function trailer({ actors }: Policy): string[] {
  return actors?.trailer ? ['A commit that an AI agent makes ends in `Agent: NAME`.'] : [];
}

function allowed({ guard }: Policy): string {
  if (guard.allow.length === 0) return '';
  const lines = guard.allow.map(
    ({ command, where }) => `- ${code(command)}${where === 'test' ? ', where it names nothing of production' : ''}`,
  );
  return `What the guard of agents refuses elsewhere is let through here:\n\n${lines.join('\n')}`;
}
