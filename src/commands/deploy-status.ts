import { lastLive } from '../deploys/journal.ts';
import { journals, openJournal } from '../deploys/lock.ts';
import { type DeployPlace, lockOf } from '../deploys/place.ts';
import { whatRuns } from '../deploys/sample.ts';
import { processFacts } from '../deploys/supervisor.ts';
import { worktreeStatus } from '../git/worktree-status.ts';
import { ownerOf } from '../machine/lock.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import { freezesFolder } from '../readers/freeze.ts';
import { ago } from '../words/ago.ts';
import { size } from '../words/size.ts';
import { visible } from '../words/visible.ts';
import { withDeploy } from './deploy-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: { format: { type: 'string', value: 'FORM', means: 'text or json' } },
  example: 'npx git-protect deploy status production',
} as const satisfies Usage;

/** A line of the status: what it is about, what is so, and whether a person should look. */
interface Row {
  readonly about: string;
  readonly said: string;
  readonly isGood: boolean;
}

/** `protect deploy status`: 0 all is well, 1 not, 3 it cannot be told. */
export async function deployStatus(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const format = values.format ?? 'text';
  if (format !== 'text' && format !== 'json') throw new UsageError(`--format is '${format}', expected text or json`);
  return withDeploy(
    io,
    positionals[0],
    () => undefined,
    async (place, head) => {
      const rows = [
        ...(await serviceRows(place)),
        ...(await processRows(place)),
        await cloneRow(place, head),
        ...journalRows(place),
        ...(await stopRows(place)),
      ];
      if (format === 'json')
        io.stdout.write(`${JSON.stringify({ version: 1, environment: place.name, rows }, null, 2)}\n`);
      else
        for (const { about, said, isGood } of rows)
          io.stdout.write(visible(`${isGood ? ' ' : '!'} ${about.padEnd(9)}${said}\n`));
      return rows.every(({ isGood }) => isGood) ? exitCode.pass : exitCode.refused;
    },
  );
}

const row = (about: string, said: string, isGood = true): Row => ({ about, said, isGood });

async function serviceRows(place: DeployPlace): Promise<Row[]> {
  const { commit, fault, latency } = await whatRuns(place.environment.live!, place.now, place.signal);
  const known = lastLive(journals(place));
  const isKnown = commit !== null && (known === null || known.begun.commit.startsWith(commit));
  const runs = commit === null ? 'nothing says which commit' : commit.slice(0, 12);
  const other = isKnown || commit === null ? '' : `, and ${known!.begun.commit.slice(0, 12)} was deployed last`;
  return [row('runs', `${runs}${other}`, isKnown), row('health', fault ?? `well, in ${latency} ms`, fault === null)];
}

async function processRows(place: DeployPlace): Promise<Row[]> {
  try {
    const facts = await processFacts(place, place.signal);
    if (facts === null) return [];
    const { status, since, restarts, memory, cpu } = facts;
    const parts = [
      status,
      since === null ? null : `for ${ago(place.now().getTime() - since)}`,
      `${restarts} restarts`,
      memory === null ? null : size(memory),
      cpu === null ? null : `${cpu} % CPU`,
    ];
    const isUp = ['online', 'active', 'running'].includes(status);
    return [row('process', parts.filter((part) => part !== null).join(', '), isUp)];
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    return [row('process', error.message, false)];
  }
}

async function cloneRow({ repository }: DeployPlace, head: string): Promise<Row> {
  const { branch } = await repository.head();
  const { entries } = await worktreeStatus(repository);
  const on = branch?.replace('refs/heads/', '') ?? 'no branch';
  const changes = entries.length === 0 ? '' : `, ${entries.length} uncommitted changes`;
  return row('here', `${head.slice(0, 12)} on ${on}${changes}`);
}

function journalRows(place: DeployPlace): Row[] {
  const all = journals(place);
  const last = all.at(-1);
  if (last === undefined) return [row('deploys', 'none from this machine')];
  const open = openJournal(all);
  const { kind, commit } = last.begun;
  const when = ago(place.now().getTime() - Date.parse(last.lines.at(-1)!.at));
  const help = open === null ? '' : `: npx git-protect deploy resume ${place.name}`;
  return [
    row(
      'deploys',
      `the last ${kind}, of ${commit.slice(0, 12)}, ended ${when} ago: ${last.state}${help}`,
      open === null,
    ),
  ];
}

async function stopRows(place: DeployPlace): Promise<Row[]> {
  const owner = await ownerOf(lockOf(place));
  const rows =
    owner === null ? [] : [row('lock', `held by process ${owner.pid}${owner.isHere ? '' : ' of another machine'}`)];
  const { stdout } = await place.repository.run(['ls-tree', '-r', '--name-only', '-z', 'HEAD', '--', freezesFolder]);
  const freezes = stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => path.endsWith('.freeze'));
  return [...rows, ...freezes.map((path) => row('frozen', `by ${path}`))];
}
