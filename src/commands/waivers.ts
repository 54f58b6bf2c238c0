import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limits, readToken } from '../approvals/statement.ts';
import { parseWaiverOrTick, type Tick, tickFault, type Waiver, waiverFault } from '../approvals/waiver.ts';
import { checks } from '../checks/index.ts';
import type { Repository } from '../git/repository.ts';
import { type GrantedTick, type GrantedWaiver, type Policy, UsageError } from '../model/index.ts';
import type { Sourced } from '../sources/staged.ts';
import { readContent } from './given.ts';
import type { Io } from './io.ts';

/** Waivers and ticks. */
export interface Grants {
  readonly waivers: readonly Waiver[];
  readonly ticks: readonly Tick[];
}

/** What was given to the flags. @throws UsageError when one is neither a waiver nor a tick */
export async function readGrants(given: readonly string[], io: Io): Promise<Grants> {
  return sorted(await Promise.all(given.map((each) => readGrant(each, io))));
}

function sorted(grants: readonly ReturnType<typeof parseWaiverOrTick>[]): Grants {
  return {
    waivers: grants.flatMap((each) => ('waiver' in each ? [each.waiver] : [])),
    ticks: grants.flatMap((each) => ('tick' in each ? [each.tick] : [])),
  };
}

async function readGrant(given: string, io: Io): Promise<ReturnType<typeof parseWaiverOrTick>> {
  const content = await readContent(given, io, readToken);
  try {
    return parseWaiverOrTick(content);
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    throw new UsageError(`the waiver ${error.message}`, 'an owner makes one with npx git-protect approve --deploy');
  }
}

/** @throws UsageError for a waiver that does not count: whoever relies on it should know before anything runs */
export function granted({ loaded, deployment }: Sourced, waivers: readonly Waiver[], now: Date): GrantedWaiver[] {
  if (waivers.length === 0 || !loaded || !deployment) return [];
  const { name: environment, commit } = deployment;
  if (environment === null)
    throw new UsageError('a waiver is for an environment, and the policy has none under deploy:');
  return waivers.map((waiver) => {
    const fault = waiverFault(waiver, { policy: loaded.policy, now, environment, commit }, isWaivable(loaded.policy));
    if (fault !== null) throw new UsageError(`the waiver does not count: ${fault}`, 'ask the owner for another');
    return waiver.statement;
  });
}

/**
 * The ticks that count for this deploy, of those given and those made in this clone.
 * @throws UsageError for one that is given and does not count
 */
export function countingTicks(
  { loaded, deployment }: Sourced,
  given: readonly Tick[],
  saved: readonly Tick[],
  now: Date,
): Tick[] {
  if (!loaded || !deployment?.name) return [];
  const to = { policy: loaded.policy, now, environment: deployment.name, commit: deployment.commit };
  for (const tick of given) {
    const fault = tickFault(tick, to);
    if (fault !== null) throw new UsageError(`the tick does not count: ${fault}`, 'ask the owner for another');
  }
  const names = new Set(given.map(({ name }) => name));
  return [...given, ...saved.filter((tick) => !names.has(tick.name) && tickFault(tick, to) === null)];
}

/** What is to be deployed, with what was ticked for it. */
export function withTicks(sourced: Sourced, ticks: readonly Tick[]): Sourced {
  const granted: GrantedTick[] = ticks.map(({ statement }) => statement);
  return sourced.deployment ? { ...sourced, deployment: { ...sourced.deployment, ticks: granted } } : sourced;
}

/** Those of the saved waivers that are for this deploy. */
export function counting({ loaded, deployment }: Sourced, saved: readonly Waiver[], now: Date): GrantedWaiver[] {
  if (!loaded || !deployment?.name) return [];
  const to = { policy: loaded.policy, now, environment: deployment.name, commit: deployment.commit };
  return saved
    .filter((waiver) => waiverFault(waiver, to, isWaivable(loaded.policy)) === null)
    .map(({ statement }) => statement);
}

/** May the refusal of a check be waived? @returns a test on ids; an id that runs before no deploy is not */
export function isWaivable(policy: Policy): (id: string) => boolean {
  return (id) => {
    const check = checks.find((candidate) => candidate.id === id);
    if (check) return check.gates.includes('pre-deploy') && check.waivable !== false;
    return Object.hasOwn(policy.checks, id);
  };
}

/** A push takes no flags of ours, so what was handed to `predeploy --waiver` is at hand for it. */
export async function saveWaivers(repository: Repository, waivers: readonly (Waiver | Tick)[]): Promise<void> {
  const folder = await folderOf(repository);
  mkdirSync(folder, { recursive: true });
  for (const { name, content } of waivers) writeFileSync(join(folder, name), content);
}

/** What was saved, and the ticks that were made in this clone. */
export async function savedGrants(repository: Repository): Promise<Grants> {
  const folder = await folderOf(repository);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return sorted([]);
    throw error;
  }
  const grants = names.flatMap((name) => {
    const path = join(folder, name);
    const there = lstatSync(path);
    if (!there.isFile() || there.size > limits.file) return [];
    try {
      return [parseWaiverOrTick(readFileSync(path))];
    } catch (error) {
      // What is no waiver lets nothing pass.
      if (error instanceof SyntaxError || error instanceof RangeError) return [];
      throw error;
    }
  });
  return sorted(grants);
}

async function folderOf(repository: Repository): Promise<string> {
  return join((await repository.layout()).commonDir, 'protect', 'waivers');
}
