import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseRestoreWaiver, type RestoreWaiver, restoreFault } from '../approvals/restore-waiver.ts';
import { readToken } from '../approvals/statement.ts';
import { createBackup } from '../backups/create.ts';
import { type Given, givenBackup } from '../backups/given.ts';
import { backupPlace } from '../backups/place.ts';
import { dumpOf } from '../databases/dump.ts';
import { environmentOf, type Place } from '../databases/place.ts';
import { restoreProduction } from '../databases/restore-production.ts';
import { remoteSide } from '../git/refs.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import { findPolicy } from '../sources/policy.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';
import { chosen, withPlace } from './database-place.ts';
import { meaningFlags, orCatastrophe, readMeaning, reseedFrom } from './db-reseed.ts';
import { readContent } from './given.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

/** Production was changed, and is what it was again; it was changed, and a person is needed. */
const [exitTakenBack, exitStuck] = [4, 5];

export const usage = {
  words: 'BACKUP',
  flags: {
    to: { type: 'string', value: 'ENV', means: 'the database to restore; default: the one that is not disposable' },
    waiver: { type: 'string', value: 'TOKEN', means: "an owner's waiver: a token, a file name, or -" },
    key: {
      type: 'string',
      value: 'FILE',
      means: 'the age key that opens the backup; default: what identity: names',
    },
    'fresh-start': meaningFlags['fresh-start'],
    adopt: meaningFlags.adopt,
  },
  example: 'npx git-protect db restore shop_production_20261120T020000Z --to production --waiver TOKEN',
} as const satisfies Usage;

/** `protect db restore`: a backup in the place of what is there. 4: changed and taken back; 5: changed, and a person is needed. */
export async function dbRestore(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const [backup] = positionals;
  if (backup === undefined) throw new UsageError('which backup? Its id, or the file of a dump', usage.example);
  const key = values.key === undefined ? null : await readKey(resolve(io.cwd, values.key));
  return withPlace(io, async (place) => {
    const name = chosen(place.policy, values.to, false);
    if (environmentOf(place, name).disposable) {
      if (values.waiver !== undefined)
        throw new UsageError(`${name} is disposable, and needs no waiver`, 'leave out --waiver');
      return orCatastrophe(io, place, null, () => reseedFrom(io, place, name, backup, key, readMeaning(values)));
    }
    if (values.adopt !== undefined || values['fresh-start'])
      throw new UsageError('--adopt and --fresh-start are for disposable databases', `${name} is not disposable`);
    const waiver = values.waiver === undefined ? null : await readWaiver(values.waiver, io);
    const given = await givenBackup(place, backup, resolve(io.cwd, backup), key);
    try {
      if (waiver !== null) await refuseWaiver(io, place, name, given, waiver);
      return await onto(io, place, name, given, waiver);
    } finally {
      await given.close();
    }
  });
}

async function onto(io: Io, place: Place, name: string, given: Given, waiver: RestoreWaiver | null): Promise<number> {
  const say = (line: string) => void io.stderr.write(`${visible(line)}\n`);
  tellAbout(given, say);
  const dump = await given.open();
  const ending = await restoreProduction(place, name, dump, {
    sha256: given.sha256,
    nonce: waiver?.statement.nonce ?? null,
    waive: `npx git-protect approve --restore ${waiver === null ? `sha256:${given.sha256}` : shellWord(given.called)} --to ${name} --reason "…"  # an owner; then --waiver TOKEN`,
    safety: () => safetyBackup(place, name),
    say,
  });
  if (ending.end === 'restored') {
    for (const line of ending.said) io.stdout.write(`${visible(line)}\n`);
    return exitCode.pass;
  }
  for (const line of ending.said) say(`protect: ${line}`);
  return ending.end === 'taken back' ? exitTakenBack : exitStuck;
}

function tellAbout({ called, stored, baseline, sha256 }: Given, say: (line: string) => void): void {
  const rows = baseline.tables.reduce((sum, table) => sum + BigInt(table.rows), 0n);
  say(
    `${called}: of ${baseline.database.name}, of ${baseline.at}, ${baseline.tables.length} table${baseline.tables.length === 1 ? '' : 's'}, ${rows} rows, sha256 ${sha256}`,
  );
  if (baseline.tables.some(({ kind }) => kind === 'count'))
    say('note: only counts are compared, and no contents: its fingerprint holds no others (fingerprint: count)');
  if (baseline.database.schemas !== null)
    say(`note: only these schemas are compared: ${baseline.database.schemas.join(', ')}`);
  if (stored?.manifest.state === 'suspect') say(`warning: it is suspect: ${stored.manifest.doubts.join('; ')}`);
  if (stored !== null && stored.testedAt === null) say('note: no restore of it was tested before');
}

async function readKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${error.code})`);
  });
  if (text.includes('PRIVATE KEY-----'))
    throw new UsageError(
      'a key of SSH opens a backup by hand',
      'npx git-protect backup read FILE.dump.age --key KEY -o FILE.dump, then restore FILE.dump',
    );
  return text;
}

async function readWaiver(given: string, io: Io): Promise<RestoreWaiver> {
  const content = await readContent(given, io, readToken);
  try {
    return parseRestoreWaiver(content);
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    throw new UsageError(
      `the waiver ${error.message}`,
      'an owner makes one with npx git-protect approve --restore BACKUP --to ENV',
    );
  }
}

/** By the policy of this clone and by that of the default branch: whoever writes himself into the one is not in the other. */
async function refuseWaiver(
  io: Io,
  place: Place,
  environment: string,
  { sha256 }: Given,
  waiver: RestoreWaiver,
): Promise<void> {
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const { loaded } = await findPolicy(repository, remoteSide(repository), {
      results: async () => [],
      worktree: true,
    });
    for (const policy of [place.policy, ...(loaded ? [loaded.policy] : [])]) {
      const fault = restoreFault(waiver, { policy, now: io.now(), environment, sha256 });
      if (fault !== null) throw new UsageError(`the waiver does not count: ${fault}`, 'ask the owner for another');
    }
  } finally {
    repository.close();
  }
}

/** Where the policy says how this database is backed up, so; else a dump in this clone. */
async function safetyBackup(place: Place, name: string): Promise<string> {
  const backups = Object.entries(place.policy.backups).find(([, { database }]) => database === name)?.[0];
  if (backups === undefined) return (await dumpOf(place, name, 'before-restore')).file;
  const order = { issue: null, smaller: false, recipientsChanged: false };
  const { id, state, doubts } = await createBackup(backupPlace(place, backups, null), order);
  if (state === 'suspect') throw new Undecided(`${id} was made, and is suspect: ${doubts.join('; ')}`);
  return id;
}
