import { createHash } from 'node:crypto';
import { readPath, showPath } from '../git/raw.ts';
import { approvalsFolder, type BytePath, type Oid, type State } from '../model/index.ts';
import { armor, parseSignature, type SshSignature, splitArmor, unarmor } from './ssh-signature.ts';
import { type Json, parseStrictJson } from './strict-json.ts';

export { approvalsFolder };

/** A state together with the SHA-256 of the content, which no SHA-1 collision can forge. Empty for a gitlink. */
export interface SignedState {
  readonly mode: string;
  readonly oid: string;
  readonly sha256: string;
}

/** One path of an approval, and the two states it goes between. */
export interface SignedStep {
  readonly path: BytePath;
  readonly from: SignedState | null;
  readonly to: SignedState | null;
}

/** What an owner signs; docs/approvals.md shows the format. */
export interface Statement {
  readonly project: string;
  readonly targets: readonly string[];
  readonly approver: string;
  readonly reason: string;
  readonly issuedAt: Date;
  /** Null for a word on history, which does not expire. */
  readonly expiresAt: Date | null;
  /** 128 random bits in hex. */
  readonly nonce: string;
  /** Empty for a word on history. */
  readonly changes: readonly SignedStep[];
  /** A word on history: the owner stands by all that landed up to this commit. Null for an approval of changes. */
  readonly upTo: Oid | null;
}

/** An approval as it lies in the tree. Parsed, not yet verified. */
export interface Approval {
  readonly name: string;
  readonly statement: Statement;
  readonly payload: Buffer;
  readonly signature: SshSignature;
}

export const approvalName = /^\d{8}-[0-9a-f]{16}\.approval$/;
/** Bytes of one approval file, steps in it, new ones in one change, and bytes of all of these that an owner signed. */
export const limits = { file: 1 << 20, steps: 2000, perChange: 1000, bytes: 32 << 20 } as const;

/** The bytes that are signed. */
export function writePayload(statement: Statement): string {
  const state = (s: SignedState | null) =>
    s &&
    `{ "mode": ${JSON.stringify(s.mode)}, "oid": ${JSON.stringify(s.oid)}, "sha256": ${JSON.stringify(s.sha256)} }`;
  const changes = statement.changes.map(
    (step) =>
      `    { "path": ${JSON.stringify(showPath(step.path))},\n      "from": ${state(step.from)},\n      "to": ${state(step.to)} }`,
  );
  return [
    '{',
    '  "version": 1,',
    `  "project": ${JSON.stringify(statement.project)},`,
    `  "targets": ${JSON.stringify(statement.targets)},`,
    `  "approver": ${JSON.stringify(statement.approver)},`,
    `  "reason": ${JSON.stringify(statement.reason)},`,
    `  "issuedAt": ${JSON.stringify(writeTime(statement.issuedAt))},`,
    ...(statement.expiresAt === null ? [] : [`  "expiresAt": ${JSON.stringify(writeTime(statement.expiresAt))},`]),
    `  "nonce": ${JSON.stringify(statement.nonce)},`,
    statement.upTo === null
      ? `  "changes": [\n${changes.join(',\n')}\n  ]`
      : `  "upTo": ${JSON.stringify(statement.upTo)}`,
    '}',
    '',
  ].join('\n');
}

/** The name an approval must have: its day, and the first 16 hex digits of SHA-256 over the signed bytes. */
export function fileName(payload: Buffer | string, issuedAt: Date): string {
  const day = writeTime(issuedAt).slice(0, 10).replaceAll('-', '');
  return `${day}-${createHash('sha256').update(payload).digest('hex').slice(0, 16)}.approval`;
}

/** The file and its name, from the signed bytes and the signature blob. */
export function writeApproval(
  payload: string,
  statement: Statement,
  signature: Buffer,
): { name: string; content: Buffer } {
  return { name: fileName(payload, statement.issuedAt), content: Buffer.from(payload + armor(signature)) };
}

/**
 * Parses an approval file, strictly: no trailing bytes, no repeated or unknown key, canonical armor.
 * @throws SyntaxError or RangeError saying what is wrong
 */
export function parseApproval(content: Buffer): Approval {
  const { payload, signature } = openApproval(content);
  const statement = readStatement(parseStrictJson(payload.toString('utf8')));
  return { name: fileName(payload, statement.issuedAt), statement, payload, signature };
}

/** The signed bytes and the signature, before anything of what they say is read. @throws SyntaxError or RangeError */
export function openApproval(content: Buffer): Pick<Approval, 'payload' | 'signature'> {
  if (content.length > limits.file) throw new RangeError(`is ${content.length} bytes, the limit is ${limits.file}`);
  const text = content.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(content)) throw new SyntaxError('is not UTF-8');
  const parts = splitArmor(text);
  if (!parts) throw new SyntaxError('has no SSH signature after its JSON');
  const blob = unarmor(parts.armor);
  if (!blob) throw new SyntaxError('has a malformed signature block');
  return { payload: Buffer.from(parts.payload, 'utf8'), signature: parseSignature(blob) };
}

/** What is wrong with an approval file under this path, or null. Not who signed it. */
export function approvalFault(path: BytePath, content: Buffer): string | null {
  try {
    const { name } = parseApproval(content);
    return path === approvalsFolder + name ? null : `must be called ${approvalsFolder}${name}`;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return error.message;
    throw error;
  }
}

