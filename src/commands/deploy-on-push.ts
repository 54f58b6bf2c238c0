import { remotesAt } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { realHost } from '../machine/host.ts';
import { type Change, exitCode } from '../model/index.ts';
import { deployedChange } from '../sources/deploy.ts';
import type { Sourced } from '../sources/staged.ts';
import type { Io } from './io.ts';
import { type Judging, runJudging } from './judging.ts';
import { counting, countingTicks, savedGrants, withTicks } from './waivers.ts';

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
    const order = {
      environment: name,
      replaced: change.old,
      readopt: null,
      now: io.now(),
      pushed: change.head,
      fetch: true,
      tell: () => {},
    };
    const host = (topLevel: string) => realHost(topLevel, io.env, io.userId);
    const code = await runJudging(io, {
      ...how,
      gate: 'pre-deploy',
      keep: 'location',
      quiet: false,
      source: async (inner) => {
        const found = await deployedChange(inner, { ...order, host });
        const saved = await savedGrants(inner);
        const ticks = countingTicks(found, [], saved.ticks, io.now());
        return { ...withTicks(found, ticks), waivers: counting(found, saved.waivers, io.now()) };
      },
    });
    if (code !== exitCode.pass) return code;
  }
  return exitCode.pass;
}
