import { randomBytes } from 'node:crypto';
import type { LocalKey } from '../approvals/keys.ts';
import { visible } from '../words/visible.ts';
import type { SuggestedCommits } from './first-commits.ts';
import type { SuggestedMigrations } from './first-migrations.ts';
import type { Often } from './first-often.ts';
import type { Suggestion } from './first-policy.ts';

/** Would so many of the last commits be refused that the form can only be told for now? */
export function isFreeForm({ seen, refused }: SuggestedCommits): boolean {
  return refused >= 3 && refused > seen / 20;
}

/** The policy that `init` writes. */
export function policyText({
  branch,
  owner,
  build,
  rules,
  often,
  migrations,
  commits,
  environments,
  strict,
  today,
}: {
  branch: string;
  owner: { readonly name: string; readonly key: LocalKey } | null;
  /** The command, or null. */
  build: string | null;
  rules: readonly Suggestion[];
  /** What no rule protects yet, as it changes all the time. */
  often: readonly Often[];
  migrations: readonly SuggestedMigrations[];
  commits: SuggestedCommits;
  /** Files of settings that Git tracks, and that may change. */
  environments: readonly string[];
  strict: boolean;
  /** `2026-11-27`: from when on the form of messages is an error, where many would be refused today. */
  today: string;
}): string {
  const quote = (text: string) => JSON.stringify(text);
  const lines = [
    '# What git-protect guards. Every option: node_modules/git-protect/.protectionrc.example',
    'version: 1',
    `project: ${quote(randomBytes(16).toString('hex'))} # what approvals are bound to; never change it`,
  ];
  if (owner) {
    const { type, blob, comment } = owner.key.key;
    lines.push('owners:', `  ${owner.name}: { keys: [${quote(`${type} ${blob} ${visible(comment)}`.trim())}] }`);
  }
  lines.push('branches:', `  ${quote(branch)}: { forcePush: refuse, delete: refuse, directPush: allow }`);
  if (strict) lines.push('strict: true # in every clone, past --no-verify too');
  if (owner) {
    lines.push('files: # gitignore syntax; a change needs the approval of an owner');
    for (const rule of rules)
      lines.push(
        `  - paths: [${rule.paths.map(quote).join(', ')}]`,
        `    risk: ${rule.risk}`,
        `    reason: ${rule.reason}`,
      );
    if (often.length > 0)
      lines.push(
        '  # These change often, so nothing protects them yet. Take the # away from what should need an approval:',
      );
    for (const { rule, times } of often)
      lines.push(
        `  # - { paths: [${rule.paths.map(quote).join(', ')}], risk: ${rule.risk}, reason: ${rule.reason} } # in ${times} of the last commits`,
      );
  }
  lines.push('commits:', ...Object.entries(commits.settings).map(([key, value]) => `  ${key}: ${value}`));
  if (build !== null)
    lines.push(
      `build: { command: ${/^[\w .:-]+$/.test(build) ? build : quote(build)}, on: [pre-push, ci], timeout: 15m }`,
    );
  if (migrations.length > 0)
    lines.push('migrations: # what landed is never edited, and what destroys data needs an owner');
  for (const { folder, tool, dialect, schema } of migrations)
    lines.push(
      `  - { folder: ${quote(folder)}, tool: ${tool}, dialect: ${dialect}${schema.length === 0 ? '' : `, schema: [${schema.map(quote).join(', ')}]`} }`,
    );
  const checks: string[] = [];
  if (isFreeForm(commits))
    checks.push(
      `  # ${commits.refused} of the last ${commits.seen} commits would be refused; take this out once people write types`,
      `  commit-message: { severity: warning } # since ${today}`,
    );
  if (environments.length > 0)
    checks.push(
      '  # Git tracked these, and they hold settings only; a secret in them is refused',
      `  forbidden-files: { options: { settings: [${environments.map((path) => quote(`/${path}`)).join(', ')}] } }`,
    );
  if (checks.length > 0) lines.push('checks:', ...checks);
  return `${lines.join('\n')}\n`;
}
