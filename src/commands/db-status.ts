import { readOpenRun } from '../databases/open-run.ts';
import { exitCode } from '../model/index.ts';
import { withPlace } from './database-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = { flags: {}, example: 'npx git-protect db status' } as const satisfies Usage;

/** `protect db status`: is a run open, and what did it find? 0 none, 1 one that has not ended well. */
export async function dbStatus(args: readonly string[], io: Io): Promise<number> {
  readOptions(args, usage.flags, 0);
  return withPlace(io, async ({ commonDir }) => {
    const run = readOpenRun(commonDir);
    if (run === null) {
      io.stdout.write('no run is open\n');
      return exitCode.pass;
    }
    const { id, state, startedAt, production, test, issue, differences } = run;
    io.stdout.write(
      `run ${id}${issue === null ? '' : ` for issue ${issue}`}: ${state}, begun ${startedAt}, ${test} filled from ${production}\n`,
    );
    for (const line of differences) io.stdout.write(`  ${line}\n`);
    io.stdout.write(
      state === 'open' && run.pid !== null ? 'it is still going on\n' : 'what ends it: npx git-protect db end\n',
    );
    return exitCode.refused;
  });
}
