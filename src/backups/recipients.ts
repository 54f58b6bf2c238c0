import { createHash } from 'node:crypto';
import { type BackupEnvironment, type Policy, Undecided } from '../model/index.ts';
import type { Recipient } from './age.ts';

/** Who can open the backups of an environment, and whose key cannot be used for it. */
export interface Recipients {
  readonly all: readonly Recipient[];
  /** As manifests name them. */
  readonly names: readonly string[];
  /** Owners whose only keys are of kinds that the format has not. */
  readonly without: readonly string[];
}

/**
 * The recipients that the policy asks for. Hardware, ECDSA and RSA keys sign approvals, and cannot open a file.
 * @throws Undecided when there is nobody
 */
export function recipientsOf(policy: Policy, { encrypt }: BackupEnvironment): Recipients {
  const all: Recipient[] = [];
  const without: string[] = [];
  const addSsh = (blob: string, name: string) => all.push({ kind: 'ssh', blob: Buffer.from(blob, 'base64'), name });
  for (const to of encrypt.to) {
    if (to.startsWith('age1')) all.push({ kind: 'age', text: to });
    else if (to !== 'owners') addSsh(to.split(' ')[1]!, to.split(' ')[2] ?? 'a key of the policy');
    else
      for (const [owner, { keys }] of Object.entries(policy.owners)) {
        const usable = keys.filter(({ type }) => type === 'ssh-ed25519');
        if (usable.length === 0) without.push(owner);
        for (const { blob } of usable) addSsh(blob, owner);
      }
  }
  if (all.length === 0)
    throw new Undecided('nobody could open the backup', "name a key of age under encrypt: { to: ['age1…'] }");
  return { all, names: all.map(nameOf).sort(), without };
}

/** As `ssh-keygen -l` shows a key; a recipient of age by itself. */
function nameOf(recipient: Recipient): string {
  if (recipient.kind === 'age') return recipient.text;
  return `SHA256:${createHash('sha256').update(recipient.blob).digest('base64').replace(/=+$/, '')}`;
}
