import { readFile } from 'node:fs/promises';
import { UsageError } from '../model.ts';

/** What a CI system, or the command line, says about the change to judge. */
export interface CiEvent {
  /** Which system said it; null: the command line alone. */
  readonly system: 'github' | 'gitlab' | null;
  readonly kind: 'proposal' | 'push';
  /** Full name of the pushed ref. */
  readonly ref: string | null;
  /** Short name of the branch that is changed. */
  readonly target: string | null;
  /** A proposal: where to compare with, if not the target's tip. A push: what the ref held before; zeros: it is new. */
  readonly base: string | null;
  /** A tip of the target that the event names, which may be older than the tracking ref. */
  readonly baseSha: string | null;
  readonly head: string;
  readonly title: string | null;
  readonly defaultBranch: string | null;
  /** How to get the whole history on this system. */
  readonly depthHelp: string;
}

/** The flags of `protect ci`; each one given wins over what the system says. */
export interface CiFlags {
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  readonly target?: string | undefined;
  readonly event?: string | undefined;
  readonly title?: string | undefined;
}

/**
 * Finds out what is to be judged. Any of `--base`, `--head`, `--event` makes it the command line's word alone.
 * @throws UsageError when the flags, or what the system says, cannot be used
 */
export async function ciEvent(flags: CiFlags, env: NodeJS.ProcessEnv): Promise<CiEvent> {
  if (flags.event !== undefined && flags.event !== 'proposal' && flags.event !== 'push')
    throw new UsageError(`--event is '${flags.event}', expected proposal or push`);
  for (const name of ['base', 'head', 'target'] as const)
    if (flags[name] === '') throw new UsageError(`--${name} is empty`, 'is the variable behind it set?');
  const byHand = flags.base !== undefined || flags.head !== undefined || flags.event !== undefined;
  const found = byHand ? null : ((await github(env)) ?? gitlab(env));
  const event = found ?? plain(env);
  return {
    ...event,
    ...(flags.event ? { kind: flags.event } : {}),
    ...(flags.target ? { target: flags.target } : {}),
    ...(flags.base ? { base: flags.base } : {}),
    ...(flags.head ? { head: flags.head } : {}),
    ...(flags.title ? { title: flags.title } : {}),
  };
}

function plain(env: NodeJS.ProcessEnv): CiEvent {
  const depthHelp =
    env['GITHUB_ACTIONS'] === 'true'
      ? githubDepth
      : env['GITLAB_CI'] === 'true'
        ? gitlabDepth
        : 'git fetch --unshallow';
  return {
    system: null,
    kind: 'proposal',
    ref: null,
    target: null,
    base: null,
    baseSha: null,
    head: 'HEAD',
    title: null,
    defaultBranch: env['CI_DEFAULT_BRANCH'] || null,
    depthHelp,
  };
}

const githubDepth = "set 'fetch-depth: 0' under 'with:' of actions/checkout";
const gitlabDepth = "set 'GIT_DEPTH: 0' under 'variables:' of the job";

/** @see https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows */
async function github(env: NodeJS.ProcessEnv): Promise<CiEvent | null> {
  if (env['GITHUB_ACTIONS'] !== 'true') return null;
  const name = env['GITHUB_EVENT_NAME'];
  const event = await readEvent(env['GITHUB_EVENT_PATH']);
  const defaultBranch = text(event, 'repository', 'default_branch');
  const common = {
    system: 'github',
    title: null,
    ref: null,
    baseSha: null,
    defaultBranch,
    depthHelp: githubDepth,
  } as const;
  if (name === 'pull_request' || name === 'pull_request_target')
    return {
      ...common,
      kind: 'proposal',
      target: need(text(event, 'pull_request', 'base', 'ref'), 'pull_request.base.ref'),
      base: null,
      baseSha: text(event, 'pull_request', 'base', 'sha'),
      head: need(text(event, 'pull_request', 'head', 'sha'), 'pull_request.head.sha'),
      title: text(event, 'pull_request', 'title'),
    };
  if (name === 'merge_group')
    return {
      ...common,
      kind: 'proposal',
      target: need(text(event, 'merge_group', 'base_ref'), 'merge_group.base_ref').replace(/^refs\/heads\//, ''),
      base: need(text(event, 'merge_group', 'base_sha'), 'merge_group.base_sha'),
      head: need(text(event, 'merge_group', 'head_sha'), 'merge_group.head_sha'),
    };
  if (name === 'push') {
    const before = need(text(event, 'before'), 'before');
    const ref = need(text(event, 'ref'), 'ref');
    const head = need(text(event, 'after'), 'after');
    const target = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
    return { ...common, kind: 'push', ref, target, base: before, head };
  }
  return null;
}

/** @see https://docs.gitlab.com/ci/variables/predefined_variables/ */
function gitlab(env: NodeJS.ProcessEnv): CiEvent | null {
  if (env['GITLAB_CI'] !== 'true') return null;
  const defaultBranch = env['CI_DEFAULT_BRANCH'] || null;
  const common = {
    system: 'gitlab',
    defaultBranch,
    depthHelp: gitlabDepth,
    title: null,
    baseSha: null,
    ref: null,
  } as const;
  const head = need(env['CI_MERGE_REQUEST_SOURCE_BRANCH_SHA'] || env['CI_COMMIT_SHA'], 'CI_COMMIT_SHA');
  if (env['CI_MERGE_REQUEST_IID'])
    return {
      ...common,
      kind: 'proposal',
      target: need(env['CI_MERGE_REQUEST_TARGET_BRANCH_NAME'], 'CI_MERGE_REQUEST_TARGET_BRANCH_NAME'),
      base: null,
      baseSha: env['CI_MERGE_REQUEST_TARGET_BRANCH_SHA'] || null,
      head,
      title: env['CI_MERGE_REQUEST_TITLE'] || null,
    };
  const name = env['CI_COMMIT_TAG'] ?? env['CI_COMMIT_BRANCH'];
  // A scheduled or manual pipeline changes nothing, and says zeros for what was there before.
  const source = env['CI_PIPELINE_SOURCE'];
  if (!name || !env['CI_COMMIT_BEFORE_SHA'] || (source !== undefined && source !== 'push')) return null;
  const before = env['CI_COMMIT_BEFORE_SHA'];
  const ref = env['CI_COMMIT_TAG'] ? `refs/tags/${name}` : `refs/heads/${name}`;
  return {
    ...common,
    kind: 'push',
    ref,
    target: env['CI_COMMIT_TAG'] ? null : name,
    base: before,
    head,
  };
}

async function readEvent(path: string | undefined): Promise<unknown> {
  if (!path) throw new UsageError('GITHUB_EVENT_PATH is not set', 'name the range with --base REV --head REV');
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(
      `the event file of GitHub Actions cannot be read: ${(error as Error).message}`,
      'name the range with --base REV --head REV',
    );
  }
}

function text(value: unknown, ...keys: string[]): string | null {
  let at = value;
  for (const key of keys) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  return typeof at === 'string' && at !== '' ? at : null;
}

function need(value: string | null | undefined, name: string): string {
  if (!value) throw new UsageError(`the CI system does not say ${name}`, 'name the range with --base REV --head REV');
  return value;
}
