import { parseSignature, splitArmor, unarmor, verifySignature } from '../approvals/ssh-signature.ts';
import type { Repository } from '../git/repository.ts';
import type { Oid, Policy } from '../model/index.ts';
import type { Answer, Person } from './facts.ts';

/** The longest commit that is read for its signature, in bytes. */
const maxCommit = 1 << 20;

/**
 * Is the approver somebody else than those who wrote a change? Known where one of them is called as an owner is, or as a key of
 * theirs says, or signed the commit with it. A name is a claim: anybody can write it.
 * @param signer the owner whose key signed the commit; null: none did
 */
export function isOther(policy: Policy, approver: string, writers: readonly Person[], signer: string | null): Answer {
  if (signer === approver) return 'no';
  const answers = writers.map((writer): Answer => {
    const owners = Object.keys(policy.owners).filter((owner) => isCalled(policy, owner, writer));
    if (owners.includes(approver)) return 'no';
    return owners.length > 0 ? 'yes' : 'unknown';
  });
  if (answers.includes('no')) return 'no';
  return answers.length > 0 && answers.every((answer) => answer === 'yes') ? 'yes' : 'unknown';
}

function isCalled({ owners }: Policy, owner: string, { name, email }: Person): boolean {
  const known = [owner, ...(owners[owner]?.keys.map(({ comment }) => comment) ?? [])].map(fold);
  const called = [name, email, email.split('@')[0]!].map(fold).filter((text) => text !== '');
  return called.some((text) => known.includes(text));
}

const fold = (text: string) => text.normalize('NFC').toLowerCase().trim();

/** The owner whose key signed a commit as Git signs with SSH; null: none of the policy's did, or the signature is broken. */
export async function signerOf(repository: Repository, commit: Oid, policy: Policy): Promise<string | null> {
  const object = await repository.objects.read(commit, maxCommit);
  if (object?.type !== 'commit') return null;
  const text = object.content.toString('latin1');
  const header = /^gpgsig(?:-sha256)? (.*\n(?: .*\n)*)/m.exec(text.slice(0, text.indexOf('\n\n') + 1));
  if (!header) return null;
  const payload = text.replace(header[0], '');
  const parts = splitArmor(`\n${header[1]!.replaceAll('\n ', '\n')}`);
  const blob = parts && unarmor(parts.armor);
  if (!blob) return null;
  try {
    const signature = parseSignature(blob);
    if (!verifySignature(Buffer.from(payload, 'latin1'), signature, 'git')) return null;
    const owner = Object.entries(policy.owners).find(([, { keys }]) =>
      keys.some((key) => key.blob === signature.keyBlob),
    );
    return owner?.[0] ?? null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}
