import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { keyFromFile, type LocalKey, localKeys, makeKey } from '../approvals/keys.ts';
import type { Porcelain } from '../git/porcelain.ts';
import type { Repository } from '../git/repository.ts';
import type { Io } from './io.ts';
import type { Unsure } from './unsure.ts';

/** Who may approve from the first day on. */
export interface FirstOwner {
  readonly name: string;
  readonly key: LocalKey;
}

/** The owner's key: the one named, Git's signing key, `~/.ssh/*.pub`, or one made now if a person says so. */
export async function findOwner(
  repository: Repository,
  porcelain: Porcelain,
  io: Io,
  flags: { owner: string | undefined; key: string | undefined; unsure: Unsure },
): Promise<FirstOwner | null> {
  const name = flags.owner ?? (await ownName(porcelain));
  if (flags.key !== undefined) return { name, key: await keyFromFile(flags.key, io.cwd) };
  const [first] = await localKeys(repository, io.env);
  if (first) return { name, key: first };
  const file = join(io.env['HOME'] || homedir(), '.ssh', 'id_ed25519');
  if (existsSync(file) || !(await flags.unsure.yes(`No SSH key was found. Make ${file}?`, false))) return null;
  await makeKey(file, name, io.env);
  return { name, key: await keyFromFile(file, io.cwd) };
}

async function ownName(porcelain: Porcelain): Promise<string> {
  const word = ((await porcelain.config('user.name')) ?? '')
    .trim()
    .split(/\s+/)[0]!
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]/g, '')
    .toLowerCase();
  return /^[a-z0-9]/.test(word) ? word.slice(0, 64) : 'owner';
}
