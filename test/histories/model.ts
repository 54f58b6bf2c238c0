import { invalid, type Policy, policyOf } from './policies.ts';
import { type Approval, absent, allPaths, type Letter, type Path, policyPath, type SignedLetter } from './signed.ts';

/**
 * What the design says (§2, §4) of a push: written from it, and from nothing else. What a commit holds is a letter for each
 * path, and the names of approvals.
 */
export interface Node {
  /** Its number in the order in which they were made: parents come before it. */
  readonly id: number;
  readonly oid: string;
  readonly parents: readonly Node[];
  readonly files: Readonly<Record<Path, Letter>>;
  readonly held: ReadonlySet<string>;
}

/** All commits behind one, with it. */
export function behind(node: Node): Set<Node> {
  const seen = new Set<Node>();
  const open = [node];
  for (let at = open.pop(); at; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    open.push(...at.parents);
  }
  return seen;
}

/** The newest commit behind both. */
export function newestCommon(one: Node, other: Node): Node {
  const known = behind(one);
  return [...behind(other)].filter((node) => known.has(node)).reduce((a, b) => (b.id > a.id ? b : a));
}

/** The commits along the first parents, the oldest first. */
export function lineOf(head: Node): Node[] {
  const line = [head];
  for (let at = head.parents[0]; at; at = at.parents[0]) line.unshift(at);
  return line;
}

/** What a gate says of a push. */
export interface Verdict {
  /** The paths that move without approval, and `approvals` where one is added that no owner signed. */
  readonly refused: readonly string[];
  /** What the check `policy` refuses: an invalid policy that is brought, or that is left where one stands. */
  readonly isPolicyRefused: boolean;
  /** Nothing says whether it may land. */
  readonly isErrored: boolean;
}

/** Who judges a push: a policy, for a branch. */
export interface Judge {
  readonly policy: Policy;
  readonly target: string;
}

type Result = Pick<Node, 'files' | 'held'>;

export class Model {
  readonly approvals = new Map<string, Approval>();

  /** Design §2.3: the policy at the trusted place; where it is invalid there, the newest valid one on the first-parent line. */
  standingAt(place: Node): Policy | null {
    if (place.files[policyPath] === absent) return null;
    for (const node of lineOf(place).reverse()) {
      const found = policyOf(node.files[policyPath]);
      if (found) return found;
    }
    return null;
  }

  /** Design §4, "not spent". */
  isSpent(approval: Approval, base: Node): boolean {
    for (const node of behind(base)) {
      if (node.held.has(approval.name) && approval.steps.some(({ path, from }) => node.files[path] !== from))
        return true;
      if (!node.held.has(approval.name) && node.parents.some((parent) => parent.held.has(approval.name))) return true;
    }
    return false;
  }

  isSigned(name: string, { owners }: Policy): boolean {
    const { by } = this.approvals.get(name)!;
    return owners.get(by.name) === by;
  }

  /** What a push to a protected branch is told. `place`: the tip that the policy is read from. */
  verdict(base: Node, head: Result, place: Node, target: string): Verdict {
    const policy = this.standingAt(place);
    const [before, after] = [place.files[policyPath], head.files[policyPath]];
    if (policy === null) {
      // No policy there: one is adopted only where none ever was, and else brought back as it was removed.
      if (after === absent) return { refused: [], isPolicyRefused: false, isErrored: false };
      return this.#broughtBack(base, head, place, target);
    }
    const isBroken = policyOf(before) === null;
    const isPolicyRefused = after === absent ? isBroken : policyOf(after) === null && (isBroken || after !== before);
    return { refused: this.refused(base, head, { policy, target }), isPolicyRefused, isErrored: false };
  }

  /** A new protected branch: what the default branch once ended at is no change there. */
  cut(head: Node, main: Node, target: string): Verdict {
    if (lineOf(main).includes(head)) return { refused: [], isPolicyRefused: false, isErrored: false };
    return this.verdict(main, head, main, target);
  }

