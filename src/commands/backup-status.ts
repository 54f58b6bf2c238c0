import { statusOf } from '../backups/status.ts';
import { exitCode } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: {},
  example: 'npx git-protect backup status',
} as const satisfies Usage;

/** `protect backup status`: every promise, and whether it holds. */
export async function backupStatus(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = readOptions(args, usage.flags, 1);
  return withBackups(io, positionals[0], async (place) => {
    const all = await statusOf(place);
    for (const { promise, holds, help } of all)
      io.stdout.write(
        `${holds ? 'holds ' : 'BROKEN'}  ${visible(promise)}\n${help ? `        help: ${visible(help)}\n` : ''}`,
      );
    return all.every(({ holds }) => holds) ? exitCode.pass : exitCode.refused;
  });
}
