import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { birthOf, hostMark, isAlive } from '../git/alive.ts';
import { UsageError } from '../model/index.ts';

/** Milliseconds to wait for another run. */
const patience = 30_000;

interface Alone {
  /** The file that says who is at it; it goes with the run. */
  readonly lock: string;
  /** What the others wait for: `changing the hooks`. */
  readonly doing: string;
  /** Milliseconds between two looks. */
  readonly pause?: number;
}

/** A lock that this run has. */
export interface Held {
  release(): Promise<void>;
}

/**
 * Lets one run at a time do something on this machine.
 * @throws UsageError when another run does not end
 */
export async function alone<T>({ lock, doing, pause = 50 }: Alone, act: () => Promise<T>): Promise<T> {
  let held = await takeLock(lock);
  for (const start = Date.now(); held === null; held = await takeLock(lock)) {
    if (Date.now() - start >= patience)
      throw new UsageError(`another git-protect is ${doing} (${lock})`, `rm -r ${lock}*, if there is none`);
    await new Promise((done) => setTimeout(done, pause));
  }
  try {
    return await act();
  } finally {
    await held.release();
  }
}

/**
 * Takes the lock if nobody has it, or whoever had it was killed. A killed owner is succeeded by name, in a file that only
 * one can make: if each took away what the dead one left, a slow one would take away what a quick one has just made.
 * @returns null when another run has it
 */
export async function takeLock(lock: string): Promise<Held | null> {
  await mkdir(dirname(lock), { recursive: true });
  const own = [process.pid, randomBytes(8).toString('hex'), hostMark, birthOf(process.pid) ?? '-'].join(' ');
  const held = { release: () => release(lock, own) };
  const chain = await owners(lock);
  const last = chain.at(-1);
  if (last === undefined) return (await claims(lock, own)) ? held : null;
  if (!isGone(last.text)) return null;
  const name = successor(lock, last.text);
  if (!(await claims(name, own))) return null;
  // Whoever let go meanwhile took the first name away, and with it what this one stands on.
  if ((await readClaim(lock)) === chain[0]!.text) return held;
  await rm(name, { force: true });
  return null;
}

/** Which process has a lock; null: none. */
export async function ownerOf(lock: string): Promise<{ pid: number; isHere: boolean } | null> {
  const text = (await owners(lock)).at(-1)?.text;
  if (text === undefined || isGone(text)) return null;
  const [pid, , host] = text.split(' ');
  return { pid: Number(pid), isHere: host === undefined || host === hostMark };
}

/** Takes away what a run left that is known to be over, whoever it was. */
export async function breakLock(lock: string): Promise<void> {
  for (const { name } of await owners(lock)) await rm(name, { force: true });
}

/** Has the process ended? Of another machine's that cannot be known. */
function isGone(text: string): boolean {
  const [pid, , host, birth] = text.split(' ');
  if (text === '' || (host !== undefined && host !== hostMark)) return false;
  if (!isAlive(Number(pid))) return true;
  return birth !== undefined && birth !== '-' && birthOf(Number(pid)) !== birth;
}

interface Claim {
  readonly name: string;
  /** Process id, a number of its own, machine and birth; empty while it is being written. */
  readonly text: string;
}

/** The owner, and behind a dead one who came after it. */
async function owners(lock: string): Promise<Claim[]> {
  const chain: Claim[] = [];
  for (let name = lock; ; name = successor(lock, chain.at(-1)!.text)) {
    const text = await readClaim(name);
    if (text === null) return chain;
    chain.push({ name, text });
  }
}

const successor = (lock: string, text: string) => `${lock}.after.${text.split(' ')[1] ?? ''}`;

/** Whole or not at all: a run that is killed here leaves no lock that nobody can read. */
async function claims(name: string, own: string): Promise<boolean> {
  const beside = `${name}.new.${own.split(' ').slice(0, 2).join('.')}`;
  try {
    await writeFile(beside, own, { flag: 'wx' });
    await link(beside, name);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!withoutLinks.includes(code ?? '')) throw error;
    return await writesOnly(name, own);
  } finally {
    await rm(beside, { force: true });
  }
}

/** What file systems say that have no hard links. */
const withoutLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

async function writesOnly(name: string, own: string): Promise<boolean> {
  try {
    await writeFile(name, own, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readClaim(name: string): Promise<string | null> {
  try {
    return await readFile(name, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Takes the names away, the first one first, and what killed runs began to write. */
async function release(lock: string, own: string): Promise<void> {
  const chain = await owners(lock);
  if (chain.at(-1)?.text !== own) return;
  for (const { name } of chain) await rm(name, { force: true });
  for (const name of await readdir(dirname(lock))) {
    const pid = name.startsWith(`${basename(lock)}.`) ? /\.new\.(\d+)\.[0-9a-f]+$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dirname(lock), name), { force: true });
  }
}
