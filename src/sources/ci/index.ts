import { UsageError } from '../../model/index.ts';
import { azure } from './azure.ts';
import { bitbucket } from './bitbucket.ts';
import { buildkite } from './buildkite.ts';
import { circleci } from './circleci.ts';
import { type CiEvent, type System, unsaid } from './event.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { jenkins } from './jenkins.ts';
import { otherSystem } from './other.ts';
import { byHand } from './values.ts';

/** The systems whose environment is read here; env-ci knows more, but not what this needs. */
export const systems: readonly System[] = [github, gitlab, bitbucket, azure, circleci, jenkins, buildkite];

/** The flags of `protect ci`; each one given wins over what the system says. */
export interface CiFlags {
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  readonly target?: string | undefined;
  readonly event?: string | undefined;
  readonly title?: string | undefined;
}

/**
 * Finds out what is to be judged. Any of `--base`, `--head`, `--event` makes it the command line's word alone.
 * @throws UsageError when the flags, or what the system says, cannot be used
 */
export async function ciEvent(flags: CiFlags, env: NodeJS.ProcessEnv): Promise<CiEvent> {
  if (flags.event !== undefined && flags.event !== 'proposal' && flags.event !== 'push')
    throw new UsageError(`--event is '${flags.event}', expected proposal or push`);
  for (const name of ['base', 'head', 'target'] as const)
    if (flags[name] === '') throw new UsageError(`--${name} is empty`, 'is the variable behind it set?');
  const alone = flags.base !== undefined || flags.head !== undefined || flags.event !== undefined;
  const here = systems.filter((system) => system.isHere(env));
  const event = alone ? commandLine(env, here[0]) : await said(env, here);
  return {
    ...event,
    ...(flags.event ? { kind: flags.event } : {}),
    ...(flags.target ? { target: flags.target } : {}),
    ...(flags.base ? { base: flags.base } : {}),
    ...(flags.head ? { head: flags.head } : {}),
    ...(flags.title ? { title: flags.title } : {}),
  };
}

async function said(env: NodeJS.ProcessEnv, here: readonly System[]): Promise<CiEvent> {
  const [system, second] = here;
  if (system && second)
    throw new UsageError(`the environment is that of ${system.name} and of ${second.name} at once`, byHand);
  return system ? system.read(env) : ((await otherSystem(env)) ?? commandLine(env));
}

function commandLine(env: NodeJS.ProcessEnv, system?: System): CiEvent {
  return {
    ...unsaid,
    system: null,
    kind: 'proposal',
    defaultBranch: system?.defaultBranch?.(env) ?? null,
    help: { depth: system?.depth ?? 'git fetch --unshallow' },
  };
}
