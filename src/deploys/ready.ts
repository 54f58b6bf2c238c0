import type { Oid } from '../model/index.ts';
import type { DeployPlace } from './place.ts';
import { sampler } from './sample.ts';

/**
 * Waits until a service answers as it should, from the commit that is meant: an old instance answers as well.
 * @returns what is wrong; null: nothing
 */
export async function untilReady(place: DeployPlace, commit: Oid, signal: AbortSignal): Promise<string | null> {
  const live = place.environment.live!;
  const { tries, delay, wait, good } = live.ready;
  const look = await sampler(live, commit, place.now);
  await place.wait(wait, signal);
  let row = 0;
  let fault = '';
  for (let n = 1; n <= tries || row > 0; n++) {
    const sample = await look(signal);
    row = sample.fault === null ? row + 1 : 0;
    if (sample.fault !== null) fault = sample.fault;
    place.tell(`asked ${n} of ${tries} times: ${sample.fault ?? `well, ${row} of ${good}`}`);
    if (row >= good) return null;
    await place.wait(delay, signal);
  }
  return `${new URL(live.url).host} was asked ${tries} times: ${fault}`;
}
