import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import type { BytePath, Consent, Guard, Oid, Policy, State, Step } from '../model/index.ts';
import { chainOf } from './chains.ts';
import { contentHashes, readAddedApprovals, spentBefore } from './evidence.ts';
import { type Approval, approvalsFolder, type SignedState, stateKey } from './statement.ts';
import { by, type Fault, verifyStatement } from './verify.ts';

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

/** A stretch of a course that approvals cover: a chain of steps, each with those who approved it. */
interface Cover {
  readonly from: number;
  readonly to: number;
  readonly chain: readonly (readonly Approval[])[];
}

/**
 * Which steps of a branch its approvals cover, after they landed: wherever in the line an approval was added, each counts
 * once, for one stretch of each path that it lists, and only when it is used whole.
 */
export class LandedConsents {
  readonly #line: readonly LandedPlace[];
  readonly #courses: ReadonlyMap<BytePath, Course>;
  readonly #covers: ReadonlyMap<BytePath, readonly Cover[]>;
  /** Null: any target will do. */
  readonly #target: string | null;
  readonly #now: Date;

  private constructor(
    line: readonly LandedPlace[],
    courses: ReadonlyMap<BytePath, Course>,
    covers: ReadonlyMap<BytePath, readonly Cover[]>,
    { target, now }: { target: string | null; now: Date },
  ) {
    [this.#line, this.#courses, this.#covers, this.#target, this.#now] = [line, courses, covers, target, now];
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
    to: { target: string | null; now: Date },
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
    return new LandedConsents(line, courses, coverAll(approvals, courses), to);
  }

  /** Was the step that a path made at a place of the line approved, as its rule asks, by the policy of that moment? */
  consent(path: BytePath, place: number, guard: Guard, policy: Policy): Consent {
    return this.#covered(path, this.#stepAt(path, place), guard, policy);
  }

  /** Was the last step of a path approved? */
  last(path: BytePath, guard: Guard, policy: Policy): Consent {
    return this.#covered(path, this.#courses.get(path)?.places.length ?? 0, guard, policy);
  }

  /** Is the step that a path made there in the middle of a stretch? What it left was approved by nobody then. */
  isOnTheWay(path: BytePath, place: number): boolean {
    const step = this.#stepAt(path, place);
    return step < (this.#coverOf(path, step)?.to ?? 0);
  }

  #stepAt(path: BytePath, place: number): number {
    return (this.#courses.get(path)?.places.indexOf(place) ?? -1) + 1;
  }

  #coverOf(path: BytePath, step: number): Cover | undefined {
    return this.#covers.get(path)?.find(({ from, to }) => from < step && step <= to);
  }

  #covered(path: BytePath, step: number, guard: Guard, policy: Policy): Consent {
    const course = this.#courses.get(path);
    const cover = this.#coverOf(path, step);
    if (!course || !cover) return { approved: false, reason: 'none', text: 'changed without approval' };
    const { owners, required } = guard.rule;
    const used: Approval[] = [];
    for (const edge of cover.chain) {
      const faults = edge.map((approval) => this.#fault(approval, policy));
      const good = edge.filter((_, index) => faults[index] === null);
      const counting = good.filter(({ statement }) => owners.includes(statement.approver));
      if (counting.length < required) return { approved: false, ...shortage(faults, good, guard) };
      used.push(...counting);
    }
    const landed = this.#line[course.places[step - 1]!]!.date;
    const notes = used
      .filter(({ statement }) => statement.expiresAt < landed)
      .map((approval) => `${by(approval)} had expired when ${showPath(path)} landed`);
    return { approved: true, approvals: used.map(({ name }) => name), notes };
  }

  /** Once landed an approval may have expired. */
  #fault(approval: Approval, policy: Policy) {
    const { issuedAt, expiresAt, targets } = approval.statement;
    const then = this.#now < expiresAt ? this.#now : new Date(Math.max(expiresAt.getTime() - 1000, issuedAt.getTime()));
    if (this.#target !== null && !targets.includes(this.#target))
      return {
        reason: 'wrong-target',
        text: `${by(approval)} is for ${targets.join(', ')}, not for ${this.#target}`,
      } as const;
    return verifyStatement(approval, policy, then);
  }
}

/** Why the approvals of a step are not enough. */
function shortage(faults: readonly (Fault | null)[], good: readonly Approval[], { rule }: Guard): Fault {
  const fault = faults.find((one) => one !== null);
  if (fault) return fault;
  const who = good.map(({ statement }) => statement.approver).join(', ');
  return { reason: 'too-few', text: `approved by ${who}; ${rule.required} of ${rule.owners.join(', ')} are needed` };
}

/** What the approvals cover, once those that are not used on every path they list are left out. */
function coverAll(
  approvals: readonly Approval[],
  courses: ReadonlyMap<BytePath, Course>,
): ReadonlyMap<BytePath, readonly Cover[]> {
  const covers = new Map([...courses].map(([path, course]) => [path, coverCourse(path, course.keys, approvals)]));
  const isUsed = (approval: Approval, path: BytePath) =>
    (covers.get(path) ?? []).some(({ chain }) => chain.some((edge) => edge.includes(approval)));
  const whole = approvals.filter((approval) => approval.statement.changes.every(({ path }) => isUsed(approval, path)));
  return whole.length === approvals.length ? covers : coverAll(whole, courses);
}

/** Goes along a course, and covers each step by the shortest stretch that a chain of approvals leads over. */
function coverCourse(path: BytePath, keys: readonly string[], approvals: readonly Approval[]): Cover[] {
  const edges = new Map<string, { from: string; to: string; approvals: Approval[] }>();
  for (const approval of approvals) {
    const step = approval.statement.changes.find((change) => change.path === path);
    if (!step) continue;
    const [from, to] = [stateKey(step.from), stateKey(step.to)];
    const edge = edges.get(`${from}>${to}`) ?? { from, to, approvals: [] };
    edge.approvals.push(approval);
    edges.set(`${from}>${to}`, edge);
  }
  const covers: Cover[] = [];
  for (let step = 1; step < keys.length; step = Math.max(step + 1, (covers.at(-1)?.to ?? 0) + 1)) {
    const found = shortestStretch(keys, step, [...edges.values()]);
    if (!found) continue;
    // Each approval counts once: one of every approver goes into a stretch, and a replay finds it gone.
    const chain = found.chain.map((edge) => {
      const taken = [...new Map(edge.approvals.toReversed().map((one) => [one.statement.approver, one])).values()];
      edge.approvals = edge.approvals.filter((one) => !taken.includes(one));
      return taken;
    });
    covers.push({ from: found.from, to: found.to, chain });
  }
  return covers;
}

type Edge = { readonly from: string; readonly to: string; approvals: Approval[] };

function shortestStretch(keys: readonly string[], step: number, all: readonly Edge[]) {
  const edges = all.filter(({ approvals }) => approvals.length > 0);
  const [starts, ends] = [new Set(edges.map(({ from }) => from)), new Set(edges.map(({ to }) => to))];
  for (let length = 1; length < keys.length && edges.length > 0; length++)
    for (let from = Math.max(0, step - length); from < step && from + length < keys.length; from++) {
      const to = from + length;
      if (!starts.has(keys[from]!) || !ends.has(keys[to]!)) continue;
      const chain = chainOf(edges, [keys[from]!], keys[to]!);
      if (chain && chain.length > 0) return { from, to, chain };
    }
  return null;
}
