import type { Consent, Context } from '../../model/index.ts';
import { shellWord } from '../../words/shell-word.ts';

type Refused = Extract<Consent, { approved: false }>;

/** What refuses on a protected ref only warns elsewhere, where the policy or the server says so. */
export function severityWithoutApproval({ change, policy, gate }: Context): 'error' | 'warning' {
  if (change.protected) return 'error';
  return policy.approvals.needed === 'landing' || gate === 'pre-receive' ? 'warning' : 'error';
}

/**
 * How to get the approval that is missing: the command for whoever can give it here, else the one that asks for it.
 * @param path as text
 */
export async function askOwner(
  context: Context<'approvals'>,
  owners: readonly string[],
  consent: Refused,
  path: string,
): Promise<string> {
  const { agent, gate, change, approvals, otherIndex } = context;
  const signed = consent.by ?? [];
  const missing = owners.filter((owner) => !signed.includes(owner));
  if (agent !== null) return `ask ${missing.join(', ')} to approve this change; only an owner can`;
  const here = gate === 'pre-commit' || gate === 'commit-msg';
  const ends =
    change.base === null || change.head === null
      ? ''
      : `--range ${change.base.slice(0, 12)}..${change.head.slice(0, 12)}`;
  const target = !here && change.target !== null ? ` --target ${shellWord(change.target)}` : '';
  const what = `${here ? '--staged' : ends}${target}`;
  // `commit -a` and `commit PATH` have an index of their own, so nothing of it is staged once they are refused.
  const first = here && otherIndex !== null && /^[\w./-]+$/.test(path) ? `git add ${path} && ` : '';
  const me = await approvals.ownerAtHand();
  if (me !== null && missing.includes(me)) return `${first}npx git-protect approve ${what} --reason "…"`;
  return `${first}npx git-protect request ${what} -o ../change.request  # then send it to ${missing.join(' or ')}`;
}
