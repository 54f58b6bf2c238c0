import { fingerprint } from '../approvals/public-key.ts';
import { type Approval, limits, parseApproval, writeTime } from '../approvals/statement.ts';
import { faultOf, onceLanded } from '../approvals/verify.ts';
import type { Repository } from '../git/repository.ts';
import { approvalsFolder, type LoadedPolicy, type Oid } from '../model/index.ts';
import type { LandedStep } from '../sources/landed.ts';
import type { Answer, AuditApproval } from './facts.ts';

/** An approval in the history of a branch. */
interface Found {
  readonly approval: Approval;
  /** The step that brought it; -1: it was there when the walk began. */
  readonly index: number;
}

/** The approvals that a line of steps brought, and those that stood where it begins: what they say, for whoever reads of them. */
export class Signed {
  readonly #repository: Repository;
  readonly #base: Oid;
  readonly #brought = new Map<string, { oid: Oid; index: number }>();
  readonly #read = new Map<string, Promise<Found | null>>();

  constructor(repository: Repository, base: Oid, line: readonly LandedStep[]) {
    this.#repository = repository;
    this.#base = base;
    for (const [index, { steps }] of line.entries())
      for (const { path, to } of steps)
        if (path.startsWith(approvalsFolder) && to !== null && !this.#brought.has(path))
          this.#brought.set(path, { oid: to.oid, index });
  }

  /** @param name of its file; null: no such approval can be read */
  find(name: string): Promise<Found | null> {
    const found = this.#read.get(name) ?? this.#find(name);
    this.#read.set(name, found);
    return found;
  }

  async #find(name: string): Promise<Found | null> {
    const path = approvalsFolder + name;
    const brought = this.#brought.get(path);
    const oid = brought?.oid ?? (await this.#repository.stateAt(this.#base, path))?.oid;
    const blob = oid === undefined ? null : await this.#repository.objects.read(oid, limits.file);
    if (!blob) return null;
    try {
      return { approval: parseApproval(blob.content), index: brought?.index ?? -1 };
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof RangeError) return null;
      throw error;
    }
  }

  /** The approvals whose word reaches up to a commit, each by the policy that stood where it landed. */
  async words(
    commit: Oid,
    now: Date,
    policyBefore: (index: number) => Promise<LoadedPolicy | null>,
  ): Promise<string[]> {
    const names: string[] = [];
    for (const path of this.#brought.keys()) {
      const name = path.slice(approvalsFolder.length);
      const found = await this.find(name);
      if (found?.approval.statement.upTo !== commit) continue;
      const loaded = await policyBefore(found.index);
      const then = onceLanded(found.approval, now);
      if (loaded && faultOf(found.approval, { policy: loaded.policy, now: then, target: null, spent: false }) === null)
        names.push(name);
    }
    return names;
  }
}

/** An approval as the audit tells it. @param landed when the change did */
export function toldApproval({ name, statement, signature }: Approval, landed: Date, other: Answer): AuditApproval {
  const hours = (landed.getTime() - statement.issuedAt.getTime()) / 36e5;
  return {
    file: approvalsFolder + name,
    approver: statement.approver,
    key: fingerprint({ blob: signature.keyBlob }),
    issuedAt: writeTime(statement.issuedAt),
    reason: statement.reason,
    hours: Math.round(hours * 10) / 10,
    other,
  };
}
