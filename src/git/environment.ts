import { devNull } from 'node:os';

/** Which of Git's own variables a gate needs to see what Git sees. */
export type Keep = 'nothing' | 'location' | 'index' | 'quarantine';

const kept: Record<Keep, readonly string[]> = {
  nothing: [],
  location: ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR'],
  index: ['GIT_INDEX_FILE', 'GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR'],
  quarantine: ['GIT_DIR', 'GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_QUARANTINE_PATH'],
};

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
  return {
    ...inner,
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
  'advice.graftFileDeprecated=false',
];

/** What a command that the policy names may see: nothing that leads Git somewhere else. */
export function commandEnvironment(outer: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(outer).filter(([name]) => !name.toUpperCase().startsWith('GIT_')));
}
