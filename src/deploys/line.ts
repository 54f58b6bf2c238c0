import { exitCode, type Oid, Refused, Undecided } from '../model/index.ts';
import { commandOf, makeBackup, previousOf, refuseMissing, refuseOpen } from './before.ts';
import { type Begin, Journal, type State } from './journal.ts';
import { here, journals, openJournal, withLock } from './lock.ts';
import { migrationsBetween } from './migrations.ts';
import { type DeployPlace, journalsOf } from './place.ts';
import { untilReady } from './ready.ts';
import { packRelease, proveRelease, pruneReleases } from './release.ts';
import { runStep } from './run-step.ts';
import type { Sample } from './sample.ts';
import { takeBack } from './take-back.ts';
import { watch, watched } from './watch.ts';

/** The parts of a deploy that a person sees go by, in their order. */
export type Phase = 'checks' | 'way back' | 'backup' | 'release' | 'tag' | 'run' | 'ready' | 'watch' | 'take back';

/** Somebody who watches a deploy. */
export interface Viewer {
  began(phase: Phase): void;
  /** @param said how it went; null: there was nothing to do */
  ended(phase: Phase, said: string | null, isGood: boolean): void;
  sampled(sample: Sample, samples: readonly Sample[], planned: number): void;
  /** What whoever waits should know, whatever comes. */
  noted(text: string): void;
}

/** What the command brings in: judging and tagging are the gate's. */
export interface Order {
  readonly kind: 'deploy' | 'restart';
  readonly commit: Oid;
  /** Runs the gate. @throws Refused or Undecided */
  judge(): Promise<void>;
  /** Marks the commit as a rollback point. @returns its name; empty: the policy names none */
  tag(): Promise<string>;
  /** Is everything still as it was judged? @throws Undecided */
  unchanged(): Promise<void>;
  readonly viewer: Viewer;
  /** Aborts when the person asks a second time. */
  readonly abandoned: AbortSignal;
}

/** How a deploy ended. */
export interface Ended {
  readonly code: number;
  readonly state: State;
  readonly kind: Begin['kind'];
  readonly commit: Oid;
  readonly previous: Oid | '';
  readonly tag: string;
  /** What went wrong; null: nothing. */
  readonly why: string | null;
  readonly samples: readonly Sample[];
  readonly journal: string;
}

const codes: Readonly<Record<State, number>> = {
  live: exitCode.pass,
  refused: exitCode.refused,
  unchanged: exitCode.undecided,
  'taken-back': 4,
  stuck: 5,
  interrupted: 5,
};

/** Ships a commit: nothing is changed before the way back is there, and what does not come up is taken back. */
export async function ship(place: DeployPlace, order: Order): Promise<Ended> {
  return withLock(place, async () => {
    const all = journals(place);
    refuseOpen(place, openJournal(all));
    const previous = await previousOf(place, all, order.viewer.noted);
    const begin = { environment: place.name, kind: order.kind, commit: order.commit, replaced: previous, ...here() };
    const run = new Run(place, order, previous, Journal.begin(journalsOf(place), begin, place.now));
    const refusal = await run.prepare();
    if (refusal !== null) return run.end(refusal.state, refusal.why);
    run.journal.add('will run', { tag: run.tag });
    const fault = await run.change();
    if (fault !== null) return run.backOut(fault);
    const ended = run.end('live', null);
    await run.tidy([...all, run.journal]);
    return ended;
  });
}

/** One deploy on its way. */
class Run {
  tag = '';
  #samples: readonly Sample[] = [];

  constructor(
    readonly place: DeployPlace,
    readonly order: Order,
    readonly previous: Oid | '',
    readonly journal: Journal,
  ) {}

