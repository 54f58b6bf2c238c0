import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { stateFolder } from '../backups/place.ts';
import { listBackups } from '../backups/store.ts';
import { type Journal, readJournals } from '../deploys/journal.ts';
import { keepForSetup } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { type Event, incidentsFolder, incidentText } from '../readers/incident.ts';
import { policyHereIfAny } from '../sources/policy.ts';
import { slug } from '../words/slug.ts';
import { visible } from '../words/visible.ts';
import { putUpFreeze } from './freeze.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'TITLE',
  flags: {},
  example: 'npx git-protect incident "orders are charged twice"',
} as const satisfies Usage;

/** Milliseconds that the timeline looks back, and lines of it. */
const lookBack = 2 * 86_400_000;
const mostLines = 40;

/** `protect incident TITLE`: freezes deploys, and begins the document. It stages both, and commits nothing. */
export async function incident(args: readonly string[], io: Io): Promise<number> {
  const [title] = readOptions(args, usage.flags, 1).positionals;
  if (title === undefined || title.trim() === '') throw new UsageError('what happened? A few words', usage.example);
  if (/\n/.test(title) || title.length > 120) throw new UsageError('the title is one line of at most 120 characters');
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const { topLevel } = await repository.layout();
    if (topLevel === null) throw new UsageError('a bare repository has no files', 'run this in a clone');
    const at = io.now().toISOString();
    const path = `${incidentsFolder}${at.slice(0, 10)}-${slug(title, 'incident')}.md`;
    const known = [...(await timeline(repository, io.now())), ...(await shippedEvents(repository, io))];
    const text = incidentText(visible(title), at, known, true);
    await mkdir(dirname(join(topLevel, path)), { recursive: true });
    await writeFile(join(topLevel, path), text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? new UsageError(`${path} is there already`, `go on writing it`) : error;
    });
    const freeze = await putUpFreeze(repository, io, `incident: ${title}`);
    await repository.run(['add', '--', path], { cwd: topLevel });
    io.stdout.write(
      visible(
        `wrote and staged ${path}\nwrote and staged ${freeze}\nno deploy of this branch starts once they are pushed:\n  git commit -m "docs: incident" && git push\n`,
      ),
    );
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** What landed on this branch of late, and the tags that were put on it: by the clocks of those who did. */
async function timeline(repository: Repository, now: Date): Promise<Event[]> {
  const since = new Date(now.getTime() - lookBack).toISOString();
  if ((await repository.head()).commit === null) return [];
  const form = ['--first-parent', `--since=${since}`, `--max-count=${mostLines}`, '--format=%cI%x00%h %s%x00%an', '-z'];
  const landed = (await repository.text(['log', ...form, 'HEAD', '--'])).split('\0').filter((field) => field !== '');
  const events: Event[] = [];
  for (let n = 0; n + 2 < landed.length; n += 3)
    events.push({ at: utc(landed[n]!), what: visible(`landed: ${landed[n + 1]}, by ${landed[n + 2]}`) });
  const tags = await repository.text([
    'for-each-ref',
    '--sort=-creatordate',
    '--count=10',
    '--merged=HEAD',
    '--format=%(creatordate:iso-strict)%00%(refname:short)',
    'refs/tags/',
  ]);
  for (const line of tags.split('\n').filter((text) => text !== '')) {
    const [at, tag] = line.split('\0') as [string, string];
    events.push({ at: utc(at), what: visible(`rollback point or tag: ${tag}`) });
  }
  return events;
}

/** What was deployed and backed up from this machine, where the policy says how. */
async function shippedEvents(repository: Repository, io: Io): Promise<Event[]> {
  const loaded = await policyHereIfAny(repository);
  const { topLevel } = await repository.layout();
  if (loaded === null || topLevel === null) return [];
  const { policy } = loaded;
  const since = io.now().getTime() - lookBack;
  const state = stateFolder({ env: io.env, policy, topLevel });
  const deploys = Object.keys(policy.deploy).flatMap((name) =>
    journalEvents(readJournals(join(state, 'deploys'), name, io.now)),
  );
  const backups = await Promise.all(
    Object.entries(policy.backups).map(async ([name, { folder }]) =>
      (await listBackups(resolve(topLevel, folder), name)).map(({ manifest }) => ({
        at: manifest.createdAt,
        what: `backup ${manifest.id}${manifest.state === 'whole' ? '' : `: ${manifest.state}`}`,
      })),
    ),
  );
  return [...deploys, ...backups.flat()].filter(({ at }) => Date.parse(at) > since);
}

function journalEvents(all: readonly Journal[]): Event[] {
  return all.flatMap(({ begun: { kind, environment, commit }, lines, state }) => {
    const what = `${kind} of ${commit.slice(0, 12)} to ${environment}`;
    const samples = lines.filter(({ step }) => step === 'sample');
    const bad = samples.filter((line) => line['fault'] !== null).length;
    const watched = samples.length === 0 ? '' : `, ${bad} of ${samples.length} samples bad`;
    const why = lines.findLast(({ step }) => step === 'ended')?.['why'];
    const said = typeof why === 'string' ? `: ${visible(why.split('\n')[0]!)}` : '';
    return [
      { at: lines[0]!.at, what: `${what} begins` },
      { at: lines.at(-1)!.at, what: `${what}: ${state}${watched}${said}` },
    ];
  });
}

const utc = (time: string) => new Date(time).toISOString();
