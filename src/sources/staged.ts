import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type OtherSide, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import type { BytePath, Change, Deployment, GrantedWaiver, Oid, Policy, Step } from '../model/index.ts';
import { loadPolicyAt, type PolicyCache } from '../policy/load.ts';
import { compilePattern, firstMatch, folderPattern } from '../rules/match.ts';
import { compileRules, protectedBranches, trustedTips } from '../rules/rules.ts';
import { findPolicy, type PolicyPlace } from './policy.ts';

/** What a source hands to the judge. */
export interface Sourced extends PolicyPlace {
  readonly changes: readonly Change[];
  /** What the report says besides: that there was nothing to judge, or what was taken for granted. */
  readonly notes?: readonly string[];
  /** What nobody may overlook. */
  readonly headline?: string | undefined;
  /** At pre-deploy: what is deployed. */
  readonly deployment?: Deployment;
  /** What owners let pass there. */
  readonly waivers?: readonly GrantedWaiver[];
  /** In the commit hooks: nothing of the change is guarded, so of the index there is nothing left to judge. */
  readonly free?: boolean;
}

const unasked: OtherSide = { remote: null, branches: new Map(), head: null };

/**
 * The commit in the making: from HEAD to the index that Git names (`commit -a` and `commit PATH` have their own).
 * @param cache given by the hooks; then the other side is asked only where a guarded path changes, because nothing
 * else that they judge depends on it, and asking costs a process
 * @throws Undecided when Git fails or the index has conflicts
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function stagedChange(repository: Repository, cache?: PolicyCache): Promise<Sourced> {
  // The longest of them starts first.
  const steps = repository.diffIndex('HEAD');
  const head = repository.head();
  const tree = () => repository.text(['write-tree']);
  const free = cache === undefined ? Promise.resolve(null) : policyOfFreeChange(repository, steps, cache);
  const side = free.then((policy) => (policy ? unasked : remoteSide(repository)));
  const place = free.then((policy) =>
    policy
      ? { loaded: policy, standard: null }
      : findPolicy(repository, side, {
          first: 'HEAD',
          results: async () => [{ name: await tree(), label: 'index' }],
          worktree: true,
          ...(cache ? { cache } : {}),
        }),
  );
  const [{ loaded, standard }, other, { commit: base, branch: ref }] = await Promise.all([place, side, head, steps]);
  const policy = loaded?.policy;
  const short = ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  const isProtected = policy !== undefined && short !== null && protectedBranches(policy, standard)(short);
  const { tips, defaultTip } = policy ? trustedTips(policy, other, standard) : { tips: [], defaultTip: null };
  let written: Promise<Oid> | undefined;
  const change: Change = {
    ref,
    kind: 'commit',
    protected: isProtected,
    trusted: false,
    target: isProtected ? short : null,
    base,
    head: null,
    old: base,
    next: null,
    tips,
    defaultTip,
    title: null,
    tree: () => (written ??= tree()),
    steps: () => steps,
    states: async () => [],
    commits: async function* () {},
  };
  return { changes: loaded ? [change] : [], loaded, standard, free: (await free) !== null };
}

/** The policy at HEAD, if there is one and nothing of the change can need an approval, or come from another branch. */
async function policyOfFreeChange(repository: Repository, steps: Promise<readonly Step[]>, cache: PolicyCache) {
  const [loaded, changed, { gitDir }] = await Promise.all([
    // An invalid one is looked into by the long way.
    loadPolicyAt(repository, 'HEAD', null, cache).catch((error: Error) => {
      if (error.name === 'PolicyError') return null;
      throw error;
    }),
    steps,
    repository.layout(),
  ]);
  if (!loaded || existsSync(join(gitDir, 'MERGE_HEAD'))) return null;
  const guards = compileRules(loaded.policy);
  const migrations = compileMigrations(loaded.policy);
  const isFree = ({ path }: Step) => guards(path).length === 0 && !migrations(path);
  return changed.every(isFree) ? loaded : null;
}

/** Tells whether a path is, or describes, what migrations do. What has landed of them is asked of the other side. */
function compileMigrations({ migrations }: Policy): (path: BytePath) => boolean {
  const folders = migrations.map(({ folder }) => compilePattern(folderPattern(folder)));
  const schemas = migrations.map(({ schema }) => schema.map(compilePattern));
  return (path) =>
    folders.some((folder) => folder.matches(path)) || schemas.some((patterns) => firstMatch(patterns, path) !== null);
}
