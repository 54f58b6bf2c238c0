import { readFile, stat } from 'node:fs/promises';
import { UsageError } from '../../model/index.ts';
import { type CiEvent, type Common, type System, unsaid } from './event.ts';
import { branchName, branchNameIfSaid, byHand, commitId, commitIdIfSaid, isMarked, number, tagRef } from './values.ts';

/** More than GitHub sends: a webhook's payload is capped at 25 MB. */
const maxEvent = 32 << 20;

/**
 * GitHub Actions. What is to be judged stands in the event file; `GITHUB_SHA` is a merge commit, or the default branch.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */
export const github: System = {
  name: 'GitHub Actions',
  depth: "set 'fetch-depth: 0' under 'with:' of actions/checkout",
  isHere: (env) => isMarked(env['GITHUB_ACTIONS']),
  async read(env) {
    const name = env['GITHUB_EVENT_NAME'] ?? '';
    const read = Object.hasOwn(events, name) ? events[name] : undefined;
    if (!read)
      throw new UsageError(
        `GitHub Actions runs this for '${name.slice(0, 60)}', which changes no branch, so nothing says what to judge`,
        byHand,
      );
    const event = await readEvent(env['GITHUB_EVENT_PATH']);
    const defaultBranch = branchNameIfSaid(
      text(event, 'repository', 'default_branch'),
      'repository.default_branch of the event',
    );
    const common = { ...unsaid, system: github.name, defaultBranch, help: { depth: github.depth } };
    return read(event, common);
  },
};

/** The events that move a branch or propose to. Every other one is refused, never taken for one of these. */
const events: Record<string, (event: unknown, common: Common) => CiEvent> = {
  pull_request: pullRequest,
  // It runs on the default branch, so the commit to judge has to be fetched first.
  pull_request_target: pullRequest,
  merge_group: (event, common) => ({
    ...common,
    kind: 'proposal',
    target: branchName(text(event, 'merge_group', 'base_ref'), 'merge_group.base_ref of the event'),
    builtOn: commitId(text(event, 'merge_group', 'base_sha'), 'merge_group.base_sha of the event'),
    head: commitId(text(event, 'merge_group', 'head_sha'), 'merge_group.head_sha of the event'),
    queued: true,
  }),
  push(event, common) {
    const said = text(event, 'ref') ?? '';
    const isTag = said.startsWith('refs/tags/');
    const target = isTag ? null : branchName(said, 'ref of the event');
    return {
      ...common,
      kind: 'push',
      ref: target === null ? tagRef(said.slice('refs/tags/'.length), 'ref of the event') : `refs/heads/${target}`,
      target,
      base: commitId(text(event, 'before'), 'before of the event'),
      head: commitId(text(event, 'after'), 'after of the event'),
    };
  },
};

function pullRequest(event: unknown, common: Common): CiEvent {
  const said = text(event, 'pull_request', 'number');
  const id = said === null ? null : number(said, 'pull_request.number of the event');
  return {
    ...common,
    kind: 'proposal',
    target: branchName(text(event, 'pull_request', 'base', 'ref'), 'pull_request.base.ref of the event'),
    baseSha: commitIdIfSaid(text(event, 'pull_request', 'base', 'sha'), 'pull_request.base.sha of the event'),
    head: commitId(text(event, 'pull_request', 'head', 'sha'), 'pull_request.head.sha of the event'),
    title: text(event, 'pull_request', 'title'),
    help: id === null ? common.help : { ...common.help, head: `git fetch origin pull/${id}/head` },
  };
}

async function readEvent(path: string | undefined): Promise<unknown> {
  if (!path) throw new UsageError('the CI system does not say GITHUB_EVENT_PATH', byHand);
  try {
    if ((await stat(path)).size > maxEvent) throw new Error('it is larger than 32 MB');
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(
      `the event file of GitHub Actions cannot be read (GITHUB_EVENT_PATH): ${(error as Error).message}`,
      byHand,
    );
  }
}

/** A string or number in the event; null where there is none, or an empty one. */
function text(value: unknown, ...keys: string[]): string | null {
  let at = value;
  for (const key of keys)
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined;
  if (typeof at === 'number') return String(at);
  return typeof at === 'string' && at !== '' ? at : null;
}
