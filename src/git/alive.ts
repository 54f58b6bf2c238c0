import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Does a process with this id run? One of another user does, too; one that has ended and that nobody has asked about does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statusOf(pid)?.state !== 'Z';
}

/** Stands for this machine: containers may share a folder, each with process ids of its own. */
export const hostMark = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * Tells a process from a later one that got its id: which start of the system, and when in it. Only Linux says so.
 * @returns null where it is not said
 */
export function birthOf(pid: number): string | null {
  const status = statusOf(pid);
  const boot = readOrNull('/proc/sys/kernel/random/boot_id');
  return status === null || boot === null ? null : `${boot.trim()}:${status.start}`;
}

/** Source: proc(5), `/proc/PID/stat`: fields 3 and 22; the name in brackets before them may hold anything. */
function statusOf(pid: number): { state: string; start: string } | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields?.[19] === undefined ? null : { state: fields[0]!, start: fields[19] };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
