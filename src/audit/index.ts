import type { Repository } from '../git/repository.ts';
import type { BytePath, Oid } from '../model/index.ts';
import { packageVersion } from '../words/version.ts';
import { type Walk, type Weighed, weighLine } from './changes.ts';
import type { Audit, AuditChange, AuditPolicy, AuditStep, Receipt } from './facts.ts';
import { type AuditOrder, type Ground, ground } from './ground.ts';
import { lapsesIn, movesPolicy, wordsOf } from './policy-history.ts';
import { type Told, told } from './population.ts';
import { rangeOf, tipBefore } from './range.ts';
import { type ReceivedLog, readReceived, receiptsOf } from './received.ts';
import { Signed } from './signed.ts';
import { rollbackTags } from './tags.ts';
import { tellChange } from './tell-change.ts';
import { unknownIn } from './unknown.ts';
import { gravest } from './verdict.ts';
import { Writers } from './writers.ts';

export type { AuditOrder } from './ground.ts';

/**
 * States what landed on a branch and who approved it, from nothing but Git and, where it is given, the log of the server.
 * @throws UsageError when there is no such branch, or it is not protected
 * @throws Undecided when the history is cut off, or nobody can say where the policy began
 * @throws PolicyError when no valid policy is behind the branch
 */
export async function audit(repository: Repository, order: AuditOrder): Promise<Audit> {
  const { world } = order;
  const found = await ground(repository, order);
  const after = order.after === null ? null : await tipBefore(repository, order.after, found.tip);
  const log = order.received === null ? null : await readReceived(order.received, `refs/heads/${found.branch}`);
  world.progress(`judging ${found.line.length} steps`);
  const walked = await walk(repository, order, found);
  const commits = await told(repository, [...found.earlier, ...found.line.map(({ commit }) => commit)]);
  const from = await rangeOf(repository, order.since, commits, found.tip);
  const receipts =
    log === null
      ? new Map<Oid, Receipt>()
      : receiptsOf(
          log,
          commits.map(({ commit }) => commit),
        );
  const parts = { found, walked, commits, receipts, from };
  const changes = await tellChanges(repository, parts);
  const facts: Omit<Audit, 'unknown'> = {
    version: 1,
    branch: found.branch,
    ref: found.ref,
    from: commits[from - 1]?.commit ?? null,
    to: found.tip,
    at: world.now.toISOString(),
    tool: packageVersion(),
    steps: commits.length - from,
    population: tellSteps(parts, changes),
    changes,
    policy: await tellPolicy(repository, parts, changes),
    tags: await tagsOf(repository, order, parts),
    lapses: await lapsesIn(repository, found.base, found.line),
    received: log === null ? null : toldLog(log),
    after,
  };
  const unknown = unknownIn(facts, {
    hasOtherSide: found.ref.startsWith('refs/remotes/'),
    began: found.began !== null,
    byWord: walked.byWord,
  });
  return { ...facts, unknown };
}

function toldLog({ lines, broken }: ReceivedLog) {
  return { lines, broken };
}

interface Walked {
  readonly weighed: readonly Weighed[];
  readonly signed: Signed;
  /** How many steps an owner's word covers. */
  readonly byWord: number;
}

async function walk(repository: Repository, { world }: AuditOrder, found: Ground): Promise<Walked> {
  const { line, consents, branch, defaultTip, base } = found;
  const signed = new Signed(repository, base, line);
  const word = await consents.word();
  const byWord = word === null ? 0 : line.findIndex(({ commit }) => commit === word) + 1;
  const approvals = word === null ? [] : await signed.words(word, world.now, (index) => consents.policyBefore(index));
  const order: Walk = { repository, world, branch, line, consents, defaultTip, word: { steps: byWord, approvals } };
  const weighed = await weighLine(order, (done) => world.progress(`judged ${done} of ${line.length} steps`));
  return { weighed, signed, byWord };
}

/** What the audit is told from. */
interface Parts {
  readonly found: Ground;
  readonly walked: Walked;
  /** All steps, the oldest first. */
  readonly commits: readonly Told[];
  readonly receipts: ReadonlyMap<Oid, Receipt>;
  /** Index of the first step that was asked for. */
  readonly from: number;
}

async function tellChanges(repository: Repository, parts: Parts): Promise<AuditChange[]> {
  const { found, walked, commits, receipts, from } = parts;
  const offset = found.earlier.length;
  const wanted = walked.weighed.filter(({ index }) => index + offset >= from);
  const merged = new Map<number, BytePath[]>();
  for (const { index, step } of wanted)
    if (commits[index + offset]!.parents.length > 1) merged.set(index, [...(merged.get(index) ?? []), step.path]);
  const writers = await Writers.of(repository, found.base, found.line, merged);
  const changes: AuditChange[] = [];
  for (const one of wanted) {
    const commit = commits[one.index + offset]!;
    const loaded = await found.consents.policyBefore(one.index);
    changes.push(
      await tellChange(one, {
        repository,
        signed: walked.signed,
        commit,
        receipts,
        commitAt: (index) => found.line[index]!.commit,
        writers: writers.at(one.index, one.step.path),
        policy: (loaded ?? found.loaded).policy,
      }),
    );
  }
  return changes;
}

function tellSteps({ found, commits, receipts, from }: Parts, changes: readonly AuditChange[]): AuditStep[] {
  const verdicts = gravest(changes);
  const offset = found.earlier.length;
  return commits.slice(from).map((one, index) => ({
    commit: one.commit,
    date: one.date.toISOString(),
    author: one.author,
    committer: one.committer,
    subject: one.subject,
    merge: one.parents.length > 1,
    paths: found.line[index + from - offset]?.steps.length ?? null,
    verdict: verdicts.get(one.commit) ?? null,
    agent: one.agent,
    received: receipts.get(one.commit) ?? null,
  }));
}

async function tellPolicy(
  repository: Repository,
  parts: Parts,
  changes: readonly AuditChange[],
): Promise<AuditPolicy[]> {
  const { found, commits, from } = parts;
  const offset = found.earlier.length;
  const policyChanges = gravest(changes.filter(({ path }) => /^\.protectionrc(?:\.|$)/i.test(path)));
  const moved: AuditPolicy[] = [];
  for (const [at, one] of commits.entries()) {
    const index = at - offset;
    if (at < from || (index < 0 ? one.commit !== found.began : !movesPolicy(found.line[index]!))) continue;
    const before = index < 0 ? null : await found.consents.policyBefore(index);
    const words = await wordsOf(repository, one.commit, before);
    const verdict = policyChanges.get(one.commit) ?? null;
    moved.push({ commit: one.commit, date: one.date.toISOString(), author: one.author, verdict, ...words });
  }
  return moved;
}

async function tagsOf(repository: Repository, { world }: AuditOrder, { found, commits }: Parts) {
  const places = new Map(commits.map(({ commit }, index) => [commit, index - found.earlier.length]));
  const policyAt = async (commit: Oid) => {
    const index = places.get(commit);
    if (index === undefined) return null;
    return (await found.consents.policyBefore(Math.max(index + 1, 0)))?.policy ?? null;
  };
  const isLanded = (commit: Oid) => places.has(commit);
  return rollbackTags(repository, { policy: found.loaded.policy, now: world.now, isLanded, policyAt });
}
