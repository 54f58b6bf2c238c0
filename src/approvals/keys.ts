import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Repository } from '../git/repository.ts';
import { type OwnerKey, type Policy, Undecided, UsageError } from '../model/index.ts';
import { parsePublicKey } from './public-key.ts';
import { namespace, unarmor } from './ssh-signature.ts';

/** A public key on this machine, and the file that leads ssh-keygen to its private half. */
export interface LocalKey {
  readonly file: string;
  readonly key: OwnerKey;
}

/** The keys at hand: Git's `user.signingkey` first, then `~/.ssh/*.pub`. Files that hold no usable key are passed over. */
export async function localKeys(repository: Repository, env: NodeJS.ProcessEnv): Promise<LocalKey[]> {
  const home = env['HOME'] || homedir();
  const configured = ((await repository.configured('user.signingkey')) ?? '')
    .trim()
    .replace(/^key::/, '')
    .replace(/^~(?=\/)/, home);
  const found: LocalKey[] = [];
  if (/^(sk-)?(ssh|ecdsa)-/.test(configured)) add(found, '', configured);
  else if (configured !== '') await addFile(found, configured.replace(/(\.pub)?$/, '.pub'));
  for (const name of (await list(join(home, '.ssh'))).sort())
    if (name.endsWith('.pub')) await addFile(found, join(home, '.ssh', name));
  return found;
}

/** The name of the owner one of whose keys is on this machine, or null. */
export async function ownerAtHand(
  repository: Repository,
  policy: Policy,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  const keys = await localKeys(repository, env);
  for (const { key } of keys) {
    const owner = ownerOf(policy, key);
    if (owner !== null) return owner;
  }
  return null;
}

/** The owner a key belongs to, or null. */
export function ownerOf(policy: Policy, key: Pick<OwnerKey, 'blob'>): string | null {
  return Object.entries(policy.owners).find(([, { keys }]) => keys.some(({ blob }) => blob === key.blob))?.[0] ?? null;
}

/** The key that a file names, private or public. @throws UsageError when there is no usable public key beside it */
export async function keyFromFile(file: string, cwd: string): Promise<LocalKey> {
  const path = resolve(cwd, file).replace(/(\.pub)?$/, '.pub');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`, `ssh-keygen -y -f ${file} > ${path} writes it`);
  });
  const key = parsePublicKey(text);
  if (typeof key === 'string') throw new UsageError(`${path} ${key}`);
  return { file: path, key };
}

/**
 * Signs bytes as an approval (or in another namespace) with ssh-keygen, or the program that Git is set to use instead. The passphrase, the agent
 * and the hardware key are its business.
 * @returns the signature blob
 * @throws Undecided when it did not sign
 * @see https://man.openbsd.org/ssh-keygen#Y
 */
export async function sign(
  repository: Repository,
  payload: Buffer,
  key: LocalKey,
  env: NodeJS.ProcessEnv,
  space = namespace,
): Promise<Buffer> {
  const program = (await repository.configured('gpg.ssh.program'))?.trim() || 'ssh-keygen';
  const folder = await mkdtemp(join(tmpdir(), 'protect-sign-'));
  try {
    const file = join(folder, 'approval');
    await writeFile(file, payload, { mode: 0o600 });
    const keyFile = key.file || join(folder, 'key.pub');
    if (key.file === '') await writeFile(keyFile, `${key.key.type} ${key.key.blob}\n`);
    await runSigner(program, ['-Y', 'sign', '-n', space, '-f', keyFile, file], env);
    const blob = unarmor(await readFile(`${file}.sig`, 'latin1'));
    if (!blob) throw new Undecided(`${program} wrote a signature in an unknown form`);
    return blob;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runSigner(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env, stdio: ['inherit', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 4096) stderr += chunk.toString();
    });
    child.on('error', (error) =>
      fail(new Undecided(`${program} could not be started: ${error.message}`, 'install OpenSSH')),
    );
    child.on('close', (code) => {
      const last = stderr.trim().split('\n').at(-1);
      if (code === 0) done();
      else
        fail(
          new Undecided(
            `${program} did not sign: ${last || `exit code ${code}`}`,
            'is the private key here, or in your agent (ssh-add -l)?',
          ),
        );
    });
  });
}

/** Makes an Ed25519 key; ssh-keygen asks for the passphrase itself. @throws Undecided when it made none */
export function makeKey(file: string, comment: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('ssh-keygen', ['-t', 'ed25519', '-f', file, '-C', comment], { env, stdio: 'inherit' });
    child.on('error', (error) =>
      fail(new Undecided(`ssh-keygen could not be started: ${error.message}`, 'install OpenSSH')),
    );
    child.on('close', (code) => (code === 0 ? done() : fail(new Undecided('ssh-keygen made no key'))));
  });
}

function add(found: LocalKey[], file: string, line: string): void {
  const key = parsePublicKey(line);
  if (typeof key !== 'string' && !found.some((other) => other.key.blob === key.blob)) found.push({ file, key });
}

async function addFile(found: LocalKey[], file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(absent);
  if (text !== null) add(found, file, text);
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(absent)) ?? [];
}

/** Keys that cannot be read are not at hand; whoever needs one is told which were looked at. */
function absent(_error: NodeJS.ErrnoException): null {
  return null;
}
