import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '../approvals/statement.ts';
import { parseWaiver, type Waiver, waiverFault } from '../approvals/waiver.ts';
import { remotesAt } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { realHost } from '../machine/host.ts';
import { type Change, exitCode, type GrantedWaiver } from '../model/index.ts';
import { deployedChange } from '../sources/deploy.ts';
import type { Sourced } from '../sources/staged.ts';
import type { Io } from './io.ts';
import { type Judging, runJudging } from './judging.ts';
import { isWaivable } from './predeploy.ts';

/** Environments whose host deploys what is pushed, each with the change that would do it. */
function deploysOf({ loaded, standard, changes }: Sourced): { name: string; remote: string; change: Change }[] {
  return Object.entries(loaded?.policy.deploy ?? {}).flatMap(([name, { trigger, branch, remote }]) => {
    const ref = `refs/heads/${branch ?? standard}`;
    const change = changes.find((one) => one.ref === ref && one.head !== null);
    return trigger === 'push' && change ? [{ name, remote, change }] : [];
  });
}

/**
 * Runs the gate before a deploy for what a push deploys by itself.
 * @param named the remote that is pushed to, by its name or URL
 * @returns the exit code; 0 where the push deploys nothing
 */
export async function judgeDeployOnPush(
  io: Io,
  repository: Repository,
  sourced: Sourced,
  named: string,
  how: Pick<Judging, 'format' | 'output'>,
): Promise<number> {
  const deploys = deploysOf(sourced);
  if (deploys.length === 0) return exitCode.pass;
  const remotes = await remotesAt(repository, named);
  for (const { name, change } of deploys.filter(({ remote }) => remotes.has(remote))) {
    const order = { environment: name, deployed: change.old, pushed: change.head, fetch: true, tell: () => {} };
    const host = (topLevel: string) => realHost(topLevel, io.env, io.userId);
    const code = await runJudging(io, {
      ...how,
      gate: 'pre-deploy',
      keep: 'location',
      quiet: false,
      source: async (inner) => {
        const found = await deployedChange(inner, { ...order, host });
        return { ...found, waivers: counting(found, await savedWaivers(inner), io.now()) };
      },
    });
    if (code !== exitCode.pass) return code;
  }
  return exitCode.pass;
}

/** A push takes no flags of ours, so what was handed to `predeploy --waiver` is at hand for it. */
export async function saveWaivers(repository: Repository, waivers: readonly Waiver[]): Promise<void> {
  const folder = await folderOf(repository);
  mkdirSync(folder, { recursive: true });
  for (const { name, content } of waivers) writeFileSync(join(folder, name), content);
}

async function savedWaivers(repository: Repository): Promise<Waiver[]> {
  const folder = await folderOf(repository);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    const path = join(folder, name);
    const there = lstatSync(path);
    if (!there.isFile() || there.size > limits.file) return [];
    try {
      return [parseWaiver(readFileSync(path))];
    } catch (error) {
      // What is no waiver lets nothing pass.
      if (error instanceof SyntaxError || error instanceof RangeError) return [];
      throw error;
    }
  });
}

async function folderOf(repository: Repository): Promise<string> {
  return join((await repository.layout()).commonDir, 'protect', 'waivers');
}

/** Those of the saved waivers that are for this deploy. */
function counting({ loaded, deployment }: Sourced, saved: readonly Waiver[], now: Date): GrantedWaiver[] {
  if (!loaded || !deployment?.name) return [];
  const to = { policy: loaded.policy, now, environment: deployment.name, commit: deployment.commit };
  return saved
    .filter((waiver) => waiverFault(waiver, to, isWaivable(loaded.policy)) === null)
    .map(({ statement }) => statement);
}
