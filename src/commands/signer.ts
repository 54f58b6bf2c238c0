import { keyFromFile, type LocalKey, localKeys, ownerOf } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import type { Repository } from '../git/repository.ts';
import { type Policy, UsageError } from '../model/index.ts';
import type { Io } from './io.ts';

/** The key to sign with, and whose it is. @throws UsageError when none here is an owner's */
export async function chooseKey(
  repository: Repository,
  io: Io,
  policy: Policy,
  flags: { as?: string | undefined; key?: string | undefined },
): Promise<{ key: LocalKey; owner: string }> {
  const as = flags.as;
  if (as !== undefined && !Object.hasOwn(policy.owners, as))
    throw new UsageError(`the policy has no owner '${as}'`, `its owners: ${Object.keys(policy.owners).join(', ')}`);
  const keys = flags.key === undefined ? await localKeys(repository, io.env) : [await keyFromFile(flags.key, io.cwd)];
  for (const key of keys) {
    const owner = ownerOf(policy, key.key);
    if (owner !== null && (as === undefined || as === owner)) return { key, owner };
  }
  const looked =
    keys.map(({ file, key }) => `${file || 'user.signingkey'} (${fingerprint(key)})`).join(', ') ||
    'user.signingkey and ~/.ssh/*.pub, and found none';
  throw new UsageError(
    `no key here belongs to ${as ?? 'an owner'}; looked at ${looked}`,
    'name one with --key FILE, or ask an owner: npx git-protect request',
  );
}
