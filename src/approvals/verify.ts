import type { Consent, OwnerKey, Policy } from '../model.ts';
import { touched, verifySignature } from './ssh-signature.ts';
import type { Approval } from './statement.ts';

/** Why an approval does not count. */
export type Fault = Omit<Extract<Consent, { approved: false }>, 'approved'>;

/** How far in the future an approval may be dated, in milliseconds: clocks differ. */
const clockSkew = 5 * 60_000;

/**
 * Checks an approval against a policy and a clock: project, owner, key, signature, times, touch. Not whether it fits a change.
 * @returns what is wrong, or null
 */
export function verifyStatement(approval: Approval, policy: Policy, now: Date): Fault | null {
  const { statement, signature, payload } = approval;
  const owner = Object.hasOwn(policy.owners, statement.approver) ? policy.owners[statement.approver] : undefined;
  if (!verifySignature(payload, signature))
    return {
      reason: 'signature',
      text: `the signature of ${by(approval)} is broken: it does not match the text above it`,
    };
  if (!owner)
    return {
      reason: 'not-owner',
      text: `'${statement.approver}' approved it, but the policy has no owner of that name`,
    };
  if (!owner.keys.some((key: OwnerKey) => key.blob === signature.keyBlob))
    return {
      reason: 'not-owner',
      text: `${by(approval)} is signed with a key that is not one of ${statement.approver}'s`,
    };
  if (policy.project === null)
    return { reason: 'project', text: "the policy has no 'project:', so no approval counts; protect init writes one" };
  if (statement.project !== policy.project)
    return { reason: 'project', text: `${by(approval)} is for another project` };
  if (policy.approvals.touch === 'required' && !touched(signature))
    return { reason: 'touch', text: `${by(approval)} was signed without touching a hardware key` };
  if (statement.issuedAt.getTime() > now.getTime() + clockSkew)
    return { reason: 'not-yet-valid', text: `${by(approval)} is dated in the future (${when(statement.issuedAt)})` };
  if (statement.expiresAt.getTime() <= now.getTime())
    return { reason: 'expired', text: `${by(approval)} expired on ${when(statement.expiresAt)}` };
  const life = statement.expiresAt.getTime() - statement.issuedAt.getTime();
  if (life <= 0 || life > policy.approvals.lifetime)
    return { reason: 'too-long', text: `${by(approval)} is valid for longer than the policy's approvals.lifetime` };
  return null;
}

/** How a person calls an approval. */
export function by(approval: Approval): string {
  return `${approval.statement.approver}'s approval ${approval.name.slice(0, 17)}…`;
}

function when(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
