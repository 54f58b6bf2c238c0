import { randomBytes } from 'node:crypto';
import { Undecided } from '../model/index.ts';
import { dumpOf } from './dump.ts';
import { keepBaseline, readBaseline } from './fingerprint/store.ts';
import { verify } from './fingerprint/verify.ts';
import { closeRun, openRun, type RunRecord, updateRun } from './open-run.ts';
import { environmentOf, type Place } from './place.ts';
import { type Meaning, reseed } from './reseed.ts';
import { databaseSize } from './space.ts';

/** What a run is begun with. */
export interface RunOrder {
  readonly test: string;
  readonly issue: number | null;
  readonly meaning: Meaning;
  /** Of the process that waits for the command; null: others run it. */
  readonly pid: number | null;
}

/**
 * Begins a run: a backup of production, a baseline of the same moment, and the test database filled from it. Where any of it
 * fails nothing has begun.
 */
export async function beginRun(place: Place, { test, issue, meaning, pid }: RunOrder): Promise<RunRecord> {
  const from = environmentOf(place, test).reseed?.from;
  if (from === undefined)
    throw new Undecided(
      `the policy does not say what ${test} is filled from`,
      `add databases.${test}.reseed: { from: … }`,
    );
  const id = randomBytes(4).toString('hex');
  const begun: RunRecord = {
    id,
    state: 'open',
    startedAt: place.now().toISOString(),
    differences: [],
    production: from,
    test,
    baseline: null,
    issue,
    pid,
  };
  openRun(place.commonDir, begun);
  try {
    let baseline = '';
    await reseed(
      place,
      test,
      {
        bytes: () => databaseSize(place, from),
        async open() {
          const dump = await dumpOf(place, from, issue);
          baseline = keepBaseline(place.commonDir, from, dump.baseline);
          return dump;
        },
      },
      meaning,
    );
    const run = { ...begun, baseline };
    updateRun(place.commonDir, run);
    return run;
  } catch (error) {
    closeRun(place.commonDir, begun, { end: 'not begun', at: place.now().toISOString() });
    throw error;
  }
}

/** How production stands at the end of a run. */
export type Ending =
  | { readonly state: 'same'; readonly notes: readonly string[] }
  | { readonly state: 'differs'; readonly said: readonly string[] }
  | { readonly state: 'unverified'; readonly said: readonly string[] };

/** Compares production with the baseline of the run. */
export async function compareRun(place: Place, { baseline, production }: RunRecord): Promise<Ending> {
  try {
    if (baseline === null) throw new Undecided('the run was interrupted before it had a baseline; nothing ran');
    const { differences, notes } = await verify(place, production, readBaseline(baseline));
    if (differences.length === 0) return { state: 'same', notes };
    return { state: 'differs', said: differences.map(({ message }) => `${production}: ${message}`) };
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    return { state: 'unverified', said: [error.message] };
  }
}

/** Ends a run by what was found, and says whether the gate is open. @param failed did its command end badly? */
export function settle(place: Place, run: RunRecord, ending: Ending, failed: boolean): boolean {
  if (ending.state !== 'same')
    updateRun(place.commonDir, { ...run, state: ending.state, differences: ending.said, pid: null });
  else if (failed) updateRun(place.commonDir, { ...run, state: 'failed', differences: [], pid: null });
  else closeRun(place.commonDir, run, { end: 'same', at: place.now().toISOString() });
  return ending.state === 'same' && !failed;
}
