import type { Fetched } from '../model/index.ts';
import type { Repository } from './repository.ts';

/**
 * Fetches a branch of a remote, and the tags on the way, as `git fetch` does. A failure is an answer: the check that
 * needs the branch tells it.
 */
export async function fetchBranch(repository: Repository, remote: string, branch: string): Promise<Fetched> {
  const ref = `refs/remotes/${remote}/${branch}`;
  const args = ['fetch', '--quiet', '--no-recurse-submodules', '--', remote, `+refs/heads/${branch}:${ref}`];
  const { code, stderr } = await repository.tell(args);
  if (code !== 0 && /couldn't find remote ref/i.test(stderr)) return { tip: null, error: null };
  if (code !== 0) return { tip: null, error: stderr.trim().split('\n').at(-1) || `git fetch ended with ${code}` };
  const tip = await repository.commit(ref);
  return tip === null ? { tip, error: `git fetch brought no ${ref}` } : { tip, error: null };
}
