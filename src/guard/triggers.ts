import type { Policy } from '../model/policy.ts';
import type { ToolCall } from './call.ts';

/** Names of what the judges look at. A command without one of them, without a redirection and without anything dynamic does nothing they know. */
const words =
  /git|husky|lefthook|overcommit|simple_git_hooks|pre-commit|protect|approve|hooks?\b|\bgh\b|\bglab\b|\bhub\b|ssh|sh\b|\bcmd\b|powershell|pwsh|\beval\b|\bsource\b|(?:^|[;&|(\s])\.\s|\b(?:tee|sed|gsed|perl|ruby|g?awk|cp|mv|ln|link|install|rsync|scp|dd|truncate|rm|unlink|rmdir|shred|srm|trash|rimraf|del|erase|rd|chmod|chown|chattr|setfacl|mount|patch|curl|wget|https?|xh|ed|ex|n?vim?|nano|emacs|touch|apply|find|fd|xargs|parallel|alias|trap|export|declare|set|setx)\b|psql|pgcli|cockroach|mysql|mariadb|mycli|tidb|sqlite|litecli|duckdb|mongo|redis|valkey|keydb|dropdb|pg_restore|clickhouse|sqlcmd|usql|cqlsh|prisma|drizzle|supabase|\brails\b|\brake\b|manage\.py|django|artisan|sequelize|typeorm|knex|mikro-orm|alembic|\bflask\b|dbmate|migrate|goose|flyway|liquibase|\bmix\b|hasura|docker|podman|kubectl|heroku|railway|\bneon|pscale|turso|wrangler|terraform|\btofu\b|pulumi|\baws\b|gcloud|firebase|claude|codex|gemini|\bqwen\b|copilot|cursor-agent|\bagent\b|\bamp\b|aider|opencode|\b(?:npm|pnpm|yarn|bun)\b.*\b(?:run|run-script|uninstall|un|remove|unlink)\b|\b(?:pnpm|yarn|bun)\b/i;

/** Redirections that go nowhere, or to another stream. */
const idle = /\d*[<>]&\d|(?:\d|&)?>>?\s*\/dev\/null|<\s*\/dev\/null/g;

/** What makes a command more than the words that stand in it. */
const dynamic = /[$`<>]|\{[^}]*[,.]/;

/** Could a call do something that a judge knows? Where this is false nothing is parsed. */
export function mayMatter(call: ToolCall, policy: Policy | null, place: { readonly top: string } | null): boolean {
  if (
    call.isRemote &&
    /write|create|update|delete|push|merge|edit|move|put|remove|exec|query|sql|run|apply|insert|drop|command|shell|patch|rename|upload|fork|dispatch/i.test(
      call.tool,
    )
  )
    return true;
  const names = policy === null ? [] : policyWords(policy);
  const has = (text: string) => {
    const plain = text.toLowerCase();
    return names.some((name) => plain.includes(name));
  };
  if (call.edits.length > 0)
    return (
      place === null ||
      call.edits.some(({ path }) => ownPath.test(path) || !isPlainPath(path) || has(path)) ||
      names.includes('')
    );
  return call.commands.some(({ text }) => {
    const plain = text.replace(/["'\\^]|\n/g, (char) => (char === '\n' ? ' ; ' : '')).replace(idle, '');
    return (
      words.test(plain) || dynamic.test(text.replace(idle, '')) || has(plain) || has(text) || /[^\x09-\x7e]/.test(text)
    );
  });
}

const ownPath =
  /git|husky|hook|protect|\.claude|\.codex|\.cursor|\.gemini|copilot|windsurf|cline|\.agents|opencode|aider|node_modules/i;
const isPlainPath = (path: string) => /^[\w@./:\\ ()[\]+,-]+$/.test(path) && !/~/.test(path);

/** What a path or command must hold to touch what the policy names; an empty one: it may be anything. */
function policyWords(policy: Policy): string[] {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const patterns = policy.files.flatMap(({ paths }) =>
    paths.filter((pattern) => !pattern.startsWith('!')).map(literalPart),
  );
  const hosts = Object.values(policy.targets).flatMap((target) => [
    ...target.hosts.map((host) => host.replace(/^\*\.?/, '')),
    ...target.ports.map(String),
  ]);
  const files = Object.values(policy.deploy).flatMap(({ environment }) =>
    environment?.file == null ? [] : [environment.file.replace(/^.*\//, '')],
  );
  const all = [...new Set([...patterns, ...hosts, ...files].map((word) => word.toLowerCase()))];
  compiled.set(policy, all);
  return all;
}

const compiled = new WeakMap<Policy, string[]>();

/** The longest stretch of a pattern that every path under it holds: a name of its own, no wildcard. */
function literalPart(pattern: string): string {
  const parts = pattern
    .split('/')
    .map((part) =>
      part.split(/[*?[\]\\{}]/).reduce((longest, piece) => (piece.length > longest.length ? piece : longest), ''),
    );
  // Of the anchored ones the first folder is in every path too, but a command may stand in it.
  return parts.filter((part) => part !== '').at(-1) ?? '';
}
