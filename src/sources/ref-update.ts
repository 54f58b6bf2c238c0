import { logArguments, readCommits } from '../git/log.ts';
import type { OtherSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type Commit, type Oid, type Policy, type Step, Undecided } from '../model.ts';
import { protectedBranches, trustedTips } from '../policy/rules.ts';

/** A ref that moves on the other side: old and new object; null where there is none. */
export interface RefUpdate {
  readonly ref: string;
  readonly old: Oid | null;
  readonly next: Oid | null;
}

/** What is known of the place the update goes to. */
export interface Destination {
  readonly policy: Policy;
  readonly other: OtherSide;
  readonly standard: string | null;
}

/**
 * The change that a ref update makes.
 * @throws Undecided when one of its objects is not here
 */
export async function refUpdateChange(repository: Repository, update: RefUpdate, to: Destination): Promise<Change> {
  const { ref, old, next } = update;
  const short = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
  const isProtected = short !== null && protectedBranches(to.policy, to.standard)(short);
  const { tips, defaultTip } = trustedTips(to.policy, to.other, to.standard);
  const head = next === null ? null : await repository.commit(next);
  if (next !== null && head === null && !(await repository.objects.info(next)))
    throw new Undecided(`object ${next} is missing`, 'git fetch');
  if (isProtected && old !== null && next !== null && (await repository.commit(old)) === null)
    throw new Undecided(
      `what ${ref} holds on the other side (${old.slice(0, 12)}) is not in this clone`,
      'git fetch, then push again',
    );
  const base = head === null ? null : isProtected ? (old ?? defaultTip) : await forkPoint(repository, head, defaultTip);
  const treeId = next === null ? null : ((await repository.objects.info(`${next}^{tree}`))?.oid ?? null);
  return {
    ref,
    kind: next === null ? 'delete' : old === null ? 'create' : 'update',
    protected: isProtected,
    target: isProtected ? short : null,
    base,
    head,
    old,
    next,
    tips,
    defaultTip,
    title: null,
    tree: async () => treeId,
    ...range(repository, {
      base,
      head,
      tree: treeId,
      known: tips,
      states: isProtected && to.policy.landing === 'rebase',
    }),
  };
}

/** Commits whose states are judged one by one. */
const maxStates = 2000;

async function forkPoint(repository: Repository, head: Oid, tip: Oid | null): Promise<Oid | null> {
  return tip === null ? null : repository.mergeBase(head, tip);
}

/** The steps, states and commits between two commits. `known`: commits of the other side, not judged again. */
export function range(
  repository: Repository,
  {
    base,
    head,
    tree,
    known,
    states,
  }: { base: Oid | null; head: Oid | null; tree: Oid | null; known: readonly Oid[]; states: boolean },
): Pick<Change, 'steps' | 'states' | 'commits'> {
  let steps: Promise<Step[]> | undefined;
  const bounds = [...new Set([base, ...known])].filter((oid) => oid !== null).map((oid) => `^${oid}`);
  return {
    steps: () => (steps ??= tree === null ? Promise.resolve([]) : repository.diff(base, tree)),
    async states() {
      if (!states || head === null) return [];
      const list = await repository.text(['rev-list', '--reverse', `--max-count=${maxStates + 1}`, head, ...bounds]);
      const commits = list.split('\n').filter((oid) => oid !== '' && oid !== head);
      if (commits.length >= maxStates)
        throw new Undecided(
          `with 'landing: rebase' at most ${maxStates} commits can land at once`,
          'land them in parts',
        );
      // A branch that is behind has not taken back what its target changed meanwhile.
      const from = base === null ? null : ((await repository.mergeBase(base, head)) ?? base);
      const result: Step[][] = [];
      for (const oid of commits) result.push(await repository.diff(from, oid));
      return result;
    },
    async *commits({ paths }): AsyncIterable<Commit> {
      if (head === null) return;
      yield* readCommits(repository.stream([...logArguments({ paths }), head, ...bounds, '--']));
    },
  };
}