  /** What the host will make of a proposal for the default branch: with `landing: rebase` each of its states is judged. */
  proposal(base: Node, result: Node, states: readonly Node[], place: Node): Verdict {
    const whole = this.verdict(base, result, place, 'main');
    const policy = this.standingAt(place);
    if (policy?.landing !== 'rebase') return whole;
    const judge = { policy, target: 'main' };
    const refused = states.flatMap((state) => this.refused(base, state, judge, result));
    return { ...whole, refused: [...new Set([...whole.refused, ...refused])] };
  }

  /** The design says only "else errored"; that the very one that was removed comes back, judged by itself, is its law 8. */
  #broughtBack(base: Node, head: Result, place: Node, target: string): Verdict {
    const removed = new Set<Letter>();
    for (const node of behind(place))
      if (node.files[policyPath] === absent)
        for (const parent of node.parents)
          if (policyOf(parent.files[policyPath])) removed.add(parent.files[policyPath]);
    const after = head.files[policyPath];
    const policy = policyOf(after);
    if (policy === null || removed.size !== 1 || !removed.has(after))
      return { refused: [], isPolicyRefused: false, isErrored: true };
    return { refused: this.refused(base, head, { policy, target }), isPolicyRefused: false, isErrored: false };
  }

  /** What moves without approval: each path, and `approvals` for one that no owner signed. */
  refused(base: Node, head: Result, judge: Judge, whole = head): string[] {
    const added = [...head.held].filter((name) => !base.held.has(name));
    const forged = added.some((name) => !this.isSigned(name, judge.policy)) ? ['approvals'] : [];
    return [...this.unapproved(base, head, judge, whole), ...forged];
  }

  /** The paths that a push moves without approval. `whole`: what it leads to in the end, if that is not what is judged. */
  unapproved(base: Node, head: Result, { policy, target }: Judge, whole = head): Path[] {
    let counting = [...whole.held]
      .map((name) => this.approvals.get(name)!)
      .filter((one) => one.upTo === null && one.targets.includes(target))
      .filter((one) => this.isSigned(one.name, policy) && !this.isSpent(one, base));
    for (let before = -1; before !== counting.length; ) {
      before = counting.length;
      counting = counting.filter((one) =>
        one.steps.every(({ path, from, to }) => {
          const edges = edgesOf(counting, path);
          return reach(edges, base.files[path]).has(from) && reach(edges, to).has(whole.files[path]);
        }),
      );
    }
    return allPaths.filter((path) => {
      const needed = neededFor(path, policy, { base, head });
      if (base.files[path] === head.files[path] || needed === 0) return false;
      const edges = edgesOf(counting, path).filter(({ from, to }) => {
        const who = counting.filter((one) => one.steps.some((s) => s.path === path && s.from === from && s.to === to));
        return new Set(who.map(({ by }) => by.name)).size >= needed;
      });
      return !reach(edges, base.files[path]).has(head.files[path]);
    });
  }
}

/** How many owners a step needs; 0: nobody has to approve it. */
export function neededFor(path: Path, policy: Policy, { base, head }: { base: Result; head: Result }): number {
  if (path === policyPath) {
    // Design §2.3: where an invalid policy stands, the bytes that last stood come back freely.
    if (base.files[path] === invalid && policyOf(head.files[path]) === policy) return 0;
    // Design §3: a change of the policy satisfies every rule of the old one, and at least one owner.
    return Math.max(1, ...policy.required.values());
  }
  const own = policy.required.get(path);
  if (own !== undefined) return own;
  // Design §2.2: a path that the change's own policy begins to protect.
  const brought = head.files[policyPath] === base.files[policyPath] ? null : policyOf(head.files[policyPath]);
  return Math.min(brought?.required.get(path) ?? 0, policy.owners.size);
}

const edgesOf = (approvals: readonly Approval[], path: Path): SignedLetter[] =>
  approvals.flatMap(({ steps }) => steps.filter((s) => s.path === path));

function reach(edges: readonly SignedLetter[], start: Letter): Set<Letter> {
  const seen = new Set([start]);
  for (let size = 0; size !== seen.size; ) {
    size = seen.size;
    for (const { from, to } of edges) if (seen.has(from)) seen.add(to);
  }
  return seen;
}
