import { mergedTree } from '../git/merge.ts';
import { missing } from '../git/missing.ts';
import { type OtherSide, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type Oid, Undecided, UsageError } from '../model/index.ts';
import { protectedBranches, trustedTips } from '../rules/rules.ts';
import { shellWord } from '../words/shell-word.ts';
import type { CiEvent } from './ci/event.ts';
import { landedPush, shortName } from './landed-push.ts';
import { findPolicy, knownDefault } from './policy.ts';
import { range } from './ref-update.ts';
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
    throw new Undecided('this clone is shallow: its history is cut off, so nothing can be judged', event.help.depth);
  const other = await remoteSide(repository);
  const head = /^0+$/.test(event.head) ? null : await headOf(repository, event);
  if (event.kind === 'push') return landedPush(repository, event, other, head);
  if (head === null) throw new UsageError('there is no commit to judge', 'name it with --head REV');
  if (event.kind === 'unknown') {
    const built = event.ref === null ? null : shortName(event.ref);
    if (built !== null && (await landsItself(repository, event, other, built, head)))
      return landedPush(repository, { ...event, target: built }, other, head);
  }
  return proposal(repository, event, other, head);
}

/** Is the branch that was built, for a reason the system does not say, one that is protected, or the target itself? */
async function landsItself(
  repository: Repository,
  event: CiEvent,
  other: OtherSide,
  built: string,
  head: Oid,
): Promise<boolean> {
  if (event.target !== null) return event.target === built;
  const { loaded, standard } = await findPolicy(repository, other, {
    said: event.defaultBranch,
    results: async () => [{ name: head, label: head }],
    worktree: false,
  });
  return built === standard || (loaded !== null && protectedBranches(loaded.policy, standard)(built));
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
  const landed = await repository.isAncestor(head, base);
  if (landed) refuseLanded(event, landsOn);
  const tree = direct ? await treeOf(repository, head) : await mergedTree(repository, base, head);
  const change: Change = {
    ref: landsOn === null ? null : `refs/heads/${landsOn}`,
    kind: 'proposal',
    protected: isProtected,
    trusted: false,
    target: isProtected ? landsOn : null,
    base,
    head,
    old: base,
    next: head,
    tips: tips.length > 0 ? tips : [base],
    defaultTip,
    title: policy.landing === 'squash' && !event.queued && !landed ? { text: event.title } : null,
    tree: async () => tree,
    ...range(repository, { base, head, tree: async () => tree, known: [base], states: policy.landing === 'rebase' }),
  };
  const judged = event.builtOn === null ? change : await queued(repository, event, event.builtOn, change);
  return { changes: [judged], loaded, standard, notes: notes(event, landsOn, { direct, landed }) };
}

/**
 * An entry of a merge queue: its base and policy are what has landed, for the entries before it have not; but what it does
 * to what they bring is a step of its own. @throws Undecided when what it builds on is not here
 */
async function queued(repository: Repository, { help }: CiEvent, builtOn: Oid, change: Change): Promise<Change> {
  if ((await repository.commit(builtOn)) === null)
    throw new Undecided(`what the queue builds on (${builtOn.slice(0, 12)}) is not in this clone`, help.depth);
  const head = change.head!;
  const direct = await repository.isAncestor(builtOn, head);
  const tree = direct ? await treeOf(repository, head) : await mergedTree(repository, builtOn, head);
  return { ...change, states: async () => [...(await change.states()), await repository.diff(builtOn, tree)] };
}

/** @throws Undecided where HEAD may be a push to the target itself: the system says neither branch nor reason */
function refuseLanded({ kind, ref, system, help }: CiEvent, landsOn: string | null): void {
  if (kind !== 'unknown' || ref !== null) return;
  const name = landsOn ?? 'its target';
  throw new Undecided(
    `HEAD is on ${name} already, and ${system} does not say what it replaced there`,
    `npx git-protect ci --event push --target ${shellWord(landsOn ?? 'BRANCH')} --base ${help.before ?? 'REV'}`,
  );
}

function notes(event: CiEvent, landsOn: string | null, { direct, landed }: { direct: boolean; landed: boolean }) {
  const [name, target] = [event.head.slice(0, 12), landsOn ?? 'the base'];
  if (landed) return [`nothing to judge: ${name} is ${direct ? `the tip of ${target}` : `on ${target} already`}`];
  if (event.kind !== 'unknown' || event.target !== null) return [];
  return [`${event.system} does not say where this goes, so it is judged for ${target}; --target BRANCH names another`];
}

async function targetTip(
  repository: Repository,
  event: CiEvent,
  other: OtherSide,
  target: string | null,
): Promise<Oid> {
  if (event.base !== null) {
    if (event.system === null) return repository.revision(event.base);
    const base = await repository.commit(event.base);
    if (base !== null) return base;
    throw new Undecided(
      `the commit to compare with (${event.base.slice(0, 12)}) is not in this clone`,
      event.help.depth,
    );
  }
  const tip = target === null ? undefined : other.branches.get(target);
  if (tip) return tip;
  const sha = event.baseSha;
  if (sha !== null && (await repository.commit(sha)) !== null) return sha;
  if (target === null)
    throw new UsageError('there is nothing to compare with', 'name the target with --base REV or --target BRANCH');
  const remote = other.remote ?? 'origin';
  const help = `git fetch ${shellWord(remote)} ${shellWord(`${target}:refs/remotes/${remote}/${target}`)}`;
  if (event.system !== null) throw new Undecided(`the tip of ${target} is not in this clone`, help);
  throw new UsageError(`the tip of ${target} is not known here`, `name it with --base REV, or ${help}`);
}

/** The commit to judge. @throws Undecided when the CI system names one that is not here */
async function headOf(repository: Repository, { system, head, help }: CiEvent): Promise<Oid> {
  if (system !== null && (await repository.commit(head)) === null)
    throw new Undecided(`the commit to judge (${head.slice(0, 12)}) is not in this clone`, help.head ?? help.depth);
  return repository.revision(head);
}

async function treeOf(repository: Repository, commit: Oid): Promise<Oid> {
  const tree = await repository.objects.info(`${commit}^{tree}`);
  if (!tree) throw missing(commit);
  return tree.oid;
}

function withBranch(other: OtherSide, branch: string, oid: Oid): OtherSide {
  return { ...other, branches: new Map([...other.branches, [branch, oid]]) };
}
