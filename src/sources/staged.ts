import { remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import type { Change, Oid } from '../model.ts';
import type { PolicyCache } from '../policy/load.ts';
import { protectedBranches, trustedTips } from '../policy/rules.ts';
import { findPolicy, type PolicyPlace } from './policy.ts';

/** What a source hands to the judge. */
export interface Sourced extends PolicyPlace {
  readonly changes: readonly Change[];
  /** What the report says besides: that there was nothing to judge, or what was taken for granted. */
  readonly notes?: readonly string[];
}

/**
 * The commit in the making: from HEAD to the index that Git names (`commit -a` and `commit PATH` have their own).
 * @throws Undecided when Git fails or the index has conflicts
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function stagedChange(repository: Repository, cache?: PolicyCache): Promise<Sourced> {
  // The longest of them starts first.
  const steps = repository.diffIndex('HEAD');
  const head = repository.head();
  const other = remoteSide(repository);
  const tree = () => repository.text(['write-tree']);
  const place = findPolicy(repository, other, {
    first: 'HEAD',
    results: async () => [{ name: await tree(), label: 'index' }],
    worktree: true,
    ...(cache ? { cache } : {}),
  });
  const [{ loaded, standard }, side, { commit: base, branch: ref }] = await Promise.all([place, other, head, steps]);
  const policy = loaded?.policy;
  const short = ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  const isProtected = policy !== undefined && short !== null && protectedBranches(policy, standard)(short);
  const { tips, defaultTip } = policy ? trustedTips(policy, side, standard) : { tips: [], defaultTip: null };
  let written: Promise<Oid> | undefined;
  const change: Change = {
    ref,
    kind: 'commit',
    protected: isProtected,
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
  return { changes: loaded ? [change] : [], loaded, standard };
}
