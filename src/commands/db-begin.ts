import { beginRun } from '../databases/run.ts';
import { exitCode } from '../model/index.ts';
import { chosen, withPlace } from './database-place.ts';
import { dbCheck } from './db-check.ts';
import { meaningFlags, orCatastrophe, readIssue, readMeaning } from './db-reseed.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: { ...meaningFlags },
  example: 'npx git-protect db begin --issue 12',
} as const satisfies Usage;

/** `protect db begin`: what `db run` does before its command, for orchestrators that cannot be wrapped. */
export async function dbBegin(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const issue = readIssue(values.issue);
  const checked = await dbCheck([], io);
  if (checked !== exitCode.pass) return checked;
  return withPlace(io, (place) =>
    orCatastrophe(io, place, issue, async () => {
      const run = await beginRun(place, {
        test: chosen(place.policy, undefined, true),
        issue,
        meaning: readMeaning(values),
        pid: null,
      });
      io.stdout.write(`run ${run.id} has begun; commits and pushes are refused until: npx git-protect db end\n`);
      return exitCode.pass;
    }),
  );
}
