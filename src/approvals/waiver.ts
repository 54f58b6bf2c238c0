import type { Policy } from '../model/index.ts';
import { parseSignature, type SshSignature, splitArmor, unarmor } from './ssh-signature.ts';
import { array, fileName, limits, line, matching, readTime, record, writeTime } from './statement.ts';
import { parseStrictJson } from './strict-json.ts';
import { verifySigned } from './verify.ts';

/** What binds a signature to waivers, so that an approval cannot pass for one. */
export const waiverNamespace = 'git-protect.waiver.v1';

/** How long a waiver holds, in milliseconds: when nothing is said, and at most. */
export const waiverLifetime = { standard: 4 * 36e5, longest: 24 * 36e5 } as const;

/** What an owner lets pass: checks of one commit before its deploy to one environment. The format is in docs/predeploy.md. */
export interface WaiverStatement {
  readonly project: string;
  readonly environment: string;
  readonly commit: string;
  /** Check ids. */
  readonly checks: readonly string[];
  readonly approver: string;
  readonly reason: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** 128 random bits in hex. */
  readonly nonce: string;
}

/** A waiver as an owner signed it. Parsed, not yet verified. */
export interface Waiver {
  readonly name: string;
  readonly statement: WaiverStatement;
  readonly payload: Buffer;
  readonly signature: SshSignature;
  /** The whole file. */
  readonly content: Buffer;
}

/** The bytes that are signed. */
export function writeWaiverPayload(statement: WaiverStatement): string {
  const { issuedAt, expiresAt } = statement;
  const json = { version: 1, ...statement, issuedAt: writeTime(issuedAt), expiresAt: writeTime(expiresAt) };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/**
 * Parses a waiver as strictly as an approval.
 * @throws SyntaxError or RangeError saying what is wrong
 */
export function parseWaiver(content: Buffer): Waiver {
  if (content.length > limits.file) throw new RangeError(`is ${content.length} bytes, the limit is ${limits.file}`);
  const text = content.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(content)) throw new SyntaxError('is not UTF-8');
  const parts = splitArmor(text);
  const blob = parts && unarmor(parts.armor);
  if (!parts || !blob) throw new SyntaxError('has no SSH signature after its JSON');
  const fields = ['version', 'project', 'environment', 'commit', 'checks', 'approver'] as const;
  const raw = record(
    parseStrictJson(parts.payload),
    [...fields, 'reason', 'issuedAt', 'expiresAt', 'nonce'],
    'the waiver',
  );
  if (raw.version !== 1) throw new SyntaxError('is of an unknown version');
  const statement: WaiverStatement = {
    project: line(raw.project, 'project'),
    environment: line(raw.environment, 'environment'),
    commit: matching(raw.commit, /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'commit'),
    checks: array(raw.checks, 'checks', 1, 64).map((id) => matching(id, /^[a-z][a-z0-9-]{0,63}$/, 'a check')),
    approver: line(raw.approver, 'approver'),
    reason: line(raw.reason, 'reason'),
    issuedAt: readTime(raw.issuedAt, 'issuedAt'),
    expiresAt: readTime(raw.expiresAt, 'expiresAt'),
    nonce: matching(raw.nonce, /^[0-9a-f]{32}$/, 'nonce'),
  };
  const payload = Buffer.from(parts.payload, 'utf8');
  return { name: fileName(payload, statement.issuedAt), statement, payload, signature: parseSignature(blob), content };
}

/**
 * Why a waiver does not count for a deploy, in a sentence; null when it does.
 * @param waivable may the check of this id be waived at all?
 */
export function waiverFault(
  waiver: Waiver,
  { policy, now, environment, commit }: { policy: Policy; now: Date; environment: string; commit: string },
  waivable: (id: string) => boolean,
): string | null {
  const { statement } = waiver;
  const form = { namespace: waiverNamespace, lifetime: waiverLifetime.longest, limit: '24 hours' };
  const fault = verifySigned(waiver, policy, now, { ...form, called: `${statement.approver}'s waiver` });
  if (fault) return fault.text;
  if (statement.environment !== environment)
    return `${statement.approver}'s waiver is for ${statement.environment}, not for ${environment}`;
  if (statement.commit !== commit)
    return `${statement.approver}'s waiver is for commit ${statement.commit.slice(0, 12)}, and this is ${commit.slice(0, 12)}`;
  const never = statement.checks.find((id) => !waivable(id));
  return never === undefined ? null : `${never} cannot be waived`;
}
