import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Consents } from '../approvals/chains.ts';
import { contentHashes } from '../approvals/evidence.ts';
import { spendings } from '../approvals/spending.ts';
import {
  type Approval,
  approvalName,
  approvalsFolder,
  limits,
  parseApproval,
  type SignedState,
} from '../approvals/statement.ts';
import { faultOf } from '../approvals/verify.ts';
import { Repository } from '../git/repository.ts';
import type { Policy, State } from '../model/index.ts';
import { compileRules, protectedBranches } from '../rules/rules.ts';
import type { Place } from './place.ts';

/**
 * Does an approval in the working tree cover exactly this content at this path? The rest of what it lists is taken for done:
 * the gates see to that it is used whole.
 * @param content null: the file goes
 */
export async function isApproved(
  place: Place,
  policy: Policy,
  path: string,
  content: Buffer | null,
  now: Date,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const naming = readApprovals(place.top).filter(({ statement }) =>
    statement.changes.some((change) => change.path === path),
  );
  if (naming.length === 0 || place.head === null) return false;
  const repository = new Repository(place.top, env, 'location');
  try {
    const before = new Map<string, State | null>();
    for (const { statement } of naming)
      for (const change of statement.changes)
        if (!before.has(change.path)) before.set(change.path, await repository.stateAt(place.head, change.path));
    const hashes = await contentHashes(repository, [...before.values()]);
    const sign = (state: State | null): SignedState | null =>
      state && { ...state, sha256: hashes.get(state.oid) ?? '' };
    const spent = await spendings(repository, [place.head], naming);
    const target =
      place.branch !== null && protectedBranches(policy, place.standard)(place.branch) ? place.branch : null;
    const fits = naming
      .map((approval) => approval.statement.changes.find((change) => change.path === path)!.to)
      .filter((to) => holds(to, content));
    return fits.some((to) => {
      const consents = new Consents({
        approvals: naming,
        fault: (approval) => faultOf(approval, { policy, now, target, spent: spent.has(approval.name) }),
        base: (other) => sign(before.get(other) ?? null),
        tips: () => [],
        result: (other) =>
          other === path
            ? to
            : (naming.flatMap(({ statement }) => statement.changes).find((change) => change.path === other)?.to ??
              null),
        sign: (state) => (state === null || state.oid === to?.oid ? to : sign(state)),
      });
      const step = { path, from: before.get(path) ?? null, to: to && { mode: to.mode, oid: to.oid } };
      return compileRules(policy)(path).every((guard) => consents.consent(step, guard).approved);
    });
  } finally {
    repository.close();
  }
}

function holds(to: SignedState | null, content: Buffer | null): boolean {
  if (to === null || content === null) return to === null && content === null;
  return to.sha256 === digest(content) && to.mode !== '120000' && to.mode !== '160000';
}

/** Every approval file that lies in the tree and parses; one that does not never counts. */
function readApprovals(top: string): Approval[] {
  const folder = join(top, approvalsFolder);
  const found: Approval[] = [];
  for (const name of list(folder).slice(0, limits.perChange)) {
    try {
      const approval = parseApproval(readFileSync(join(folder, name)));
      if (approval.name === name) found.push(approval);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    }
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => approvalName.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex');
