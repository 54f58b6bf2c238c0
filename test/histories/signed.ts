import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign as signBytes } from 'node:crypto';
import { namespace } from '../../src/approvals/ssh-signature.ts';
import {
  type SignedState,
  type SignedStep,
  type Statement,
  writeApproval,
  writePayload,
} from '../../src/approvals/statement.ts';

/** What owners sign: approvals of steps and words on history, made without a process. */

export const project = '0123456789abcdef0123456789abcdef';

export const policyPath = '.protectionrc';
export const paths = ['server/a', 'server/b', 'server/c', 'server/d'] as const;
export type Path = (typeof paths)[number] | typeof policyPath;
export const allPaths: readonly Path[] = [...paths, policyPath];

/** What stands at a path: a letter, of the policy its text; `-`: nothing. */
export type Letter = string;
export const absent: Letter = '-';

export interface Signer {
  readonly name: string;
  readonly key: KeyObject;
  readonly blob: Buffer;
  /** As a policy lists it. */
  readonly line: string;
}

const field = (value: Buffer | string) => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

export function signer(name: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const blob = Buffer.concat([field('ssh-ed25519'), field(raw)]);
  return { name, key: privateKey, blob, line: `ssh-ed25519 ${blob.toString('base64')} k` };
}

export interface SignedLetter {
  readonly path: Path;
  readonly from: Letter;
  readonly to: Letter;
}

export interface Approval {
  readonly name: string;
  readonly by: Signer;
  readonly targets: readonly string[];
  /** Empty for a word on history. */
  readonly steps: readonly SignedLetter[];
  /** Commit id up to which the owner stands by all; null: an approval of steps. */
  readonly upTo: string | null;
  readonly content: Buffer;
}

export const contentOf = (path: Path, letter: Letter) => Buffer.from(path === policyPath ? letter : `${letter}\n`);

export function gitId(type: string, content: Buffer): string {
  return createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex');
}

function stateOf(path: Path, letter: Letter): SignedState | null {
  if (letter === absent) return null;
  const content = contentOf(path, letter);
  return { mode: '100644', oid: gitId('blob', content), sha256: createHash('sha256').update(content).digest('hex') };
}

/** All was signed a minute ago, and committed half a minute ago. */
const issuedAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
export const committedAt = issuedAt.getTime() / 1000 + 30;

export function approvalOf(by: Signer, steps: Approval['steps'], ...targets: string[]): Approval {
  const changes: SignedStep[] = steps.map(({ path, from, to }) => ({
    path,
    from: stateOf(path, from),
    to: stateOf(path, to),
  }));
  return sign(by, steps, null, {
    ...unsaid(by, targets),
    expiresAt: new Date(issuedAt.getTime() + 3_600_000),
    changes,
    upTo: null,
  });
}

export function wordOf(by: Signer, upTo: string, ...targets: string[]): Approval {
  return sign(by, [], upTo, { ...unsaid(by, targets), expiresAt: null, changes: [], upTo });
}

const unsaid = ({ name }: Signer, targets: readonly string[]) => ({
  project,
  targets,
  approver: name,
  reason: 'r',
  issuedAt,
  nonce: randomBytes(16).toString('hex'),
});

function sign(by: Signer, steps: Approval['steps'], upTo: string | null, statement: Statement): Approval {
  const payload = writePayload(statement);
  const hash = createHash('sha512').update(payload).digest();
  const form = [field(namespace), field(''), field('sha512')];
  const signature = signBytes(null, Buffer.concat([Buffer.from('SSHSIG'), ...form, field(hash)]), by.key);
  const blob = Buffer.concat([
    Buffer.from('SSHSIG\0\0\0\x01'),
    field(by.blob),
    ...form,
    field(Buffer.concat([field('ssh-ed25519'), field(signature)])),
  ]);
  const { name, content } = writeApproval(payload, statement, blob);
  return { name, by, targets: statement.targets, steps, upTo, content };
}
