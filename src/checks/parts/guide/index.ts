import type { Policy } from '../../../model/index.ts';
import { words } from '../../../words/markdown.ts';
import { branches, commits, gates } from './changes.ts';
import { asking, owners, protectedFiles } from './files.ts';
import { levels } from './levels.ts';
import { databases, environments, settings, targets } from './production.ts';
import { emergency, rollback } from './rollback.ts';

/** Where the guide stands. */
export const guidePath = 'PROTECTION.md';

/** What a policy asks of people and agents, as a page to read. It says what `policy` says and nothing that changes by itself. */
export function guideText(policy: Policy): string {
  const branch = mainBranch(policy);
  const parts = [
    opening(policy),
    short(policy),
    protectedFiles(policy),
    owners(policy),
    asking(policy),
    levels(policy),
    branches(policy),
    commits(policy),
    gates(policy),
    environments(policy),
    settings(policy),
    databases(policy),
    targets(policy),
    emergency(policy, branch),
    rollback(policy, branch, '##'),
    contacts(policy),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The way back alone, to begin a rollback document with. */
export function rollbackText(policy: Policy): string {
  const branch = mainBranch(policy);
  return `${[rollback(policy, branch, '#'), contacts(policy)].filter((part) => part !== '').join('\n\n')}\n`;
}

/** The protected branch that the policy names first. */
function mainBranch({ branches: known }: Policy): string {
  return Object.keys(known).find((glob) => !/[*?[\\]/.test(glob)) ?? 'the default branch';
}

function opening({ files, deploy }: Policy): string {
  const live = Object.keys(deploy).length > 0 ? ' and what it is deployed to' : '';
  const what = files.length > 0 ? 'Some files here can do harm with one wrong line. ' : '';
  return `# How this repository is protected

<!-- Written by \`npx git-protect guide\` from .protectionrc. Change that, run it again, and commit both. -->

${what}This page says
which they are, who decides about them, and what every change has to pass before it reaches the main line${live}. The same rules
are checked when you commit, when you push, in CI${live === '' ? '' : ', and once more before a deploy'}; nobody has to remember them.
The rules themselves are in \`.protectionrc\`, which is protected as well.`;
}

function short({ files, commits: { types }, owners: known }: Policy): string {
  const type = types[0] ?? 'feat';
  const lines = [
    '**Look before you edit.** `npx git-protect explain PATH` says whether a file is protected, why, and who decides.',
    ...(files.length > 0 && Object.keys(known).length > 0
      ? [
          '**Ask before it lands.** A protected file changes only with the signature of an owner; how to get one is [below](#asking-for-an-approval).',
        ]
      : []),
    `**Say what you did.** A commit message begins with its type: \`${type}: …\`. The forms are [below](#commit-messages).`,
    '**Do not go around it.** A hook that was skipped is found in CI and before the next deploy, with your name on it. If a rule is wrong, propose to change `.protectionrc`.',
    '**If you are an AI agent:** the same holds for you. Never sign an approval, never use `--no-verify`, never push by force. Where you are refused, do what the `help:` line says, or stop and tell the person you work for what you need and why.',
  ];
  return `## In short\n\n${lines.map((text) => `- ${text}`).join('\n')}`;
}

function contacts({ contacts: people }: Policy): string {
  if (people.length === 0) return '';
  const lines = people.map(
    ({ name, reach, for: when }) => `- **${words(name)}**${when === '' ? '' : ` when ${words(when)}`}: ${words(reach)}`,
  );
  return `## Whom to turn to\n\n${lines.join('\n')}`;
}
