import type { Consent, OwnerKey, Policy } from '../model/index.ts';
import { namespace, type SshSignature, touched, verifySignature } from './ssh-signature.ts';
import type { Approval } from './statement.ts';

/** Why an approval does not count. */
export type Fault = Omit<Extract<Consent, { approved: false }>, 'approved'>;

/** How far in the future an approval may be dated, in milliseconds: clocks differ. */
const clockSkew = 5 * 60_000;

/** What an owner has signed: an approval or a waiver. */
interface Signed {
  readonly statement: {
    readonly project: string;
    readonly approver: string;
    readonly issuedAt: Date;
    readonly expiresAt: Date;
  };
  readonly payload: Buffer;
  readonly signature: SshSignature;
}

/** What is asked of it. `lifetime` in milliseconds, `limit` as a person calls it. */
interface Form {
  readonly namespace: string;
  readonly called: string;
  readonly lifetime: number;
  readonly limit: string;
}

/**
 * Checks an approval against a policy and a clock: project, owner, key, signature, times, touch. Not whether it fits a change.
 * @returns what is wrong, or null
 */
export function verifyStatement(approval: Approval, policy: Policy, now: Date): Fault | null {
  const { lifetime } = policy.approvals;
  const form = { namespace, called: by(approval), lifetime, limit: "the policy's approvals.lifetime" };
  return verifySigned(approval, policy, now, form);
}

/** The same for anything that an owner signs. */
export function verifySigned(signed: Signed, policy: Policy, now: Date, form: Form): Fault | null {
  const { statement, signature, payload } = signed;
  const { called } = form;
  const owner = Object.hasOwn(policy.owners, statement.approver) ? policy.owners[statement.approver] : undefined;
  if (!verifySignature(payload, signature, form.namespace))
    return {
      reason: 'signature',
      text: `the signature of ${called} is broken: it does not match the text above it`,
    };
  if (!owner)
    return {
      reason: 'not-owner',
      text: `'${statement.approver}' approved it, but the policy has no owner of that name`,
    };
  if (!owner.keys.some((key: OwnerKey) => key.blob === signature.keyBlob))
    return {
      reason: 'not-owner',
      text: `${called} is signed with a key that is not one of ${statement.approver}'s`,
    };
  if (policy.project === null)
    return { reason: 'project', text: "the policy has no 'project:', so no approval counts; protect init writes one" };
  if (statement.project !== policy.project) return { reason: 'project', text: `${called} is for another project` };
  if (policy.approvals.touch === 'required' && !touched(signature))
    return { reason: 'touch', text: `${called} was signed without touching a hardware key` };
  if (statement.issuedAt.getTime() > now.getTime() + clockSkew)
    return { reason: 'not-yet-valid', text: `${called} is dated in the future (${when(statement.issuedAt)})` };
  const life = statement.expiresAt.getTime() - statement.issuedAt.getTime();
  if (statement.expiresAt.getTime() <= now.getTime())
    return { reason: 'expired', text: `${called} expired on ${when(statement.expiresAt)}` };
  if (life <= 0 || life > form.lifetime)
    return { reason: 'too-long', text: `${called} is valid for longer than ${form.limit}` };
  return null;
}

/** How a person calls an approval. */
export function by(approval: Approval): string {
  return `${approval.statement.approver}'s approval ${approval.name.slice(0, 17)}…`;
}

function when(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
