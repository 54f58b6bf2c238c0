import { childEnvironment } from '../databases/child-environment.ts';
import { updateRun } from '../databases/open-run.ts';
import { beginRun, compareRun, type Ending, settle } from '../databases/run.ts';
import { runAttached } from '../machine/run.ts';
import { exitCode, Undecided, UsageError } from '../model/index.ts';
import { chosen, withPlace } from './database-place.ts';
import { dbCheck } from './db-check.ts';
import { meaningFlags, orCatastrophe, readIssue, readMeaning } from './db-reseed.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

/** Production is another than before: a person is needed. */
export const exitChanged = 5;

export const usage = {
  words: '-- COMMAND…',
  flags: { ...meaningFlags },
  example: 'npx git-protect db run --issue 12 -- claude -p "…"',
} as const satisfies Usage;

/** `protect db run -- COMMAND`: the whole workflow around a command that may reach the test database only. */
export async function dbRun(args: readonly string[], io: Io): Promise<number> {
  const at = args.indexOf('--');
  const command = at < 0 ? [] : args.slice(at + 1);
  if (command.length === 0) throw new UsageError('which command is to run?', usage.example);
  const { values } = readOptions(args.slice(0, at), usage.flags, 0);
  const issue = readIssue(values.issue);
  const checked = await dbCheck([], io);
  if (checked !== exitCode.pass) return checked;
  return withPlace(io, (place) =>
    orCatastrophe(io, place, issue, async () => {
      const test = chosen(place.policy, undefined, true);
      const run = await beginRun(place, { test, issue, meaning: readMeaning(values), pid: process.pid });
      const { env, removed } = childEnvironment(place, run.production, test);
      if (removed.length > 0) io.stderr.write(`note: taken out of its environment: ${removed.join(', ')}\n`);
      const { exitCode: code, missing } = await runAttached(command, { cwd: io.cwd, env, signal: io.signal });
      if (io.signal.aborted) {
        updateRun(place.commonDir, { ...run, state: 'interrupted', pid: null });
        throw new Undecided(
          'the run was interrupted, so production was not compared; commits and pushes are refused',
          'npx git-protect db end',
        );
      }
      if (missing !== null) io.stderr.write(`protect: the command was not started: ${command[0]}\n`);
      const ending = await compareRun({ ...place, signal: new AbortController().signal }, run);
      settle(place, run, ending, code !== 0);
      return tell(io, ending, run.production, code);
    }),
  );
}

/** The summary of a run, and its exit code. @param code of the command; null: a signal ended it, or it was not run here */
export function tell(io: Io, ending: Ending, production: string, code: number | null): number {
  const say = (text: string) => io.stdout.write(`${text}\n`);
  if (ending.state === 'differs') {
    say(`${production} is not as it was:\n${ending.said.map((line) => `  ${line}`).join('\n')}`);
    say(
      'commits and pushes are refused until a person has looked; if it is meant: npx git-protect db end --accept --reason "…"',
    );
    return exitChanged;
  }
  if (ending.state === 'unverified') {
    say(`${production} could not be compared: ${ending.said.join('; ')}`);
    say('commits and pushes are refused until it was: npx git-protect db end');
    return exitCode.undecided;
  }
  for (const note of ending.notes) say(`note: ${note}`);
  say(`nothing changed in ${production}`);
  if (code === 0) return exitCode.pass;
  say(
    `the command ${code === null ? 'was ended by a signal' : `ended with ${code}`}; commits and pushes are refused until: npx git-protect db end`,
  );
  return exitCode.refused;
}
