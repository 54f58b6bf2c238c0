import type { Grown } from './grown.ts';
import { type Node, neededFor } from './model.ts';
import { edited, invalid, lead, lead2, type Policy, policyOf, second, stranger, third } from './policies.ts';
import { type Approval, absent, allPaths, approvalOf, type Path, paths, policyPath, type Signer } from './signed.ts';

/** Branches of commits that are to land, with approvals that fit, that nearly fit, or none. */
export class Topics {
  readonly #grown: Grown;

  constructor(grown: Grown) {
    this.#grown = grown;
  }

  /** Where a topic begins: mostly at the tip. */
  from(branch: string, tip: Node): Node {
    const { chance, pick } = this.#grown.by;
    if (this.#grown.knob === 'branches' && chance(0.45)) {
      const other = branch === 'main' ? 'release' : 'main';
      const line = this.#grown.lines.get(other);
      if (line) return chance(0.7) ? line.at(-1)! : pick(line);
    }
    if (this.#grown.sides.length > 0 && chance(0.4)) return pick(this.#grown.sides);
    return chance(0.75) ? tip : pick(this.#grown.lines.get(branch)!);
  }

  /** A branch of some commits from one place, with approvals that fit, that nearly fit, or none. */
  topic(from: Node, tip: Node, judge: { policy: Policy | null; target: string }, fresh: Approval[]): Node {
    const { policy } = judge;
    const { chance, pick, below } = this.#grown.by;
    const honest = chance(0.7);
    const isTakenAsItIs = this.#grown.knob === 'branches' && from !== tip && chance(0.6);
    const wanted = { ...from.files };
    if (!isTakenAsItIs) {
      for (const path of paths) if (chance(0.35)) wanted[path] = pick(['x', 'y', 'z', absent]);
      wanted[policyPath] = this.#nextPolicy(from);
    }
    // What an approval is to lead to: the topic's own steps, or what the merge will make of the tip.
    const start = isTakenAsItIs || (this.#grown.knob === 'criss-cross' && chance(0.5)) ? tip : from;
    const goal = isTakenAsItIs ? from : { files: wanted };
    const moved = allPaths.filter((path) => wanted[path] !== from.files[path]);
    const listed = allPaths.filter(
      (path) => goal.files[path] !== start.files[path] && this.#isListed(path, policy, wanted[policyPath]),
    );
    if (listed.length > 0 && (honest || chance(0.4)))
      fresh.push(...this.#approvals(listed, start, goal, honest, judge));
    if (this.#grown.old.length > 0 && chance(0.25)) fresh.push(pick(this.#grown.old));
    for (const one of fresh) this.#grown.model.approvals.set(one.name, one);
    const early = chance(0.3);
    const count = isTakenAsItIs ? (fresh.length > 0 ? 1 : 0) : 1 + below(3);
    let at = from;
    for (let n = 0; n < count; n++) {
      const files = { ...at.files };
      for (const [index, path] of moved.entries())
        if (index % count === n || n === count - 1) files[path] = wanted[path];
      if (!isTakenAsItIs && chance(0.1)) files[pick(paths)] = pick(['x', 'y', 'z']);
      if (n === count - 1 && honest) for (const path of moved) files[path] = wanted[path];
      const held = new Set(at.held);
      if (early ? n === 0 : n === count - 1) for (const one of fresh) held.add(one.name);
      if (held.size > 0 && chance(0.08)) held.delete(pick([...held]));
      at = this.#grown.add([at], { files, held });
      if (this.#grown.knob === 'criss-cross' && chance(0.3)) at = this.#update(at, pick([tip, ...this.#grown.sides]));
    }
    return at;
  }

  /** A merge into a topic on the way; now and then it takes what it likes of both. */
  #update(ours: Node, theirs: Node): Node {
    const { chance } = this.#grown.by;
    const files = { ...ours.files };
    for (const path of allPaths) if (chance(0.5)) files[path] = theirs.files[path];
    return this.#grown.add([ours, theirs], { files, held: new Set([...ours.held, ...theirs.held]) });
  }

  /** An owner is asked for what the policy guards; for more only where a merge cannot leave a part of it out. */
  #isListed(path: Path, policy: Policy | null, next: string): boolean {
    if (this.#isLinear()) return true;
    return path === policyPath || policy?.required.has(path) || policyOf(next)?.required.has(path) || false;
  }

  #isLinear(): boolean {
    return ['afterwards', 'word', 'rebase', 'squash'].includes(this.#grown.knob);
  }

  #nextPolicy(from: Node): string {
    const { chance, pick } = this.#grown.by;
    const now = from.files[policyPath];
    if (this.#grown.knob === 'policy') return chance(0.4) ? edited(now, pick) : now;
    if (this.#grown.knob !== 'absence') return now;
    if (policyOf(now)) return chance(0.35) ? pick([absent, absent, invalid, edited(now, pick)]) : now;
    const last = this.#grown.pushes.map(({ after }) => after.files[policyPath]).filter((text) => policyOf(text));
    const before = last.at(-1) ?? this.#grown.lines.get('main')![0]!.files[policyPath];
    return chance(0.6) ? (chance(0.7) ? before : edited(before, pick)) : now;
  }

  #approvals(
    listed: readonly Path[],
    start: Node,
    goal: Pick<Node, 'files'>,
    honest: boolean,
    { policy, target }: { policy: Policy | null; target: string },
  ): Approval[] {
    const { chance } = this.#grown.by;
    const owners = [...((policy ?? policyOf(goal.files[policyPath]))?.owners.values() ?? [])];
    const head = { files: goal.files, held: new Set<string>() };
    const needed = policy ? Math.max(1, ...listed.map((path) => neededFor(path, policy, { base: start, head }))) : 2;
    const all = honest ? owners : [lead, lead2, second, third];
    const count = Math.max(needed, chance(0.2) ? 2 : 1);
    const first = this.#grown.by.below(Math.max(1, all.length));
    const who: Signer[] = all.map((_, n) => all[(n + first) % all.length]!).slice(0, count);
    return who.flatMap((each) => {
      const own = honest ? listed : listed.filter(() => chance(0.7));
      const steps = own.map((path) => ({
        path,
        from: start.files[path],
        to: chance(0.95) || path === policyPath ? goal.files[path] : 'q',
      }));
      const rest = paths.filter((path) => !own.includes(path) && this.#isListed(path, policy, start.files[policyPath]));
      const more = chance(0.1) ? rest.map((path) => ({ path, from: 'x', to: 'z' })) : [];
      const real = [...steps, ...more].filter(({ from, to }) => from !== to);
      if (real.length === 0) return [];
      const other = target === 'main' ? 'release' : 'main';
      const targets = chance(0.95)
        ? this.#grown.knob === 'branches' && chance(0.3)
          ? [target, other]
          : [target]
        : [other];
      return [approvalOf(chance(0.05) ? stranger : each, real, ...targets)];
    });
  }
}
