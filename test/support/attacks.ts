import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { is, match } from 'uvu/assert';
import { namespace, unarmor } from '../../src/approvals/ssh-signature.ts';
import {
  approvalsFolder,
  type SignedState,
  type Statement,
  writeApproval,
  writePayload,
} from '../../src/approvals/statement.ts';
import { folder, type Key, type Repo, type Result, run } from './world.ts';

export const project = '0123456789abcdef0123456789abcdef';

/** The other content that most attacks try to land. */
export const evil = 'export const fee = 666;\n';

/** What stands at a path, as an approval names it. */
export function stateOf(repo: Repo, rev: string, path: string): SignedState | null {
  const entry = repo.git('ls-tree', '-z', rev, '--', path).split('\0')[0]!;
  const [, mode, oid] = /^(\d+) \w+ ([0-9a-f]+)\t/.exec(entry) ?? [];
  if (!mode || !oid) return null;
  if (mode === '160000') return { mode, oid, sha256: '' };
  const content = run(repo.dir, 'git', ['cat-file', 'blob', oid]).stdout;
  return { mode, oid, sha256: createHash('sha256').update(content).digest('hex') };
}

/** The steps from one commit to another at some paths. */
export function stepsOf(repo: Repo, from: string, to: string, ...paths: string[]): Statement['changes'] {
  return paths.map((path) => ({ path, from: stateOf(repo, from, path), to: stateOf(repo, to, path) }));
}

export type Crafted = Partial<Omit<Statement, 'changes'>> & { changes: Statement['changes'] };

/** Makes an approval by hand, whatever it says, and signs it with ssh-keygen. */
export function craft(key: Key, fields: Crafted, space = namespace): { name: string; path: string; content: Buffer } {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const statement: Statement = {
    project,
    targets: ['main'],
    approver: 'lead',
    reason: 'a test',
    issuedAt: new Date(now - 60_000),
    expiresAt: new Date(now + 3_600_000),
    nonce: randomBytes(16).toString('hex'),
    upTo: null,
    ...fields,
  };
  const payload = writePayload(statement);
  const { name, content } = writeApproval(payload, statement, signature(key, payload, space));
  return { name, path: approvalsFolder + name, content };
}

/** The signature blob of ssh-keygen over a text. */
export function signature(key: Key, payload: string | Buffer, space = namespace): Buffer {
  const file = join(folder('sign'), 'payload');
  writeFileSync(file, payload);
  const signed = run(dirname(file), 'ssh-keygen', ['-Y', 'sign', '-n', space, '-f', key.file, file]);
  if (signed.code !== 0) throw new Error(signed.out);
  return unarmor(readFileSync(`${file}.sig`, 'latin1'))!;
}

/** CI on a branch that is proposed for main. */
export function propose(repo: Repo, ...args: string[]): Result {
  return repo.protect('ci', '--no-commands', ...args);
}

/** CI after a push to main. */
export function pushed(repo: Repo, before: string, head = 'HEAD'): Result {
  return repo.protect('ci', '--no-commands', '--event', 'push', '--target', 'main', '--base', before, '--head', head);
}

export function passes(result: Result): void {
  is(result.code, 0, result.out);
}

/** Refused by the check for protected files, for this path. */
export function refused(result: Result, words: string | RegExp = /./): void {
  is(result.code, 1, result.out);
  match(result.out, 'error[protected-files]');
  match(result.out, words);
}

/** Writes an object as it stands, however odd. Returns its id. */
export function writeObject(repo: Repo, type: string, content: Buffer): string {
  const made = run(repo.dir, 'git', ['hash-object', '--literally', '-t', type, '-w', '--stdin'], { input: content });
  if (made.code !== 0) throw new Error(made.out);
  return made.stdout.trim();
}

/** Commits a tree object, past everything. */
export function commitTree(repo: Repo, tree: string, message: string, ...parents: string[]): string {
  return repo.git('commit-tree', tree, '-m', message, ...parents.flatMap((parent) => ['-p', parent]));
}
