import { createHash } from 'node:crypto';
import { missing } from '../git/missing.ts';
import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { type BytePath, type Change, type Oid, type Policy, type State, type Step, Undecided } from '../model/index.ts';
import { Consents } from './chains.ts';
import { type Approval, approvalName, approvalsFolder, limits, parseApproval, type SignedState } from './statement.ts';

/** The largest protected file that can be approved, in bytes. */
export const maxContent = 256 << 20;

/**
 * Collects what approvals the change brings and all they are weighed against.
 * @throws Undecided when an object is missing, or the history is cut off while an approval has to be looked up in it
 */
export async function gatherConsents(
  repository: Repository,
  change: Change,
  policy: Policy,
  now: Date,
): Promise<Consents> {
  const steps = await change.steps();
  const added = await readAdded(repository, change);
  const paths = new Set(added.flatMap((approval) => approval.statement.changes.map(({ path }) => path)));
  const moved = new Map(steps.map((step) => [step.path, step]));
  const untouched = [...paths].filter((path) => !moved.has(path));
  const base = await statesAt(repository, change.base, untouched);
  const tips = change.protected || change.defaultTip === null ? [] : [change.defaultTip];
  const atTip = await Promise.all(tips.map((tip) => statesAt(repository, tip, [...paths])));
  const before = (path: BytePath) => (moved.has(path) ? moved.get(path)!.from : (base.get(path) ?? null));
  const after = (path: BytePath) => (moved.has(path) ? moved.get(path)!.to : (base.get(path) ?? null));
  // Only paths that an approval names were looked up at the tip: no other path may be taken for absent there.
  const starts = (path: BytePath) => [
    before(path),
    ...atTip.filter((states) => states.has(path)).map((states) => states.get(path) ?? null),
  ];
  const landing = await change.states();
  const named = [...paths].flatMap((path) => [...starts(path), after(path)]);
  const onTheWay = landing
    .flat()
    .filter((step) => paths.has(step.path))
    .flatMap((step) => [step.from, step.to]);
  const hashes = await contentHashes(repository, [...named, ...onTheWay]);
  const sign = (state: State | null): SignedState | null => state && { ...state, sha256: hashes.get(state.oid) ?? '' };
  return new Consents({
    policy,
    now,
    target: change.target,
    added,
    spent: await spentNames(repository, change, added),
    earlier: await readEarlier(repository, change, steps.length > 0),
    starts: (path) => starts(path).map(sign),
    result: (path) => sign(after(path)),
    sign,
  });
}

async function readAdded(repository: Repository, change: Change): Promise<Approval[]> {
  return readAddedApprovals(repository, await change.steps());
}

/** The approvals that steps add. @throws Undecided when an object is missing, or there are too many */
export async function readAddedApprovals(repository: Repository, steps: readonly Step[]): Promise<Approval[]> {
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
  const approvals = await Promise.all(
    files.map(({ path, to }) => readApproval(repository, path.slice(approvalsFolder.length), to!.oid)),
  );
  return approvals.filter((approval) => approval !== null);
}

/** Approvals that the base has: they are spent, and a person who relies on one is told so. At most the newest 200 are read. */
async function readEarlier(repository: Repository, change: Change, needed: boolean): Promise<Approval[]> {
  if (!needed || change.base === null) return [];
  const folder = await repository.tree(`${change.base}:${approvalsFolder.slice(0, -1)}`);
  const entries = (folder?.entries ?? [])
    .filter((entry) => entry.mode === '100644' && approvalName.test(entry.name))
    .slice(-200);
  const approvals = await Promise.all(entries.map((entry) => readApproval(repository, entry.name, entry.oid)));
  return approvals.filter((approval) => approval !== null);
}

/** An approval that does not parse, or has the wrong name, counts for nothing here; the check `protected-files` says what is wrong with it. */
async function readApproval(repository: Repository, name: string, oid: Oid): Promise<Approval | null> {
  const blob = await repository.objects.read(oid, limits.file);
  if (!blob) throw missing(oid);
  try {
    const approval = parseApproval(blob.content);
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

/**
 * Names of approvals that some commit behind the base has ever held, merges included. On an unprotected ref the trusted tip counts too.
 * @throws Undecided in a shallow clone, where that cannot be known
 */
async function spentNames(
  repository: Repository,
  change: Change,
  added: readonly Approval[],
): Promise<ReadonlySet<string>> {
  return spentBefore(
    repository,
    [change.base, change.protected ? null : change.defaultTip].filter((root) => root !== null),
    added,
  );
}

/** The same for the history behind some commits. */
export async function spentBefore(
  repository: Repository,
  roots: readonly Oid[],
  added: readonly Approval[],
): Promise<ReadonlySet<string>> {
  if (roots.length === 0 || added.length === 0) return new Set();
  if (await repository.isShallow())
    throw new Undecided(
      'the history is cut off, so whether an approval was used before cannot be known',
      'git fetch --unshallow',
    );
  const names = added.map((approval) => approvalsFolder + approval.name);
  // A pathspec counts from where Git runs, so it runs at the top.
  const args = [
    'log',
    '--full-history',
    '-m',
    '--no-renames',
    '--name-only',
    '--no-relative',
    '-z',
    '--format=',
    ...roots,
    '--',
    ...names,
  ];
  const { topLevel } = await repository.layout();
  const { stdout } = await repository.run(args, { cwd: topLevel ?? repository.cwd });
  const held = stdout
    .toString('latin1')
    .split('\0')
    .map((name) => showPath(name.replace(/^\n/, '')));
  return new Set(
    held.filter((name) => name.startsWith(approvalsFolder)).map((name) => name.slice(approvalsFolder.length)),
  );
}
