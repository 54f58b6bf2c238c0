import { hostname } from 'node:os';
import { isAlive } from '../git/alive.ts';
import { ownerOf, takeLock } from '../machine/lock.ts';
import { Undecided } from '../model/index.ts';
import { type Journal, readJournals } from './journal.ts';
import { type DeployPlace, journalsOf, lockOf } from './place.ts';

/**
 * Lets one run at a time change an environment from this machine: a deploy, a way back, a backup of the same name.
 * @throws Undecided when another one is at it
 */
export async function withLock<T>(place: Pick<DeployPlace, 'name' | 'state'>, act: () => Promise<T>): Promise<T> {
  const lock = lockOf(place);
  const held = await takeLock(lock);
  if (held === null) {
    const owner = await ownerOf(lock);
    const who =
      owner === null ? 'a run that has just ended' : `process ${owner.pid}${owner.isHere ? '' : ' of another machine'}`;
    throw new Undecided(
      `${place.name} is being changed by ${who} (${lock})`,
      `wait for it: npx git-protect deploy status ${place.name}`,
    );
  }
  try {
    return await act();
  } finally {
    await held.release();
  }
}

/** The journals of the environment. */
export const journals = (place: DeployPlace) => readJournals(journalsOf(place), place.name, place.now);

/**
 * The newest journal of a change where it stands open: nobody knows whether what it changed runs. One that a person has closed
 * by `unlock` is not; what was refused, or ended before it changed anything, settles nothing of what came before.
 */
export function openJournal(all: readonly Journal[]): Journal | null {
  const last = all.findLast(({ state }) => state !== 'refused' && state !== 'unchanged');
  return last !== undefined && (last.state === 'interrupted' || last.state === 'stuck') && !last.has('unlocked')
    ? last
    : null;
}

/** A command that outlived its run must not be joined by another one. @throws Undecided while it lives */
export function refuseRunning({ lines, begun }: Journal): void {
  const last = lines.at(-1)!;
  const pid = Number(last['pid']);
  if (last.step !== 'runs' || !Number.isSafeInteger(pid) || !isAlive(pid)) return;
  throw new Undecided(
    `'${String(last['command'])}' of the ${begun.kind} that was cut off still runs (process ${pid})`,
    'wait for it, or stop it',
  );
}

export const here = () => ({ pid: process.pid, host: hostname() });
