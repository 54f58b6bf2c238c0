import { appendFileSync } from 'node:fs';
import { runCommand } from '../machine/run.ts';
import type { ShellCommand } from '../model/index.ts';
import { saidFirst } from '../words/said.ts';
import type { Journal } from './journal.ts';
import type { DeployPlace } from './place.ts';

/** What a command of a deploy finds in its environment. */
export interface Facts {
  readonly commit: string;
  readonly tag: string;
  /** What is to run after the way back; empty: nobody knows. */
  readonly previous: string;
}

/** The file that holds all that the commands of a deploy said; only its owner reads it. */
export const logOf = ({ path }: Journal) => path.replace(/\.jsonl$/, '.log');

/**
 * Runs a command of the policy at the top of the repository.
 * @returns what is wrong; null: it ended with 0
 */
export async function runStep(
  { topLevel, env }: DeployPlace,
  journal: Journal,
  name: string,
  { command, timeout }: ShellCommand,
  signal: AbortSignal,
  facts: Facts | null = null,
): Promise<string | null> {
  const log = logOf(journal);
  appendFileSync(log, `--- ${name}: ${command}\n`, { mode: 0o600 });
  const more = facts && {
    PROTECT_COMMIT: facts.commit,
    PROTECT_TAG: facts.tag,
    PROTECT_PREVIOUS: facts.previous,
  };
  const ran = await runCommand(command, {
    cwd: topLevel,
    env: { ...env, ...more },
    timeout,
    signal,
    onOutput: (chunk) => appendFileSync(log, chunk),
    onStart: (pid) => journal.add('runs', { command: name, pid }),
  });
  if (ran.exitCode === 0 && !ran.timedOut && !signal.aborted) return null;
  const said = saidFirst(ran.output);
  const how = signal.aborted
    ? 'was interrupted'
    : ran.timedOut
      ? `took longer than ${timeout / 1000} s`
      : ran.missing !== null
        ? 'could not be started'
        : `ended with ${ran.exitCode ?? 'a signal'}`;
  return `${name} ${how}${said === '' ? '' : `: ${said}`}; all of it: ${log}`;
}
