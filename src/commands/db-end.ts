import { closeRun, type RunRecord, readOpenRun } from '../databases/open-run.ts';
import type { Place } from '../databases/place.ts';
import { compareRun, type Ending, settle } from '../databases/run.ts';
import { detectAgent } from '../machine/agent.ts';
import { exitCode, Refused, UsageError } from '../model/index.ts';
import { withPlace } from './database-place.ts';
import { tell } from './db-run.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: {
    accept: { type: 'boolean', means: 'the difference is intended: record it and open the gate' },
    reason: { type: 'string', value: 'TEXT', means: 'why it is intended' },
  },
  example: 'npx git-protect db end --accept --reason "prices were changed by hand"',
} as const satisfies Usage;

/** `protect db end`: compares production with the baseline of the run, and opens the gate where it is the same. */
export async function dbEnd(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  if (values.accept) refuseAgent(io);
  if (values.accept && !values.reason?.trim())
    throw new UsageError('--accept needs a reason', 'npx git-protect db end --accept --reason "…"');
  return withPlace(io, async (place) => {
    const run = readOpenRun(place.commonDir);
    if (run === null) throw new UsageError('no run of this clone is open', 'npx git-protect db begin');
    if (run.state === 'open' && run.pid !== null)
      throw new Refused(`run ${run.id} is still going on (process ${run.pid})`, 'wait until it has ended');
    const ending = run.baseline === null ? nothingRan : await compareRun(place, run);
    if (ending.state !== 'same' && values.accept) return accept(io, place, run, ending, values.reason!);
    settle(place, run, ending, false);
    return tell(io, ending, run.production, 0);
  });
}

/** It was interrupted before its command could begin. */
const nothingRan: Ending = { state: 'same', notes: ['the run was interrupted before anything ran'] };

function accept(
  io: Io,
  place: Place,
  run: RunRecord,
  ending: Exclude<Ending, { state: 'same' }>,
  reason: string,
): number {
  closeRun(
    place.commonDir,
    { ...run, differences: ending.said },
    { end: `accepted ${ending.state}`, at: place.now().toISOString(), reason },
  );
  io.stdout.write(`recorded as meant:\n${ending.said.map((line) => `  ${line}`).join('\n')}\n`);
  return exitCode.pass;
}

/** @throws Refused under an AI agent */
function refuseAgent(io: Io): void {
  const agent = detectAgent(io.env);
  if (agent !== null)
    throw new Refused(`--accept is a person's word, and this runs under ${agent}`, 'ask a person to run it');
}
