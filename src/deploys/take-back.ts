import type { Oid } from '../model/index.ts';
import type { Journal } from './journal.ts';
import type { DeployPlace } from './place.ts';
import { putBack } from './put-back.ts';
import { untilReady } from './ready.ts';
import { type Release, releases } from './release.ts';
import { runStep } from './run-step.ts';

export interface WayBack {
  /** What is taken back. */
  readonly commit: Oid | '';
  /** What runs afterwards. */
  readonly target: Oid;
  readonly tag: string;
  /** The archive that is put back; null: the newest of the target. For `undo: release`. */
  readonly release: Release | null;
  readonly withEnv: boolean;
  readonly signal: AbortSignal;
}

/**
 * Goes back to a commit by the policy's own way, and looks whether it runs: a way back is proven like a deploy.
 * @returns what is wrong; null: the target runs
 */
export async function takeBack(place: DeployPlace, journal: Journal, way: WayBack): Promise<string | null> {
  const { undo } = place.environment;
  const { target, signal } = way;
  const ready = () => untilReady(place, target, signal);
  journal.add('will take back', { target });
  const fault = await attempt(async () => {
    if (undo === 'release') {
      const release = way.release ?? (await newestOf(place, target));
      if (release === null) return `there is no archive of ${target.slice(0, 12)}`;
      return putBack(place, journal, release, { withEnv: way.withEnv, signal, ready });
    }
    const facts = { commit: way.commit, tag: way.tag, previous: target };
    return (await runStep(place, journal, 'undo', undo!, signal, facts)) ?? (await ready());
  });
  journal.add('took back', { fault });
  return fault;
}

/** The newest archive of what ran a commit. */
export async function newestOf(place: DeployPlace, commit: Oid): Promise<Release | null> {
  return (await releases(place)).find((release) => release.commit === commit) ?? null;
}

/** What stops it half way is what is wrong, and no reason to say nothing of where it stands. */
async function attempt(act: () => Promise<string | null>): Promise<string | null> {
  try {
    return await act();
  } catch (error) {
    return (error as Error).message;
  }
}
