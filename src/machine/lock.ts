import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAlive } from '../git/alive.ts';
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

/**
 * Lets one run at a time do something on this machine.
 * @throws UsageError when another run does not end
 */
export async function alone<T>({ lock, doing, pause = 50 }: Alone, act: () => Promise<T>): Promise<T> {
  const own = `${process.pid} ${randomBytes(8).toString('hex')} ${startOf(process.pid) ?? ''}`.trim();
  await mkdir(dirname(lock), { recursive: true });
  for (const start = Date.now(); !(await take(lock, own)); ) {
    if (Date.now() - start >= patience)
      throw new UsageError(`another git-protect is ${doing} (${lock})`, `rm -r ${lock}*, if there is none`);
    await new Promise((done) => setTimeout(done, pause));
  }
  try {
    return await act();
  } finally {
    await release(lock, own);
  }
}

/**
 * Takes the lock if nobody has it, or whoever had it was killed. A killed owner is succeeded by name, in a file that only
 * one can make: if each took away what the dead one left, a slow one would take away what a quick one has just made.
 */
async function take(lock: string, own: string): Promise<boolean> {
  const chain = await owners(lock);
  const last = chain.at(-1);
  if (last === undefined) return claims(lock, own);
  const [pid, , start] = last.text.split(' ');
  if (last.text === '' || (isAlive(Number(pid)) && isSame(Number(pid), start))) return false;
  const name = successor(lock, last.text);
  if (!(await claims(name, own))) return false;
  // Whoever let go meanwhile took the first name away, and with it what this one stands on.
  if ((await readClaim(lock)) === chain[0]!.text) return true;
  await rm(name, { force: true });
  return false;
}

/** Numbers of processes come again: is it still the one that took the lock? Where that cannot be told, it is. */
function isSame(pid: number, start: string | undefined): boolean {
  const now = startOf(pid);
  return start === undefined || now === null || now === start;
}

/** When a process was started, as the system counts; null: it does not tell. */
function startOf(pid: number): string | null {
  try {
    // The name of the program, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^[\s\S]*\) /, '')
      .split(' ');
    return fields[19] ?? null;
  } catch {
    return null;
  }
}

interface Claim {
  readonly name: string;
  /** Process id and a number of its own; empty while it is being written. */
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

/** The name is there with its text, or not at all: whoever is killed in between leaves no claim that nobody can tell the owner of. */
async function claims(name: string, own: string): Promise<boolean> {
  const beside = `${name}.${own.split(' ')[1]}.new`;
  try {
    await writeFile(beside, own, { flag: 'wx' });
    await link(beside, name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      // Not every file system has links.
      return writeFile(name, own, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
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

/** Takes the names away, the first one first. */
async function release(lock: string, own: string): Promise<void> {
  const chain = await owners(lock);
  if (chain.at(-1)?.text !== own) return;
  for (const { name } of chain) await rm(name, { force: true });
}
