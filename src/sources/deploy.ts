import { fetchBranch } from '../git/fetch.ts';
import { remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { lastRollbackPoint } from '../git/rollback-points.ts';
import { worktreeStatus } from '../git/worktree-status.ts';
import {
  type DeployEnvironment,
  type Fetched,
  type Host,
  type Oid,
  type Policy,
  Undecided,
  UsageError,
} from '../model/index.ts';
import { protectedBranches } from '../rules/rules.ts';
import { nearest } from '../words/nearest.ts';
import { shellWord } from '../words/shell-word.ts';
import { landedChange, policyBegan } from './landed.ts';
import { findPolicy, type PolicyPlace } from './policy.ts';
import type { Sourced } from './staged.ts';

/** What is to be deployed, as the command line or a push says it. */
export interface DeployOrder {
  /** Name of the environment; null: the only one. */
  readonly environment: string | null;
  /** What was deployed last; null: the last rollback point, else where the policy began. */
  readonly deployed: string | null;
  /** The commit that is pushed; null: HEAD is deployed. */
  readonly pushed: Oid | null;
  /** Ask the remote? A dry run does not. */
  readonly fetch: boolean;
  host(topLevel: string): Host;
  /** Tells whoever waits what is going on. */
  tell(text: string): void;
}

/** What holds where the policy has no `deploy:`. */
const unconfigured: DeployEnvironment = {
  branch: null,
  remote: 'origin',
  trigger: 'command',
  window: null,
  freezes: [],
  commands: { test: null, build: null },
  coverage: null,
  environment: null,
  health: [],
  disk: null,
  backups: null,
  rollback: null,
};

/**
 * What has landed since the last deploy, and where it is to go. The remote is asked first, so that the policy is the one
 * that its default branch holds now.
 * @throws UsageError when the environment is not one of the policy's
 * @throws Undecided for a shallow clone or a bare repository
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function deployedChange(repository: Repository, order: DeployOrder): Promise<Sourced> {
  const { topLevel } = await repository.layout();
  if (topLevel === null) throw new Undecided('a bare repository has no working tree', 'run it in a clone');
  if (await repository.isShallow())
    throw new Undecided('this clone is shallow: its history is cut off', 'git fetch --unshallow');
  const { branch: ref } = await repository.head();
  const commit = order.pushed ?? (await repository.commit('HEAD'));
  if (commit === null) throw new Undecided('there is no commit yet', 'git commit');
  const { place, chosen, fetched } = await askRemote(repository, order, commit);
  if (!place.loaded || !chosen) return { ...place, changes: [] };
  const { name, environment, branch } = chosen;
  const last = await lastDeployed(repository, chosen, order, commit);
  const began = last ? null : await policyBegan(repository, commit);
  const base = last?.commit ?? began ?? commit;
  const since =
    last?.called ?? (began === null ? 'now: no commit holds a policy' : `the policy began, ${base.slice(0, 12)}`);
  return {
    ...place,
    changes: [await landedChange(repository, branch, { base, head: commit })],
    notes: [`what landed is judged since ${since}`],
    deployment: {
      name,
      environment,
      branch,
      isProtected: protectedBranches(place.loaded.policy, place.standard)(branch),
      commit,
      deployed: last?.commit ?? null,
      current: ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null,
      upstream: await upstreamOf(repository),
      trigger: order.pushed === null ? 'command' : 'push',
      fetched,
      host: order.host(topLevel),
      topLevel,
      worktree: () => worktreeStatus(repository),
      tests: null,
    },
  };
}

interface Chosen {
  readonly name: string | null;
  readonly environment: DeployEnvironment;
  readonly branch: string;
}

/** Fetches the branch, and reads the policy as it is afterwards. */
async function askRemote(
  repository: Repository,
  order: DeployOrder,
  commit: Oid,
): Promise<{ place: PolicyPlace; chosen: Chosen | null; fetched: Fetched }> {
  const unasked: Fetched = { tip: null, error: 'the remote was not asked' };
  const before = await policyNow(repository, commit);
  const first = choose(before, order.environment);
  if (!first || !order.fetch) return { place: before, chosen: first, fetched: unasked };
  order.tell(`git fetch ${first.environment.remote} ${first.branch}`);
  const fetched = await fetchBranch(repository, first.environment.remote, first.branch);
  await fetchPolicy(repository, before, first);
  const place = await policyNow(repository, commit);
  const chosen = choose(place, order.environment);
  const moved = chosen?.branch !== first.branch || chosen.environment.remote !== first.environment.remote;
  return { place, chosen, fetched: moved ? { tip: null, error: 'the policy now names another branch' } : fetched };
}

/** Where another branch than the deployed one holds the policy, that one is fetched as well. @throws Undecided */
async function fetchPolicy(repository: Repository, { standard }: PolicyPlace, { branch, environment }: Chosen) {
  const { remote, branches } = await remoteSide(repository);
  if (remote === null || standard === null || !branches.has(standard)) return;
  if (standard === branch && remote === environment.remote) return;
  const { tip, error } = await fetchBranch(repository, remote, standard);
  if (tip !== null) return;
  const why = error ?? `it has no branch ${standard}`;
  throw new Undecided(`${remote} could not be asked for the policy: ${why}`, `git fetch ${shellWord(remote)}`);
}

async function policyNow(repository: Repository, commit: Oid): Promise<PolicyPlace> {
  return findPolicy(repository, await remoteSide(repository), {
    results: async () => [{ name: commit, label: commit }],
    worktree: true,
  });
}

/** @throws UsageError when the name is not in the policy, or none is given and there are several */
function choose({ loaded, standard }: PolicyPlace, wanted: string | null): Chosen | null {
  if (!loaded) return null;
  const { name, environment } = chooseEnvironment(loaded.policy, wanted);
  return { name, environment, branch: environment.branch ?? standard ?? 'main' };
}

/** @throws UsageError when the name is not in the policy, or none is given and there are several */
export function chooseEnvironment(
  { deploy }: Policy,
  wanted: string | null,
): { name: string | null; environment: DeployEnvironment } {
  const names = Object.keys(deploy);
  if (wanted === null && names.length === 0) return { name: null, environment: unconfigured };
  if (wanted === null && names.length > 1)
    throw new UsageError(
      `there are several environments: ${names.join(', ')}`,
      `npx git-protect predeploy ${names[0]}`,
    );
  const name = wanted ?? names[0]!;
  const environment = Object.hasOwn(deploy, name) ? deploy[name] : undefined;
  if (environment) return { name, environment };
  const meant = nearest(name, names);
  throw new UsageError(
    `the policy has no environment '${name}'${meant ? `; did you mean '${meant}'?` : ''}`,
    names.length > 0 ? `its environments: ${names.join(', ')}` : 'add it under deploy: in the policy',
  );
}

/** What is running now, and how a person calls it; null: nobody knows. */
async function lastDeployed(
  repository: Repository,
  { name, environment: { rollback, remote } }: Chosen,
  order: DeployOrder,
  commit: Oid,
): Promise<{ commit: Oid; called: string } | null> {
  if (order.deployed !== null) {
    const running = await repository.revision(order.deployed);
    const called =
      order.pushed === null ? `${order.deployed}, as --deployed says` : `${running.slice(0, 12)}, what is pushed onto`;
    return { commit: running, called };
  }
  if (!rollback?.tag || !order.fetch) return null;
  const point = await lastRollbackPoint(repository, {
    form: rollback.tag,
    environment: name,
    remote,
    commit,
  });
  return point && { commit: point.commit, called: `the rollback point ${point.tag}` };
}

async function upstreamOf(repository: Repository): Promise<string | null> {
  const { code, stdout } = await repository.tell(['rev-parse', '--symbolic-full-name', '@{upstream}']);
  return code === 0 ? stdout.toString('utf8').trim() : null;
}
