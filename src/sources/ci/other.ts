import { devNull } from 'node:os';
import { UsageError } from '../../model/index.ts';
import { type CiEvent, unsaid } from './event.ts';
import { branchName, branchNameIfSaid, byHand, tagRef } from './values.ts';

/**
 * Where env-ci tells pull requests from pushes, and `branch` of a pull request is its target. Of the others some never
 * tell, and some name the source branch there.
 */
const tellsTarget = new Set([
  'appveyor',
  'bitrise',
  'cirrus',
  'codefresh',
  'drone',
  'screwdriver',
  'semaphore',
  'shippable',
  'travis',
  'vela',
  'woodpecker',
]);

/**
 * Every other CI system, as far as env-ci knows it. HEAD is judged: what these systems call the commit of a pull
 * request is now its head, now a merge, now the target's tip. Null where no system is known.
 * @throws UsageError for a pull request whose target is not told reliably
 * @see https://github.com/semantic-release/env-ci#supported-ci
 */
export async function otherSystem(env: NodeJS.ProcessEnv): Promise<CiEvent | null> {
  const { name, service, isPr, branch, tag } = await ask(env);
  if (!name || !service) return null;
  const common = { ...unsaid, system: name, help: { depth: 'git fetch --unshallow' } };
  const tells = tellsTarget.has(service);
  const variable = `the branch of ${name}`;
  if (isPr === true) {
    if (!tells || !branch)
      throw new UsageError(
        `${name} does not say which branch the pull request is for`,
        'name it: npx git-protect ci --event proposal --target BRANCH',
      );
    return { ...common, kind: 'proposal', target: branchName(branch, variable) };
  }
  if (tag) return { ...common, kind: 'push', ref: tagRef(tag, `the tag of ${name}`) };
  const built = branchNameIfSaid(branch, variable);
  const ref = built === null ? null : `refs/heads/${built}`;
  if (tells && isPr === false && built !== null) return { ...common, kind: 'push', ref, target: built };
  return { ...common, kind: 'unknown', ref };
}

/** @throws UsageError when the environment is not what env-ci expects of a system */
async function ask(env: NodeJS.ProcessEnv) {
  const { default: envCi } = await import('env-ci');
  try {
    // It would ask Git past our door; without a path to it, it cannot.
    return envCi({ env: { ...env, PATH: devNull }, cwd: process.cwd() });
  } catch (error) {
    throw new UsageError(`the environment of this CI system cannot be read: ${(error as Error).message}`, byHand);
  }
}
