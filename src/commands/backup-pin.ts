import { isBackupId } from '../backups/manifest.ts';
import { pin, unpin } from '../backups/pin.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'ID',
  flags: { reason: { type: 'string', value: 'TEXT', means: 'why, in one line; it is shown beside the backup' } },
  example: "npx git-protect backup pin shop_production_20261120T020000Z --reason 'before the migration'",
} as const satisfies Usage;

export const unpinUsage = { ...usage, example: usage.example.replace(' pin ', ' unpin ') } as const satisfies Usage;

/** `protect backup pin`: no rule lets it go from now on. */
export const backupPin = (args: readonly string[], io: Io): Promise<number> => change(args, io, 'pin');

/** `protect backup unpin`: the rules hold for it again. */
export const backupUnpin = (args: readonly string[], io: Io): Promise<number> => change(args, io, 'unpin');

async function change(args: readonly string[], io: Io, verb: 'pin' | 'unpin'): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const [id] = positionals;
  const reason = values.reason?.trim() ?? '';
  const { example } = verb === 'pin' ? usage : unpinUsage;
  if (id === undefined || !isBackupId(id))
    throw new UsageError(
      id === undefined ? 'which backup?' : `'${visible(id)}' is not the name of a backup`,
      'npx git-protect backup list',
    );
  if (reason === '' || reason.length > 200) throw new UsageError('say why: --reason TEXT, one line', example);
  return withBackups(io, id.split('_')[1], async (place) => {
    await (verb === 'pin' ? pin : unpin)(place, id, reason);
    io.stdout.write(`${id} ${verb === 'pin' ? 'is pinned: no rule lets it go' : 'is pinned no more'}\n`);
    return exitCode.pass;
  });
}
