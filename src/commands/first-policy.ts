import { randomBytes } from 'node:crypto';
import type { LocalKey } from '../approvals/keys.ts';
import { visible } from '../words/visible.ts';
import type { SuggestedMigrations } from './first-migrations.ts';

/** A rule that `init` proposes. */
export interface Suggestion {
  readonly paths: string[];
  readonly risk: 'critical' | 'high';
  readonly reason: string;
}

const notable: readonly { find: RegExp; risk: Suggestion['risk']; reason: string }[] = [
  {
    find: /^(?:.*\/)?(?:schema\.prisma|drizzle\/schema\.ts|db\/schema\.(?:rb|ts|sql)|schema\.sql)$/,
    risk: 'critical',
    reason: 'database schema',
  },
  { find: /^((?:.*\/)?(?:migrations|drizzle|alembic|db\/migrate)\/)/, risk: 'critical', reason: 'database migrations' },
  {
    find: /^(?:.*\/)?(?:Dockerfile|docker-compose\.ya?ml|compose\.ya?ml|Procfile|fly\.toml|render\.yaml|railway\.(?:json|toml)|vercel\.json|netlify\.toml|app\.yaml|serverless\.yml)$/,
    risk: 'high',
    reason: 'how it is deployed',
  },
  { find: /^((?:\.kamal|k8s|kubernetes|helm|terraform|deploy)\/)/, risk: 'high', reason: 'how it is deployed' },
  {
    find: /^((?:\.github\/workflows|\.circleci|\.buildkite)\/)|^(?:\.gitlab-ci\.yml|azure-pipelines\.yml|bitbucket-pipelines\.yml|Jenkinsfile)$/,
    risk: 'high',
    reason: 'CI decides what lands',
  },
];

/** Files that exist and matter, as rules; never lock files. */
function suggest(tracked: readonly string[]): Suggestion[] {
  const rules = new Map<string, Suggestion>();
  for (const path of tracked) {
    if (/[*?[\]\\!#]|\s$/.test(path) || /(^|\/)node_modules\//.test(path)) continue;
    for (const { find, risk, reason } of notable) {
      const match = find.exec(path);
      if (!match) continue;
      const pattern = `/${match[1] ?? path}`;
      const rule = rules.get(reason) ?? { paths: [], risk, reason };
      if (!rule.paths.some((known) => pattern === known || (known.endsWith('/') && pattern.startsWith(known))))
        rule.paths.push(pattern);
      rules.set(reason, rule);
      break;
    }
  }
  return [...rules.values()];
}

/** Every rule of the first policy: what is suggested, and the files that decide what judges a change. */
export function firstRules(tracked: readonly string[], hooks: string, ciFile: string | null): Suggestion[] {
  const suggested = suggest(tracked);
  const named = new Set(suggested.flatMap(({ paths }) => paths));
  const own = [`/${hooks}/`, ...(ciFile === null ? [] : [`/${ciFile}`])].filter((path) => !named.has(path));
  return [...suggested, { paths: own, risk: 'high', reason: 'what judges a change' }];
}

/** The policy that `init` writes. */
export function policyText({
  branch,
  owner,
  build,
  rules,
  migrations,
}: {
  branch: string;
  owner: { readonly name: string; readonly key: LocalKey } | null;
  /** The command, or null. */
  build: string | null;
  rules: readonly Suggestion[];
  migrations: readonly SuggestedMigrations[];
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
  if (owner) {
    lines.push('files: # gitignore syntax; a change needs the approval of an owner');
    for (const rule of rules)
      lines.push(
        `  - paths: [${rule.paths.map(quote).join(', ')}]`,
        `    risk: ${rule.risk}`,
        `    reason: ${rule.reason}`,
      );
  }
  lines.push('commits:', '  types: [feat, fix, refactor, docs, test, chore, build, ci, perf, style, CRITICAL]');
  if (build !== null)
    lines.push(
      `build: { command: ${/^[\w .:-]+$/.test(build) ? build : quote(build)}, on: [pre-push, ci], timeout: 15m }`,
    );
  if (migrations.length > 0)
    lines.push('migrations: # what landed is never edited, and what destroys data needs an owner');
  for (const { folder, tool, dialect, schema } of migrations)
    lines.push(
      `  - { folder: ${quote(folder)}, tool: ${tool}, dialect: ${dialect}, schema: [${schema.map(quote).join(', ')}] }`,
    );
  return `${lines.join('\n')}\n`;
}
