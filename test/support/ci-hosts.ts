import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, guardedRepo, projectRoot, Repo } from './world.ts';

/** What a host holds at the moment a CI system starts: main, one proposal for it, and what it made of that. */
export interface Host {
  readonly bare: Repo;
  /** The tip of main before anything of the proposal landed. */
  readonly base: string;
  readonly head: string;
  /** The head merged into main, as hosts and agents do it to test. */
  readonly merge: string;
  /** The head squashed onto main, as a merge queue does it. */
  readonly queued: string;
}

const starts = new Map<string, Repo>();

/** The same start for every host with this policy. */
function start(more: string): Repo {
  const known = starts.get(more) ?? guardedRepo({ hooks: false, more }).repo;
  starts.set(more, known);
  return known;
}

/**
 * A host whose proposal is good, or changes a protected file without approval.
 * @param landed the proposal is on main already
 */
export function makeHost(
  quality: 'good' | 'bad',
  { more = '', landed = false, title = 'feat: x' }: { more?: string; landed?: boolean; title?: string } = {},
): Host {
  const repo = new Repo(folder('author'));
  cpSync(start(more).dir, repo.dir, { recursive: true, verbatimSymlinks: true });
  const base = repo.head();
  repo.git('switch', '--quiet', '-c', 'topic');
  const head =
    quality === 'good'
      ? repo.commit('feat: fine', { 'src/x.ts': '1\n' })
      : repo.commit('CRITICAL: fee', { 'server/pay.ts': '2\n' });
  const tree = repo.head('HEAD^{tree}');
  const merge = repo.git('commit-tree', tree, '-p', base, '-p', head, '-m', 'Merge topic into main');
  const queued = repo.git('commit-tree', tree, '-p', base, '-m', `${title} (#1)`);
  const bare = new Repo(folder('host'));
  bare.git('init', '--quiet', '--bare', '-b', 'main');
  bare.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
  bare.git('config', 'uploadpack.allowFilter', 'true');
  const refs: [string, string][] = [
    [landed ? head : base, 'refs/heads/main'],
    [head, 'refs/heads/topic'],
    [head, 'refs/pull/1/head'],
    [head, 'refs/merge-requests/1/head'],
    [merge, 'refs/pull/1/merge'],
    [landed ? head : merge, 'refs/pipelines/4711'],
    [queued, `refs/heads/gh-readonly-queue/main/pr-1-${base}`],
  ];
  repo.git('push', '--quiet', '--no-verify', bare.dir, ...refs.map(([oid, name]) => `${oid}:${name}`));
  return { bare, base, head, merge, queued };
}

interface Fixture {
  readonly source: string;
  readonly env: Record<string, string>;
  readonly event?: unknown;
}

/** A recorded environment with the real commits filled in; the event file, if there is one, is written. */
export function recorded(name: string, host: Host, title = 'feat: x'): Record<string, string> {
  const values: Record<string, string> = {
    base: host.base,
    base12: host.base.slice(0, 12),
    head: host.head,
    merge: host.merge,
    queued: host.queued,
    zeros: '0'.repeat(40),
    title,
  };
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, key: string) => values[key] ?? whole);
  const { env, event } = JSON.parse(
    readFileSync(join(projectRoot, `test/fixtures/ci/${name}.json`), 'utf8'),
  ) as Fixture;
  if (event !== undefined) {
    values['event'] = join(folder('event'), 'event.json');
    writeFileSync(values['event'], fill(JSON.stringify(event)));
  }
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, fill(value)]));
}

/** How a system gets the repository: each line is what its log shows, without progress and credentials. */
export type Fetch = (clone: Repo, url: string, host: Host, depth: readonly string[]) => void;

function initialize(clone: Repo, url: string): void {
  clone.git('init', '--quiet');
  clone.git('remote', 'add', 'origin', url);
}

const heads = '+refs/heads/*:refs/remotes/origin/*';

/** actions/checkout with `fetch-depth: 0`; with its default it fetches the one commit only. */
const checkoutAction =
  (ref: (host: Host) => [oid: string, name: string]): Fetch =>
  (clone, url, host, depth) => {
    const [oid, name] = ref(host);
    initialize(clone, url);
    const one = `+${oid}:${name}`;
    const all = [heads, '+refs/tags/*:refs/tags/*', ...(name.startsWith('refs/remotes/origin/') ? [] : [one])];
    clone.git('fetch', '--quiet', '--prune', ...depth, 'origin', ...(depth.length > 0 ? ['--no-tags', one] : all));
    clone.git('checkout', '--quiet', '--force', name);
  };

