import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lookAt } from '../machine/look.ts';
import { Undecided } from '../model/index.ts';
import type { Journal } from './journal.ts';
import type { DeployPlace } from './place.ts';
import { proveRelease, type Release, releasesOf } from './release.ts';
import { runStep } from './run-step.ts';
import { switchOf } from './supervisor.ts';
import { unpackTar } from './tar.ts';
import { mayPutBack } from './variables.ts';

/** Where a swap has got to: written down before the first file moves, so that any later run can put it right. */
interface Swap {
  /** Of what is put in; relative to the top of the repository, as all of it. */
  readonly unpacked: string;
  /** Of what was there. */
  readonly aside: string;
  readonly paths: readonly string[];
}

export interface PutBack {
  /** Also put back files of variables whose pinned values are others today. */
  readonly withEnv: boolean;
  readonly signal: AbortSignal;
  /** Is what was put back well? Null: yes. */
  ready(): Promise<string | null>;
}

/**
 * Puts a release back: read whole, unpacked beside, service stopped, what is there moved aside, the release moved in, service
 * started, and asked. Whatever fails puts back what was there.
 * @returns what is wrong; null: it runs
 */
export async function putBack(
  place: DeployPlace,
  journal: Journal,
  release: Release,
  { withEnv, signal, ready }: PutBack,
): Promise<string | null> {
  const swap = await unpackBeside(place, release, withEnv);
  const [stop, start] = [switchOf(place, 'stop')!, switchOf(place, 'start')!];
  const stopped = await runStep(place, journal, 'stop', stop, signal);
  if (stopped !== null) {
    await discard(place, swap);
    return (await runStep(place, journal, 'start', start, signal)) ?? stopped;
  }
  journal.add('will swap', { ...swap });
  let fault: string | null;
  try {
    await swapIn(place, swap);
    journal.add('swapped');
    fault = (await runStep(place, journal, 'start', start, signal)) ?? (await ready());
  } catch (error) {
    fault = (error as Error).message;
  }
  if (fault === null) {
    await discard(place, swap);
    return null;
  }
  // It is not known whether it runs now, and what moves must not.
  await runStep(place, journal, 'stop', stop, signal);
  await swapBack(place, journal, swap);
  const again = await runStep(place, journal, 'start', start, signal);
  await discard(place, swap);
  return `${fault}; what was there before is back in its place${again === null ? '' : `, and could not be started: ${again}`}`;
}

/** Puts right what a run that was killed in a swap has left. @returns whether there was something */
export async function mendSwap(place: DeployPlace, journal: Journal): Promise<boolean> {
  const line = journal.last('will swap');
  const isOpen = line !== undefined && journal.lines.indexOf(line) > lastEnd(journal);
  if (!isOpen) return false;
  await swapBack(place, journal, line as unknown as Swap);
  await discard(place, line as unknown as Swap);
  return true;
}

const lastEnd = ({ lines }: Journal) =>
  lines.findLastIndex(({ step }) => step === 'swapped' || step === 'swapped back');

async function unpackBeside(place: DeployPlace, release: Release, withEnv: boolean): Promise<Swap> {
  await proveRelease(place, release);
  const { topLevel } = place;
  const folder = releasesOf(place);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < release.unpacked)
    throw new Undecided(`${release.id} takes ${release.unpacked} bytes, and ${bavail * bsize} are free`, 'make room');
  const into = place.environment.release!.into;
  const swap = { unpacked: join(into, `${release.id}.unpacked`), aside: join(into, `${release.id}.aside`) };
  for (const path of release.paths) await refuseLinkedParent(topLevel, path);
  await discard(place, swap);
  await mkdir(join(topLevel, swap.unpacked), { mode: 0o700 });
  try {
    await unpackTar(topLevel, join(folder, release.file), join(topLevel, swap.unpacked));
  } catch (error) {
    await discard(place, swap);
    throw new Undecided(`${release.id} could not be unpacked (${(error as NodeJS.ErrnoException).code ?? 'damaged'})`);
  }
  await mkdir(join(topLevel, swap.aside), { mode: 0o700 });
  await refuseOtherDisk(topLevel, swap, release.paths);
  const paths: string[] = [];
  for (const path of release.paths) {
    const isKept = /^\.env/.test(basename(path)) && !withEnv && !(await mayPutBack(place, join(swap.unpacked, path)));
    if (isKept) place.tell(`${path} stays as it is: its values are pinned, and those of ${release.id} are others`);
    else paths.push(path);
  }
  return { ...swap, paths };
}

/** A folder on the way that is a link would have the files put somewhere else. */
async function refuseLinkedParent(topLevel: string, path: string): Promise<void> {
  for (let at = dirname(path); at !== '.'; at = dirname(at)) {
    const found = await lookAt(join(topLevel, at));
    if (found !== null && !found.isDirectory())
      throw new Undecided(`${at} is not a folder, so ${path} would be put somewhere else`);
  }
}

/** Between two file systems nothing moves in one step. */
async function refuseOtherDisk(
  topLevel: string,
  { aside }: { aside: string },
  paths: readonly string[],
): Promise<void> {
  const { dev } = await stat(join(topLevel, aside));
  for (const path of paths) {
    const parent = await lookAt(join(topLevel, dirname(path)));
    if (parent !== null && parent.dev !== dev)
      throw new Undecided(`${path} lies on another file system than release.into`, 'put release.into on the same one');
  }
}

async function swapIn({ topLevel }: DeployPlace, { unpacked, aside, paths }: Swap): Promise<void> {
  for (const path of paths) {
    const [there, kept] = [join(topLevel, path), join(topLevel, aside, path)];
    await mkdir(dirname(kept), { recursive: true });
    if ((await lookAt(there)) !== null) await rename(there, kept);
    await mkdir(dirname(there), { recursive: true });
    await rename(join(topLevel, unpacked, path), there);
  }
}

/** Each path by itself, so that it can be done again where it was cut off. */
async function swapBack({ topLevel }: DeployPlace, journal: Journal, { unpacked, aside, paths }: Swap): Promise<void> {
  for (const path of paths) {
    const [there, kept, was] = [join(topLevel, path), join(topLevel, aside, path), join(topLevel, unpacked, path)];
    const isIn = (await lookAt(was)) === null;
    if (isIn && (await lookAt(there)) !== null) await rename(there, was);
    if ((await lookAt(kept)) !== null) await rename(kept, there);
  }
  journal.add('swapped back');
}

async function discard(
  { topLevel }: DeployPlace,
  { unpacked, aside }: Pick<Swap, 'unpacked' | 'aside'>,
): Promise<void> {
  for (const folder of [unpacked, aside]) await rm(join(topLevel, folder), { recursive: true, force: true });
}
