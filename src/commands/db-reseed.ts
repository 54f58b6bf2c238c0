import { resolve } from 'node:path';
import { givenBackup } from '../backups/given.ts';
import { dumpOf } from '../databases/dump.ts';
import { commentOn } from '../databases/issue-comment.ts';
import { environmentOf, type Place } from '../databases/place.ts';
import { isCatastrophe, type Meaning, reseed, type Source } from '../databases/reseed.ts';
import { databaseSize } from '../databases/space.ts';
import { exitCode, Refused, type Undecided, UsageError } from '../model/index.ts';
import { chosen, withPlace } from './database-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

/** The test database is unexpectedly empty. */
export const exitEmpty = 99;

export const meaningFlags = {
  'fresh-start': { type: 'boolean', means: 'it is intended that the test database is empty' },
  adopt: {
    type: 'string',
    value: 'NAME',
    means: 'the name of the test database: everything in it may be thrown away, though it has no mark yet',
  },
  issue: { type: 'string', value: 'N', means: 'the issue that this is for; comments go there' },
} as const;

export const usage = {
  words: '[ENVIRONMENT]',
  flags: {
    from: {
      type: 'string',
      value: 'BACKUP',
      means: 'the id of a tested backup, or a dump with its baseline next to it; default: production as it is now',
    },
    ...meaningFlags,
  },
  example: 'npx git-protect db reseed --adopt shop_test',
} as const satisfies Usage;

/** `protect db reseed`: the test database anew. */
export async function dbReseed(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const issue = readIssue(values.issue);
  return withPlace(io, (place) =>
    orCatastrophe(io, place, issue, async () => {
      const name = chosen(place.policy, positionals[0], true);
      if (values.from !== undefined) return reseedFrom(io, place, name, values.from, null, readMeaning(values));
      return told(io, name, await reseed(place, name, sourceOf(place, name, issue), readMeaning(values)));
    }),
  );
}

/** Fills a disposable database from a backup: one that has an id must have been tested. @param key of age, as a text */
export async function reseedFrom(
  io: Io,
  place: Place,
  name: string,
  backup: string,
  key: string | null,
  meaning: Meaning,
): Promise<number> {
  const given = await givenBackup(place, backup, resolve(io.cwd, backup), key);
  const { manifest, testedAt } = given.stored ?? {};
  if (manifest !== undefined && (manifest.state !== 'whole' || testedAt === null))
    throw new Refused(
      `${backup} ${manifest.state === 'whole' ? 'was never tested by a restore' : `is suspect: ${manifest.doubts.join('; ')}`}`,
      `npx git-protect backup verify ${manifest.environment} --id ${backup}`,
    );
  try {
    const source = { bytes: async () => 2 * given.bytes, open: given.open };
    return told(io, name, await reseed(place, name, source, meaning));
  } finally {
    await given.close();
  }
}

function told(io: Io, name: string, notes: readonly string[]): number {
  for (const note of notes) io.stderr.write(`note: ${note}\n`);
  io.stdout.write(`${name} was refilled, and holds what was dumped\n`);
  return exitCode.pass;
}

/** The environment that the policy names, as it is now. */
function sourceOf(place: Place, name: string, issue: number | null): Source {
  const { reseed: how } = environmentOf(place, name);
  if (how === null)
    throw new UsageError(
      `the policy does not say what ${name} is filled from`,
      `add databases.${name}.reseed: { from: … }, or name a backup: --from BACKUP`,
    );
  return { bytes: () => databaseSize(place, how.from), open: () => dumpOf(place, how.from, issue) };
}

export function readMeaning(values: { 'fresh-start'?: boolean | undefined; adopt?: string | undefined }): Meaning {
  return { freshStart: values['fresh-start'] ?? false, adopt: values.adopt ?? null };
}

/** @throws UsageError */
export function readIssue(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`--issue takes a number, not '${text}'`);
  return Number(text);
}

/** An unexpectedly empty test database is loud: a block on the screen, a comment on the issue, an exit code of its own. */
export async function orCatastrophe(
  io: Io,
  place: Place,
  issue: number | null,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!isCatastrophe(error)) throw error;
    const { message, help = '' } = error as Undecided;
    const text = `CATASTROPHIC: ${message}\nNothing was changed, and nothing runs until somebody has looked.\n${help}`;
    const line = '='.repeat(72);
    io.stderr.write(`${line}\n${text}\n${line}\n`);
    const fault = issue === null ? null : await commentOn(place, issue, text);
    if (fault !== null) io.stderr.write(`warning: the comment on issue ${issue} was not posted: ${fault}\n`);
    return exitEmpty;
  }
}