const gitlab =
  (oid: (host: Host) => string): Fetch =>
  (clone, url, host, depth) => {
    initialize(clone, url);
    clone.git('fetch', '--quiet', '--no-tags', ...depth, 'origin', `+${oid(host)}:refs/pipelines/4711`);
    clone.git('checkout', '--quiet', '--force', oid(host));
    clone.git('fetch', '--quiet', ...depth, 'origin', heads);
  };

const bitbucket =
  (branch: string): Fetch =>
  (clone, url, host, depth) => {
    clone.git('clone', '--quiet', `--branch=${branch}`, ...depth, url, '.');
    clone.git('reset', '--quiet', '--hard', host.head);
    // The destination is merged into the working tree; a depth is not kept to then.
    if (branch !== 'main' && depth.length === 0) clone.git('merge', '--quiet', '--no-edit', host.base);
  };

const azure =
  (ref: string, local: string): Fetch =>
  (clone, url, _host, depth) => {
    initialize(clone, url);
    clone.git('fetch', '--quiet', '--force', '--tags', '--prune', ...depth, 'origin', heads, `+${ref}:${local}`);
    clone.git('checkout', '--quiet', '--force', local);
  };

const circleci =
  (branch: string): Fetch =>
  (clone, url, host, depth) => {
    clone.git('clone', '--quiet', ...depth, url, '.');
    clone.git('fetch', '--quiet', '--force', ...depth, 'origin', `+refs/heads/${branch}:refs/remotes/origin/${branch}`);
    clone.git('checkout', '--quiet', '--force', '-B', branch, host.head);
  };

const jenkins =
  (...refspecs: string[]): Fetch =>
  (clone, url, host, depth) => {
    initialize(clone, url);
    clone.git('fetch', '--quiet', '--no-tags', '--force', ...depth, '--', url, ...refspecs);
    clone.git('checkout', '--quiet', '--force', host.head);
  };

const buildkite =
  (what: (host: Host) => [ref: string, oid: string]): Fetch =>
  (clone, url, host, depth) => {
    const [ref, oid] = what(host);
    clone.git('clone', '--quiet', ...depth, '--', url, '.');
    clone.git('fetch', '--quiet', '--prune', ...depth, '--', 'origin', ref);
    clone.git('checkout', '--quiet', '--force', oid);
  };

const head = (host: Host) => host.head;

/** By recorded environment: how the system that sets it fetches. */
export const fetches: Record<string, Fetch> = {
  'github-pull_request': checkoutAction((host) => [host.merge, 'refs/remotes/pull/1/merge']),
  'github-pull_request-edited': checkoutAction((host) => [host.merge, 'refs/remotes/pull/1/merge']),
  'github-pull_request_target': checkoutAction((host) => [host.base, 'refs/remotes/origin/main']),
  'github-merge_group': checkoutAction((host) => [host.queued, 'refs/remotes/queue']),
  'github-push': checkoutAction((host) => [host.head, 'refs/remotes/origin/main']),
  'github-schedule': checkoutAction((host) => [host.base, 'refs/remotes/origin/main']),
  'gitlab-merge_request': gitlab(head),
  'gitlab-merged_result': gitlab((host) => host.merge),
  'gitlab-merge_train': gitlab((host) => host.merge),
  'gitlab-push': gitlab(head),
  'bitbucket-pull_request': bitbucket('topic'),
  'bitbucket-push': bitbucket('main'),
  'azure-pull_request': azure('refs/pull/1/merge', 'refs/remotes/pull/1/merge'),
  'azure-pull_request-github': azure('refs/pull/1/merge', 'refs/remotes/pull/1/merge'),
  'azure-push': azure('refs/heads/main', 'refs/remotes/origin/main'),
  'circleci-branch': circleci('topic'),
  'circleci-main': circleci('main'),
  'jenkins-pull_request': jenkins(
    '+refs/pull/1/head:refs/remotes/origin/PR-1',
    '+refs/heads/main:refs/remotes/origin/main',
  ),
  'jenkins-push': jenkins('+refs/heads/main:refs/remotes/origin/main'),
  'buildkite-pull_request': buildkite((host) => ['refs/pull/1/head', host.head]),
  'buildkite-merge_queue': buildkite((host) => [`gh-readonly-queue/main/pr-1-${host.base}`, host.queued]),
  'buildkite-push': buildkite((host) => ['main', host.head]),
  'travis-pull_request': circleci('topic'),
  'travis-push': circleci('main'),
  'buddy-pull_request': circleci('topic'),
  'codebuild-branch': circleci('topic'),
};

/** A clone as the system makes it. */
export function fetched(name: string, host: Host, depth: readonly string[] = []): Repo {
  const clone = new Repo(folder('clone'));
  fetches[name]!(clone, `file://${host.bare.dir}`, host, depth);
  return clone;
}
