import type { Context, DatabaseEnvironment, Skipped } from '../../model/index.ts';

/**
 * Why a check on databases does not run here: there is nothing to look at, or this is the gate before a deploy, where it runs
 * only if the policy asks for it there.
 */
export function onDemand(
  { policy, deploy }: Context & Partial<Context<'deploy'>>,
  id: string,
  concerns: (database: DatabaseEnvironment) => boolean,
): Skipped | null {
  if (!Object.values(policy.databases).some(concerns)) return { skipped: 'the policy names no such databases' };
  if (deploy !== undefined && !policy.checks[id]?.on?.includes('pre-deploy'))
    return { skipped: `run by db check; here only where the policy says checks.${id}.on: [pre-deploy]` };
  return null;
}
