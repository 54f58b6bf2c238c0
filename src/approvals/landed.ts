import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import {
  type BytePath,
  type Consent,
  type Guard,
  type LoadedPolicy,
  type Oid,
  policyNames,
  type State,
  Undecided,
} from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { type Brought, broughtBy } from './brought.ts';
import { Consents } from './chains.ts';
import type { Line, Stretch } from './line.ts';
import { type Approval, approvalsFolder, sameState, stateKey } from './statement.ts';
import { by, type Fault, faultOf, onceLanded } from './verify.ts';

/** The branch whose history is judged. */
export interface LandedBranch {
  readonly now: Date;
  /** Short names of the branches that an approval of what a commit landed may be for; null: any will do. */
  target(commit: Oid): readonly string[] | null;
  /** The valid policy that a commit holds; null: none. */
  policyAt(commit: Oid): Promise<LoadedPolicy | null>;
}

/** Stretches that are tried for one step, before it is said that nobody can tell. */
const maxTries = 10_000;

/**
 * Which steps of a branch stand approved, once they have landed. A step does when it is part of a stretch that CI would have
 * let land as one change, by the policy that stood approved before it; the approvals may have come later, up to the head.
 * Design §4: weighed by the same function as a change that is still to land.
 */
export class LandedConsents {
  readonly #line: Line;
  readonly #branch: LandedBranch;
  readonly #brought: readonly Brought[];
  /** What is settled when only what landed up to a place is known. */
  readonly #settled = new Map<number, Promise<Settled>>();

