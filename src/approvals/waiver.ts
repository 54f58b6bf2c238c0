import type { Policy } from '../model/index.ts';
import { parseSignature, type SshSignature, splitArmor, unarmor } from './ssh-signature.ts';
import { array, fileName, limits, line, matching, readTime, record, writeTime } from './statement.ts';
import { type Json, parseStrictJson } from './strict-json.ts';
import { verifySigned } from './verify.ts';

/** What binds a signature to waivers or to ticks, so that neither an approval nor one of the other kind can pass for it. */
export const waiverNamespace = 'git-protect.waiver.v1';
export const tickNamespace = 'git-protect.tick.v1';

/** How long a waiver or a tick holds, in milliseconds: when nothing is said, and at most. */
export const waiverLifetime = { standard: 4 * 36e5, longest: 24 * 36e5 } as const;

/** What an owner says of one commit before its deploy to one environment. The format is in docs/predeploy.md. */
interface DeployStatement {
  readonly project: string;
  readonly environment: string;
  readonly commit: string;
  readonly approver: string;
  readonly reason: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** 128 random bits in hex. */
  readonly nonce: string;
}

/** Checks, by id, that may be passed over. */
export interface WaiverStatement extends DeployStatement {
  readonly checks: readonly string[];
}

/** Items of the checklist, by id, that are done. */
export interface TickStatement extends DeployStatement {
  readonly ticks: readonly string[];
}

/** A statement as an owner signed it. Parsed, not yet verified. */
interface SignedStatement<S> {
  readonly name: string;
  readonly statement: S;
  readonly payload: Buffer;
  readonly signature: SshSignature;
  /** The whole file. */
  readonly content: Buffer;
}
export type Waiver = SignedStatement<WaiverStatement>;
export type Tick = SignedStatement<TickStatement>;

/** What a statement is held against. */
interface Deploy {
  readonly policy: Policy;
  readonly now: Date;
  readonly environment: string;
  readonly commit: string;
}

/** The bytes that are signed. */
export function writeWaiverPayload(statement: WaiverStatement | TickStatement): string {
  const { issuedAt, expiresAt } = statement;
  const json = { version: 1, ...statement, issuedAt: writeTime(issuedAt), expiresAt: writeTime(expiresAt) };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/**
 * Parses a waiver as strictly as an approval.
 * @throws SyntaxError or RangeError saying what is wrong
 */
export function parseWaiver(content: Buffer): Waiver {
  const { ids, statement, ...signed } = parse(content, 'checks', 'the waiver', 'a check');
  return { ...signed, statement: { ...statement, checks: ids } };
}

/** The same of a tick. @throws SyntaxError or RangeError saying what is wrong */
export function parseTick(content: Buffer): Tick {
  const { ids, statement, ...signed } = parse(content, 'ticks', 'the tick', 'an item');
  return { ...signed, statement: { ...statement, ticks: ids } };
}

/** Whichever of the two it is. @throws SyntaxError or RangeError saying what is wrong */
export function parseWaiverOrTick(content: Buffer): { readonly waiver: Waiver } | { readonly tick: Tick } {
  // Only which of the strict readers comes first: neither takes the other kind.
  return content.includes('"ticks"') && !content.includes('"checks"')
    ? { tick: parseTick(content) }
    : { waiver: parseWaiver(content) };
}

function parse(
  content: Buffer,
  list: 'checks' | 'ticks',
  what: string,
  item: string,
): SignedStatement<DeployStatement> & { readonly ids: readonly string[] } {
  if (content.length > limits.file) throw new RangeError(`is ${content.length} bytes, the limit is ${limits.file}`);
  const text = content.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(content)) throw new SyntaxError('is not UTF-8');
  const parts = splitArmor(text);
  const blob = parts && unarmor(parts.armor);
  if (!parts || !blob) throw new SyntaxError('has no SSH signature after its JSON');
  const fields = ['version', 'project', 'environment', 'commit', list, 'approver'] as const;
  const raw: Record<string, Json> = record(
    parseStrictJson(parts.payload),
    [...fields, 'reason', 'issuedAt', 'expiresAt', 'nonce'],
    what,
  );
  if (raw['version'] !== 1) throw new SyntaxError('is of an unknown version');
  const statement: DeployStatement = {
    project: line(raw['project'], 'project'),
    environment: line(raw['environment'], 'environment'),
    commit: matching(raw['commit'], /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'commit'),
    approver: line(raw['approver'], 'approver'),
    reason: line(raw['reason'], 'reason'),
    issuedAt: readTime(raw['issuedAt'], 'issuedAt'),
    expiresAt: readTime(raw['expiresAt'], 'expiresAt'),
    nonce: matching(raw['nonce'], /^[0-9a-f]{32}$/, 'nonce'),
  };
  const ids = array(raw[list], list, 1, 64).map((id) => matching(id, /^[a-z][a-z0-9-]{0,63}$/, item));
  const payload = Buffer.from(parts.payload, 'utf8');
  const name = fileName(payload, statement.issuedAt);
  return { name, statement, ids, payload, signature: parseSignature(blob), content };
}

/**
 * Why a waiver does not count for a deploy, in a sentence; null when it does.
 * @param waivable may the check of this id be waived at all?
 */
export function waiverFault(waiver: Waiver, deploy: Deploy, waivable: (id: string) => boolean): string | null {
  const fault = faultOf(waiver, deploy, waiverNamespace, 'waiver');
  if (fault !== null) return fault;
  const never = waiver.statement.checks.find((id) => !waivable(id));
  return never === undefined ? null : `${never} cannot be waived`;
}

/** Why a tick does not count for a deploy, in a sentence; null when it does. */
export function tickFault(tick: Tick, deploy: Deploy): string | null {
  return faultOf(tick, deploy, tickNamespace, 'tick');
}

function faultOf(
  signed: SignedStatement<DeployStatement>,
  { policy, now, environment, commit }: Deploy,
  namespace: string,
  noun: string,
): string | null {
  const { statement } = signed;
  const called = `${statement.approver}'s ${noun}`;
  const form = { namespace, lifetime: waiverLifetime.longest, limit: '24 hours', called };
  const fault = verifySigned(signed, policy, now, form);
  if (fault) return fault.text;
  if (statement.environment !== environment) return `${called} is for ${statement.environment}, not for ${environment}`;
  if (statement.commit !== commit)
    return `${called} is for commit ${statement.commit.slice(0, 12)}, and this is ${commit.slice(0, 12)}`;
  return null;
}
