import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Policy } from '../model/policy.ts';
import type { ToolCall } from './call.ts';

/**
 * Names of what the judges look at, wherever they stand in a text. A command without one of them or of `names`, without a
 * redirection and without anything dynamic does nothing they know. Plain searches: one large expression takes longer than the
 * rest of this process.
 */
const parts =
  `git husky lefthook overcommit simple_git_hooks pre-commit protect approve hook ssh powershell pwsh psql pgcli cockroach mysql mariadb
  mycli tidb sqlite litecli duckdb mongo redis valkey keydb dropdb pg_restore clickhouse sqlcmd usql cqlsh prisma drizzle supabase
  manage.py django artisan sequelize typeorm knex mikro-orm alembic dbmate migrate goose flyway liquibase hasura docker podman kubectl
  heroku railway neon pscale turso wrangler terraform pulumi gcloud firebase claude codex gemini copilot cursor-agent aider opencode
  skip_ skip=`.split(/\s+/);

/** The same for whole words. */
const names = new Set(
  `gh glab hub sh bash zsh dash ksh ash fish mksh cmd eval source . tee sed gsed perl ruby awk gawk cp mv ln link install rsync scp dd truncate
  rm unlink rmdir shred srm trash rimraf del erase rd chmod chown chattr setfacl mount patch curl wget http https xh ed ex vi vim nvim nano
  emacs touch apply find fd xargs parallel alias trap export declare typeset set setx unset apply_patch sponge rename move copy ren
  rails rake flask mix tofu aws qwen agent amp uninstall un remove env base64 xxd nc ncat telnet socat`.split(/\s+/),
);

/** Package managers: the script of the package that they run is looked at itself. */
const managers = new Set(['npm', 'pnpm', 'yarn', 'bun']);

/** Does a text hold a name that some judge knows? */
export function isTelling(text: string): boolean {
  const plain = text.toLowerCase();
  if (parts.some((part) => plain.includes(part))) return true;
  return plain.split(/[^\w.+-]+/).some((word) => names.has(word) || word.endsWith('sh') || word.startsWith('sh-'));
}

/** Redirections that go nowhere, or to another stream. */
const idle = /\d*[<>]&\d|(?:\d|&)?>>?\s*\/dev\/null|<\s*\/dev\/null/g;

/** What makes a command more than the words that stand in it. */
const dynamic = /[$`<>]|\{[^}]*[,.]/;

/**
 * Could a call do something that a judge knows? Where this is false nothing is parsed.
 * @param scripts all that the scripts of the package say; null: there is none
 */
export function mayMatter(
  call: ToolCall,
  policy: Policy | null,
  place: { readonly top: string } | null,
  scripts: () => string | null,
): boolean {
  if (call.isRemote && remoteWriter.test(call.tool)) return true;
  const known = policy === null ? [] : policyWords(policy);
  const has = (text: string) => {
    const plain = text.toLowerCase();
    return known.some((name) => plain.includes(name));
  };
  if (call.edits.length > 0)
    return (
      place === null ||
      known.includes('') ||
      call.edits.some(
        ({ path }) => ownPath.test(path) || !isPlainPath(path) || has(path) || has(linked(path, place.top)),
      )
    );
  return call.commands.some(({ text, shell }) => {
    const still = text.replace(idle, '');
    // What quotes and backslashes cut apart is one word to the shell.
    const plain = still.replace(/["'\\^`]/g, '');
    if (shell !== 'posix' && plain.includes('-')) return true;
    return (
      dynamic.test(still) ||
      /[^\t\n\r -~]/.test(text) ||
      [plain, still].some((each) => isTelling(each) || has(each)) ||
      runsScript(plain, scripts)
    );
  });
}

/** Where a path, or as much of it as is there, leads once links are followed. */
function linked(path: string, top: string): string {
  for (let at = resolve(top, path); at !== dirname(at); at = dirname(at)) {
    if (existsSync(at)) return realpathSync(at);
  }
  return path;
}

const remoteWriter =
  /write|create|update|delete|push|merge|edit|move|put|remove|exec|query|sql|run|apply|insert|drop|command|shell|patch|rename|upload|fork|dispatch/i;

/** A script of the package, a script file, or the program of a package, which may do anything. */
function runsScript(plain: string, scripts: () => string | null): boolean {
  const words = plain.toLowerCase().split(/[\s;&|()]+/);
  if (words.some((word) => word.startsWith('./') || word.startsWith('../'))) return true;
  if (!words.some((word) => managers.has(word))) return false;
  const text = scripts();
  return text !== null && (isTelling(text) || dynamic.test(text));
}

const ownPath =
  /git|husky|hook|protect|\.claude|\.codex|\.cursor|\.gemini|copilot|windsurf|cline|\.agents|opencode|aider|node_modules/i;
const isPlainPath = (path: string) => /^[\w@./:\\ ()[\]+,-]+$/.test(path) && !/~/.test(path);

/** What a path or command must hold to touch what the policy names; an empty one: it may be anything. */
function policyWords(policy: Policy): string[] {
  const done = compiled.get(policy);
  if (done !== undefined) return done;
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
