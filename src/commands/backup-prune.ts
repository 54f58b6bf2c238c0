import { planPrune, prune } from '../backups/prune.ts';
import { exitCode } from '../model/index.ts';
import { table } from '../words/table.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: { 'dry-run': { type: 'boolean', means: 'show what would go and why, and remove nothing' } },
  example: 'npx git-protect backup prune --dry-run',
} as const satisfies Usage;

/** `protect backup prune`: a line for each backup, with the reason why it stays or goes. */
export async function backupPrune(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const dry = values['dry-run'] ?? false;
  return withBackups(io, positionals[0], async (place) => {
    const { decisions } = dry ? await planPrune(place) : await prune(place);
    const gone = dry ? 'would go' : 'gone';
    const rows = decisions.map(({ id, keep, reason }) => [keep ? 'stays' : gone, id, reason]);
    io.stdout.write(rows.length === 0 ? 'there is no backup\n' : table(['', 'backup', 'why'], rows, 'text'));
    return exitCode.pass;
  });
}
