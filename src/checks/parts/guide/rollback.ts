import type { DeployEnvironment, Policy } from '../../../model/index.ts';
import { code, words } from '../../../words/markdown.ts';
import { among } from './phrases.ts';

/** What to do when it is urgent: every step leaves a trace, none of them is a way around. */
export function emergency({ owners, deploy }: Policy, branch: string): string {
  const names = Object.keys(owners);
  const asked = names.length === 0 ? 'whoever is responsible' : among(names.map(words));
  const waive =
    Object.keys(deploy).length === 0
      ? []
      : [
          `A check before the deploy cannot be met in time: ${asked} lets it pass for this one commit and says why, \`npx git-protect approve --deploy ${Object.keys(deploy)[0]} --waive CHECK --reason "…"\`. It expires within hours.`,
        ];
  const steps = [
    'First stop the harm: [go back](#going-back) to what ran before. Understanding comes later.',
    'Tell the people below, and say what you are about to do before you do it.',
    `A protected file has to change now: make the smallest change that helps, and ask ${asked} as always. It takes a minute.`,
    `No owner can be reached: land it, and have it approved afterwards, \`npx git-protect approve --landed REV --reason "…"\`. Until then no deploy passes from ${code(branch)}, and \`npx git-protect audit\` names it.`,
    ...waive,
    'Afterwards: write down what happened, and change the rule that stood in the way, if it was wrong.',
  ];
  return `## In an emergency\n\n${steps.map((text, index) => `${index + 1}. ${text}`).join('\n')}`;
}

/** The way back, command by command. @param level of its heading */
export function rollback({ deploy, migrations }: Policy, branch: string, level: '#' | '##'): string {
  const places = Object.entries(deploy);
  const data =
    migrations.length === 0
      ? []
      : [
          'The database does not go back with the code. If a migration ran since, say so to whoever holds the backups **before** anything else: undoing it by hand loses what was written meanwhile.',
        ];
  const own = [
    'Find what ran before: the newest rollback point, or `git log --first-parent --oneline`.',
    `Take the change back by a new commit, never by a forced push: \`git revert --no-edit REV\` (of a merge: \`git revert --no-edit -m 1 REV\`), then push it to ${code(branch)}.`,
    'A revert that changes protected files needs an approval like any other change.',
    ...data,
    'Look at the health of what runs, and say that it is over.',
  ];
  const text =
    places.length === 0
      ? listed(own)
      : places
          .map(([name, place]) => `${level}# ${words(name)}\n\n${listed(ofPlace(place, branch, own))}`)
          .join('\n\n');
  return `${level} Going back\n\n${text}`;
}

function ofPlace(
  { rollback: back, branch, trigger, health, remote }: DeployEnvironment,
  standard: string,
  own: readonly string[],
): string[] {
  const from = code(branch ?? standard);
  const tags = back?.tag
    ? [
        `Find the rollback point: \`git fetch ${/^[\w./-]+$/.test(remote) ? remote : 'REMOTE'} --tags\`, then \`git tag --list --sort=-taggerdate\`; its name reads ${code(back.tag)}.`,
      ]
    : [own[0]!];
  const again =
    trigger === 'push'
      ? `The push to ${from} deploys it by itself; watch it.`
      : `Deploy it as always: \`npx git-protect predeploy\` passes for a revert too.`;
  const looks =
    health.length === 0
      ? []
      : [
          `See that ${among(
            health.map(({ name }) => words(name)),
            'and',
          )} answer${health.length === 1 ? 's' : ''}.`,
        ];
  const document = back?.document ? [`What is special to it stands in ${code(back.document)}.`] : [];
  return [...tags, ...own.slice(1, -1), again, ...looks, ...document, own.at(-1)!];
}

const listed = (steps: readonly string[]) => steps.map((text, index) => `${index + 1}. ${text}`).join('\n');
