import type { Repository } from '../git/repository.ts';
import { type Oid, UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import type { AuditAfter } from './facts.ts';
import type { Told } from './population.ts';

/**
 * Index of the first step that is asked for.
 * @param since a day or a moment as ISO writes it; anything else is a revision, and the steps after it are meant
 * @throws UsageError when it is neither, or not behind the branch
 */
export async function rangeOf(
  repository: Repository,
  since: string | null,
  commits: readonly Told[],
  tip: Oid,
): Promise<number> {
  if (since === null) return 0;
  if (/^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$/.test(since)) {
    const from = new Date(since);
    if (Number.isNaN(from.getTime())) throw new UsageError(`'${since}' is not a date`, 'write it as 2026-11-20');
    // Clocks differ: from the first step that is as young on, all are told.
    const index = commits.findIndex(({ date }) => date >= from);
    return index < 0 ? commits.length : index;
  }
  const commit = await repository.revision(since);
  if (!(await repository.isAncestor(commit, tip)))
    throw new UsageError(
      `${visible(since)} is not behind the branch`,
      'name a commit that has landed, or a day such as 2026-11-20',
    );
  const own = commits.findIndex((one) => one.commit === commit);
  if (own >= 0) return own + 1;
  let [low, high] = [0, commits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (await repository.isAncestor(commit, commits[middle]!.commit)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Is the tip of an earlier audit still behind the branch? @throws UsageError when it is no revision of this clone */
export async function tipBefore(repository: Repository, typed: string, tip: Oid): Promise<AuditAfter> {
  const isId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(typed);
  // One that is gone altogether is the plainest sign of all.
  if (isId && (await repository.commit(typed)) === null) return { tip: typed, kept: false };
  const before = await repository.revision(typed);
  return { tip: before, kept: await repository.isAncestor(before, tip) };
}
