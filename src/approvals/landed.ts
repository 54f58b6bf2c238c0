import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { type BytePath, type Consent, type Guard, type LoadedPolicy, type Oid, policyNames } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { broughtBy } from './brought.ts';
import { cover, find, turns } from './covering.ts';
import { findDetours } from './detours.ts';
import type { Line } from './line.ts';
import { isCovered, type LandedBranch, type LandedHistory, policyAt, type Settled } from './settled.ts';
import { settlePolicy } from './standing.ts';
import { approvalsFolder } from './statement.ts';
import { by } from './verify.ts';
import { weigh } from './weighing.ts';

/**
 * Which steps of a branch stand approved, once they have landed. A step does when it is part of a stretch that CI would have
 * let land as one change, by the policy that stood approved before it; the approvals may have come later, up to the head.
 * Design §4: weighed by the same function as a change that is still to land.
 */
export class LandedConsents {
  readonly #history: LandedHistory;
  /** What is settled when only what landed up to a place is known. */
  readonly #settled = new Map<number, Promise<Settled>>();

  private constructor(known: Omit<LandedHistory, 'settle'>) {
    this.#history = { ...known, settle: (place) => this.#settle(place) };
  }

  /**
   * Reads the approvals that a line of steps brings, and those that its base holds: what that holds stands approved.
   * @throws Undecided when an object is missing, or the history is cut off
   */
  static async gather(repository: Repository, line: Line, branch: LandedBranch): Promise<LandedConsents> {
    const brought = await broughtBy(repository, line);
    const listed = brought.flatMap(({ approval }) => approval.statement.changes.map(({ path }) => path));
    await line.read(repository, new Set([...listed, ...policyNames]));
    return new LandedConsents({ line, branch, brought });
  }

  /** The policy that last stood approved before the step at an index of the line; null: none was valid until then. */
  async policyBefore(index: number): Promise<LoadedPolicy | null> {
    return policyAt((await this.#settle(this.#history.line.length)).standing, index);
  }

  /** The newest commit that an owner stands by, with all behind it; null: there is no such word. */
  async word(): Promise<Oid | null> {
    const { words } = await this.#settle(this.#history.line.length);
    return words === 0 ? null : this.#history.line.commitAt(words);
  }

  /** Does the step that a path made at an index of the line stand approved, as a rule asks? */
  async consent(path: BytePath, index: number, guard: Guard): Promise<Consent> {
    const settled = await this.#settle(this.#history.line.length);
    await this.#judgeAll(settled);
    return this.#consent(settled, path, index + 1, guard);
  }

  /** Does the last step of a path? */
  async last(path: BytePath, guard: Guard): Promise<Consent> {
    const place = this.#history.line.courses.get(path)?.places.at(-1);
    return place === undefined ? none : this.consent(path, place - 1, guard);
  }

  #settle(known: number): Promise<Settled> {
    const settled = this.#settled.get(known) ?? settlePolicy(this.#history, known);
    this.#settled.set(known, settled);
    return settled;
  }

  /**
   * Goes along the line: first each step with the approvals that landed with it or before, then what is left with those that
   * came later, each for one stretch.
   */
  async #judgeAll(settled: Settled): Promise<void> {
    if (settled.judged) return;
    settled.judged = true;
    const guarded = this.#guarded(settled);
    for (const reach of turns)
      for (const { path, place, guards } of guarded)
        if (!isCovered(settled, path, place)) await cover(this.#history, settled, path, place, guards, [reach]);
    for (const path of this.#history.line.courses.keys())
      if (!path.startsWith(approvalsFolder)) findDetours(this.#history.line, settled, path);
  }

  /** The steps that an approval has to cover, along the line; few of a long history. */
  #guarded(settled: Settled): { path: BytePath; place: number; guards: readonly Guard[] }[] {
    const guarded = [];
    for (const [index, { steps }] of this.#history.line.places.entries()) {
      const policy = policyAt(settled.standing, index);
      if (!policy || index < settled.words) continue;
      const rules = compileRules(policy.policy);
      for (const { path } of steps) {
        if ((policyNames as readonly string[]).includes(path) || path.startsWith(approvalsFolder)) continue;
        const guards = rules(path);
        if (guards.length > 0) guarded.push({ path, place: index + 1, guards });
      }
    }
    return guarded;
  }

  async #consent(settled: Settled, path: BytePath, place: number, guard: Guard): Promise<Consent> {
    if (place <= settled.words) return { approved: true, approvals: [] };
    const covered =
      settled.covers.get(path)?.find(({ from, to }) => from < place && place <= to) ??
      (await find(this.#history, settled, path, place, [guard], turns.at(-2)!)) ??
      (await find(this.#history, settled, path, place, [guard], turns.at(-1)!));
    const stretch = covered ?? { from: place - 1, to: place };
    const consents = await weigh(this.#history, settled, stretch, { path, place }, true);
    const step = this.#history.line.stepOver(path, stretch);
    const consent = consents.consent(step, guard);
    if (consent.approved) return { ...consent, notes: this.#notes(consent.approvals, path, stretch.to) };
    if (!settled.taken.get(path)?.has(place)) return consent;
    return { approved: true, approvals: [], notes: [`${consent.text}, and taken back since`] };
  }

  /** What is worth a word of approvals that count. */
  #notes(names: readonly string[], path: BytePath, place: number): string[] {
    const { date } = this.#history.line.places[place - 1]!;
    return this.#history.brought
      .filter(({ approval }) => names.includes(approval.name))
      .flatMap(({ approval, landed }) => {
        const { expiresAt } = approval.statement;
        if (landed > place) return [`approved afterwards by ${approval.statement.approver}`];
        return expiresAt !== null && expiresAt < date
          ? [`${by(approval)} had expired when ${showPath(path)} landed`]
          : [];
      });
  }
}

const none: Consent = { approved: false, reason: 'none', text: 'changed without approval' };
