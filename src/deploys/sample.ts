import { get } from '../machine/http.ts';
import type { Live, Oid } from '../model/index.ts';
import { answerJudge, commitReader } from '../readers/health-answer.ts';

/** One look at a service. */
export interface Sample {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Milliseconds; of the last answer, or until it was given up. */
  readonly latency: number;
  /** The commit that it names; null: none. */
  readonly commit: string | null;
  /** What is wrong; null: nothing. */
  readonly fault: string | null;
}

/** Milliseconds that an answer may take; the watch judges how long it took. */
const longest = 10_000;
/** How often a lost answer is asked for again at once: it says nothing about the service. One that is there and wrong does. */
const tries = 3;

/** Looks at a service as one that must run a commit. */
export type Sampler = (signal: AbortSignal) => Promise<Sample>;

/**
 * @param wanted the commit that must answer; null: any
 * @throws Undecided for a JSONPath that is none
 */
export async function sampler(live: Live, wanted: Oid | null, now: () => Date): Promise<Sampler> {
  const judge = await answerJudge(
    { expect: live.expect, commit: wanted === null ? null : live.commit },
    wanted ?? '',
    false,
  );
  const commitOf = await commitReader(live.commit);
  let isLost = false;
  const once = async (signal: AbortSignal): Promise<Sample> => {
    const at = now().toISOString();
    const started = performance.now();
    const spent = () => Math.round(performance.now() - started);
    try {
      const { status, body } = await get(live.url, longest, signal);
      isLost = false;
      const fault = status === live.status ? judge(body) : `answers ${status}, expected ${live.status}`;
      return { at, latency: spent(), commit: commitOf(body), fault };
    } catch (error) {
      isLost = true;
      return { at, latency: spent(), commit: null, fault: (error as Error).message };
    }
  };
  return async (signal) => {
    let sample = await once(signal);
    for (let left = tries - 1; left > 0 && isLost && !signal.aborted; left--) sample = await once(signal);
    return sample;
  };
}

/** Asks once what runs. */
export async function whatRuns(live: Live, now: () => Date, signal: AbortSignal): Promise<Sample> {
  return (await sampler(live, null, now))(signal);
}
