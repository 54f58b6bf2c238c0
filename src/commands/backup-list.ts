import { signatureFault } from '../backups/signature.ts';
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
      io.stdout.write(
        `${JSON.stringify({ version: 1, environment: place.name, backups: backups.map((one) => ({ ...plain(one), fault: signatureFault(one.manifest, place.backup) })) })}\n`,
      );
    else if (backups.length === 0) io.stdout.write(`no backup yet: npx git-protect backup create ${place.name}\n`);
    else
      io.stdout.write(
        table(
          ['backup', 'age', 'size', 'state', 'tested', 'copies'],
          backups.map((stored) => row(stored, now, signatureFault(stored.manifest, place.backup))),
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
  bracketed: manifest.bracketed,
  bytes,
  parts: manifest.parts.map(({ kind, file }) => ({ kind, file })),
  testedAt: testedAt?.toISOString() ?? null,
  pinned,
  copies,
});

function stateOf({ manifest: { state, bracketed }, pinned }: Stored): string {
  const tables = bracketed.length === 1 ? '1 table bracketed' : `${bracketed.length} tables bracketed`;
  return [state, ...(bracketed.length === 0 ? [] : [tables]), ...(pinned === null ? [] : [`pinned (${pinned})`])].join(
    ', ',
  );
}

function row(stored: Stored, now: Date, fault: string | null): string[] {
  const { manifest, bytes, testedAt, copies } = stored;
  const since = (date: Date) => {
    const span = now.getTime() - date.getTime();
    return span < -300_000 ? `${ago(-span)} ahead` : ago(Math.max(span, 0));
  };
  return [
    manifest.id,
    since(new Date(manifest.createdAt)),
    size(bytes),
    fault === null ? stateOf(stored) : `${stateOf(stored)}, ${fault}`,
    testedAt === null ? 'never' : `${since(testedAt)} ago`,
    copies.length === 0 ? '-' : copies.join(', '),
  ];
}
