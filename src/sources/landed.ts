import { logArguments, readCommits } from '../git/log.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type LoadedPolicy, type Oid, policyNames, type Step, Undecided, UsageError } from '../model.ts';
import { loadPolicyAt } from '../policy/load.ts';
import { range } from './ref-update.ts';

/** One step of a branch: what a commit of its first-parent line changed. */
export interface LandedStep {
  readonly commit: Oid;
  readonly parent: Oid | null;
  /** When it was committed. */
  readonly date: Date;
  readonly steps: readonly Step[];
}

/** Steps under one policy: that of the commit before them. */
export interface LandedSpan {
  readonly loaded: LoadedPolicy;
  /** Places in the line. */
  readonly from: number;
  readonly to: number;
}

/**
 * The steps of a branch since a commit, oldest first.
 * @throws Undecided when Git fails
 */
export async function landedSteps(repository: Repository, base: Oid, head: Oid): Promise<LandedStep[]> {
  const bounds = [head, `^${base}`, '--'];
  const dates = await repository.text(['log', '--first-parent', '--format=%H %ct', ...bounds]);
  const dateOf = new Map(dates.split('\n').map((line) => line.split(' ') as [string, string]));
  const steps: LandedStep[] = [];
  const args = [...logArguments({ paths: true, firstParent: true }), ...bounds];
  for await (const commits of readCommits(repository.stream(args)))
    for (const { id, parents, paths, raw } of commits)
      steps.push({
        commit: id!,
        parent: parents[0] ?? null,
        date: new Date(Number(dateOf.get(id!)) * 1000),
        steps: paths.map((path, index) => ({ path, ...statesOf(raw[index]!) })),
      });
  return steps.reverse();
}

function statesOf(entry: string): Pick<Step, 'from' | 'to'> {
  const match = /^\n?:([0-7]{6}) ([0-7]{6}) ([0-9a-f]+) ([0-9a-f]+) [A-Z]$/.exec(entry);
  if (!match) throw new Undecided('git log answered in an unknown form');
  const [, fromMode, toMode, fromOid, toOid] = match;
  const state = (mode: string, oid: string) => (mode === '000000' ? null : { mode, oid });
  return { from: state(fromMode!, fromOid!), to: state(toMode!, toOid!) };
}

/** Groups the steps by the policy they landed under. Where one is invalid the last valid one goes on to hold. */
export async function landedSpans(repository: Repository, line: readonly LandedStep[]): Promise<LandedSpan[]> {
  const spans: LandedSpan[] = [];
  let loaded: LoadedPolicy | null = null;
  for (const [index, { parent }] of line.entries()) {
    const moved = index === 0 || line[index - 1]!.steps.some(({ path }) => isPolicy(path));
    if (moved && parent !== null) loaded = (await valid(repository, parent)) ?? loaded;
    if (loaded === null) continue;
    const last = spans.at(-1);
    if (last && last.loaded === loaded) spans[spans.length - 1] = { ...last, to: index + 1 };
    else spans.push({ loaded, from: index, to: index + 1 });
  }
  return spans;
}

const isPolicy = (path: string) => (policyNames as readonly string[]).includes(path.split('/')[0]!);

async function valid(repository: Repository, commit: Oid): Promise<LoadedPolicy | null> {
  try {
    return await loadPolicyAt(repository, commit, commit);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** What a branch gained between two commits, as a change of it. @param steps where they are known already */
export async function landedChange(
  repository: Repository,
  branch: string,
  { base, head, steps }: { base: Oid | null; head: Oid; steps?: readonly Step[] },
): Promise<Change> {
  const tree = (await repository.objects.info(`${head}^{tree}`))?.oid;
  if (!tree) throw new Undecided(`object ${head} is missing`, 'git fetch');
  return {
    ref: `refs/heads/${branch}`,
    kind: 'update',
    protected: true,
    target: branch,
    base,
    head,
    old: base,
    next: head,
    tips: [],
    defaultTip: null,
    title: null,
    tree: async () => tree,
    ...range(repository, { base, head, tree, known: [], states: false }),
    ...(steps ? { steps: async () => steps } : {}),
  };
}

/** The oldest commit of a branch that holds a policy; null when none does. */
export async function policyBegan(repository: Repository, head: Oid): Promise<Oid | null> {
  const { topLevel } = await repository.layout();
  const args = [
    'log',
    '--first-parent',
    '--diff-filter=A',
    '--no-renames',
    '--format=%H',
    '-m',
    head,
    '--',
    ...policyNames,
  ];
  const added = await repository.text(args, topLevel === null ? {} : { cwd: topLevel });
  return added === '' ? null : added.split('\n').at(-1)!;
}