/** The same file as one line to send in a chat. */
export function writeToken(content: Buffer): string {
  return `pt1_${content.toString('base64url')}`;
}

/** The file inside a token. @throws SyntaxError when the token is not whole */
export function readToken(token: string): Buffer {
  const body = /^pt1_([A-Za-z0-9_-]+)$/.exec(token.trim())?.[1];
  const content = Buffer.from(body ?? '', 'base64url');
  if (!body || content.toString('base64url') !== body) throw new SyntaxError('is not a whole token (pt1_…)');
  return content;
}

/** To the second, in UTC. */
export function writeTime(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

const common = ['version', 'project', 'targets', 'approver', 'reason', 'issuedAt', 'nonce'] as const;

function readStatement(json: Json): Statement {
  const isWord = typeof json === 'object' && json !== null && 'upTo' in json;
  const fields = isWord ? ([...common, 'upTo'] as const) : ([...common, 'expiresAt', 'changes'] as const);
  const raw: Record<(typeof common)[number], Json> & { [name in 'upTo' | 'expiresAt' | 'changes']?: Json } = record(
    json,
    fields,
    'the approval',
  );
  if (raw.version !== 1) throw new SyntaxError('is of an unknown version');
  const targets = array(raw.targets, 'targets', 1, 32).map((target) => line(target, 'a target'));
  const changes = isWord ? [] : array(raw.changes, 'changes', 1, limits.steps).map(readStep);
  if (new Set(changes.map((step) => step.path)).size !== changes.length) throw new SyntaxError('lists a path twice');
  return {
    project: line(raw.project, 'project'),
    targets,
    approver: line(raw.approver, 'approver'),
    reason: line(raw.reason, 'reason'),
    issuedAt: readTime(raw.issuedAt, 'issuedAt'),
    expiresAt: isWord ? null : readTime(raw.expiresAt, 'expiresAt'),
    nonce: matching(raw.nonce, /^[0-9a-f]{32}$/, 'nonce'),
    changes,
    upTo: isWord ? matching(raw.upTo, /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'upTo') : null,
  };
}

function readStep(json: Json): SignedStep {
  const raw = record(json, ['path', 'from', 'to'], 'a change');
  const path = readPath(line(raw.path, 'a path'));
  if (path === null) throw new SyntaxError('has a path in an unknown form');
  const from = readState(raw.from);
  const to = readState(raw.to);
  if (stateKey(from) === stateKey(to)) throw new SyntaxError(`approves no change of ${showPath(path)}`);
  return { path, from, to };
}

/** @throws SyntaxError when the state is not exactly mode, oid and sha256 */
export function readState(json: Json | undefined): SignedState | null {
  if (json === null) return null;
  const raw = record(json, ['mode', 'oid', 'sha256'], 'a state');
  const mode = matching(raw.mode, /^(100644|100755|120000|160000)$/, 'mode');
  const oid = matching(raw.oid, /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'oid');
  const sha256 = matching(raw.sha256, mode === '160000' ? /^$/ : /^[0-9a-f]{64}$/, 'sha256');
  return { mode, oid, sha256 };
}

/** Do two states hold the same, as Git names it? */
export function sameState(a: State | null, b: State | null): boolean {
  return a?.oid === b?.oid && a?.mode === b?.mode;
}

/** A state as a key: equal keys, equal states. */
export function stateKey(state: SignedState | null): string {
  return state === null ? 'absent' : `${state.mode} ${state.oid} ${state.sha256}`;
}

/** An object with exactly these keys. @throws SyntaxError */
export function record<K extends string>(json: Json | undefined, keys: readonly K[], what: string): Record<K, Json> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new SyntaxError(`${what} is not an object`);
  for (const key of keys) if (!(key in json)) throw new SyntaxError(`${what} has no '${key}'`);
  for (const key of Object.keys(json))
    if (!keys.includes(key as K)) throw new SyntaxError(`${what} has an unknown key '${key.slice(0, 40)}'`);
  return json as Record<K, Json>;
}

/** A list of `min` to `max` values. @throws SyntaxError */
export function array(json: Json | undefined, what: string, min: number, max: number): Json[] {
  if (!Array.isArray(json) || json.length < min || json.length > max)
    throw new SyntaxError(`${what} is not a list of ${min} to ${max}`);
  return json;
}

/** One line of text without control characters. @throws SyntaxError */
export function line(json: Json | undefined, what: string): string {
  if (typeof json !== 'string' || json.length === 0 || json.length > 4096)
    throw new SyntaxError(`${what} is not a text of 1 to 4096 characters`);
  if (what !== 'a path' && /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(json))
    throw new SyntaxError(`${what} holds a control character`);
  return json;
}

/** A text of a given form. @throws SyntaxError */
export function matching(json: Json | undefined, form: RegExp, what: string): string {
  if (typeof json !== 'string' || !form.test(json)) throw new SyntaxError(`${what} is not in the expected form`);
  return json;
}

/** @throws SyntaxError when it is not as `writeTime` writes it */
export function readTime(json: Json | undefined, what: string): Date {
  const text = matching(json, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, what);
  const time = new Date(text);
  if (Number.isNaN(time.getTime()) || writeTime(time) !== text) throw new SyntaxError(`${what} is not a date`);
  return time;
}
