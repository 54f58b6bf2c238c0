import type { Repository } from '../git/repository.ts';
import { type Change, type Gate, type History, type Oid, policyNames } from '../model/index.ts';
import type { Past } from './landed.ts';

/** What checks see of what stands behind a change, and on the other side. */
export function historyOf(
  { gate, change }: { readonly gate: Gate; readonly change: Change },
  repository: Repository,
  past: () => Promise<Past>,
): History {
  const takesOver = gate === 'pre-commit' || gate === 'commit-msg' || (gate === 'pre-push' && !change.protected);
  return {
    isAncestor: (ancestor, commit) => repository.isAncestor(ancestor, commit),
    distance: (head, tip) => distance(repository, head, tip),
    underPolicy: (commit) => underPolicy(repository, change, commit),
    async takenOver(path, state) {
      if (!takesOver) return false;
      for (const tip of change.tips) {
        const there = await repository.stateAt(tip, path);
        if (there?.oid === state?.oid && there?.mode === state?.mode) return true;
      }
      return false;
    },
    atDefault: async (path) => (change.defaultTip === null ? null : repository.stateAt(change.defaultTip, path)),
    async landed(path) {
      if (change.tips.length === 0) return null;
      const there = await Promise.all(change.tips.map((tip) => repository.stateAt(tip, path)));
      return there.filter((state) => state !== null);
    },
    async *sinceDeploy() {
      yield* (await past()).spans();
    },
  };
}

async function distance(repository: Repository, head: Oid, tip: Oid) {
  const counted = await repository.text(['rev-list', '--left-right', '--count', `${head}...${tip}`]);
  const [ahead, behind] = counted.split('\t').map(Number);
  return { ahead: ahead!, behind: behind! };
}

async function underPolicy(repository: Repository, { base }: Change, commit: Oid): Promise<boolean> {
  const fork = base === null ? null : await repository.mergeBase(base, commit);
  for (const place of fork === null ? [commit] : [commit, fork]) {
    const tree = await repository.tree(`${place}^{tree}`);
    if (tree?.entries.some(({ name }) => (policyNames as readonly string[]).includes(name))) return true;
  }
  return false;
}
