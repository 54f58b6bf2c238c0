import type { Repository } from '../git/repository.ts';
import type { Oid, Policy } from '../model/index.ts';
import { toldStep, type Weighed } from './changes.ts';
import type { AuditApproval, AuditChange, Person, Receipt } from './facts.ts';
import { isOther, signerOf } from './people.ts';
import type { Told } from './population.ts';
import { type Signed, toldApproval } from './signed.ts';

/** What a change is told with. */
export interface Telling {
  readonly repository: Repository;
  readonly signed: Signed;
  readonly commit: Told;
  /** Who brought a step, by its commit. */
  readonly receipts: ReadonlyMap<Oid, Receipt>;
  /** The commit of the step at an index. */
  commitAt(index: number): Oid;
  /** Who wrote what a merge brought; empty: the author of the step did. */
  readonly writers: readonly Person[];
  /** The policy that stood approved before the step. */
  readonly policy: Policy;
}

/** A weighed change as the audit tells it, with the approvals that cover it. */
export async function tellChange(one: Weighed, { commit, writers, ...telling }: Telling): Promise<AuditChange> {
  const authors = writers.length > 0 ? writers : [commit.author];
  const receipt = telling.receipts.get(commit.commit);
  const landed = receipt === undefined ? commit.date : new Date(receipt.at);
  let isLate = false;
  const approvals: AuditApproval[] = [];
  const signer =
    one.approvals.length === 0 ? null : await signed(telling.repository, commit, telling.policy, writers.length > 0);
  for (const name of one.approvals) {
    const found = await telling.signed.find(name);
    if (!found) continue;
    // What came with the same push as the change was there when it landed.
    const push = found.index < 0 ? undefined : telling.receipts.get(telling.commitAt(found.index));
    isLate ||= found.index > one.index && (receipt === undefined || push?.line !== receipt.line);
    const other = isOther(telling.policy, found.approval.statement.approver, authors, signer);
    approvals.push(toldApproval(found.approval, landed, other));
  }
  return {
    commit: commit.commit,
    date: commit.date.toISOString(),
    author: authors[0]!,
    committer: commit.committer,
    ...toldStep(one.step),
    rule: one.guard.pattern,
    risk: one.guard.rule.risk,
    verdict: one.verdict === 'approved' && isLate ? 'afterwards' : one.verdict,
    why: one.why,
    takenBack: one.takenBack,
    approvals,
  };
}

/** Whose key signed the step: of a merge that says nothing of who wrote what it brought. */
async function signed(
  repository: Repository,
  { commit }: { commit: Oid },
  policy: Policy,
  isMerge: boolean,
): Promise<string | null> {
  return isMerge ? null : signerOf(repository, commit, policy);
}
