import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../git/alive.ts';
import { UsageError } from '../model/index.ts';

/** Milliseconds to wait for another run, and between two looks. */
const patience = 30_000;
const pause = 50;

/**
 * Lets one run at a time change the hooks of a repository: installs in several worktrees, or packages, wire it at once.
 * @throws UsageError when another run does not end
 */
export async function alone<T>(commonDir: string, act: () => Promise<T>): Promise<T> {
  const lock = join(commonDir, 'protect', 'wiring');
  await mkdir(join(commonDir, 'protect'), { recursive: true });
  for (let waited = 0; !(await take(lock)); waited += pause) {
    if (waited >= patience)
      throw new UsageError(`another git-protect is changing the hooks (${lock})`, `rm -r ${lock}, if there is none`);
    await new Promise((done) => setTimeout(done, pause));
  }
  try {
    return await act();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** Takes the lock if nobody has it, or whoever had it was killed. */
async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeFile(join(lock, 'pid'), `${process.pid}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = await readFile(join(lock, 'pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''; // It is just being taken or given back.
    throw error;
  });
  if (owner !== '' && !isAlive(Number(owner))) await rm(lock, { recursive: true, force: true });
  return false;
}
