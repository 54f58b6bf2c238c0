import type { BytePath, Consent, OwnerKey, Policy } from '../model/index.ts';
import { namespace, type SshSignature, touched, verifySignature } from './ssh-signature.ts';
import { type Approval, approvalFault, openApproval, parseApproval } from './statement.ts';

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
    /** Null: it does not expire. */
    readonly expiresAt: Date | null;
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

/** What decides whether an approval counts, whatever the path. */
export interface Weighing {
  readonly policy: Policy;
  readonly now: Date;
  /** Short names of the protected branches that it may be for; null: any will do. */
  readonly target: string | readonly string[] | null;
  /** Has what it allows been used? */
  readonly spent: boolean;
}

/** The moment an approval or a waiver is looked at once it has landed: now, or as long as it had not expired. */
export function onceLanded({ statement: { issuedAt, expiresAt } }: Pick<Signed, 'statement'>, now: Date): Date {
  if (expiresAt === null || now < expiresAt) return now;
  return new Date(Math.max(expiresAt.getTime() - 1000, issuedAt.getTime()));
}

/** What is wrong with an approval by itself: the one answer for hooks, CI, server and what has landed. */
export function faultOf(approval: Approval, { policy, now, target, spent }: Weighing): Fault | null {
  if (spent) return { reason: 'spent', text: `${by(approval)} is spent: it has landed before, and counts once` };
  const fault = verifyStatement(approval, policy, now);
  if (fault) return fault;
  const { targets } = approval.statement;
  const wanted = target === null || typeof target !== 'string' ? target : [target];
  if (wanted !== null && !wanted.some((branch) => targets.includes(branch)))
    return { reason: 'wrong-target', text: `${by(approval)} is for ${targets.join(', ')}, not for ${wanted[0]}` };
  return null;
}

/** The same for anything that an owner signs. */
export function verifySigned(signed: Signed, policy: Policy, now: Date, form: Form): Fault | null {
  const { statement, signature, payload } = signed;
  const { called } = form;
  const owner = Object.hasOwn(policy.owners, statement.approver) ? policy.owners[statement.approver] : undefined;
  if (!isWhole(payload, signature, form.namespace))
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
  if (statement.expiresAt === null) return null;
  const life = statement.expiresAt.getTime() - statement.issuedAt.getTime();
  if (statement.expiresAt.getTime() <= now.getTime())
    return { reason: 'expired', text: `${called} expired on ${when(statement.expiresAt)}` };
  if (life <= 0 || life > form.lifetime)
    return { reason: 'too-long', text: `${called} is valid for longer than ${form.limit}` };
  return null;
}

const verified = new WeakMap<SshSignature, boolean>();

/** Verifies a signature once, however often it is asked for. */
function isWhole(payload: Buffer, signature: SshSignature, space: string): boolean {
  const known = verified.get(signature) ?? verifySignature(payload, signature, space);
  verified.set(signature, known);
  return known;
}

/**
 * What an approval is before anything of what it says is read: is it signed, by a key that some owner of the policy has?
 * What is not costs next to nothing.
 */
function isSignedByOwner({ payload, signature }: Pick<Signed, 'payload' | 'signature'>, policy: Policy): boolean {
  const keys = Object.values(policy.owners).flatMap((owner) => owner.keys);
  return keys.some(({ blob }) => blob === signature.keyBlob) && isWhole(payload, signature, namespace);
}

/**
 * What is wrong with an approval that a change adds under a path, or null: its form, its name, or that no owner signed it. What
 * no owner signed is not read any further, unless it is small.
 */
export function additionFault(path: BytePath, content: Buffer, policy: Policy): string | null {
  if (!isReadable(content, policy)) return 'no owner of the policy signed it';
  const fault = approvalFault(path, content);
  if (fault !== null) return fault;
  const { statement, signature, payload } = parseApproval(content);
  const owner = Object.hasOwn(policy.owners, statement.approver) ? policy.owners[statement.approver] : undefined;
  if (!owner?.keys.some(({ blob }) => blob === signature.keyBlob))
    return `it is not signed with a key of the owner it names, ${statement.approver}`;
  return isWhole(payload, signature, namespace) ? null : 'its signature does not match the text above it';
}

/** An approval that no owner signed is read further than its signature only up to this size, in bytes. */
const maxUnsigned = 64 << 10;

/** May it be read: is it small, or signed by an owner? */
export function isReadable(content: Buffer, policy: Policy): boolean {
  return content.length <= maxUnsigned || isOwners(content, policy);
}

function isOwners(content: Buffer, policy: Policy): boolean {
  try {
    return isSignedByOwner(openApproval(content), policy);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return false;
    throw error;
  }
}

/** How a person calls an approval. */
export function by(approval: Approval): string {
  return `${approval.statement.approver}'s approval ${approval.name.slice(0, 17)}…`;
}

function when(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
