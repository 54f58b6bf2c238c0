import { listBackups, type Stored } from '../backups/store.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { ago } from '../words/ago.ts';
import { size } from '../words/size.ts';
import { table } from '../words/table.ts';
import { withBackups } from './backup-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[NAME]',
  flags: {
    format: {
      type: 'string',
      value: 'FORMAT',
      values: ['text', 'json', 'markdown'],
      means: 'text, json or markdown; default: text',
    },
  },
  example: 'npx git-protect backup list',
} as const satisfies Usage;

/** `protect backup list`: the newest first. */
export async function backupList(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const { format = 'text' } = values;
  if (format !== 'text' && format !== 'json' && format !== 'markdown')
    throw new UsageError(`--format is '${format}', expected text, json or markdown`);
  return withBackups(io, positionals[0], async (place) => {
    const backups = await listBackups(place.folder, place.name);
    const now = place.now();
    if (format === 'json')
      io.stdout.write(`${JSON.stringify({ version: 1, environment: place.name, backups: backups.map(plain) })}\n`);
    else if (backups.length === 0) io.stdout.write(`no backup yet: npx git-protect backup create ${place.name}\n`);
    else
      io.stdout.write(
        table(
          ['backup', 'age', 'size', 'state', 'tested', 'copies'],
          backups.map((stored) => row(stored, now)),
          format,
        ),
      );
    return exitCode.pass;
  });
}

const plain = ({ manifest, bytes, testedAt, pinned, copies }: Stored) => ({
  id: manifest.id,
  createdAt: manifest.createdAt,
  state: manifest.state,
  bytes,
  parts: manifest.parts.map(({ kind, file }) => ({ kind, file })),
  testedAt: testedAt?.toISOString() ?? null,
  pinned,
  copies,
});

function row({ manifest, bytes, testedAt, pinned, copies }: Stored, now: Date): string[] {
  const since = (date: Date) => ago(now.getTime() - date.getTime());
  return [
    manifest.id,
    since(new Date(manifest.createdAt)),
    size(bytes),
    pinned === null ? manifest.state : `${manifest.state}, pinned`,
    testedAt === null ? 'never' : `${since(testedAt)} ago`,
    copies.length === 0 ? '-' : copies.join(', '),
  ];
}
