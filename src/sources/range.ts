import { mergedTree } from '../git/merge.ts';
import { type OtherSide, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type Oid, Undecided, UsageError } from '../model.ts';
import { loadPolicyAt } from '../policy/load.ts';
import { protectedBranches, trustedTips } from '../policy/rules.ts';
import type { CiEvent } from './ci-event.ts';
import { findPolicy, knownDefault } from './policy.ts';
import { range, refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/**
 * What CI has to judge: a proposal merged into its target, or a push that has happened.
 * @throws UsageError when there is nothing to compare with, or a revision is ambiguous
 * @throws Undecided for a shallow clone, a conflict, or objects that are missing
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function rangeChange(repository: Repository, event: CiEvent): Promise<Sourced> {
  await repository.layout();
  if (await repository.isShallow())
    throw new Undecided('this clone is shallow: its history is cut off, so nothing can be judged', event.depthHelp);
  const other = await remoteSide(repository);
  return event.kind === 'proposal'
    ? proposal(repository, event, other, await headOf(repository, event))
    : push(repository, event, other);
}

async function proposal(repository: Repository, event: CiEvent, other: OtherSide, head: Oid): Promise<Sourced> {
  const standardSaid = await knownDefault(repository, other, event.defaultBranch);
  const target = event.target ?? standardSaid;
  const base = await targetTip(repository, event, other, target);
  const known = target === null ? other : withBranch(other, target, base);
  const isDefault = target === null || (standardSaid ?? target) === target;
  const { loaded, standard } = await findPolicy(
    repository,
    isDefault && target !== null ? { ...known, head: target } : known,
    {
      said: standardSaid ?? target,
      ...(isDefault ? { only: base } : {}),
      results: async () => [{ name: head, label: head }],
      worktree: false,
    },
  );
  if (!loaded) return { changes: [], loaded, standard };
  const { policy } = loaded;
  const landsOn = target ?? standard;
  const isProtected = landsOn === null || protectedBranches(policy, standard)(landsOn);
  const { tips, defaultTip } = trustedTips(policy, known, standard);
  const direct = await repository.isAncestor(base, head);
  const tree = direct ? await treeOf(repository, head) : await mergedTree(repository, base, head);
  const change: Change = {
    ref: landsOn === null ? null : `refs/heads/${landsOn}`,
    kind: 'proposal',
    protected: isProtected,
    target: isProtected ? landsOn : null,
    base,
    head,
    old: base,
    next: head,
    tips: tips.length > 0 ? tips : [base],
    defaultTip,
    title: policy.landing === 'squash' ? event.title : null,
    tree: async () => tree,
    ...range(repository, { base, head, tree, known: tips, states: policy.landing === 'rebase' }),
  };
  return { changes: [change], loaded, standard };
}

async function push(repository: Repository, event: CiEvent, other: OtherSide): Promise<Sourced> {
  const said = await knownDefault(repository, other, event.defaultBranch);
  const branch = event.target ?? (event.ref === null ? said : null);
  const ref = branch === null ? event.ref : `refs/heads/${branch}`;
  if (ref === null) throw new UsageError('which branch was pushed is unknown', 'name it with --target BRANCH');
  const short = ref.replace(/^refs\/heads\//, '');
  const head = /^0+$/.test(event.head) ? null : await headOf(repository, event);
  const old = await oldTip(repository, event, other, short);
  // A tracking ref of the pushed branch already shows the push itself, so what it held before is taken instead.
  const before = new Map(other.branches);
  if (old === null) before.delete(short);
  else before.set(short, old);
  const known = { ...other, branches: before };
  const { loaded, standard } = await findPolicy(repository, known, {
    said,
    creates: new Set(old === null ? [short] : []),
    results: async () => (head === null ? [] : [{ name: head, label: head }]),
    worktree: false,
  });
  if (!loaded) return { changes: [], loaded, standard };
  if (loaded.bootstrap === 'adoption' && old === null && (await loadPolicyAt(repository, `${head}^1`, `${head}^1`)))
    throw new Undecided(
      `${short} looks new, yet it had a policy before its last commit: what it held before the push is unknown`,
      'name it: protect ci --event push --target BRANCH --base REV',
    );
  const to = { policy: loaded.policy, other: known, standard };
  return { changes: await refUpdateChanges(repository, [{ ref, old, next: head }], to), loaded, standard };
}

async function targetTip(
  repository: Repository,
  event: CiEvent,
  other: OtherSide,
  target: string | null,
): Promise<Oid> {
  if (event.base !== null) return repository.revision(event.base);
  const tip = target === null ? undefined : other.branches.get(target);
  if (tip) return tip;
  const sha = event.baseSha;
  if (sha !== null && (await repository.commit(sha)) !== null) return sha;
  if (target === null)
    throw new UsageError('there is nothing to compare with', 'name the target with --base REV or --target BRANCH');
  const help = `git fetch ${other.remote ?? 'origin'} ${target}:refs/remotes/${other.remote ?? 'origin'}/${target}`;
  if (event.system !== null) throw new Undecided(`the tip of ${target} is not in this clone`, help);
  throw new UsageError(`the tip of ${target} is not known here`, `name it with --base REV, or ${help}`);
}

/** What the ref held before the push: null for zeros; not said, the target's trusted tip. */
async function oldTip(repository: Repository, event: CiEvent, other: OtherSide, short: string): Promise<Oid | null> {
  const { base, depthHelp } = event;
  if (base === null) {
    const tip = other.branches.get(short);
    if (tip) return tip;
    throw new UsageError(
      `what ${short} held before the push is not known here`,
      'name it with --base REV; zeros for a new ref',
    );
  }
  if (/^0+$/.test(base)) return null;
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(base)) return repository.revision(base);
  const commit = await repository.commit(base);
  if (commit === null)
    throw new Undecided(
      `the commit before the push (${base.slice(0, 12)}) is not in this clone; after a force push nothing refers to it`,
      `${depthHelp}; or git fetch origin ${base}`,
    );
  return commit;
}

/** The commit to judge. @throws Undecided when the CI system names one that is not here */
async function headOf(repository: Repository, event: CiEvent): Promise<Oid> {
  if (event.system !== null && (await repository.commit(event.head)) === null)
    throw new Undecided(`the commit to judge (${event.head.slice(0, 12)}) is not in this clone`, event.depthHelp);
  return repository.revision(event.head);
}

async function treeOf(repository: Repository, commit: Oid): Promise<Oid> {
  const tree = await repository.objects.info(`${commit}^{tree}`);
  if (!tree) throw new Undecided(`object ${commit} is missing`, 'git fetch');
  return tree.oid;
}

function withBranch(other: OtherSide, branch: string, oid: Oid): OtherSide {
  return { ...other, branches: new Map([...other.branches, [branch, oid]]) };
}
