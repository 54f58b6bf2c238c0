import type { Repository } from '../git/repository.ts';
import { type Oid, type PinnedVariable, policyNames, Undecided } from '../model/index.ts';
import { validPolicy } from '../policy/load.ts';
import { fits } from '../readers/variables/fingerprint.ts';

/** Policies of the past that are read. */
const most = 2_000;
/** Fingerprints that a value is held against; each takes 70 ms. */
const mostTried = 20;

/** The pins of an environment, one map for each policy that stood, the oldest first. */
export type PastPins = readonly Readonly<Record<string, PinnedVariable>>[];

/**
 * What the policies of a branch pinned, along its first parents.
 * @param tip the commit whose policy holds now
 * @throws Undecided where history is cut off, or has too many of them
 */
export async function pastPins(repository: Repository, tip: Oid, environment: string): Promise<PastPins> {
  if (await repository.isShallow())
    throw new Undecided('this clone is shallow: earlier policies are not here', 'git fetch --unshallow');
  const { topLevel } = await repository.layout();
  const args = ['rev-list', '--first-parent', `--max-count=${most + 1}`, tip, '--', ...policyNames];
  const listed = await repository.text(args, topLevel === null ? {} : { cwd: topLevel });
  const commits = listed === '' ? [] : listed.split('\n');
  if (commits.length > most) throw new Undecided(`more than ${most} commits changed the policy`);
  const past: Readonly<Record<string, PinnedVariable>>[] = [];
  for (const commit of commits.reverse()) {
    // One that was not valid never held.
    const pins = (await validPolicy(repository, commit))?.policy.deploy[environment]?.environment?.pinned;
    if (pins !== undefined) past.push(pins);
  }
  return past;
}

/**
 * Is it false that a value was made on the day that `rotated` names? It is where the value is one that was pinned before
 * `rotated` moved to that day. What was pinned between the two days is no sign of it: the policy may have been changed in two steps.
 * @param value what the variable holds here; undefined: it is not here, so that fingerprints alone are compared
 * @returns the day that `rotated` named before; null: nothing speaks against it
 */
export async function falseClaim(
  past: PastPins,
  name: string,
  now: PinnedVariable,
  value: string | undefined,
): Promise<string | null> {
  if (now.rotated === null) return null;
  const states = past.flatMap((pins) => (Object.hasOwn(pins, name) ? [pins[name]!] : []));
  const before = states.slice(0, states.findLastIndex(({ rotated }) => rotated !== now.rotated) + 1);
  const last = before.at(-1);
  if (last === undefined) return null;
  const begins = before.findLastIndex(({ rotated }) => rotated !== last.rotated) + 1;
  const old = new Set(before.slice(0, begins + 1).flatMap(({ fingerprint }) => fingerprint ?? []));
  const said = last.rotated ?? 'no day';
  if (now.fingerprint !== null && old.has(now.fingerprint)) return said;
  if (value === undefined) return null;
  // A fingerprint of the same value with another salt looks new.
  for (const fingerprint of [...old].slice(-mostTried)) if (await fits(fingerprint, name, value)) return said;
  return null;
}
