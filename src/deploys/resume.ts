import { type Oid, Undecided } from '../model/index.ts';
import { Journal, lastLive } from './journal.ts';
import type { Ended, Viewer } from './line.ts';
import { here, journals, openJournal, refuseRunning, withLock } from './lock.ts';
import { type DeployPlace, journalsOf } from './place.ts';
import { mendSwap } from './put-back.ts';
import { untilReady } from './ready.ts';
import { type Sample, whatRuns } from './sample.ts';
import { takeBack } from './take-back.ts';
import { watch } from './watch.ts';

export interface Resume {
  /** Take it back instead of watching it. */
  readonly undo: boolean;
  readonly viewer: Viewer;
  readonly abandoned: AbortSignal;
}

/**
 * After a deploy that was cut off, or that a person has mended: asks what runs, watches it, and writes it down. Takes back
 * only what it is told to.
 */
export async function resume(place: DeployPlace, how: Resume): Promise<Ended> {
  return withLock(place, async () => {
    const all = journals(place);
    const open = openJournal(all);
    const runs = await whatRuns(place.environment.live!, place.now, place.signal);
    return open === null ? adopt(place, lastLive(all), runs, how) : goOn(place, open, runs, how);
  });
}

/** A deploy that stands open. */
async function goOn(place: DeployPlace, open: Journal, runs: Sample, how: Resume): Promise<Ended> {
  const { commit, replaced } = open.begun;
  const { viewer } = how;
  refuseRunning(open);
  if (await mendSwap(place, open)) viewer.noted('files that were half put back are as they were before');
  const where = `it stopped after '${open.lines.findLast(({ step }) => step !== 'ended')!.step}'`;
  const says =
    runs.commit === null ? `nothing says what runs (${runs.fault ?? 'no commit'})` : `${runs.commit.slice(0, 12)} runs`;
  viewer.noted(`${where}, and ${says}`);
  if (how.undo) return undoOpen(place, open, how);
  if (runs.commit !== null && commit.startsWith(runs.commit)) return watchOpen(place, open, how);
  if (runs.commit !== null && replaced.startsWith(runs.commit)) {
    const fault = await untilReady(place, replaced as Oid, place.signal);
    if (fault === null && !open.has('ran'))
      return stuck(
        open,
        `${replaced.slice(0, 12)} still runs, and what run has changed in part nobody knows: npx git-protect deploy resume ${place.name} --undo`,
      );
    if (fault === null) return ended(open, 'taken-back', 4, `${replaced.slice(0, 12)} runs again`);
  }
  return stuck(
    open,
    `${says}, expected ${commit.slice(0, 12)}: npx git-protect deploy resume ${place.name} --undo takes it back`,
  );
}

async function watchOpen(place: DeployPlace, open: Journal, how: Resume): Promise<Ended> {
  const { commit } = open.begun;
  const { fault, samples } = await watchNow(place, open, commit, how.viewer);
  return fault === null
    ? ended(open, 'live', 0, null, samples)
    : stuck(open, `${fault}: npx git-protect deploy resume ${place.name} --undo takes it back`, samples);
}

async function undoOpen(place: DeployPlace, open: Journal, { viewer, abandoned }: Resume): Promise<Ended> {
  const { commit, replaced } = open.begun;
  if (replaced === '') return stuck(open, 'it was the first deploy, so there is nothing to go back to');
  viewer.began('take back');
  const tag = String(open.last('will run')?.['tag'] ?? '');
  const way = { commit, target: replaced, tag, release: null, withEnv: false, signal: abandoned };
  const fault = await takeBack(place, open, way);
  viewer.ended('take back', fault ?? `${replaced.slice(0, 12)} runs again, verified`, fault === null);
  return fault === null ? ended(open, 'taken-back', 4, 'it was cut off') : stuck(open, `the way back failed: ${fault}`);
}

/** What somebody else put there is watched, and is what runs from then on. */
async function adopt(place: DeployPlace, last: Journal | null, runs: Sample, { viewer }: Resume): Promise<Ended> {
  const known = last?.begun.commit ?? '';
  if (runs.commit === null)
    throw new Undecided(
      `nothing says what runs in ${place.name}: ${runs.fault ?? 'it names no commit'}`,
      'no deploy is open',
    );
  const commit = await place.repository.revision(runs.commit);
  if (commit === known) {
    viewer.noted(`no deploy is open, and ${commit.slice(0, 12)} runs as expected`);
    return {
      code: 0,
      state: 'live',
      kind: 'resume',
      commit,
      previous: '',
      tag: '',
      why: null,
      samples: [],
      journal: last!.path,
    };
  }
  viewer.noted(`${commit.slice(0, 12)} runs, and was not deployed from here`);
  const begin = { environment: place.name, kind: 'resume' as const, commit, replaced: known, ...here() };
  const journal = Journal.begin(journalsOf(place), begin, place.now);
  const { fault, samples } = await watchNow(place, journal, commit, viewer);
  // Nothing was changed, and what runs stays what it was to us.
  return fault === null ? ended(journal, 'live', 0, null, samples) : ended(journal, 'unchanged', 3, fault, samples);
}

async function watchNow(place: DeployPlace, journal: Journal, commit: Oid, viewer: Viewer) {
  let samples: readonly Sample[] = [];
  viewer.began('watch');
  const fault = await watch(place, {
    commit,
    signal: place.signal,
    onSample(sample, so, planned) {
      samples = [...so];
      journal.add('sample', { ...sample });
      viewer.sampled(sample, so, planned);
    },
  });
  viewer.ended('watch', fault ?? `${samples.length} samples`, fault === null);
  return { fault, samples };
}

const stuck = (journal: Journal, why: string, samples: readonly Sample[] = []) =>
  ended(journal, 'stuck', 5, why, samples);

function ended(
  journal: Journal,
  state: Ended['state'],
  code: number,
  why: string | null,
  samples: readonly Sample[] = [],
): Ended {
  journal.add('ended', { state, code, why });
  const { commit, replaced, kind } = journal.begun;
  return { code, state, kind, commit, previous: replaced, tag: '', why, samples, journal: journal.path };
}
