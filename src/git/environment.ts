import { existsSync, realpathSync } from 'node:fs';
import { devNull } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Which of Git's own variables a gate needs to see what Git sees. */
export type Keep = 'nothing' | 'location' | 'index' | 'quarantine';

const kept: Record<Keep, readonly string[]> = {
  nothing: [],
  location: ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR'],
  index: ['GIT_INDEX_FILE', 'GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR'],
  quarantine: ['GIT_DIR', 'GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_QUARANTINE_PATH'],
};

/**
 * What the commands that set up a clone keep. A repository apart from its files (`git --git-dir=~/.dotfiles
 * --work-tree=~`) is named by the environment alone. So is, in an install that a hook started, the repository of that
 * hook: `GIT_DIR` counts only together with a `GIT_WORK_TREE` that `cwd` lies in with no repository of its own between.
 */
export function keepForSetup(cwd: string, outer: NodeJS.ProcessEnv): 'location' | 'nothing' {
  const { GIT_DIR: gitDir, GIT_WORK_TREE: worktree } = outer;
  if (!gitDir || !worktree || !existsSync(resolve(cwd, gitDir)) || !existsSync(resolve(cwd, worktree)))
    return 'nothing';
  const top = realpathSync(resolve(cwd, worktree));
  for (let folder = realpathSync(cwd); folder !== top; folder = dirname(folder))
    if (folder === dirname(folder) || existsSync(join(folder, '.git'))) return 'nothing';
  return 'location';
}

/**
 * The environment of every Git process we start: the caller's without any `GIT_*`, then what the gate needs,
 * then settings that keep replaced objects, grafts, pathspec magic, prompts and lazy fetches out of play.
 * System and global configuration stay, because `safe.directory` lives there.
 * @see https://git-scm.com/docs/git#_environment_variables
 */
export function gitEnvironment(outer: NodeJS.ProcessEnv, keep: Keep): NodeJS.ProcessEnv {
  const inner: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(outer)) if (!name.toUpperCase().startsWith('GIT_')) inner[name] = value;
  for (const name of kept[keep]) if (outer[name] !== undefined) inner[name] = outer[name];
  // By itself it would lead to the refs of another repository than the objects.
  if (inner['GIT_DIR'] === undefined) delete inner['GIT_COMMON_DIR'];
  return {
    ...inner,
    ...opening(outer),
    LC_ALL: 'C',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: devNull,
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_PAGER: 'cat',
  };
}

/**
 * Of the caller's configuration only what decides whether Git opens the repository at all: which files it reads, and
 * `safe.directory`, as containers and `git -c` hand it over.
 * @see https://git-scm.com/docs/git-config#ENVIRONMENT
 */
function opening(outer: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const named = ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM'];
  const kept = named.filter((name) => outer[name] !== undefined).map((name) => [name, outer[name]]);
  const safe = safeDirectories(outer);
  return {
    ...Object.fromEntries(kept),
    ...(safe.length === 0 ? {} : { GIT_CONFIG_COUNT: String(safe.length) }),
    ...Object.fromEntries(
      safe.flatMap((value, index) => [
        [`GIT_CONFIG_KEY_${index}`, 'safe.directory'],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** The values of `safe.directory` in the environment, in both forms that Git knows. */
function safeDirectories(outer: NodeJS.ProcessEnv): string[] {
  const isSafe = (key: string | undefined) => key?.toLowerCase() === 'safe.directory';
  const found: string[] = [];
  const count = /^\d{1,4}$/.test(outer['GIT_CONFIG_COUNT'] ?? '') ? Number(outer['GIT_CONFIG_COUNT']) : 0;
  for (let n = 0; n < count; n++)
    if (isSafe(outer[`GIT_CONFIG_KEY_${n}`])) found.push(outer[`GIT_CONFIG_VALUE_${n}`] ?? '');
  // What `git -c` hands on: 'key'='value', quoted as the shell quotes; before Git 2.31 'key=value'.
  const quoted = /'((?:[^']|'\\'')*)'(?:='((?:[^']|'\\'')*)')?/g;
  for (const [, first = '', second] of (outer['GIT_CONFIG_PARAMETERS'] ?? '').matchAll(quoted)) {
    const [key, value] =
      second === undefined ? [first.split('=')[0], first.slice(first.indexOf('=') + 1)] : [first, second];
    if (isSafe(key)) found.push(value.replaceAll("'\\''", "'"));
  }
  return found;
}

/** Settings that a repository's own configuration must not decide. */
export const gitSettings: readonly string[] = [
  '--no-replace-objects',
  '-c',
  'core.fsmonitor=false',
  '-c',
  `core.hooksPath=${devNull}`,
  '-c',
  'core.quotePath=false',
  '-c',
  'log.showSignature=false',
  '-c',
  'log.follow=false',
  '-c',
  'log.showRoot=true',
  '-c',
  'log.diffMerges=separate',
  // Where it is another, Git puts what it prints into that.
  '-c',
  'i18n.logOutputEncoding=UTF-8',
  // A file beside the objects, which says who the parents are and is not checked against them.
  '-c',
  'core.commitGraph=false',
  '-c',
  'advice.graftFileDeprecated=false',
];

/** What a command that the policy names may see: nothing that leads Git somewhere else. */
export function commandEnvironment(outer: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(outer).filter(([name]) => !name.toUpperCase().startsWith('GIT_')));
}
