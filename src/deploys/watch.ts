import { Undecided, type WatchRule } from '../model/index.ts';
import type { DeployPlace } from './place.ts';
import { type Sample, type Sampler, sampler } from './sample.ts';
import { restartsOf } from './supervisor.ts';

/** What the samples so far say. */
export interface Watched {
  readonly samples: readonly Sample[];
  readonly bad: number;
  /** Of the answers, in milliseconds; 95 % were as fast. */
  readonly p95: number;
}

/** Below so many samples one bad one is chance. */
const fewSamples = 40;

/** What the samples amount to. */
export function watched(samples: readonly Sample[]): Watched {
  const sorted = samples.map(({ latency }) => latency).sort((a, b) => a - b);
  const p95 = sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0;
  return { samples, bad: samples.filter(({ fault }) => fault !== null).length, p95 };
}

/**
 * Judges the samples, as soon as they can be: what is lost already is not watched to its end.
 * @param planned how many there will be
 * @returns what is wrong; null: nothing so far
 */
export function watchFault(samples: readonly Sample[], rule: WatchRule, planned: number): string | null {
  const row = samples.length - 1 - samples.findLastIndex(({ fault }) => fault === null);
  const last = samples.at(-1)?.fault;
  if (row >= rule.consecutive) return `${row} samples in a row were bad: ${last}`;
  const { bad } = watched(samples);
  const slow = samples.filter(({ latency }) => latency > rule.latency).length;
  const least = planned < fewSamples ? 2 : 1;
  const said = samples.findLast(({ fault }) => fault !== null)?.fault;
  const share = (part: number) => `${Number((part * 100).toFixed(1))} %`;
  if (bad >= least && bad > rule.errorRate * planned)
    return `${bad} of ${samples.length} samples were bad, more than ${share(rule.errorRate)} of ${planned}: ${said}`;
  if (slow >= least && slow > 0.05 * planned)
    return `${slow} of ${samples.length} answers took longer than ${rule.latency / 1000} s`;
  return null;
}

/** How many samples a watch takes. */
export const plannedSamples = (rule: WatchRule) => Math.floor(rule.for / rule.every) + 1;

export interface WatchHow {
  readonly commit: string;
  readonly signal: AbortSignal;
  /** Gets each sample as it comes. */
  onSample(sample: Sample, samples: readonly Sample[], planned: number): void;
}

/**
 * Watches a service for a while.
 * @returns what is wrong; null: it may be called live
 */
export async function watch(place: DeployPlace, { commit, signal, onSample }: WatchHow): Promise<string | null> {
  const rule = place.environment.watch;
  const look = await sampler(place.environment.live!, commit, place.now);
  const planned = plannedSamples(rule);
  const before = await restartsOf(place, signal);
  await place.wait(rule.grace, signal);
  const samples: Sample[] = [];
  const started = performance.now();
  // Whether the last one was chance, or the end, another one tells.
  for (let n = 0; n < planned || samples.at(-1)!.fault !== null; n++) {
    const due = started + n * rule.every - performance.now();
    if (due > 0) await place.wait(due, signal);
    samples.push(await sampleNow(look, signal));
    onSample(samples.at(-1)!, samples, planned);
    const restarts = before === null ? null : await restartsOf(place, signal);
    const fault =
      watchFault(samples, rule, planned) ??
      (before !== null && restarts !== null && restarts > before
        ? `the process was restarted ${restarts - before} times while it was watched`
        : null);
    if (fault !== null) return fault;
  }
  return samples.length < rule.minimum ? `there were ${samples.length} samples, ${rule.minimum} are needed` : null;
}

async function sampleNow(look: Sampler, signal: AbortSignal): Promise<Sample> {
  const sample = await look(signal);
  if (signal.aborted) throw new Undecided('it was interrupted');
  return sample;
}
