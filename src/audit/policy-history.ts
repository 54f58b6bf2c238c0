import type { Repository } from '../git/repository.ts';
import { type LoadedPolicy, type Oid, policyNames } from '../model/index.ts';
import { validPolicy } from '../policy/load.ts';
import type { LandedStep } from '../sources/landed.ts';
import type { AuditLapse } from './facts.ts';
import { firstWords, type PolicyWords, policyWords } from './policy-words.ts';

/** Does a step move the policy? */
export function movesPolicy({ steps }: Pick<LandedStep, 'steps'>): boolean {
  return steps.some(({ path }) => (policyNames as readonly string[]).includes(path));
}

/** What a step made of the policy. @param before what stood approved until then; null: nothing did */
export async function wordsOf(repository: Repository, commit: Oid, before: LoadedPolicy | null): Promise<PolicyWords> {
  const after = await validPolicy(repository, commit);
  if (after && before) {
    const words = policyWords(before.policy, after.policy);
    return words.says.length > 0 ? words : { says: ['nothing that it means changed'], weaker: [] };
  }
  if (after) return { says: firstWords(after.policy), weaker: [] };
  const text = (await holdsPolicy(repository, commit))
    ? 'the policy is not valid: the last valid one goes on to judge'
    : 'the policy was removed: the last valid one goes on to judge';
  return { says: [text], weaker: [text] };
}

async function holdsPolicy(repository: Repository, commit: Oid): Promise<boolean> {
  const tree = await repository.tree(`${commit}^{tree}`);
  return (tree?.entries ?? []).some(({ name }) => (policyNames as readonly string[]).includes(name));
}

/** The times in which no valid policy stood on the branch. @param base what the line begins with */
export async function lapsesIn(repository: Repository, base: Oid, line: readonly LandedStep[]): Promise<AuditLapse[]> {
  const lapses: AuditLapse[] = [];
  let open: Omit<AuditLapse, 'to'> | null = null;
  for (const commit of [base, ...line.filter(movesPolicy).map((step) => step.commit)]) {
    const isValid = (await validPolicy(repository, commit)) !== null;
    if (isValid && open) lapses.push({ ...open, to: commit });
    if (isValid) open = null;
    else
      open ??= {
        from: commit,
        says: (await holdsPolicy(repository, commit)) ? 'the policy was not valid' : 'there was no policy',
      };
  }
  return open ? [...lapses, { ...open, to: null }] : lapses;
}
