import type { LandedConsents } from '../approvals/landed.ts';
import type { World } from '../context/world.ts';
import { type OtherSide, ownBranches, ownSide, remoteSide } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Guard, type LoadedPolicy, type Oid, Undecided, UsageError } from '../model/index.ts';
import { protectedBranches } from '../rules/rules.ts';
import { type LandedStep, landedSteps, policyBegan } from '../sources/landed.ts';
import { findPolicy } from '../sources/policy.ts';
import { landedConsents, wordOnHistory } from '../sources/word-on-history.ts';
import { visible } from '../words/visible.ts';

/** What is asked for. */
export interface AuditOrder {
  /** Short name; null: the default branch. */
  readonly branch: string | null;
  /** A revision or a day; null: from the first commit on. */
  readonly since: string | null;
  /** The tip that an earlier audit names; null: there was none. */
  readonly after: string | null;
  /** The log of the server, in pieces; null: there is none at hand. */
  readonly received: AsyncIterable<Buffer> | null;
  readonly world: World;
}

/** What an audit stands on. */
export interface Ground {
  readonly branch: string;
  readonly ref: string;
  readonly tip: Oid;
  readonly loaded: LoadedPolicy;
  /** Where the walk begins. */
  readonly base: Oid;
  /** The commit that brought the first policy; null: nobody can say. */
  readonly began: Oid | null;
  /** Steps from before the walk, the oldest first, the base included. */
  readonly earlier: readonly Oid[];
  readonly line: readonly LandedStep[];
  readonly consents: LandedConsents;
  readonly defaultTip: Oid | null;
}

/** Finds the branch, its policy and all that landed on it. */
export async function ground(repository: Repository, { branch: named, world }: AuditOrder): Promise<Ground> {
  if (await repository.isShallow())
    throw new Undecided('this clone is shallow: its history is cut off', 'git fetch --unshallow');
  const { side, prefix, loaded, standard } = await place(repository);
  const branch = named?.replace(/^refs\/heads\//, '') ?? standard;
  if (branch === null)
    throw new UsageError('which branch is the default one is unknown', 'npx git-protect audit --branch NAME');
  const tip = side.branches.get(branch);
  if (tip === undefined)
    throw new UsageError(
      `there is no branch '${visible(branch)}' in ${prefix.slice(0, -1)}`,
      `its branches: ${[...side.branches.keys()].join(', ')}`,
    );
  if (!protectedBranches(loaded.policy, standard)(branch))
    throw new UsageError(
      `${visible(branch)} is not protected, so nothing was promised of it`,
      'name a branch that the policy protects',
    );
  const defaultTip = (standard === null ? undefined : side.branches.get(standard)) ?? null;
  const where = { now: world.now, branch, standard: standard === null ? null : { branch: standard, tip: defaultTip } };
  const { base, began } = await beginning(repository, tip, where);
  const line = await landedSteps(repository, base, tip);
  const consents = await landedConsents(repository, line, { ...where, base });
  await judgeAll(consents, line);
  const earlier = (await repository.text(['rev-list', '--first-parent', '--reverse', base])).split('\n');
  return { branch, ref: prefix + branch, tip, loaded, base, began, earlier, line, consents, defaultTip };
}

/** What landed is what the other side holds; a repository without one holds it itself. */
async function place(repository: Repository) {
  const { topLevel } = await repository.layout();
  const remote = topLevel === null ? null : await remoteSide(repository);
  const isOwn = remote === null || remote.branches.size === 0;
  const side: OtherSide = remote === null ? await ownSide(repository) : isOwn ? await ownBranches(repository) : remote;
  const places = {
    results: async () => [],
    worktree: false,
    ...(isOwn && topLevel !== null ? { first: 'HEAD' as const } : {}),
  };
  const { loaded, standard } = await findPolicy(repository, side, places);
  if (!loaded) throw new UsageError('no policy has landed here, so there is nothing to audit', 'npx git-protect init');
  return { side, prefix: isOwn ? 'refs/heads/' : `refs/remotes/${remote.remote}/`, loaded, standard };
}

/** Where the walk begins: where the policy did, else at the newest word of an owner. */
async function beginning(repository: Repository, tip: Oid, where: Omit<Parameters<typeof wordOnHistory>[2], 'base'>) {
  try {
    const began = await policyBegan(repository, tip);
    if (began === null) throw new UsageError('no commit of this branch holds a policy', 'name another with --branch');
    return { base: began, began };
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    const word = await wordOnHistory(repository, tip, { ...where, base: null });
    if (word === null) throw error;
    return { base: word, began: null };
  }
}

const nobody: Guard = {
  rule: { paths: [], risk: 'high', reason: '', owners: [], required: 1 },
  pattern: '',
  builtIn: true,
};

/** The whole line is judged at the first question. What stops that stops the audit: asked again, it would answer from half of it. */
async function judgeAll(consents: LandedConsents, line: readonly LandedStep[]): Promise<void> {
  const path = line.find(({ steps }) => steps.length > 0)?.steps[0]?.path;
  if (path !== undefined) await consents.last(path, nobody);
}
