import type { Oid } from '../model/index.ts';
import type { Repository } from './repository.ts';

/**
 * Where commits left the history of `tip`: their merge bases with it, null for unrelated histories. One process for any
 * number of commits, as a push of all tags brings thousands.
 * @throws Undecided when one of them is missing
 */
export async function forkPoints(
  repository: Repository,
  commits: readonly Oid[],
  tip: Oid,
): Promise<ReadonlyMap<Oid, Oid | null>> {
  const points = new Map<Oid, Oid | null>();
  if (commits.length === 0) return points;
  const { stdout } = await repository.run(['rev-list', '--stdin', '--topo-order', '--reverse', '--parents'], {
    input: [...commits, `^${tip}`, ''].join('\n'),
  });
  const reached = new Map<Oid, Oid | 'several' | null>();
  for (const line of stdout.toString('latin1').split('\n').slice(0, -1)) {
    const [commit, ...parents] = line.split(' ') as [Oid, ...Oid[]];
    // A parent that is not listed itself is in the history of the tip.
    const ends = parents.map((parent) => (reached.has(parent) ? reached.get(parent)! : parent));
    const distinct = new Set(ends.filter((end) => end !== null));
    reached.set(commit, distinct.size > 1 ? 'several' : ([...distinct][0] ?? null));
  }
  for (const commit of new Set(commits)) {
    const point = reached.has(commit) ? reached.get(commit)! : commit;
    points.set(commit, point === 'several' ? await repository.mergeBase(commit, tip) : point);
  }
  return points;
}
