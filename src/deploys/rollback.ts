import { type Oid, Refused, Undecided } from '../model/index.ts';
import { Journal, lastLive } from './journal.ts';
import type { Ended, Viewer } from './line.ts';
import { here, journals, openJournal, refuseRunning, withLock } from './lock.ts';
import { migrationsBetween } from './migrations.ts';
import { type DeployPlace, journalsOf } from './place.ts';
import { mendSwap } from './put-back.ts';
import { proveRelease, type Release, releases } from './release.ts';
import { runStep } from './run-step.ts';
import { newestOf, takeBack } from './take-back.ts';

export interface Rollback {
  /** A tag, a commit, or the name of an archive; null: what ran before. */
  readonly to: string | null;
  readonly withEnv: boolean;
  readonly viewer: Viewer;
}

/** Goes back by hand. All of the way is looked at before anything moves; no freeze stops it. */
export async function rollback(place: DeployPlace, { to, withEnv, viewer }: Rollback): Promise<Ended> {
  return withLock(place, async () => {
    const all = journals(place);
    const open = openJournal(all);
    if (open !== null) refuseRunning(open);
    if (open !== null && (await mendSwap(place, open)))
      viewer.noted('files that were half put back are as they were before');
    const from = open?.begun.commit ?? lastLive(all)?.begun.commit ?? '';
    const { commit, release } = await targetOf(place, all, to);
    if (place.environment.undo === 'release') {
      if (release === null)
        throw new Undecided(`there is no archive of ${commit.slice(0, 12)}`, `those there are: ${await named(place)}`);
      await proveRelease(place, release);
    }
    const migrations = from === '' ? [] : await migrationsBetween(place, commit, from);
    if (migrations.length > 0)
      viewer.noted(`the database keeps ${migrations.length} migrations that came since, as ${migrations[0]}`);
    const begin = { environment: place.name, kind: 'rollback' as const, commit, replaced: from, ...here() };
    const journal = Journal.begin(journalsOf(place), begin, place.now);
    const { undoCheck } = place.environment;
    const facts = { commit: from, tag: '', previous: commit };
    const missing =
      undoCheck === null ? null : await runStep(place, journal, 'undoCheck', undoCheck, place.signal, facts);
    if (missing !== null) {
      journal.add('ended', { state: 'refused', code: 1, why: missing });
      throw new Refused(`the way back is not there: ${missing}`);
    }
    viewer.began('take back');
    const signal = place.signal;
    const fault = await takeBack(place, journal, { commit: from, target: commit, tag: '', release, withEnv, signal });
    viewer.ended('take back', fault ?? `${commit.slice(0, 12)} runs, verified`, fault === null);
    const [state, code] = fault === null ? (['live', 0] as const) : (['stuck', 5] as const);
    journal.add('ended', { state, code, why: fault });
    return {
      code,
      state,
      kind: 'rollback',
      commit,
      previous: from,
      tag: '',
      why: fault,
      samples: [],
      journal: journal.path,
    };
  });
}

async function targetOf(
  place: DeployPlace,
  all: readonly Journal[],
  to: string | null,
): Promise<{ commit: Oid; release: Release | null }> {
  const archives = place.environment.release === null ? [] : await releases(place);
  const archive = archives.find(({ id }) => id === to);
  if (archive) {
    if (archive.commit === '') throw new Undecided(`nobody knows which commit ${archive.id} ran`, 'name another one');
    return { commit: archive.commit, release: archive };
  }
  const commit = to === null ? beforeThat(place, all) : await place.repository.revision(to);
  return { commit, release: place.environment.undo === 'release' ? await newestOf(place, commit) : null };
}

/** What ran before the last one. */
function beforeThat(place: DeployPlace, all: readonly Journal[]): Oid {
  const last = openJournal(all) ?? lastLive(all);
  const replaced = last?.begun.replaced ?? '';
  if (replaced !== '' && last!.begun.kind !== 'rollback') return replaced;
  throw new Undecided(
    last?.begun.kind === 'rollback'
      ? last.state === 'live'
        ? 'it was rolled back already'
        : `a rollback was cut off; see what runs: npx git-protect deploy resume ${place.name}`
      : `nobody here knows what ran in ${place.name} before`,
    `say to what: npx git-protect deploy rollback ${place.name} TAG`,
  );
}

const named = async (place: DeployPlace) =>
  (await releases(place)).map(({ id, commit }) => `${id} (${commit.slice(0, 12) || 'unknown'})`).join(', ') || 'none';
