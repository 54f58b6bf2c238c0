import { showPath } from '../git/raw.ts';
import type { BytePath, Consent, Guard, State, Step } from '../model/index.ts';
import { type Approval, type SignedState, sameState, stateKey } from './statement.ts';
import { by, type Fault } from './verify.ts';

/** What approvals are weighed against. */
export interface Evidence {
  /** Approvals that the result holds, and after landing those that came later. */
  readonly approvals: readonly Approval[];
  /** What is wrong with one by itself, whatever the path. */
  fault(approval: Approval): Fault | null;
  /** The state the change starts from, of a path that an approval lists. */
  base(path: BytePath): SignedState | null;
  /** Where a chain may start as well: on an unprotected branch the trusted tip's state, of a path that an approval lists. */
  tips(path: BytePath): readonly (SignedState | null)[];
  /** The state the change leads to, of a path that an approval lists. */
  result(path: BytePath): SignedState | null;
  /** The content hash of a state that one of these or a step names. */
  sign(state: State | null): SignedState | null;
}

interface Weighed {
  readonly approval: Approval;
  readonly fault: Fault | null;
}

const longestChain = 16;

/** Judges once which approvals count at all; then answers for each step and rule. */
export class Consents {
  readonly #evidence: Evidence;
  readonly #weighed: readonly Weighed[];
  /** Valid, unspent and used whole. */
  readonly #counting: readonly Approval[];

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#weighed = evidence.approvals.map((approval) => ({ approval, fault: evidence.fault(approval) }));
    const good = this.#weighed.filter(({ fault }) => fault === null).map(({ approval }) => approval);
    this.#counting = this.#usedWhole(good);
  }

  /**
   * Does a chain of steps lead from a start to the step's result, each step approved by the rule's number of its
   * owners? Approvers are never summed up over different steps.
   */
  consent(step: Step, guard: Guard): Consent {
    const goal = stateKey(this.#evidence.sign(step.to));
    const edges = this.#edges(step.path, (approval) => guard.rule.owners.includes(approval.statement.approver));
    const enough = edges.filter(
      (edge) => new Set(edge.approvals.map((a) => a.statement.approver)).size >= guard.rule.required,
    );
    const used = chainOf(enough, this.#starts(step), goal);
    if (used)
      return { approved: true, approvals: [...new Set(used.flatMap((edge) => edge.approvals.map((a) => a.name)))] };
    return { approved: false, ...this.#why(step, guard, goal, edges) };
  }

  /** A step starts from where it says, which need not be the base: what the entry of a queue does to what it builds on is one too. */
  #starts({ path, from }: Pick<Step, 'path' | 'from'>): string[] {
    return [this.#evidence.sign(from), ...this.#evidence.tips(path)].map(stateKey);
  }

  #edges(path: BytePath, counts: (approval: Approval) => boolean, among = this.#counting): Edge[] {
    const edges = new Map<string, Edge>();
    for (const approval of among) {
      const step = approval.statement.changes.find((change) => change.path === path);
      if (!step || !counts(approval)) continue;
      const [from, to] = [stateKey(step.from), stateKey(step.to)];
      const edge = edges.get(`${from}>${to}`) ?? { from, to, approvals: [] };
      edge.approvals.push(approval);
      edges.set(`${from}>${to}`, edge);
    }
    return [...edges.values()];
  }

  /** Drops approvals of which a listed path is not on a way from start to result, until all that are left are used whole. */
  #usedWhole(approvals: readonly Approval[]): readonly Approval[] {
    const paths = new Map<BytePath, Edge[]>();
    for (const approval of approvals)
      for (const { path } of approval.statement.changes)
        if (!paths.has(path))
          paths.set(
            path,
            this.#edges(path, () => true, approvals),
          );
    const whole = approvals.filter((approval) => this.#unusedPath(approval, paths) === null);
    return whole.length === approvals.length ? whole : this.#usedWhole(whole);
  }

  #unusedPath(approval: Approval, paths: ReadonlyMap<BytePath, Edge[]>): BytePath | null {
    for (const step of approval.statement.changes) {
      const edges = paths.get(step.path) ?? [];
      const starts = [this.#evidence.base(step.path), ...this.#evidence.tips(step.path)].map(stateKey);
      const goal = stateKey(this.#evidence.result(step.path));
      const reached = reach(edges, starts, 'from', 'to');
      const leading = reach(edges, [goal], 'to', 'from');
      if (!reached.has(stateKey(step.from)) || !leading.has(stateKey(step.to))) return step.path;
    }
    return null;
  }

  #why(step: Step, guard: Guard, goal: string, edges: readonly Edge[]): Fault {
    // An earlier approval is worth a word only when somebody seems to rely on it: it leads to the same contents.
    const listing = this.#weighed.filter(({ approval, fault }) =>
      approval.statement.changes.some(
        (c) =>
          c.path === step.path &&
          (fault?.reason !== 'spent' || (sameState(c.from, step.from) && sameState(c.to, step.to))),
      ),
    );
    if (listing.length === 0) return { reason: 'none', text: 'changed without approval' };
    const most = edges
      .map(({ approvals }) => [...new Set(approvals.map((a) => a.statement.approver))])
      .sort((a, b) => b.length - a.length)[0];
    if (most && most.length < guard.rule.required)
      return {
        reason: 'too-few',
        text: `approved by ${most.join(', ')}; ${guard.rule.required} owners are needed`,
        by: most,
      };
    const faults = listing.map(({ approval, fault }) => fault ?? this.#misfit(approval, step, guard, goal));
    const order: readonly Fault['reason'][] = [
      'not-owner',
      'not-whole',
      'moved',
      'contents',
      'too-few',
      'expired',
      'not-yet-valid',
      'too-long',
      'wrong-target',
      'touch',
      'project',
      'signature',
      'spent',
    ];
    return faults.sort((a, b) => order.indexOf(a.reason) - order.indexOf(b.reason))[0]!;
  }

  /** Why an approval that is good by itself does not cover this step. */
  #misfit(approval: Approval, step: Step, guard: Guard, goal: string): Fault {
    const path = showPath(step.path);
    const signed = approval.statement.changes.find((change) => change.path === step.path)!;
    const starts = this.#starts(step);
    if (stateKey(signed.to) !== goal)
      return {
        reason: 'contents',
        text: `the contents differ from what ${approval.statement.approver} approved (approved ${short(signed.to)}, found ${short(step.to)})`,
      };
    if (!starts.includes(stateKey(signed.from)))
      return {
        reason: 'moved',
        text: `the target moved meanwhile: ${by(approval)} starts from ${short(signed.from)}, the target has ${short(step.from)}; update the branch, ask again`,
      };
    if (!this.#counting.includes(approval)) {
      const edges = new Map(
        approval.statement.changes.map(({ path: p }) => [p, this.#edges(p, () => true, this.#evidence.approvals)]),
      );
      const unused = this.#unusedPath(approval, edges);
      const rest = unused === null || unused === step.path ? 'more' : showPath(unused);
      return {
        reason: 'not-whole',
        text: `${by(approval)} is not used whole: it also covers ${rest}, which this change does not make that way`,
      };
    }
    if (!guard.rule.owners.includes(approval.statement.approver))
      return {
        reason: 'not-owner',
        text: `${approval.statement.approver} approved it, but is not an owner of ${path}`,
      };
    return { reason: 'too-few', text: `approved by 1 of the ${guard.rule.required} owners it needs` };
  }
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly approvals: Approval[];
}

/** The edges of a shortest way from one of `starts` to `goal`, or null. An empty way counts only when start is goal. */
function chainOf<E extends { readonly from: string; readonly to: string }>(
  edges: readonly E[],
  starts: readonly string[],
  goal: string,
): E[] | null {
  let fronts = new Map<string, E[]>(starts.map((start) => [start, []]));
  const seen = new Set(starts);
  for (let length = 0; length <= longestChain; length++) {
    const found = fronts.get(goal);
    if (found) return found;
    const next = new Map<string, E[]>();
    for (const edge of edges) {
      const way = fronts.get(edge.from);
      if (!way || seen.has(edge.to)) continue;
      seen.add(edge.to);
      next.set(edge.to, [...way, edge]);
    }
    fronts = next;
  }
  return null;
}

/** All nodes that can be reached along the edges. */
function reach(
  edges: readonly Edge[],
  starts: readonly string[],
  tail: 'from' | 'to',
  head: 'from' | 'to',
): ReadonlySet<string> {
  const seen = new Set(starts);
  for (let grew = true; grew; ) {
    grew = false;
    for (const edge of edges)
      if (seen.has(edge[tail]) && !seen.has(edge[head])) {
        seen.add(edge[head]);
        grew = true;
      }
  }
  return seen;
}

function short(state: { oid: string; mode: string } | null): string {
  return state === null ? 'no file' : `${state.oid.slice(0, 8)}${state.mode === '100644' ? '' : ` mode ${state.mode}`}`;
}