  /** All that comes before anything changes. @returns why it stops here; null: it goes on */
  async prepare(): Promise<{ state: State; why: string } | null> {
    const { place, order, previous, journal } = this;
    const { undoCheck, backup, release, undo } = place.environment;
    const { signal } = place;
    try {
      await this.#phase('checks', 'checked', async () => {
        await order.judge();
        return 'passed';
      });
      await this.#phase('way back', 'way back checked', async () => {
        await refuseMissing(place, journal, commandOf(place, order.kind).command);
        const missing = undoCheck && (await runStep(place, journal, 'undoCheck', undoCheck, signal, this.#facts()));
        if (missing !== null) throw new Refused(`the way back is not there: ${missing}`);
        await this.#tellWayBack();
        return undoCheck === null
          ? undo === 'release'
            ? 'the archive that is made next'
            : 'undo is named'
          : 'is there';
      });
      await this.#phase('backup', 'backed up', () => (backup === null ? null : makeBackup(place, backup)));
      await this.#phase('release', 'archived', async () => {
        if (release === null) return null;
        const packed = await packRelease(place, previous);
        await proveRelease(place, packed);
        return `${packed.entries} entries in ${packed.id}`;
      });
      await this.#phase('tag', 'tagged', async () => {
        if (order.kind === 'deploy') this.tag = await order.tag();
        await order.unchanged();
        return this.tag || null;
      });
      if (signal.aborted) throw new Undecided('it was interrupted');
      return null;
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof Undecided)) throw error;
      const why = error.help === undefined ? error.message : `${error.message}\n  help: ${error.help}`;
      return { state: error instanceof Refused ? 'refused' : 'unchanged', why };
    }
  }

  /** Runs it and watches it. @returns what is wrong; null: it is live */
  async change(): Promise<string | null> {
    const { place, order, journal } = this;
    const { signal } = place;
    const command = commandOf(place, order.kind);
    const name = order.kind === 'deploy' ? 'run' : 'restart';
    try {
      const ran = await this.#step('run', () => runStep(place, journal, name, command, signal, this.#facts()));
      if (ran !== null) return ran;
      journal.add('ran');
      const ready = await this.#step('ready', () => untilReady(place, order.commit, signal));
      if (ready !== null) return ready;
      journal.add('ready');
      return await this.#step('watch', () => this.#watch(signal));
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** What did not come up is taken back, unless that would make it worse. */
  async backOut(fault: string): Promise<Ended> {
    const { place, order, previous, journal } = this;
    const { viewer } = order;
    const stays = await this.#whyItStays();
    if (stays !== null) {
      viewer.noted(stays);
      return this.end('stuck', `${fault}; ${stays}`);
    }
    viewer.began('take back');
    const target = previous as Oid;
    const way = { commit: order.commit, target, tag: this.tag, release: null, withEnv: false, signal: order.abandoned };
    const failed = await takeBack(place, journal, way);
    const said = failed ?? `${target.slice(0, 12)} runs again, verified`;
    viewer.ended('take back', said, failed === null);
    return failed === null
      ? this.end('taken-back', fault)
      : this.end('stuck', `${fault}; and the way back failed: ${failed}`);
  }

  end(state: State, why: string | null): Ended {
    const { order, previous, tag, journal } = this;
    const code = codes[state];
    journal.add('ended', { state, code, why });
    const { commit, kind } = order;
    return { code, state, kind, commit, previous, tag, why, samples: this.#samples, journal: journal.path };
  }

  /** Archives are removed once what replaced them is live. */
  async tidy(all: readonly Journal[]): Promise<void> {
    if (this.place.environment.release === null) return;
    const live = all.filter(({ state }) => state === 'live').map(({ begun }) => begun.commit);
    for (const id of await pruneReleases(this.place, new Set(live))) this.order.viewer.noted(`removed ${id}`);
  }

  async #watch(signal: AbortSignal): Promise<string | null> {
    const { place, order, journal } = this;
    return watch(place, {
      commit: order.commit,
      signal,
      onSample: (sample, samples, planned) => {
        this.#samples = [...samples];
        journal.add('sample', { ...sample });
        order.viewer.sampled(sample, samples, planned);
      },
    });
  }

  /** Why it is not taken back by itself; null: it is. */
  async #whyItStays(): Promise<string | null> {
    const { previous, place, order } = this;
    if (previous === '') return 'it is the first deploy, so there is nothing to go back to';
    if (order.kind === 'restart' && place.environment.undo !== 'release')
      return 'the restart changed no code, so there is nothing to take back';
    const migrations = await migrationsBetween(place, previous, order.commit);
    if (migrations.length === 0 || place.environment.undoMigrations === 'allow') return null;
    return `it brought ${named(migrations)}, and older code may not fit the database: a person decides (npx git-protect deploy rollback ${place.name})`;
  }

  async #tellWayBack(): Promise<void> {
    const stays = await this.#whyItStays();
    if (stays !== null) this.order.viewer.noted(`should it fail, it is not taken back: ${stays}`);
  }

  #facts() {
    return { commit: this.order.commit, tag: this.tag, previous: this.previous };
  }

  /** A phase before anything changes: it throws what stops it. */
  async #phase(phase: Phase, step: Parameters<Journal['add']>[0], act: () => Promise<string | null> | null) {
    const { viewer } = this.order;
    viewer.began(phase);
    try {
      const said = await act();
      this.journal.add(step, { said });
      viewer.ended(phase, said, true);
    } catch (error) {
      viewer.ended(phase, (error as Error).message, false);
      throw error;
    }
  }

  /** A phase that changes: it answers with what is wrong. */
  async #step(phase: Phase, act: () => Promise<string | null>): Promise<string | null> {
    const { viewer } = this.order;
    viewer.began(phase);
    const fault = await act();
    viewer.ended(phase, fault ?? this.#wentWell(phase), fault === null);
    return fault;
  }

  #wentWell(phase: Phase): string {
    if (phase !== 'watch') return phase === 'ready' ? `${this.order.commit.slice(0, 12)} answers` : 'done';
    const { samples, bad, p95 } = watched(this.#samples);
    return `${samples.length} samples, ${bad === 0 ? 'none' : bad} bad, 95 % within ${p95} ms`;
  }
}

function named(migrations: readonly string[]): string {
  const [first] = migrations;
  return migrations.length === 1 ? `the migration ${first}` : `${migrations.length} migrations (${first}, …)`;
}
