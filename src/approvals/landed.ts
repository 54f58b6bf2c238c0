import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import type { BytePath, Consent, Guard, Oid, Policy, State, Step } from '../model.ts';
import { contentHashes, readAddedApprovals, spentBefore } from './evidence.ts';
import { type Approval, approvalsFolder, type SignedState, stateKey } from './statement.ts';
import { by, verifyStatement } from './verify.ts';

/** A step of the branch, as far as consents need it. */
export interface LandedPlace {
  readonly commit: Oid;
  readonly date: Date;
  readonly steps: readonly Step[];
}

/** The states of one path, one after the other: `keys[n]` is what the step at `places[n - 1]` left. */
interface Course {
  readonly keys: readonly string[];
  readonly places: readonly number[];
}

/** From which to which state of its path an approval was used. */
interface Use {
  readonly approval: Approval;
  readonly from: number;
  readonly to: number;
}

/**
 * Which steps of a branch its approvals cover, after they landed: wherever in the line an approval was added, each counts
 * once, for one stretch of each path that it lists, and only when it is used whole.
 */
export class LandedConsents {
  readonly #line: readonly LandedPlace[];
  readonly #courses: ReadonlyMap<BytePath, Course>;
  readonly #uses: ReadonlyMap<BytePath, readonly Use[]>;
  readonly #target: string;
  readonly #now: Date;

  private constructor(
    line: readonly LandedPlace[],
    courses: ReadonlyMap<BytePath, Course>,
    uses: ReadonlyMap<BytePath, readonly Use[]>,
    { target, now }: { target: string; now: Date },
  ) {
    [this.#line, this.#courses, this.#uses, this.#target, this.#now] = [line, courses, uses, target, now];
  }

  /**
   * Reads the approvals that a line of steps brings.
   * @param base what had landed before: approvals that its history holds are spent
   * @throws Undecided when an object is missing
   */
  static async gather(
    repository: Repository,
    line: readonly LandedPlace[],
    base: Oid,
    to: { target: string; now: Date },
  ): Promise<LandedConsents> {
    const brought = line.flatMap(({ steps }) => steps.filter(({ path }) => path.startsWith(approvalsFolder)));
    const read = await readAddedApprovals(repository, brought);
    const spent = await spentBefore(repository, [base], read);
    const approvals = [...new Map(read.filter(({ name }) => !spent.has(name)).map((a) => [a.name, a])).values()];
    approvals.sort((a, b) => a.statement.issuedAt.getTime() - b.statement.issuedAt.getTime());
    const named = new Set(approvals.flatMap(({ statement }) => statement.changes.map(({ path }) => path)));
    const states = line.flatMap(({ steps }) =>
      steps.filter(({ path }) => named.has(path)).flatMap(({ from, to: result }) => [from, result]),
    );
    const hashes = await contentHashes(repository, states);
    const sign = (state: State | null): SignedState | null =>
      state && { ...state, sha256: hashes.get(state.oid) ?? '' };
    const courses = new Map<BytePath, { keys: string[]; places: number[] }>();
    for (const [place, { steps }] of line.entries())
      for (const { path, from, to: result } of steps) {
        if (!named.has(path)) continue;
        const course = courses.get(path) ?? { keys: [stateKey(sign(from))], places: [] };
        course.keys.push(stateKey(sign(result)));
        course.places.push(place);
        courses.set(path, course);
      }
    return new LandedConsents(line, courses, assign(approvals, courses), to);
  }

  /** Was the step that a path made at a place of the line approved, as its rule asks, by the policy of that moment? */
  consent(path: BytePath, place: number, guard: Guard, policy: Policy): Consent {
    const step = (this.#courses.get(path)?.places.indexOf(place) ?? -1) + 1;
    return this.#covered(path, step, guard, policy);
  }

  /** Was the last step of a path approved? */
  last(path: BytePath, guard: Guard, policy: Policy): Consent {
    return this.#covered(path, this.#courses.get(path)?.places.length ?? 0, guard, policy);
  }

  #covered(path: BytePath, step: number, guard: Guard, policy: Policy): Consent {
    const none = { approved: false, reason: 'none', text: 'changed without approval' } as const;
    const course = this.#courses.get(path);
    if (!course || step === 0) return none;
    const covering = (this.#uses.get(path) ?? []).filter(({ from, to }) => from < step && step <= to);
    const faults = covering.map((use) => ({ use, fault: this.#fault(use.approval, policy) }));
    const good = faults.filter(({ fault }) => fault === null).map(({ use }) => use);
    const owners = good.filter(({ approval }) => guard.rule.owners.includes(approval.statement.approver));
    for (const { from, to } of owners) {
      const together = owners.filter((use) => use.from === from && use.to === to).map(({ approval }) => approval);
      if (new Set(together.map(({ statement }) => statement.approver)).size < guard.rule.required) continue;
      const landed = this.#line[course.places[step - 1]!]!.date;
      const late = together.filter(({ statement }) => statement.expiresAt < landed);
      const notes = late.map((approval) => `${by(approval)} had expired when ${showPath(path)} landed`);
      return { approved: true, approvals: together.map(({ name }) => name), notes };
    }
    const bad = faults.find(({ fault }) => fault !== null)?.fault;
    if (bad) return { approved: false, ...bad };
    if (good.length > 0)
      return {
        approved: false,
        reason: 'too-few',
        text: `approved by ${good.map(({ approval }) => approval.statement.approver).join(', ')}; ${guard.rule.required} of ${guard.rule.owners.join(', ')} are needed`,
      };
    return none;
  }

  /** Once landed an approval may have expired. */
  #fault(approval: Approval, policy: Policy) {
    const { issuedAt, expiresAt, targets } = approval.statement;
    const then = this.#now < expiresAt ? this.#now : new Date(Math.max(expiresAt.getTime() - 1000, issuedAt.getTime()));
    if (!targets.includes(this.#target))
      return {
        reason: 'wrong-target',
        text: `${by(approval)} is for ${targets.join(', ')}, not for ${this.#target}`,
      } as const;
    return verifyStatement(approval, policy, then);
  }
}

/** Gives each approval its stretch of every path that it lists; one that fits somewhere not is used nowhere. */
function assign(approvals: readonly Approval[], courses: ReadonlyMap<BytePath, Course>): Map<BytePath, Use[]> {
  const uses = new Map<BytePath, Use[]>();
  for (const approval of approvals) {
    const stretches = approval.statement.changes.map(({ path, from, to }) => {
      const course = courses.get(path);
      const taken = (uses.get(path) ?? []).filter(
        (use) => use.approval.statement.approver === approval.statement.approver,
      );
      const found = course && stretch(course.keys, stateKey(from), stateKey(to), taken);
      return found ? { path, ...found } : null;
    });
    if (stretches.includes(null)) continue;
    for (const { path, from, to } of stretches.filter((found) => found !== null))
      uses.set(path, [...(uses.get(path) ?? []), { approval, from, to }]);
  }
  return uses;
}

/** The first stretch from one state to the other on which nobody of the same name was heard yet. */
function stretch(keys: readonly string[], from: string, to: string, taken: readonly Use[]) {
  for (let end = 1; end < keys.length; end++) {
    if (keys[end] !== to) continue;
    const start = keys.lastIndexOf(from, end - 1);
    if (start >= 0 && !taken.some((use) => use.from === start && use.to === end)) return { from: start, to: end };
  }
  return null;
}
