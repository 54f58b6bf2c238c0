import { missing } from '../git/missing.ts';
import { remoteSide, symbolicHead } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type Oid, UsageError } from '../model/index.ts';
import { protectedBranches, trustedTips } from '../rules/rules.ts';
import { findPolicy } from './policy.ts';
import { range } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/** What an owner is asked to look at: this branch against its target, a range, or what has landed: one commit, or from A to B. */
export type Look =
  | { readonly kind: 'branch' }
  | { readonly kind: 'range'; readonly range: string }
  | { readonly kind: 'landed'; readonly revision: string };

/**
 * The committed change that an approval is wanted for. A range `A..B` starts from where B left A.
 * @throws UsageError when a revision is unknown or ambiguous, or the range is malformed
 */
export async function branchChange(repository: Repository, look: Look): Promise<Sourced> {
  const [other, ref] = await Promise.all([remoteSide(repository), symbolicHead(repository)]);
  const place = await findPolicy(repository, other, { first: 'HEAD', results: async () => [], worktree: true });
  const { loaded, standard } = place;
  if (!loaded) return { ...place, changes: [] };
  const short = ref?.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  const isProtected = short !== null && protectedBranches(loaded.policy, standard)(short);
  const { tips, defaultTip } = trustedTips(loaded.policy, other, standard);
  const target = isProtected ? short : standard;
  const tip =
    (target === null ? undefined : other.branches.get(target)) ??
    defaultTip ??
    (target === null ? null : await repository.commit(`refs/heads/${target}`));
  const { base, head } = await ends(repository, look, tip);
  const tree = (await repository.objects.info(`${head}^{tree}`))?.oid;
  if (!tree) throw missing(head);
  const change: Change = {
    ref,
    kind: 'update',
    protected: true,
    trusted: false,
    target,
    base,
    head,
    old: base,
    next: head,
    tips,
    defaultTip,
    title: null,
    tree: async () => tree,
    ...range(repository, { base, head, tree: async () => tree, known: tips, states: false }),
  };
  return { ...place, changes: [change] };
}

async function ends(repository: Repository, look: Look, tip: Oid | null): Promise<{ base: Oid | null; head: Oid }> {
  if (look.kind === 'landed') {
    const ends = /^(.+?)\.\.([^.].*)?$/.exec(look.revision);
    const head = await repository.revision(ends ? (ends[2] ?? 'HEAD') : look.revision);
    if (!ends) return { base: await repository.commit(`${head}^1`), head };
    const base = await repository.revision(ends[1]!);
    if (!(await repository.isAncestor(base, head)))
      throw new UsageError(
        `${ends[1]} is not behind ${ends[2] ?? 'HEAD'}`,
        'name two commits of one branch, the older first',
      );
    return { base, head };
  }
  if (look.kind === 'branch') {
    const head = await repository.revision('HEAD');
    return { base: tip === null ? null : await repository.mergeBase(tip, head), head };
  }
  const match = /^(.+?)\.\.([^.].*)?$/.exec(look.range);
  if (!match) throw new UsageError(`--range is '${look.range}', expected A..B`);
  const [from, head] = [await repository.revision(match[1]!), await repository.revision(match[2] ?? 'HEAD')];
  return { base: await repository.mergeBase(from, head), head };
}
