import type { Policy } from '../model/index.ts';
import { parseSignature, type SshSignature, splitArmor, unarmor } from './ssh-signature.ts';
import { limits, line, matching, readTime, record, writeTime } from './statement.ts';
import { parseStrictJson } from './strict-json.ts';
import { verifySigned } from './verify.ts';
import { waiverLifetime } from './waiver.ts';

/** What binds a signature to a restore, so that no approval and no waiver of a deploy can pass for it. */
export const restoreNamespace = 'git-protect.restore.v1';

/** What an owner says: this backup may take the place of what this environment holds. The format is in docs/databases.md. */
export interface RestoreStatement {
  readonly project: string;
  readonly environment: string;
  /** SHA-256 of the dump itself, as it is once it is opened. */
  readonly sha256: string;
  readonly approver: string;
  readonly reason: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** 128 random bits in hex: it counts once. */
  readonly nonce: string;
}

/** A statement as an owner signed it. Parsed, not yet verified. */
export interface RestoreWaiver {
  readonly statement: RestoreStatement;
  readonly payload: Buffer;
  readonly signature: SshSignature;
}

/** The bytes that are signed. */
export function writeRestorePayload(statement: RestoreStatement): string {
  const { issuedAt, expiresAt } = statement;
  const json = { version: 1, ...statement, issuedAt: writeTime(issuedAt), expiresAt: writeTime(expiresAt) };
  return `${JSON.stringify(json, null, 2)}\n`;
}

const fields = [
  'version',
  'project',
  'environment',
  'sha256',
  'approver',
  'reason',
  'issuedAt',
  'expiresAt',
  'nonce',
] as const;

/** Parses it as strictly as an approval. @throws SyntaxError or RangeError saying what is wrong */
export function parseRestoreWaiver(content: Buffer): RestoreWaiver {
  if (content.length > limits.file) throw new RangeError(`is ${content.length} bytes, the limit is ${limits.file}`);
  const text = content.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(content)) throw new SyntaxError('is not UTF-8');
  const parts = splitArmor(text);
  const blob = parts && unarmor(parts.armor);
  if (!parts || !blob) throw new SyntaxError('has no SSH signature after its JSON');
  const raw = record(parseStrictJson(parts.payload), fields, 'the waiver of a restore');
  if (raw.version !== 1) throw new SyntaxError('is of an unknown version');
  const statement: RestoreStatement = {
    project: line(raw.project, 'project'),
    environment: line(raw.environment, 'environment'),
    sha256: matching(raw.sha256, /^[0-9a-f]{64}$/, 'sha256'),
    approver: line(raw.approver, 'approver'),
    reason: line(raw.reason, 'reason'),
    issuedAt: readTime(raw.issuedAt, 'issuedAt'),
    expiresAt: readTime(raw.expiresAt, 'expiresAt'),
    nonce: matching(raw.nonce, /^[0-9a-f]{32}$/, 'nonce'),
  };
  return { statement, payload: Buffer.from(parts.payload, 'utf8'), signature: parseSignature(blob) };
}

/** Why it does not count for restoring a backup onto an environment, in a sentence; null when it does. */
export function restoreFault(
  waiver: RestoreWaiver,
  to: { readonly policy: Policy; readonly now: Date; readonly environment: string; readonly sha256: string },
): string | null {
  const { statement } = waiver;
  const called = `${statement.approver}'s waiver`;
  const form = { namespace: restoreNamespace, lifetime: waiverLifetime.longest, limit: '24 hours', called };
  const fault = verifySigned(waiver, to.policy, to.now, form);
  if (fault) return fault.text;
  if (statement.environment !== to.environment)
    return `${called} is for ${statement.environment}, not for ${to.environment}`;
  if (statement.sha256 !== to.sha256)
    return `${called} is for the backup with sha256 ${statement.sha256.slice(0, 12)}…, and this one has ${to.sha256.slice(0, 12)}…`;
  return null;
}
