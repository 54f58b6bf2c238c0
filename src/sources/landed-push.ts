import type { OtherSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Oid, policyNames, Undecided, UsageError } from '../model/index.ts';
import { protectedBranches } from '../rules/rules.ts';
import { shellWord } from '../words/shell-word.ts';
import type { CiEvent } from './ci/event.ts';
import { findPolicy, knownDefault } from './policy.ts';
import { refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/**
 * A push that has happened, judged from what the ref held before.
 * @param head what the ref holds now; null: it was deleted
 * @throws UsageError when nothing says which branch was pushed, or what it held
 * @throws Undecided when what a protected ref held before is unknown or not here
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function landedPush(
  repository: Repository,
  event: CiEvent,
  other: OtherSide,
  head: Oid | null,
): Promise<Sourced> {
  const said = await knownDefault(repository, other, event.defaultBranch);
  const branch = event.target ?? (event.ref === null ? said : null);
  const ref = branch === null ? event.ref : `refs/heads/${branch}`;
  if (ref === null) throw new UsageError('which branch was pushed is unknown', 'name it with --target BRANCH');
  const short = shortName(ref);
  const found = await oldTip(repository, event, other, { ref, head });
  if (found instanceof Undecided && (await isGuarded(repository, other, said, { ref, head }))) throw found;
  const old = found instanceof Undecided ? (other.branches.get(short) ?? null) : found;
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
  if (loaded.bootstrap === 'adoption' && old === null && head !== null && (await hadPolicy(repository, head)))
    throw new Undecided(
      `${short} looks new, yet it had a policy before its last commit: what it held before the push is unknown`,
      `npx git-protect ci --event push --target ${shellWord(short)} --base REV`,
    );
  const to = { policy: loaded.policy, other: known, standard };
  const changes = await refUpdateChanges(repository, [{ ref, old, next: head }], to);
  const notes = old !== null && old === head ? [`nothing to judge: ${short} holds what it held before`] : [];
  return { changes, loaded, standard, notes };
}

/** Does any commit before this one, on any line of its history, bring, change or remove a policy? */
async function hadPolicy(repository: Repository, head: Oid): Promise<boolean> {
  const { topLevel } = await repository.layout();
  const args = ['rev-list', '--full-history', '--max-count=2', head, '--', ...policyNames];
  const touched = await repository.text(args, topLevel === null ? {} : { cwd: topLevel });
  return touched.split('\n').some((commit) => commit !== '' && commit !== head);
}

/** `main` of `refs/heads/main`; any other ref as it is. */
export function shortName(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}

/**
 * What the ref held before the push: null for zeros; where the command line does not say it, the target's trusted tip.
 * An Undecided is returned and not thrown, because nobody asks for it where the ref is not protected.
 */
async function oldTip(
  repository: Repository,
  event: CiEvent,
  other: OtherSide,
  { ref, head }: { ref: string; head: Oid | null },
): Promise<Oid | null | Undecided> {
  const { base, system, help } = event;
  const short = shortName(ref);
  if (base === null) {
    const tip = other.branches.get(short);
    // Behind the pushed commit the tracking ref is older than the push; at it, the clone shows the push itself.
    if (tip && (system === null || (head !== null && tip !== head && (await repository.isAncestor(tip, head)))))
      return tip;
    if (system !== null)
      return new Undecided(
        `${system} does not say what ${short} held before`,
        `npx git-protect ci --event push --target ${shellWord(short)} --base ${help.before ?? 'REV'}`,
      );
    throw new UsageError(
      `what ${short} held before the push is not known here`,
      'name it with --base REV; zeros for a new ref',
    );
  }
  if (/^0+$/.test(base)) return null;
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(base)) return repository.revision(base);
  const commit = await repository.commit(base);
  if (commit !== null) return commit;
  return new Undecided(
    `the commit before the push (${base.slice(0, 12)}) is not in this clone; after a force push nothing refers to it`,
    `${help.depth}; or git fetch origin ${base}`,
  );
}

/** Does it matter what the ref held before: is it a protected branch, or a tag where tags are protected? */
async function isGuarded(
  repository: Repository,
  other: OtherSide,
  said: string | null,
  { ref, head }: { ref: string; head: Oid | null },
): Promise<boolean> {
  const results = async () => (head === null ? [] : [{ name: head, label: head }]);
  const { loaded, standard } = await findPolicy(repository, other, { said, results, worktree: false });
  if (loaded === null) return false;
  return ref.startsWith('refs/heads/')
    ? protectedBranches(loaded.policy, standard)(shortName(ref))
    : Object.keys(loaded.policy.tags).length > 0;
}
