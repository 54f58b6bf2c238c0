import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Undecided } from '../model/index.ts';
import { ago } from '../words/ago.ts';
import { shellWord } from '../words/shell-word.ts';
import type { BackupPlace } from './place.ts';
import { recipientsOf } from './recipients.ts';
import { signatureFault } from './signature.ts';
import { isComplete, listBackups, type Stored, untilNow } from './store.ts';

/** A promise that backups make, and whether it holds. */
export interface Kept {
  readonly promise: string;
  readonly holds: boolean;
  readonly help?: string;
}

/** Milliseconds of a day, and half of one for a run that is late. */
const day = 86_400_000;

/** Everything that has to hold for a restore on the worst day. @throws Undecided when the folder cannot be read */
export async function statusOf(place: BackupPlace): Promise<Kept[]> {
  const now = place.now();
  const backups = await listBackups(place.folder, place.name);
  const known = untilNow(backups, now);
  const whole = known.filter(
    ({ manifest }) => manifest.state === 'whole' && signatureFault(manifest, place.backup) === null,
  );
  const name = place.name;
  return [
    youngest(whole[0], now, name),
    tested(
      whole.find(({ testedAt }) => testedAt !== null && testedAt.getTime() <= now.getTime() + 300_000),
      now,
      place,
    ),
    ...future(place, backups, known),
    ...signatures(place, backups),
    await complete(place, backups),
    ...copies(place, whole[0]),
    recipients(place, whole[0]),
    await space(place, whole[0]),
  ];
}

function signatures({ backup, name }: BackupPlace, backups: readonly Stored[]): Kept[] {
  if (backup.sign === null || backups.length === 0) return [];
  const faults = backups.flatMap(({ manifest }) => {
    const fault = signatureFault(manifest, backup);
    return fault === null ? [] : [`${manifest.id} ${fault}`];
  });
  if (faults.length === 0) return [{ promise: 'every backup is signed by the key of the policy', holds: true }];
  const promise = `not every backup counts: ${faults.join(', ')}`;
  return [{ promise, holds: false, help: `npx git-protect backup create ${name}; those go once it is tested` }];
}

function future({ folder }: BackupPlace, backups: readonly Stored[], known: readonly Stored[]): Kept[] {
  const odd = backups.filter((each) => !known.includes(each)).map(({ manifest }) => manifest.id);
  if (odd.length === 0) return [];
  const promise = `dated into the future, so a clock was wrong: ${odd.join(', ')}; they count for nothing`;
  const files = odd.map((id) => shellWord(join(folder, id)));
  return [{ promise, holds: false, help: `set the clock; then: rm ${files.map((file) => `${file}.*`).join(' ')}` }];
}

function youngest(newest: Stored | undefined, now: Date, name: string): Kept {
  const help = `npx git-protect backup create ${name}`;
  if (newest === undefined) return { promise: 'there is a backup', holds: false, help };
  const age = now.getTime() - new Date(newest.manifest.createdAt).getTime();
  const { length } = newest.manifest.bracketed;
  const open = length === 0 ? '' : `; ${length} table${length === 1 ? '' : 's'} bracketed`;
  const promise = `the newest backup is ${ago(age)} old (${newest.manifest.id}${open})`;
  return age <= 1.5 * day ? { promise, holds: true } : { promise, holds: false, help };
}

function tested(newest: Stored | undefined, now: Date, { backup, name }: BackupPlace): Kept {
  const help = `npx git-protect backup verify ${name}`;
  if (newest === undefined) return { promise: 'a restore was tried, and proven', holds: false, help };
  const age = now.getTime() - newest.testedAt!.getTime();
  const promise = `the last proven restore was ${ago(age)} ago (${newest.manifest.id}; this machine's own word)`;
  return age <= backup.tested ? { promise, holds: true } : { promise, holds: false, help };
}

async function complete(place: BackupPlace, backups: readonly Stored[]): Promise<Kept> {
  const broken: string[] = [];
  for (const { manifest } of backups) if (!(await isComplete(place.folder, manifest))) broken.push(manifest.id);
  if (broken.length === 0) return { promise: 'every backup has its files', holds: true };
  const help = `npx git-protect backup verify ${place.name}`;
  return { promise: `files are missing or cut off: ${broken.join(', ')}`, holds: false, help };
}

function copies({ backup, name }: BackupPlace, newest: Stored | undefined): Kept[] {
  return Object.keys(backup.destinations).map((destination) => {
    const holds = newest?.copies.includes(destination) === true;
    const promise = holds ? `${destination} holds the newest backup` : `${destination} does not hold the newest backup`;
    return holds ? { promise, holds } : { promise, holds, help: `npx git-protect backup create ${name}` };
  });
}

function recipients(place: BackupPlace, newest: Stored | undefined): Kept {
  const { names, without } = recipientsOf(place.policy, place.backup);
  const same = newest === undefined || JSON.stringify(newest.manifest.recipients) === JSON.stringify(names);
  const left = without.length === 0 ? '' : `; ${without.join(', ')} cannot, having no ssh-ed25519 key`;
  const promise = `${names.length} ${names.length === 1 ? 'key opens' : 'keys open'} it, those of the policy${left}`;
  if (same) return { promise, holds: true };
  const help = `npx git-protect backup create ${place.name} --recipients-changed`;
  return { promise: 'the newest backup is encrypted for others than the policy names', holds: false, help };
}

async function space({ folder, name }: BackupPlace, newest: Stored | undefined): Promise<Kept> {
  const { bavail, bsize } = await statfs(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return { bavail: Number.POSITIVE_INFINITY, bsize: 1 };
    throw new Undecided(`${folder} cannot be read (${error.code})`);
  });
  const holds = bavail * bsize >= 2 * (newest?.bytes ?? 0);
  const promise = holds ? 'there is room for the next one' : 'there is no room for the next one';
  return holds ? { promise, holds } : { promise, holds, help: `npx git-protect backup prune ${name}` };
}
