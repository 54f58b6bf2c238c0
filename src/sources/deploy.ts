import { fetchBranch } from '../git/fetch.ts';
import { remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type RollbackPoint, remoteRollbackPoints } from '../git/rollback-points.ts';
import { worktreeStatus } from '../git/worktree-status.ts';
import {
  type DeployEnvironment,
  type Fetched,
  type Host,
  type Oid,
  type Policy,
  Undecided,
  UsageError,
  unshipped,
} from '../model/index.ts';
import { validPolicy } from '../policy/load.ts';
import { protectedBranches } from '../rules/rules.ts';
import { nearest } from '../words/nearest.ts';
import { shellWord } from '../words/shell-word.ts';
import { landedChange, policyBegan } from './landed.ts';
import { findPolicy, type PolicyPlace } from './policy.ts';
import type { Sourced } from './staged.ts';
import { wordOnHistory } from './word-on-history.ts';

/** What is to be deployed, as the command line or a push says it. */
export interface DeployOrder {
  /** Name of the environment; null: the only one. */
  readonly environment: string | null;
  /** What the push replaces; null: nothing is pushed, and the last rollback point says what runs. */
  readonly replaced: Oid | null;
  /** Where the walk begins by the word of whoever sits at the terminal; null: where design §4 says. */
  readonly readopt: string | null;
  readonly now: Date;
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
  ...unshipped,
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
  checklist: [],
  certificates: [],
  'pending-migrations': null,
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
  const isProtected = protectedBranches(place.loaded.policy, place.standard)(branch);
  const standard =
    place.standard === null ? null : { branch: place.standard, tip: await tipOf(repository, place.standard) };
  const where = { now: order.now, branch: isProtected ? branch : null, standard };
  const { base, since, headline } = await beginning(repository, commit, order.readopt, where);
  const points = await rollbackPoints(repository, chosen, order);
  return {
    ...place,
    changes: [await landedChange(repository, branch, { base, head: commit, defaultTip: standard?.tip ?? null })],
    notes: since === null ? [] : [since],
    headline,
    deployment: {
      name,
      environment,
      branch,
      isProtected,
      standard,
      commit,
      deployed: order.replaced ?? (await newestBehind(repository, points, commit)),
      behind: points.slice(0, 1).map(({ tag, commit: at }) => ({ commit: at, called: `the rollback point ${tag}` })),
      current: ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null,
      upstream: await upstreamOf(repository),
      trigger: order.pushed === null ? 'command' : 'push',
      fetched,
      host: order.host(topLevel),
      topLevel,
      worktree: () => worktreeStatus(repository),
      ticks: [],
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

/** The policy that a deploy obeys, as this clone knows it: that of the default branch. @throws UsageError when there is none */
export async function policyOfDeploys(repository: Repository) {
  const commit = await repository.commit('HEAD');
  if (commit === null) throw new Undecided('there is no commit yet', 'git commit');
  const { loaded, standard } = await policyNow(repository, commit);
  if (!loaded) throw new UsageError('there is no policy here', 'npx git-protect init');
  return { loaded, standard, commit };
}

/**
 * The same, and the environment that is meant, with its branch.
 * @throws UsageError when there is no policy, or no such environment
 */
export async function deployPolicy(repository: Repository, wanted: string | null) {
  const { loaded, standard, commit } = await policyOfDeploys(repository);
  const chosen = chooseEnvironment(loaded.policy, wanted);
  return { policy: loaded.policy, commit, branch: chosen.environment.branch ?? standard ?? 'main', ...chosen };
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

/**
 * Where the walk through what landed begins, and a line that says so: at the commit that somebody names at a terminal once all
 * keys are lost; else at the newest word on history; else where the policy began.
 * @throws Undecided when the policy began in several places, and no owner gave a word
 */
async function beginning(
  repository: Repository,
  commit: Oid,
  readopt: string | null,
  where: Omit<Parameters<typeof wordOnHistory>[2], 'base'>,
): Promise<{ base: Oid; since: string | null; headline?: string }> {
  if (readopt !== null) {
    const base = await repository.revision(readopt);
    if (!(await repository.isAncestor(base, commit)))
      throw new UsageError(
        `${readopt} is not behind ${commit.slice(0, 12)}`,
        'name the commit that brought the new policy',
      );
    if (!(await validPolicy(repository, base)))
      throw new UsageError(`${readopt} holds no valid policy`, 'name the commit that brought the new policy');
    return {
      base,
      since: null,
      headline: `the policy of ${base.slice(0, 12)} was adopted anew by --readopt: nothing that landed before it is judged`,
    };
  }
  let began: Oid | null = null;
  let unclear: Undecided | null = null;
  try {
    began = await policyBegan(repository, commit);
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    unclear = error;
  }
  const word = await wordOnHistory(repository, commit, { ...where, base: began });
  if (word !== null)
    return {
      base: word,
      since: `what landed is judged since ${word.slice(0, 12)}: an owner stands by all up to there`,
    };
  if (unclear) throw unclear;
  if (began === null) return { base: commit, since: 'what landed is judged since now: no commit holds a policy' };
  return { base: began, since: `what landed is judged since the policy began, ${began.slice(0, 12)}` };
}

async function tipOf(repository: Repository, branch: string): Promise<Oid | null> {
  const { branches } = await remoteSide(repository);
  return branches.get(branch) ?? null;
}

/** The rollback points of an environment that its remote holds, the newest first. */
async function rollbackPoints(
  repository: Repository,
  { name, environment: { rollback, remote } }: Chosen,
  order: DeployOrder,
): Promise<RollbackPoint[]> {
  if (!rollback?.tag || !order.fetch) return [];
  return remoteRollbackPoints(repository, { form: rollback.tag, environment: name, remote });
}

async function newestBehind(
  repository: Repository,
  points: readonly RollbackPoint[],
  commit: Oid,
): Promise<Oid | null> {
  for (const point of points) if (await repository.isAncestor(point.commit, commit)) return point.commit;
  return null;
}

async function upstreamOf(repository: Repository): Promise<string | null> {
  const { code, stdout } = await repository.tell(['rev-parse', '--symbolic-full-name', '@{upstream}']);
  return code === 0 ? stdout.toString('utf8').trim() : null;
}
