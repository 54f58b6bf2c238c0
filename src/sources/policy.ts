import { learnDefault, type OtherSide, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type LoadedPolicy, type Oid, policyNames, Undecided, UsageError } from '../model/index.ts';
import { loadPolicyAt, loadStandingPolicy, loadWorktreePolicy, type PolicyCache, validPolicy } from '../policy/load.ts';
import { defaultBranch } from '../rules/rules.ts';
import { shellWord } from '../words/shell-word.ts';

/** The policy to judge by, and the default branch as far as it is known. */
export interface PolicyPlace {
  readonly loaded: LoadedPolicy | null;
  readonly standard: string | null;
}

interface Places {
  /** Where this gate reads first, before the default branch's tip: HEAD in the commit hooks. */
  readonly first?: 'HEAD';
  /** The one trusted place, where it is known: in CI the base, when the target is the default branch. */
  readonly only?: Oid;
  /** Branches that this change creates on the other side. */
  readonly creates?: ReadonlySet<string>;
  /** What CI or the server calls the default branch. */
  readonly said?: string | null;
  /** A newer tip of the default branch than the tracking ref, by branch name. */
  readonly fresher?: ReadonlyMap<string, Oid>;
  /** Trees that the change leads to, looked at only when the trusted place holds no policy. */
  readonly results: () => Promise<readonly { name: string; label: string }[]>;
  /** Local gates fall back on the working tree. */
  readonly worktree: boolean;
  readonly cache?: PolicyCache;
}

/**
 * Finds the one policy: at the trusted place, else (bootstrap) in what the change brings, else in the working tree.
 * @throws PolicyError when it is invalid where it is read from
 * @throws Undecided when the default branch is unknown while another branch of the other side holds a policy
 */
export async function findPolicy(
  repository: Repository,
  side: OtherSide | Promise<OtherSide>,
  places: Places,
): Promise<PolicyPlace> {
  const { cache } = places;
  const early = places.first ? loadStandingPolicy(repository, places.first, null, cache) : null;
  const [other, first] = await Promise.all([side, early]);
  if (places.only) {
    const loaded = await loadStandingPolicy(repository, places.only, places.only, cache);
    if (loaded) return { loaded, standard: defaultBranch(loaded.policy, other, places.said) };
    return bootstrap(repository, other, places, { hint: defaultBranch(null, other, places.said), place: places.only });
  }
  if (first) return { loaded: first, standard: defaultBranch(first.policy, other, places.said) };
  const hint = await knownDefault(repository, other, places.said, cache);
  const tip = hint === null ? undefined : (places.fresher?.get(hint) ?? other.branches.get(hint));
  if (tip) {
    const loaded = await loadStandingPolicy(repository, tip, tip, cache);
    if (loaded) return { loaded, standard: hint };
  } else if (hint !== null && other.remote !== null && other.branches.size > 0 && !places.creates?.has(hint)) {
    const remote = other.remote ?? 'origin';
    throw new Undecided(
      `the default branch ${hint} of the other side is not in this clone`,
      `git fetch ${shellWord(remote)} ${shellWord(`${hint}:refs/remotes/${remote}/${hint}`)}`,
    );
  } else {
    await refuseUnknownDefault(repository, other);
  }
  const place = tip ?? (places.first ? await repository.commit(places.first) : null);
  return bootstrap(repository, other, places, { hint, place });
}

/** The policy that holds in this clone, for commands that judge nothing. @throws UsageError when there is none */
export async function policyHere(repository: Repository): Promise<LoadedPolicy> {
  const loaded = await policyHereIfAny(repository);
  if (!loaded) throw new UsageError('there is no policy here', 'npx git-protect init');
  return loaded;
}

/** The same; null when there is none. */
export async function policyHereIfAny(repository: Repository): Promise<LoadedPolicy | null> {
  const other = await remoteSide(repository);
  const { loaded } = await findPolicy(repository, other, { first: 'HEAD', results: async () => [], worktree: true });
  return loaded;
}

/** The default branch as far as the other side, CI or the policies that branches hold tell it; else null. */
export async function knownDefault(
  repository: Repository,
  other: OtherSide,
  said?: string | null,
  cache?: PolicyCache,
): Promise<string | null> {
  return defaultBranch(null, other, said) ?? (await hintedBranch(repository, other, cache));
}

