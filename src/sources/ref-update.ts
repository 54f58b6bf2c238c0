import { fanOut } from '../git/fan-out.ts';
import { forkPoints } from '../git/fork-points.ts';
import { inParts } from '../git/in-parts.ts';
import { logArguments, readCommits } from '../git/log.ts';
import { replayedTrees } from '../git/merge.ts';
import { missing } from '../git/missing.ts';
import type { OtherSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type Commit, type Oid, type Policy, type Step, Undecided } from '../model/index.ts';
import { protectedBranches, trustedBranches, trustedTips } from '../rules/rules.ts';
import { shellWord } from '../words/shell-word.ts';

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
  /** In pre-push: tells the URL it goes to, where that is not the one that is fetched from. */
  readonly elsewhere?: () => Promise<string | null>;
}

/**
 * The changes that ref updates make.
 * @throws Undecided when one of their objects is not here
 */
export async function refUpdateChanges(
  repository: Repository,
  updates: readonly RefUpdate[],
  { policy, other, standard, elsewhere }: Destination,
): Promise<Change[]> {
  const isProtected = protectedBranches(policy, standard);
  const isTrusted = trustedBranches(policy, standard);
  const trusted = trustedTips(policy, other, standard);
  const located = await inParts(updates, async (update) => {
    const short = update.ref.startsWith('refs/heads/') ? update.ref.slice('refs/heads/'.length) : null;
    const target = short !== null && isProtected(short) ? short : null;
    return { ...update, target, head: await headOf(repository, update, { isProtected: target !== null, elsewhere }) };
  });
  const loose = located.flatMap(({ head, target }) => (head !== null && target === null ? [head] : []));
  const { defaultTip } = trusted;
  const forks = defaultTip === null ? null : await forkPoints(repository, loose, defaultTip);
  return inParts(located, async (update) => {
    const { head, target, old } = update;
    const cut = head !== null && target !== null && old === null && (await isOnALine(repository, head, trusted.tips));
    const base =
      head === null ? null : target !== null ? (old ?? (cut ? head : defaultTip)) : (forks?.get(head) ?? null);
    return changeOf(repository, { ...update, base, ...trusted, isTrusted }, policy.landing === 'rebase');
  });
}

/** Did a commit stand at the end of one of these branches once? Then a new protected branch may be cut from it as it is. */
async function isOnALine(repository: Repository, head: Oid, tips: readonly Oid[]): Promise<boolean> {
  for (const tip of tips)
    if ((await repository.text(['rev-list', '--first-parent', tip])).split('\n').includes(head)) return true;
  return false;
}

/** The commit that a ref will point to; null for a deletion, and for a tag of something else. */
async function headOf(
  repository: Repository,
  { ref, old, next }: RefUpdate,
  { isProtected, elsewhere }: { isProtected: boolean; elsewhere: Destination['elsewhere'] },
): Promise<Oid | null> {
  const head = next === null ? null : await repository.commit(next);
  if (next !== null && head === null && !(await repository.objects.info(next))) throw missing(next);
  if (isProtected && old !== null && next !== null && (await repository.commit(old)) === null) {
    const url = (await elsewhere?.()) ?? null;
    throw new Undecided(
      `what ${ref} holds on the other side (${old.slice(0, 12)}) is not in this clone`,
      url === null
        ? 'git fetch, then push again'
        : `git fetch ${shellWord(url)} ${shellWord(ref)}, merge what it brings, then push again`,
    );
  }
  return head;
}

type Located = RefUpdate &
  Pick<Change, 'base' | 'head' | 'target' | 'tips' | 'defaultTip'> & {
    readonly isTrusted: (branch: string) => boolean;
  };

function changeOf(repository: Repository, update: Located, rebased: boolean): Change {
  const { ref, old, next, base, head, target, tips, defaultTip, isTrusted } = update;
  let known: Promise<Oid | null> | undefined;
  const treeOf = async () => (next === null ? null : ((await repository.objects.info(`${next}^{tree}`))?.oid ?? null));
  const tree = () => (known ??= treeOf());
  return {
    ref,
    kind: next === null ? 'delete' : old === null ? 'create' : 'update',
    protected: target !== null,
    trusted: target !== null && isTrusted(target),
    target,
    base,
    head,
    old,
    next,
    tips,
    defaultTip,
    title: null,
    tree,
    ...range(repository, { base, head, tree, known: tips, states: target !== null && rebased }),
  };
}

/** What a ref brings that leads to what is there. */
const nothing: Pick<Change, 'steps' | 'states' | 'commits'> = {
  steps: async () => [],
  states: async () => [],
  async *commits() {},
};

/** Commits whose states are judged one by one. */
const maxStates = 2000;

/** The steps, states and commits between two commits. `known`: commits of the other side, not judged again. */
export function range(
  repository: Repository,
  {
    base,
    head,
    tree,
    known,
    states,
  }: { base: Oid | null; head: Oid | null; tree: () => Promise<Oid | null>; known: readonly Oid[]; states: boolean },
): Pick<Change, 'steps' | 'states' | 'commits'> {
  if (head !== null && head === base) return nothing;
  let steps: Promise<Step[]> | undefined;
  const bounds = [...new Set([base, ...known])].filter((oid) => oid !== null).map((oid) => `^${oid}`);
  const log = (paths: boolean) => readCommits(repository.stream([...logArguments({ paths }), head!, ...bounds, '--']));
  const withPaths = fanOut(() => log(true));
  return {
    steps: () => (steps ??= tree().then((oid) => (oid === null ? [] : repository.diff(base, oid)))),
    async states() {
      if (!states || head === null) return [];
      const order = ['--reverse', '--topo-order', '--no-merges', `--max-count=${maxStates + 1}`];
      const list = await repository.text(['rev-list', ...order, head, ...bounds]);
      const commits = list.split('\n').filter((oid) => oid !== '');
      if (commits.length > maxStates)
        throw new Undecided(
          `with 'landing: rebase' at most ${maxStates} commits can land at once`,
          'land them in parts',
        );
      const result: Step[][] = [];
      const trees = base === null ? commits : await replayedTrees(repository, base, commits);
      for (const tree of trees) result.push(await repository.diff(base, tree));
      return result;
    },
    async *commits({ paths }): AsyncIterable<Commit> {
      if (head === null) return;
      for await (const commits of paths ? withPaths() : log(false)) yield* commits;
    },
  };
}
