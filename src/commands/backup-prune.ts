import type { BackupPlace } from '../backups/place.ts';
import { planPrune, prune } from '../backups/prune.ts';
import { pruneDestination } from '../backups/prune-destination.ts';
import { exitCode, Undecided } from '../model/index.ts';
import { table } from '../words/table.ts';
import { visible } from '../words/visible.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: { 'dry-run': { type: 'boolean', means: 'show what would be removed and why, and remove nothing' } },
  example: 'npx git-protect backup prune --dry-run',
} as const satisfies Usage;

/** `protect backup prune`: a line for each backup, here and at each destination, with the reason why it stays or goes. */
export async function backupPrune(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const dry = values['dry-run'] ?? false;
  return withBackups(io, positionals[0], async (place) => {
    const { decisions } = dry ? await planPrune(place) : await prune(place);
    show(decisions, dry ? 'would go' : 'gone', io);
    let code: number = exitCode.pass;
    for (const [name, { keep }] of Object.entries(place.backup.destinations))
      if (Object.keys(keep).length > 0 && !(await pruneAt(place, name, dry, io))) code = exitCode.undecided;
    return code;
  });
}

type Rows = readonly { readonly id: string; readonly keep: boolean; readonly reason: string }[];

function show(decisions: Rows, gone: string, io: Io): void {
  const rows = decisions.map(({ id, keep, reason }) => [keep ? 'stays' : gone, id, reason]);
  io.stdout.write(rows.length === 0 ? 'there is no backup\n' : table(['', 'backup', 'why'], rows, 'text'));
}

/** @returns whether it could be told; what is wrong at one destination is no reason to leave out the next */
async function pruneAt(place: BackupPlace, name: string, dry: boolean, io: Io): Promise<boolean> {
  try {
    const { decisions, mayNotDelete } = await pruneDestination(place, name, dry);
    io.stdout.write(`\n${name}:\n`);
    show(decisions, dry ? 'would go' : mayNotDelete ? 'expires' : 'gone', io);
    if (mayNotDelete)
      io.stdout.write(
        `the key of ${name} may not delete, as it should be: let a rule of the storage expire what is old (docs/backups.md)\n`,
      );
    return true;
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    const help = error.help === undefined ? '' : `\n  help: ${visible(error.help)}`;
    io.stderr.write(`protect: nothing was removed at ${name}: ${visible(error.message)}${help}\n`);
    return false;
  }
}
