import { missing } from '../git/missing.ts';
import type { Repository } from '../git/repository.ts';
import { type LoadedPolicy, type Oid, type Policy, policyNames } from '../model/index.ts';

/** Parsed policies kept by blob id, so that a hook need not load a YAML parser. For the local gates only. */
export interface PolicyCache {
  get(oid: Oid): Promise<Policy | null>;
  set(oid: Oid, policy: Policy): Promise<void>;
}

/** Those that were read in this run, by the id of their blob. */
const parsed = new WeakMap<Repository, Map<Oid, Policy>>();

/**
 * Reads the policy of a commit, tree or `HEAD`.
 * @param label how the place is called in reports: a commit id, or `index`
 * @returns null when the place holds none, or does not exist
 * @throws PolicyError when the policy is invalid, or there is more than one
 */
export async function loadPolicyAt(
  repository: Repository,
  name: string,
  label: string | null,
  cache?: PolicyCache,
): Promise<LoadedPolicy | null> {
  const entries = name === 'HEAD' ? await repository.headEntries() : (await repository.tree(`${name}^{tree}`))?.entries;
  const found = (entries ?? []).filter((entry) => (policyNames as readonly string[]).includes(entry.name));
  const entry = found[0];
  if (!entry) return null;
  const place = label ?? (name === 'HEAD' ? (await repository.head()).commit : await repository.commit(name)) ?? name;
  const source = `${place}:${entry.name}`;
  if (found.length > 1)
    throw await invalid(source, `there is more than one policy: ${found.map((e) => e.name).join(', ')}; keep one`);
  if (entry.mode !== '100644' && entry.mode !== '100755')
    throw await invalid(source, 'the policy is not a regular file');
  // One policy stands on many branches.
  const known = parsed.get(repository) ?? new Map<Oid, Policy>();
  parsed.set(repository, known);
  const cached = known.get(entry.oid) ?? (await cache?.get(entry.oid));
  if (cached) return { policy: cached, source, oid: entry.oid, bootstrap: null };
  const { parsePolicy } = await import('./parse.ts');
  const { maxPolicy } = await import('./fault.ts');
  const blob = await repository.objects.readUpTo(entry.oid, maxPolicy);
  if (!blob) throw missing(entry.oid);
  if (blob.content === null) throw await invalid(source, tooLarge);
  const policy = parsePolicy(await decode(blob.content, source), source);
  known.set(entry.oid, policy);
  await cache?.set(entry.oid, policy);
  return { policy, source, oid: entry.oid, bootstrap: null };
}

/**
 * The policy that holds at a trusted place. Where it is invalid there, the newest valid one behind it on the first-parent line
 * holds on, and `broken` says what is wrong: so that a change can repair it.
 * @throws PolicyError when none behind it is valid
 */
export async function loadStandingPolicy(
  repository: Repository,
  name: string,
  label: string | null,
  cache?: PolicyCache,
): Promise<LoadedPolicy | null> {
  try {
    return await loadPolicyAt(repository, name, label, cache);
  } catch (error) {
    if (!isPolicyError(error)) throw error;
    const { topLevel } = await repository.layout();
    const args = ['rev-list', '--first-parent', name, '--', ...policyNames];
    const moved = await repository.text(args, topLevel === null ? {} : { cwd: topLevel });
    for (const commit of moved.split('\n').filter((line) => line !== '')) {
      const valid = await validPolicy(repository, commit);
      if (valid) return { ...valid, broken: (error as Error).message };
    }
    throw error;
  }
}

/** The policy of a commit or tree; null where it holds none that is valid. */
export async function validPolicy(repository: Repository, name: string): Promise<LoadedPolicy | null> {
  try {
    return await loadPolicyAt(repository, name, name);
  } catch (error) {
    if (isPolicyError(error)) return null;
    throw error;
  }
}

/** As `maxPolicy` has it. */
const tooLarge = 'the policy is larger than 1 MiB';

/** By its name: the class itself is loaded only where a policy has to be parsed. */
function isPolicyError(error: unknown): boolean {
  return error instanceof Error && error.name === 'PolicyError';
}

/**
 * Reads the policy that is only in the working tree so far.
 * @param whole compile its JSONPaths and patterns as well
 * @throws PolicyError when it is invalid, or there is more than one
 */
export async function loadWorktreePolicy(topLevel: string, whole = false): Promise<LoadedPolicy | null> {
  const { findPolicyFile } = await import('./find.ts');
  const file = await findPolicyFile(topLevel);
  if (!file) return null;
  const source = `worktree:${file.name}`;
  if (file.others.length > 0)
    throw await invalid(source, `there is more than one policy: ${[file.name, ...file.others].join(', ')}; keep one`);
  const { parsePolicy, PolicyError } = await import('./parse.ts');
  const text = await decode(file.content, source);
  const policy = parsePolicy(text, source);
  const faults = whole ? await (await import('./wanted-faults.ts')).wantedFaults(text, policy) : [];
  if (faults.length > 0) throw new PolicyError(source, faults);
  return { policy, source, oid: null, bootstrap: 'uncommitted' };
}

/** The text of a policy. @throws PolicyError when it is not UTF-8: a path with other letters would protect nothing */
export async function decode(content: Buffer, source: string): Promise<string> {
  const { notText, PolicyError } = await import('./parse.ts');
  const fault = notText(content);
  if (fault !== null) throw new PolicyError(source, [fault]);
  return content.toString('utf8').replace(/^\ufeff/, '');
}

async function invalid(source: string, message: string): Promise<Error> {
  const { PolicyError } = await import('./parse.ts');
  return new PolicyError(source, [{ line: 1, message }]);
}
