import { inParts } from '../git/in-parts.ts';
import { fetchedFrom, type OtherSide, ownSide, remoteSide, remotesNamed } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Oid, Undecided } from '../model/index.ts';
import type { PolicyCache } from '../policy/load.ts';
import { defaultBranch, protectedBranches } from '../rules/rules.ts';
import { shellWord } from '../words/shell-word.ts';
import { shortened } from '../words/shortened.ts';
import { policyBegan } from './landed.ts';
import { findPolicy } from './policy.ts';
import { type Destination, type RefUpdate, refUpdateChanges } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/**
 * What `git push` is about to do, from the lines it hands to pre-push.
 * @param to where it goes
 * @throws Undecided when the lines are malformed or name objects that are not here
 * @throws PolicyError when the policy is invalid where it is read from
 */
export async function pushedChanges(
  repository: Repository,
  input: Buffer,
  { remote, url }: PushedTo,
  cache?: PolicyCache,
): Promise<Sourced> {
  const updates = parsePushLines(input);
  const olds = updates.filter(({ ref, old }) => ref.startsWith('refs/heads/') && old !== null);
  const [other, here] = await Promise.all([
    remoteSide(repository, remote),
    inParts(olds, ({ old }) => repository.commit(old!)),
    repository.layout(),
  ]);
  const fresher = new Map<string, Oid>();
  for (const [index, { ref, old }] of olds.entries())
    if (here[index] !== null) fresher.set(ref.slice('refs/heads/'.length), old!);
  const known = { ...other, branches: new Map([...other.branches, ...fresher]) };
  if (await isAnotherRepository(repository, updates, other, remote))
    return {
      ...(await findPolicy(repository, other, {
        results: async () => [],
        worktree: true,
        ...(cache ? { cache } : {}),
      })),
      changes: [],
      notes: [
        `${remote} is another repository: what is pushed shares no commit with ${other.remote ?? 'ours'}, so it is not judged`,
      ],
    };
  const began = await firstPolicyHere(repository, known, updates);
  const side = began === null ? known : withTip(known, began);
  const first = (ref: string) => (ref === `refs/heads/${defaultBranch(null, side) ?? 'main'}` ? 0 : 1);
  const brought = [...updates].sort((a, b) => first(a.ref) - first(b.ref)).filter((update) => update.next !== null);
  const { loaded, standard } = await findPolicy(repository, side, {
    fresher,
    creates: new Set(
      updates
        .filter(({ ref, old }) => old === null && ref.startsWith('refs/heads/'))
        .map(({ ref }) => ref.slice('refs/heads/'.length)),
    ),
    ...(began === null ? {} : { only: began }),
    results: async () => brought.map(({ next }) => ({ name: next!, label: next! })),
    worktree: true,
    ...(cache ? { cache } : {}),
  });
  if (!loaded) return { changes: [], loaded, standard };
  const elsewhere = async () => ((await fetchedFrom(repository, remote)) === url ? null : withoutUser(url));
  const to = { policy: loaded.policy, other: side, standard, elsewhere };
  const all = [...updates, ...(await mirrorDeletions(repository, updates, to))];
  return {
    changes: await refUpdateChanges(repository, all, to),
    loaded,
    standard,
    notes: began === null ? [] : [unknownSide(remote, began)],
  };
}

/** Where a push goes: the remote's name, or its URL where it has none; and the URL. */
export interface PushedTo {
  readonly remote: string;
  readonly url: string;
}

/**
 * Does the push go to another repository, as `git subtree push` does: to a URL of none of the remotes, while refs of ours are known
 * and what is pushed shares no commit with any of them?
 */
async function isAnotherRepository(
  repository: Repository,
  updates: readonly RefUpdate[],
  { branches, remote }: OtherSide,
  named: string,
): Promise<boolean> {
  // The usual case costs no process: it is pushed to the remote that is known.
  if (remote === named) return false;
  if (branches.size === 0 || updates.length === 0 || updates.some(({ next }) => next === null)) return false;
  if ((await remotesNamed(repository, named)).size > 0) return false;
  // What it holds is known here, so it is ours under another name.
  for (const { old } of updates) if (old !== null && (await repository.objects.info(old)) !== null) return false;
  const heads = [...new Set(updates.map(({ next }) => next!))];
  const tips = [...new Set(branches.values())];
  for (const head of heads) {
    if ((await repository.commit(head)) === null) return false;
    for (const tip of tips) if ((await repository.mergeBase(head, tip)) !== null) return false;
  }
  return true;
}

