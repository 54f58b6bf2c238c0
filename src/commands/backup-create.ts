import { told } from '../backups/bracketed.ts';
import { createBackup } from '../backups/create.ts';
import { uploadAll } from '../backups/upload.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { size } from '../words/size.ts';
import { visible } from '../words/visible.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: {
    issue: { type: 'string', value: 'N', means: 'the issue that it is made for; the number is part of its name' },
    'no-upload': { type: 'boolean', means: 'keep it only here' },
    smaller: { type: 'boolean', means: 'it is expected to be much smaller than the last ones' },
    'recipients-changed': { type: 'boolean', means: 'it is intended that other people than before can open it' },
  },
  example: 'npx git-protect backup create production --issue 42',
} as const satisfies Usage;

/** `protect backup create`: a backup that was read back, here and elsewhere. It counts once `verify` has restored it. */
export async function backupCreate(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const issue = values.issue;
  if (issue !== undefined && !/^[1-9]\d{0,9}$/.test(issue))
    throw new UsageError(`--issue is '${issue}', expected a number`);
  return withBackups(io, positionals[0], async (place) => {
    const manifest = await createBackup(place, {
      issue: issue === undefined ? null : Number(issue),
      smaller: values.smaller ?? false,
      recipientsChanged: values['recipients-changed'] ?? false,
    });
    const bytes = manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
    io.stdout.write(
      `${manifest.id}: ${manifest.parts.map(({ kind }) => kind).join(' and ')}, ${size(bytes)}, in ${place.backup.folder}\n`,
    );
    for (const table of manifest.bracketed) io.stdout.write(`bracketed: ${visible(told(table))}\n`);
    if (manifest.state === 'suspect') {
      for (const doubt of manifest.doubts) io.stderr.write(`protect: suspect: ${doubt}\n`);
      return exitCode.refused;
    }
    if (!values['no-upload'])
      for (const name of await uploadAll(place, manifest)) io.stdout.write(`${name} holds it too\n`);
    io.stdout.write(`not tested yet: npx git-protect backup verify ${place.name}\n`);
    return exitCode.pass;
  });
}
