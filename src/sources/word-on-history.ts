import { LandedConsents } from '../approvals/landed.ts';
import { type LandedPlace, Line } from '../approvals/line.ts';
import { approvalsFolder, limits } from '../approvals/statement.ts';
import type { Repository } from '../git/repository.ts';
import { type Oid, Undecided } from '../model/index.ts';
import { validPolicy } from '../policy/load.ts';
import { landedSteps, policyHeldSince } from './landed.ts';

/** The branch whose history is looked at. */
interface Where {
  readonly base: Oid;
  readonly now: Date;
  /** Short name of the branch that approvals must be for; null: any will do. */
  readonly branch: string | null;
  /** The default branch: what landed there is judged by what was approved for it. */
  readonly standard: { readonly branch: string; readonly tip: Oid | null } | null;
}

/** Who agreed to the steps of a branch. @throws Undecided when an object is missing, or the history is cut off */
export async function landedConsents(
  repository: Repository,
  line: readonly LandedPlace[],
  { base, now, branch, standard }: Where,
): Promise<LandedConsents> {
  const elsewhere = branch !== null && standard !== null && standard.branch !== branch && standard.tip !== null;
  const there = elsewhere ? await repository.text(['rev-list', '--first-parent', standard.tip!]) : '';
  const landedThere = new Set(there.split('\n'));
  return LandedConsents.gather(repository, new Line(base, line), {
    now,
    target: (commit) => (branch === null ? null : landedThere.has(commit) ? [branch, standard!.branch] : [branch]),
    policyAt: (commit) => validPolicy(repository, commit),
  });
}

/**
 * The newest word on history: the commit up to which an owner of the policy that last stood approved stands by all that landed.
 * @param began where the policy began; null: that is not known, and it is looked for along the first parents
 * @returns null when nobody gave one
 * @throws Undecided when an object is missing, or the history is cut off
 */
export async function wordOnHistory(
  repository: Repository,
  head: Oid,
  { base: began, ...where }: Omit<Where, 'base'> & { readonly base: Oid | null },
): Promise<Oid | null> {
  if (!(await holdsWord(repository, head))) return null;
  const base = began ?? (await policyHeldSince(repository, head));
  if (base === null) return null;
  const line = await landedSteps(repository, base, head);
  return (await landedConsents(repository, line, { ...where, base })).word();
}

/** Is there an approval in the tree that says so? Most repositories have none, and need not be walked for it. */
async function holdsWord(repository: Repository, head: Oid): Promise<boolean> {
  const folder = await repository.tree(`${head}:${approvalsFolder.slice(0, -1)}`);
  for (const { mode, oid } of folder?.entries ?? []) {
    if (mode !== '100644') continue;
    const blob = await repository.objects.read(oid, limits.file);
    if (!blob) throw new Undecided(`the object ${oid} is missing`, 'git fetch --refetch');
    if (blob.content.includes('upTo')) return true;
  }
  return false;
}