/**
 * Where nothing is known of the other side: the commit that brought the first policy, when what is pushed has it behind it. The
 * push is then judged from there on: that nothing is known does not mean that nothing is there.
 * @returns null where branches of the other side are known, or the pushed head itself brings the first policy
 */
async function firstPolicyHere(
  repository: Repository,
  { branches }: OtherSide,
  updates: readonly RefUpdate[],
): Promise<Oid | null> {
  if (branches.size > 0) return null;
  for (const { next, ref } of updates) {
    const head = next === null || !ref.startsWith('refs/heads/') ? null : await repository.commit(next);
    const began = head === null ? null : await policyBegan(repository, head);
    if (began !== null && began !== head) return began;
  }
  return null;
}

/** The other side as it was when the policy began: then its default branch stood there. */
function withTip(side: OtherSide, began: Oid): OtherSide {
  return { ...side, branches: new Map([[defaultBranch(null, side) ?? 'main', began]]) };
}

function unknownSide(remote: string, began: Oid): string {
  const name = shellWord(remote);
  return `nothing is known here of what ${remote} holds, so all since the policy began (${began.slice(0, 12)}) is judged; if it holds more: git remote set-branches ${name} '*' && git fetch ${name}`;
}

/**
 * Git does not tell pre-push which branches `--mirror` deletes. It shows itself by the remote-tracking refs that it
 * pushes along; then every protected branch that is missing here will be gone there.
 */
async function mirrorDeletions(
  repository: Repository,
  updates: readonly RefUpdate[],
  { policy, other, standard }: Destination,
): Promise<RefUpdate[]> {
  if (!updates.some(({ ref, next }) => ref.startsWith('refs/remotes/') && next !== null)) return [];
  const isProtected = protectedBranches(policy, standard);
  // Asked by its name an object is looked for under other prefixes too: `refs/heads/refs/heads/main` would stand in for main.
  const here = await ownSide(repository);
  return [...other.branches]
    .filter(([branch]) => isProtected(branch) && !here.branches.has(branch))
    .map(([branch, old]) => ({ ref: `refs/heads/${branch}`, old, next: null }))
    .filter(({ ref }) => !updates.some((update) => update.ref === ref));
}

/**
 * Parses pre-push's standard input: `<local ref> <local id> <remote ref> <remote id>` a line.
 * @throws Undecided naming the first line that has another form
 * @see https://git-scm.com/docs/githooks#_pre_push
 */
export function parsePushLines(input: Buffer): RefUpdate[] {
  return lines(input, 'pre-push').map((line, index) => {
    const match = /^(\S(?:.*\S)?) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/\S+) ([0-9a-f]{40}|[0-9a-f]{64})$/.exec(line);
    if (!match || match[2]!.length !== match[4]!.length) throw malformed('pre-push', index, line);
    return { ref: match[3]!, next: id(match[2]!), old: id(match[4]!) };
  });
}

/** A URL as it may be told: a name and a password before the host are nobody's business. */
function withoutUser(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1');
}

/** The lines of a hook's standard input, each ended by a line feed. */
export function lines(input: Buffer, hook: string): string[] {
  if (input.length > 16 << 20) throw new Undecided(`${hook} got more than 16 MB on standard input`);
  const text = input.toString('utf8');
  if (text === '') return [];
  if (!text.endsWith('\n')) throw new Undecided(`${hook} got a cut-off line on standard input`);
  return text.slice(0, -1).split('\n');
}

export function malformed(hook: string, index: number, line: string): Undecided {
  return new Undecided(`line ${index + 1} on ${hook}'s standard input is not understood: ${shortened(line, 120)}`);
}

/** An id, or null for the zeros that stand for "nothing". */
export function id(hex: string): Oid | null {
  return /^0+$/.test(hex) ? null : hex;
}