  private constructor(line: Line, branch: LandedBranch, brought: readonly Brought[]) {
    [this.#line, this.#branch, this.#brought] = [line, branch, brought];
  }

  /**
   * Reads the approvals that a line of steps brings, and those that its base holds: what that holds stands approved.
   * @throws Undecided when an object is missing, or the history is cut off
   */
  static async gather(repository: Repository, line: Line, branch: LandedBranch): Promise<LandedConsents> {
    const brought = await broughtBy(repository, line);
    const listed = brought.flatMap(({ approval }) => approval.statement.changes.map(({ path }) => path));
    await line.read(repository, new Set([...listed, ...policyNames]));
    return new LandedConsents(line, branch, brought);
  }

  /** The policy that last stood approved before the step at an index of the line; null: none was valid until then. */
  async policyBefore(index: number): Promise<LoadedPolicy | null> {
    return policyAt((await this.#settle(this.#line.length)).standing, index);
  }

  /** The newest commit that an owner stands by, with all behind it; null: there is no such word. */
  async word(): Promise<Oid | null> {
    const { words } = await this.#settle(this.#line.length);
    return words === 0 ? null : this.#line.commitAt(words);
  }

  /** Does the step that a path made at an index of the line stand approved, as a rule asks? */
  async consent(path: BytePath, index: number, guard: Guard): Promise<Consent> {
    const settled = await this.#settle(this.#line.length);
    await this.#judgeAll(settled);
    return this.#consent(settled, path, index + 1, guard);
  }

  /** Does the last step of a path? */
  async last(path: BytePath, guard: Guard): Promise<Consent> {
    const place = this.#line.courses.get(path)?.places.at(-1);
    return place === undefined ? none : this.consent(path, place - 1, guard);
  }

  /** What is settled about the policy, and by whose word, when only what landed up to a place is known. */
  #settle(known: number): Promise<Settled> {
    const settled = this.#settled.get(known) ?? this.#settlePolicy(known);
    this.#settled.set(known, settled);
    return settled;
  }

  async #settlePolicy(known: number): Promise<Settled> {
    const settled: Settled = {
      known,
      standing: [],
      used: new Map(),
      covers: new Map(),
      taken: new Map(),
      words: 0,
      judged: false,
    };
    settled.words = await this.#words(known);
    const approved = new Map<BytePath, State | null>();
    const stand = async (place: number) => {
      for (const name of policyNames) approved.set(name, this.#line.stateAt(name, place));
      const loaded = await this.#branch.policyAt(this.#line.commitAt(place));
      if (loaded) settled.standing.push({ place, loaded });
      return loaded;
    };
    let isHeld = (await stand(0)) !== null;
    const moves = policyNames
      .flatMap((name) => this.#line.courses.get(name)?.places ?? [])
      .filter((place) => place <= known);
    const events = [...new Set([...moves, ...(settled.words > 0 ? [settled.words] : [])])].sort((a, b) => a - b);
    for (let at = 0; at < events.length; at++) {
      const place = events[at]!;
      if (!isHeld || place <= settled.words) {
        // Nothing held before it, or an owner stands by it.
        isHeld = (await stand(place)) !== null || isHeld;
        continue;
      }
      for (const name of policyNames) await this.#followPolicy(settled, { name, place, approved, events });
      const settledAgain = policyNames.every((name) =>
        sameState(approved.get(name) ?? null, this.#line.stateAt(name, place)),
      );
      if (settledAgain) await stand(place);
    }
    return settled;
  }

  /** One policy file at one place: is its step covered, and does a stretch that covers one end here? */
  async #followPolicy(
    settled: Settled,
    {
      name,
      place,
      approved,
      events,
    }: { name: BytePath; place: number; approved: Map<BytePath, State | null>; events: number[] },
  ): Promise<void> {
    const covers = settled.covers.get(name) ?? [];
    const isOnTheWay = covers.some(({ from, to }) => from < place && place <= to);
    const policy = policyAt(settled.standing, place - 1);
    if (!isOnTheWay && policy && this.#line.courses.get(name)?.places.includes(place)) {
      const guards = compileRules(policy.policy)(name);
      const free = { from: place - 1, to: place };
      if (guards.length === 0) settled.covers.set(name, [...covers, free]);
      const found = guards.length === 0 ? free : await this.#cover(settled, name, place, guards);
      if (found && !events.includes(found.to)) {
        events.push(found.to);
        events.sort((a, b) => a - b);
      }
    }
    if ((settled.covers.get(name) ?? []).some(({ to }) => to === place))
      approved.set(name, this.#line.stateAt(name, place));
  }

  /** The place up to which an owner stands by all that landed. Each word is judged by the policy that stood approved where it landed. */
  async #words(known: number): Promise<number> {
    let newest = 0;
    for (const { approval, landed } of this.#brought) {
      const { upTo } = approval.statement;
      const place = upTo === null ? -1 : this.#line.places.findIndex(({ commit }) => commit === upTo) + 1;
      if (place <= newest || landed > known || landed === 0 || place > landed) continue;
      const policy = policyAt((await this.#settle(landed - 1)).standing, landed - 1);
      if (policy && this.#fault(approval, policy, { spent: false, place: landed }) === null) newest = place;
    }
    return newest;
  }

  /**
   * Goes once along the line: first each step with the approvals that landed with it or before, then what is left with those
   * that came later, each for one stretch.
   */
  async #judgeAll(settled: Settled): Promise<void> {
    if (settled.judged) return;
    settled.judged = true;
    for (const late of [false, true])
      for (const [index, { steps }] of this.#line.places.entries()) {
        const policy = policyAt(settled.standing, index);
        if (!policy || index < settled.words) continue;
        for (const { path } of steps) {
          if ((policyNames as readonly string[]).includes(path) || path.startsWith(approvalsFolder)) continue;
          const guards = compileRules(policy.policy)(path);
          if (guards.length > 0 && !isCovered(settled, path, index + 1))
            await this.#cover(settled, path, index + 1, guards, late);
        }
      }
    for (const path of this.#line.courses.keys())
      if (!path.startsWith(approvalsFolder)) this.#findDetours(settled, path);
  }

  /** Steps that no approval covers, but that were taken back to the state which last stood approved. */
  #findDetours(settled: Settled, path: BytePath): void {
    const { first, places, states } = this.#line.courses.get(path)!;
    let approved = first;
    let open: number[] = [];
    for (const [at, place] of places.entries()) {
      const policy = policyAt(settled.standing, place - 1);
      const isFree = !policy || place <= settled.words || compileRules(policy.policy)(path).length === 0;
      if (isFree || isCovered(settled, path, place)) {
        approved = states[at]!;
        open = [];
        continue;
      }
      open.push(place);
      if (!sameState(states[at]!, approved)) continue;
      const taken = settled.taken.get(path) ?? new Set();
      for (const one of open) taken.add(one);
      settled.taken.set(path, taken);
      open = [];
    }
  }

  async #consent(settled: Settled, path: BytePath, place: number, guard: Guard): Promise<Consent> {
    if (place <= settled.words) return { approved: true, approvals: [] };
    const cover =
      settled.covers.get(path)?.find(({ from, to }) => from < place && place <= to) ??
      (await this.#find(settled, path, place, [guard], false)) ??
      (await this.#find(settled, path, place, [guard], true));
    const stretch = cover ?? { from: place - 1, to: place };
    const { consents } = await this.#weigh(settled, stretch, { path, place }, true);
    const step = this.#line.stepOver(path, stretch);
    const consent = consents.consent(step, guard);
    if (consent.approved) return { ...consent, notes: this.#notes(consent.approvals, path, stretch.to) };
    if (!settled.taken.get(path)?.has(place)) return consent;
    return { approved: true, approvals: [], notes: [`${consent.text}, and taken back since`] };
  }

  /** What is worth a word of approvals that count. */
  #notes(names: readonly string[], path: BytePath, place: number): string[] {
    const { date } = this.#line.places[place - 1]!;
    return this.#brought
      .filter(({ approval }) => names.includes(approval.name))
      .flatMap(({ approval, landed }) => {
        const { expiresAt } = approval.statement;
        if (landed > place) return [`approved afterwards by ${approval.statement.approver}`];
        return expiresAt !== null && expiresAt < date
          ? [`${by(approval)} had expired when ${showPath(path)} landed`]
          : [];
      });
  }

  /** Finds a stretch that covers a step, and keeps it: what it used counts for no other. */
  async #cover(
    settled: Settled,
    path: BytePath,
    place: number,
    guards: readonly Guard[],
    late: boolean | null = null,
  ): Promise<Stretch | null> {
    const found =
      (late === true ? null : await this.#find(settled, path, place, guards, false)) ??
      (late === false ? null : await this.#find(settled, path, place, guards, true));
    if (!found) return null;
    settled.covers.set(path, [...(settled.covers.get(path) ?? []), { from: found.from, to: found.to }]);
    for (const name of found.used) settled.used.set(name, `${found.from} ${found.to}`);
    return found;
  }

  /** The shortest stretch around a step that approvals cover, each of which every rule counts. */
  async #find(
    settled: Settled,
    path: BytePath,
    place: number,
    guards: readonly Guard[],
    late: boolean,
  ): Promise<(Stretch & { readonly used: readonly string[] }) | null> {
    let tries = 0;
    for (const stretch of this.#stretches(settled, path, place)) {
      if (++tries > maxTries)
        throw new Undecided(
          `too many approvals could cover what ${this.#line.commitAt(place).slice(0, 12)} made of ${showPath(path)}`,
          'npx git-protect approve --up-to REV --reason "…"',
        );
      const { consents } = await this.#weigh(settled, stretch, { path, place }, late);
      const step = this.#line.stepOver(path, stretch);
      const found = guards.map((guard) => consents.consent(step, guard));
      if (!found.every((consent) => consent.approved)) continue;
      const used = found.flatMap((consent) => (consent.approved ? consent.approvals : []));
      if (used.length > 0) return { ...stretch, used: late ? this.#oneOfEach(used) : used };
    }
    return null;
  }

  /** Of approvals that say the same one of every approver is used: the others are left for another time. */
  #oneOfEach(names: readonly string[]): string[] {
    const chosen = new Map<string, string>();
    for (const { approval } of this.#brought) {
      const { approver, changes } = approval.statement;
      const says = `${approver} ${changes.map(({ path, from, to }) => `${path} ${stateKey(from)} ${stateKey(to)}`).join()}`;
      if (names.includes(approval.name)) chosen.set(says, chosen.get(says) ?? approval.name);
    }
    return [...chosen.values()];
  }

  /** Stretches that could cover a step, the shortest first. */
  *#stretches(settled: Settled, path: BytePath, place: number): Iterable<Stretch> {
    const listing = this.#brought.filter(
      ({ approval, landed }) =>
        landed <= settled.known && approval.statement.changes.some((change) => change.path === path),
    );
    const taken = new Set(
      listing.map(({ approval }) => settled.used.get(approval.name)).filter((one) => one !== undefined),
    );
    for (const one of taken) {
      const [from, to] = one.split(' ').map(Number) as [number, number];
      if (from < place && place <= to) yield { from, to };
    }
    const free = listing.filter(({ approval }) => !settled.used.has(approval.name));
    if (free.length === 0) return;
    const single = { from: place - 1, to: place };
    yield single;
    const signed = free.map(({ approval }) => approval.statement.changes.find((change) => change.path === path)!);
    const [begins, ends] = [
      new Set(signed.map(({ from }) => stateKey(from))),
      new Set(signed.map(({ to }) => stateKey(to))),
    ];
    const moves = new Set<number>(free.map(({ landed }) => landed));
    for (const { approval } of free)
      for (const change of approval.statement.changes)
        for (const at of this.#line.courses.get(change.path)?.places ?? []) moves.add(at);
    const froms = [...moves]
      .map((at) => at - 1)
      .filter((at) => at >= settled.words && at < place && begins.has(this.#line.keyAt(path, at)));
    const tos = [...moves].filter((at) => at >= place && at <= settled.known && ends.has(this.#line.keyAt(path, at)));
    const all = froms.flatMap((from) => tos.map((to) => ({ from, to })));
    all.sort((a, b) => a.to - a.from - (b.to - b.from) || b.from - a.from);
    for (const one of all) if (one.from !== single.from || one.to !== single.to) yield one;
  }

  /** A stretch as one change: what would CI have said of it, by the policy that stood approved before it? */
  async #weigh(
    settled: Settled,
    stretch: Stretch,
    { path, place }: { readonly path: BytePath; readonly place: number },
    late: boolean,
  ): Promise<{ consents: Consents }> {
    const key = `${stretch.from} ${stretch.to}`;
    const policy = policyAt(settled.standing, stretch.from);
    const near = this.#brought.filter(({ approval, landed, dropped }) => {
      const used = settled.used.get(approval.name);
      if (landed > settled.known || (used !== undefined && used !== key)) return false;
      return landed <= stretch.to ? dropped > stretch.to : late;
    });
    const pool = near.filter(
      ({ approval, landed }) =>
        (landed > stretch.from && landed <= stretch.to) ||
        approval.statement.changes.some((change) => change.path === path),
    );
    const faults = new Map<Approval, Fault | null>();
    for (const one of pool) {
      const { approval, landed } = one;
      const then = landed > stretch.to ? policyAt((await this.#settle(landed - 1)).standing, landed - 1) : policy;
      const how = { spent: this.#isSpent(one, stretch, place), place: stretch.to };
      faults.set(approval, then ? this.#fault(approval, then, how) : unruled);
    }
    const consents = new Consents({
      approvals: pool.map(({ approval }) => approval),
      fault: (approval) => faults.get(approval) ?? null,
      base: (at) => this.#line.signedAt(at, stretch.from),
      tips: () => [],
      result: (at) => this.#line.signedAt(at, stretch.to),
      sign: (state) => this.#line.sign(state),
    });
    return { consents };
  }

  /**
   * Is an approval spent where a step of a stretch begins? What the line itself did since the stretch began may be a part of what
   * the approval allows, as long as that was not taken whole and then taken back.
   */
  #isSpent({ approval, landed, spent, spentAside }: Brought, { from }: Stretch, place: number): boolean {
    if (spent <= from || spentAside < place) return true;
    return (
      spent < place &&
      this.#line.tookBack(approval.statement.changes, { from: Math.max(from, landed - 1), to: place - 1 })
    );
  }

  #fault(
    approval: Approval,
    { policy }: LoadedPolicy,
    { spent, place }: { spent: boolean; place: number },
  ): Fault | null {
    const then = onceLanded(approval, this.#branch.now);
    const target = this.#branch.target(this.#line.commitAt(place));
    return faultOf(approval, { policy, now: then, target, spent });
  }
}

/** What is found out on the way along the line, from what had landed up to a place. */
interface Settled {
  readonly known: number;
  /** The policies that stood approved, each from a place on. */
  readonly standing: { readonly place: number; readonly loaded: LoadedPolicy }[];
  /** The stretch that each approval was used for. */
  readonly used: Map<string, string>;
  readonly covers: Map<BytePath, readonly Stretch[]>;
  /** Places at which a path made a step that was taken back later. */
  readonly taken: Map<BytePath, Set<number>>;
  words: number;
  judged: boolean;
}

const none: Consent = { approved: false, reason: 'none', text: 'changed without approval' };

const unruled: Fault = { reason: 'not-owner', text: 'no policy held where the approval landed' };

function isCovered({ covers }: Settled, path: BytePath, place: number): boolean {
  return (covers.get(path) ?? []).some(({ from, to }) => from < place && place <= to);
}

function policyAt(standing: Settled['standing'], place: number): LoadedPolicy | null {
  return standing.findLast((one) => one.place <= place)?.loaded ?? null;
}