/**
 * Where HEAD of the other side is unknown: the branch that every policy there names as the only literal one, of those that
 * hold the project id at HEAD. Every one, because anybody who may push a branch can bring a policy that names that branch.
 */
async function hintedBranch(repository: Repository, other: OtherSide, cache?: PolicyCache): Promise<string | null> {
  const named = new Set<string | null>();
  const here = await readableAt(repository, 'HEAD', cache);
  const project = here && here !== 'invalid' ? here.policy.project : null;
  for (const oid of other.branches.values()) {
    const there = await readableAt(repository, oid, cache);
    // One of another project was brought by somebody who has no say here.
    if (!there || there === 'invalid' || (project !== null && there.policy.project !== project)) continue;
    named.add(defaultBranch(there.policy, other));
  }
  const [name, second] = [...named];
  return name && second === undefined && other.branches.has(name) ? name : null;
}

/** A policy on some branch that nothing is judged by: an invalid one there must not stop everybody. */
async function readableAt(
  repository: Repository,
  oid: Oid | 'HEAD',
  cache?: PolicyCache,
): Promise<LoadedPolicy | 'invalid' | null> {
  try {
    return await loadPolicyAt(repository, oid, oid === 'HEAD' ? null : oid, cache);
  } catch (error) {
    if (error instanceof UsageError) return 'invalid';
    throw error;
  }
}

async function refuseUnknownDefault(repository: Repository, other: OtherSide): Promise<void> {
  for (const [name, oid] of other.branches) {
    if ((await readableAt(repository, oid)) === null) continue;
    const where = other.remote === null ? 'of this server' : `of '${other.remote}'`;
    const help =
      other.remote === null
        ? 'git symbolic-ref HEAD refs/heads/<default branch>'
        : await learnDefault(repository, other.remote);
    throw new Undecided(`the default branch ${where} is unknown, while its branch ${name} has a policy`, help);
  }
}

async function bootstrap(
  repository: Repository,
  other: OtherSide,
  places: Places,
  { hint, place }: { hint: string | null; place: Oid | null },
): Promise<PolicyPlace> {
  for (const { name, label } of await places.results()) {
    const brought = await loadPolicyAt(repository, name, label, places.cache);
    if (!brought) continue;
    const loaded = (await removedBehind(repository, place, brought)) ?? { ...brought, bootstrap: 'adoption' as const };
    return { loaded, standard: defaultBranch(brought.policy, other, hint) };
  }
  const { topLevel } = await repository.layout();
  const loaded = places.worktree && topLevel !== null ? await loadWorktreePolicy(topLevel) : null;
  return { loaded, standard: defaultBranch(loaded?.policy ?? null, other, hint) };
}

/**
 * A policy is adopted once. Where one was removed behind the place that is read from, only that very one is brought back, and
 * judges what brings it.
 * @returns null where no commit behind the place ever held a policy
 * @throws Undecided when another one is brought
 */
async function removedBehind(
  repository: Repository,
  place: Oid | null,
  brought: LoadedPolicy,
): Promise<LoadedPolicy | null> {
  if (place === null) return null;
  const { topLevel } = await repository.layout();
  const form = ['log', '--full-history', '-m', '--diff-filter=D', '--no-renames', '--format=%H %P'];
  const args = [...form, place, '--', ...policyNames];
  const listed = await repository.text(args, topLevel === null ? {} : { cwd: topLevel });
  if (listed === '') return null;
  // Whoever may land a branch can bring a policy and remove it again there: where several were removed none is the one.
  const gone = new Map<Oid | null, LoadedPolicy>();
  for (const parent of new Set(listed.split('\n').flatMap((line) => line.split(' ').slice(1)))) {
    const before = await validPolicy(repository, parent);
    if (before) gone.set(before.oid, before);
  }
  const before = gone.get(brought.oid);
  if (before && gone.size === 1) return before;
  const removed = listed.split(' ')[0]!;
  throw new Undecided(
    `${removed.slice(0, 12)} removed the policy, so another one is not simply adopted`,
    `git checkout ${removed.slice(0, 12)}^ -- .protectionrc  # bring back the one that was removed`,
  );
}
