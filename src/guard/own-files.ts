import type { BytePath } from '../model/index.ts';
import { foldPath } from '../rules/match.ts';

/** What a path belongs to that decides how changes are judged; null: to nothing of the kind. */
export type OwnFile = { readonly kind: 'hooks' | 'approvals'; readonly what: string } | null;

/** The agents' own configuration, in the tree and in a home directory: what stands in it starts the guard, or does not. */
const agentFiles: readonly RegExp[] = [
  /(?:^|\/)\.claude\/(?:settings(?:\.local)?\.json$|hooks(?:\/|$))/,
  /(?:^|\/)\.codex\/(?:hooks\.json$|config\.toml$|hooks(?:\/|$))/,
  /(?:^|\/)\.cursor\/(?:hooks\.json$|hooks(?:\/|$)|cli(?:-config)?\.json$)/,
  /(?:^|\/)\.gemini\/(?:settings\.json$|hooks(?:\/|$)|trustedfolders\.json$)/,
  /(?:^|\/)\.github\/(?:hooks(?:\/|$)|copilot\/settings\.json$)/,
  /(?:^|\/)\.copilot\/(?:hooks(?:\/|$)|(?:config|settings)\.json$)/,
  /(?:^|\/)\.windsurf\/hooks\.json$/,
  /(?:^|\/)\.clinerules\/hooks(?:\/|$)/,
  /(?:^|\/)cline\/hooks(?:\/|$)/,
  /(?:^|\/)\.agents\/plugins\/[^/]+\/hooks(?:\/|$)/,
  /(?:^|\/)\.opencode\/plugins?(?:\/|$)/,
  /(?:^|\/)opencode\.jsonc?$/,
  /(?:^|\/)\.aider\.conf\.ya?ml$/,
];

/** The folders themselves: who moves one away takes what is in it along. */
const agentFolders = /(?:^|\/)\.(?:claude|codex|cursor|gemini|copilot|windsurf|clinerules|opencode|agents)$/;

/**
 * Tells what a path of the working tree, or an absolute one outside it, belongs to.
 * @param hooksFolder where this repository keeps its hooks, from the top
 */
export function ownFile(path: BytePath, hooksFolder: string | null, how: string): OwnFile {
  const folded = foldPath(path);
  if (agentFiles.some((pattern) => pattern.test(folded)))
    return { kind: 'hooks', what: "an agent's own configuration, which starts this guard" };
  if (agentFolders.test(folded) && how !== 'write')
    return { kind: 'hooks', what: "the folder of an agent's configuration, which starts this guard" };
  if (/(?:^|\/)\.husky(?:\/|$)/.test(folded) || (hooksFolder !== null && within(folded, foldPath(hooksFolder))))
    return { kind: 'hooks', what: 'a Git hook, which judges commits' };
  if (/(?:^|\/)node_modules\/(?:git-protect|husky)(?:\/|$)/.test(folded))
    return { kind: 'hooks', what: 'the installed package that judges commits' };
  if (/(?:^|\/)node_modules\/\.bin\/(?:git-)?protect$/.test(folded))
    return { kind: 'hooks', what: 'the installed package that judges commits' };
  if (/(?:^|\/)\.protectionrc(?:\.(?:json|ya?ml))?$/.test(folded)) return { kind: 'hooks', what: 'the policy' };
  if (/(?:^|\/)\.protect(?:\/|$)/.test(folded))
    return { kind: 'approvals', what: 'an approval, or what stands beside approvals' };
  if (/(?:^|\/)\.gitconfig$|(?:^|\/)\.config\/git\/config$|^\/etc\/gitconfig$/.test(folded))
    return { kind: 'hooks', what: "Git's own configuration" };
  return null;
}

/** The same for a path inside the Git directory. What Git itself writes there when it works is not named. */
export function gitFile(path: string): OwnFile {
  const folded = path.toLowerCase();
  if (folded === '') return { kind: 'hooks', what: 'the Git directory, with every hook and all history' };
  if (/^hooks(?:\/|$)/.test(folded)) return { kind: 'hooks', what: 'a Git hook, which judges commits' };
  if (/^config(?:\.worktree)?$|^modules\/.*\/config$|^worktrees\/.*\/config\.worktree$/.test(folded))
    return { kind: 'hooks', what: "Git's own configuration" };
  if (/^protect(?:\/|$)/.test(folded)) return { kind: 'hooks', what: 'what the guard and the hooks remember' };
  if (
    /^(?:refs(?:\/|$)|packed-refs$|head$|objects$|info\/(?:grafts|attributes|sparse-checkout)$|reftable(?:\/|$)|worktrees\/[^/]+\/head$)/.test(
      folded,
    )
  )
    return { kind: 'hooks', what: 'where Git keeps branches' };
  return null;
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);
