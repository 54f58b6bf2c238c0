import { createHash } from 'node:crypto';
import { missing } from '../git/missing.ts';
import { readPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { type BytePath, type Change, type Oid, type Policy, type State, type Step, Undecided } from '../model/index.ts';
import { Consents } from './chains.ts';
import { spendings } from './spending.ts';
import {
  type Approval,
  approvalName,
  approvalsFolder,
  limits,
  parseApproval,
  type SignedState,
  sameState,
} from './statement.ts';
import { faultOf, isReadable, onceLanded } from './verify.ts';

/** The largest protected file that can be approved, in bytes. */
export const maxContent = 256 << 20;

/**
 * Collects what approvals the result of a change holds and all they are weighed against.
 * @param hasLanded then an approval may have expired since
 * @throws Undecided when an object is missing, or the history is cut off while an approval has to be looked up in it
 */
export async function gatherConsents(
  repository: Repository,
  change: Change,
  policy: Policy,
  now: Date,
  hasLanded = false,
): Promise<Consents> {
  const steps = await change.steps();
  const moved = new Map(steps.map((step) => [step.path, step]));
  const added = await readAddedApprovals(repository, steps, policy);
  const earlier = await readEarlier(repository, change, moved);
  const approvals = [...added, ...earlier];
  const paths = new Set(approvals.flatMap((approval) => approval.statement.changes.map(({ path }) => path)));
  const untouched = [...paths].filter((path) => !moved.has(path));
  const base = await statesAt(repository, change.base, untouched);
  const tips = change.protected || change.defaultTip === null ? [] : [change.defaultTip];
  const atTip = await Promise.all(tips.map((tip) => statesAt(repository, tip, [...paths])));
  const before = (path: BytePath) => (moved.has(path) ? moved.get(path)!.from : (base.get(path) ?? null));
  const after = (path: BytePath) => (moved.has(path) ? moved.get(path)!.to : (base.get(path) ?? null));
  // Only paths that an approval names were looked up at the tip: no other path may be taken for absent there.
  const there = (path: BytePath) =>
    atTip.filter((states) => states.has(path)).map((states) => states.get(path) ?? null);
  const landing = await change.states();
  const named = [...paths].flatMap((path) => [before(path), ...there(path), after(path)]);
  const onTheWay = landing
    .flat()
    .filter((step) => paths.has(step.path))
    .flatMap((step) => [step.from, step.to]);
  const hashes = await contentHashes(repository, [...named, ...onTheWay]);
  const sign = (state: State | null): SignedState | null => state && { ...state, sha256: hashes.get(state.oid) ?? '' };
  const roots = [change.base, change.protected ? null : change.defaultTip].filter((root) => root !== null);
  const spent = await spendings(repository, roots, approvals);
  return new Consents({
    approvals,
    fault: (approval) => {
      const then = hasLanded ? onceLanded(approval, now) : now;
      return faultOf(approval, { policy, now: then, target: change.target, spent: spent.has(approval.name) });
    },
    base: (path) => sign(before(path)),
    tips: (path) => there(path).map(sign),
    result: (path) => sign(after(path)),
    sign,
  });
}

/**
 * The approvals that steps add. Of one that no owner signed only what it says of small things is read, and of all of it no more
 * than a person needs to be told.
 * @param policy whose owners count; null: whoever signed
 * @throws Undecided when an object is missing, or there are too many
 */
export async function readAddedApprovals(
  repository: Repository,
  steps: readonly Step[],
  policy: Policy | null,
): Promise<Approval[]> {
  const files = steps.filter(
    ({ path, from, to }) =>
      from === null &&
      to?.mode === '100644' &&
      path.startsWith(approvalsFolder) &&
      approvalName.test(path.slice(approvalsFolder.length)),
  );
  if (files.length > limits.perChange)
    throw new Undecided(
      `the change adds ${files.length} approvals, the limit is ${limits.perChange}`,
      'land it in smaller parts',
    );
  const approvals: Approval[] = [];
  let bytes = 0;
  for (const { path, to } of files) {
    const found = await readApproval(repository, path.slice(approvalsFolder.length), to!.oid, policy);
    bytes += found?.payload.length ?? 0;
    if (bytes > limits.bytes)
      throw new Undecided(
        `the change adds more than ${limits.bytes >> 20} MiB of approvals`,
        'land it in smaller parts',
      );
    if (found) approvals.push(found);
  }
  return approvals;
}

/**
 * Approvals that the base has already, as far as they can still count or are worth a word: one that lists a path of the
 * change from the state that it had there.
 */
async function readEarlier(
  repository: Repository,
  change: Change,
  moved: ReadonlyMap<BytePath, Step>,
): Promise<Approval[]> {
  if (moved.size === 0 || change.base === null) return [];
  const tree = await change.tree();
  const [before, after] = await Promise.all([
    repository.tree(`${change.base}:${approvalsFolder.slice(0, -1)}`),
    tree === null ? null : repository.tree(`${tree}:${approvalsFolder.slice(0, -1)}`),
  ]);
  const kept = new Set(after?.entries.map(({ name }) => name));
  const approvals: Approval[] = [];
  for (const { mode, name, oid } of before?.entries ?? []) {
    if (mode !== '100644' || !approvalName.test(name) || !kept.has(name)) continue;
    const blob = await repository.objects.read(oid, limits.file);
    if (!blob) throw missing(oid);
    if (!mayConcern(blob.content, moved)) continue;
    const approval = parse(blob.content, name);
    if (approval?.statement.changes.some(({ path, from }) => moved.has(path) && sameState(from, moved.get(path)!.from)))
      approvals.push(approval);
  }
  return approvals;
}

/** Does the text of an approval name a path that moves? Most of what has landed long ago does not, and need not be parsed. */
function mayConcern(content: Buffer, moved: ReadonlyMap<BytePath, Step>): boolean {
  const text = content.toString('utf8');
  // A key in another spelling is left to the parser.
  if (text.includes('\\u')) return true;
  for (const [, quoted] of text.matchAll(/"path"\s*:\s*("(?:[^"\\]|\\.)*")/g)) {
    const path = readPath(JSON.parse(quoted!) as string);
    if (path === null || moved.has(path)) return true;
  }
  return false;
}

/** An approval that does not parse, or has the wrong name, counts for nothing here; the check `protected-files` says what is wrong with it. */
async function readApproval(
  repository: Repository,
  name: string,
  oid: Oid,
  policy: Policy | null,
): Promise<Approval | null> {
  const blob = await repository.objects.read(oid, limits.file);
  if (!blob) throw missing(oid);
  if (policy !== null && !isReadable(blob.content, policy)) return null;
  return parse(blob.content, name);
}

function parse(content: Buffer, name: string): Approval | null {
  try {
    const approval = parseApproval(content);
    return approval.name === name ? approval : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

async function statesAt(
  repository: Repository,
  commit: Oid | null,
  paths: readonly BytePath[],
): Promise<Map<BytePath, State | null>> {
  if (commit === null) return new Map();
  return new Map(await Promise.all(paths.map(async (path) => [path, await repository.stateAt(commit, path)] as const)));
}

/** SHA-256 of the content by object id. */
export async function contentHashes(
  repository: Repository,
  states: readonly (State | null)[],
): Promise<Map<Oid, string>> {
  const oids = new Set(states.filter((state) => state !== null && state.mode !== '160000').map((state) => state!.oid));
  const hashes = new Map<Oid, string>();
  for (const oid of oids) hashes.set(oid, await contentHash(repository, oid));
  return hashes;
}

/** SHA-256 of a blob's content, in hex. @throws Undecided when it is missing or larger than `maxContent` */
export async function contentHash(repository: Repository, oid: Oid): Promise<string> {
  const blob = await repository.objects.read(oid, maxContent);
  if (blob?.type !== 'blob') throw missing(oid);
  return createHash('sha256').update(blob.content).digest('hex');
}

/** Approvals that a commit holds while all they list is as they start from: such a one landed alone, before its change. */
export async function readStanding(repository: Repository, commit: Oid): Promise<Approval[]> {
  const folder = await repository.tree(`${commit}:${approvalsFolder.slice(0, -1)}`);
  const approvals: Approval[] = [];
  for (const { mode, name, oid } of folder?.entries ?? []) {
    if (mode !== '100644' || !approvalName.test(name)) continue;
    const approval = await readApproval(repository, name, oid, null);
    if (!approval) continue;
    const states = approval.statement.changes.map(async ({ path, from }) =>
      sameState(await repository.stateAt(commit, path), from),
    );
    if ((await Promise.all(states)).every(Boolean)) approvals.push(approval);
  }
  return approvals;
}
