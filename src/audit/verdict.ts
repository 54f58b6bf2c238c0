import { exitCode, type Oid } from '../model/index.ts';
import type { Audit, AuditChange, Verdict } from './facts.ts';

const order: readonly Verdict[] = ['approved', 'afterwards', 'unknown', 'uncovered'];

/** The gravest verdict of each commit. */
export function gravest(changes: readonly Pick<AuditChange, 'commit' | 'verdict'>[]): ReadonlyMap<Oid, Verdict> {
  const found = new Map<Oid, Verdict>();
  for (const { commit, verdict } of changes) {
    const known = found.get(commit);
    if (known === undefined || order.indexOf(verdict) > order.indexOf(known)) found.set(commit, verdict);
  }
  return found;
}

/** What stands uncovered: an edit that was taken back since is told, and does not. */
export function standing(changes: readonly AuditChange[]): AuditChange[] {
  return changes.filter(({ verdict, takenBack }) => verdict === 'uncovered' && !takenBack);
}

/** What the command ends with. */
export function exitCodeOfAudit({ changes, after }: Audit): number {
  if (standing(changes).length > 0 || after?.kept === false) return exitCode.refused;
  return changes.some(({ verdict }) => verdict === 'unknown') ? exitCode.undecided : exitCode.pass;
}
