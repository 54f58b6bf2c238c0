import { chances } from './chances.ts';
import { Grown, type History, type Knob } from './grown.ts';
import { type Landing, land } from './landings.ts';
import type { Node, Verdict } from './model.ts';
import { firstPolicy, lead, second } from './policies.ts';
import { type Approval, approvalOf, type Path, paths, policyPath, wordOf } from './signed.ts';
import { Topics } from './topics.ts';

/** Makes one history; its commits are added to `nodes`. */
export function history(knob: Knob, random: () => number, nodes: Node[]): History {
  return new Generator(new Grown(knob, chances(random), nodes)).run();
}

class Generator {
  readonly #grown: Grown;
  readonly #topics: Topics;

  constructor(grown: Grown) {
    this.#grown = grown;
    this.#topics = new Topics(grown);
  }

  run(): History {
    const landing = this.#grown.knob === 'rebase' || this.#grown.knob === 'squash' ? this.#grown.knob : 'merge';
    const files = Object.fromEntries(paths.map((path) => [path, 'x'])) as Node['files'];
    const root = this.#grown.add([], { files: { ...files, [policyPath]: firstPolicy(landing) }, held: new Set() });
    this.#grown.stand('main', root);
    const rounds = 3 + this.#grown.by.below(this.#grown.knob === 'plain' ? 4 : 6);
    for (let round = 0; round < rounds; round++) this.#round();
    return {
      knob: this.#grown.knob,
      model: this.#grown.model,
      root,
      pushes: this.#grown.pushes,
      tips: this.#grown.tips,
    };
  }

  #round(): void {
    const { chance } = this.#grown.by;
    const branch = this.#grown.knob === 'branches' && chance(0.5) ? 'release' : 'main';
    if (this.#grown.knob === 'afterwards' && chance(0.4)) this.#approveAfterwards();
    else if (this.#grown.knob === 'word' && chance(0.3)) this.#giveWord();
    else if (this.#grown.tips.has(branch)) this.#push(branch);
    else this.#cut(branch);
  }

  #push(branch: string): void {
    const { chance, pick } = this.#grown.by;
    const tip = this.#grown.tips.get(branch)!;
    const from = this.#topics.from(branch, tip);
    const judge = { policy: this.#grown.model.standingAt(this.#grown.tips.get('main')!), target: branch };
    const fresh: Approval[] = [];
    const at = this.#topics.topic(from, tip, judge, fresh);
    if (this.#grown.knob === 'criss-cross') this.#grown.sides.push(at);
    const ways: readonly Landing[] =
      this.#grown.knob === 'rebase' || this.#grown.knob === 'squash'
        ? [this.#grown.knob]
        : this.#grown.knob === 'afterwards' || this.#grown.knob === 'word'
          ? ['forward', 'merge', 'squash']
          : ['forward', 'merge', 'merge', 'squash', 'foxtrot'];
    const landed = land(pick(ways), { tip, at, from }, (parents, result) => this.#grown.add(parents, result));
    if (landed === null) return;
    const place = this.#grown.tips.get('main')!;
    const verdict = this.#grown.model.verdict(tip, landed.after, place, branch);
    const proposed =
      this.#grown.knob === 'rebase' || this.#grown.knob === 'squash'
        ? { head: at, verdict: this.#grown.model.proposal(tip, landed.after, landed.states, place) }
        : null;
    // What the host replayed is judged state by state once more when it has landed.
    const told = proposed && this.#grown.knob === 'rebase' ? proposed.verdict : verdict;
    if ((isRefused(told) || isRefused(verdict)) && !chance(0.25)) return;
    // A forged approval is named wherever it lies; it would name every push.
    if (told.refused.includes('approvals') || verdict.refused.includes('approvals')) return;
    this.#grown.land({ branch, before: tip, after: landed.after, verdict: told, proposed });
    for (const one of fresh) if (landed.after.held.has(one.name)) this.#grown.old.push(one);
  }

  /** A release branch: from a commit that the default branch once ended at, or from another. */
  #cut(branch: string): void {
    const { chance, pick } = this.#grown.by;
    const line = this.#grown.lines.get('main')!;
    const main = line.at(-1)!;
    const off = chance(0.2);
    const judge = { policy: this.#grown.model.standingAt(main), target: branch };
    const after = off ? this.#topics.topic(pick(line), main, judge, []) : pick(line);
    const verdict = this.#grown.model.cut(after, main, branch);
    if (isRefused(verdict)) return;
    this.#grown.land({ branch, before: null, after, verdict });
  }

  /** `approve --landed`: owners stand by what was forced, by all of it or by a part. */
  #approveAfterwards(): void {
    const { chance } = this.#grown.by;
    const forced = this.#grown.pushes.filter(({ verdict, mended }) =>
      verdict.refused.some((path) => !mended.has(path)),
    );
    if (forced.length === 0) return;
    const push = this.#grown.by.pick(forced);
    const open = push.verdict.refused.filter((path) => !push.mended.has(path) && chance(0.8)) as Path[];
    if (open.length === 0) return;
    const steps = open.map((path) => ({ path, from: push.before!.files[path], to: push.after.files[path] }));
    const made = [lead, second].map((who) => approvalOf(who, steps, 'main'));
    this.#addOnTop(made);
    for (const path of open) push.mended.add(path);
  }

  /** `approve --up-to`: one owner stands by all that landed up to a commit of the branch. */
  #giveWord(): void {
    const { chance, pick } = this.#grown.by;
    const line = this.#grown.lines.get('main')!;
    const place = this.#grown.by.below(line.length);
    const counts = chance(0.85);
    const word = counts
      ? wordOf(pick([lead, second]), line[place]!.oid, 'main')
      : wordOf(lead, line[place]!.oid, 'release');
    this.#addOnTop([word]);
    if (counts)
      for (const { after, verdict, mended } of this.#grown.pushes)
        if (line.indexOf(after) <= place) for (const path of verdict.refused) mended.add(path);
  }

  #addOnTop(made: readonly Approval[]): void {
    for (const one of made) this.#grown.model.approvals.set(one.name, one);
    const tip = this.#grown.tips.get('main')!;
    const held = new Set([...tip.held, ...made.map(({ name }) => name)]);
    const after = this.#grown.add([tip], { files: tip.files, held });
    this.#grown.land({
      branch: 'main',
      before: tip,
      after,
      verdict: this.#grown.model.verdict(tip, after, tip, 'main'),
    });
  }
}

export const isRefused = ({ refused, isPolicyRefused, isErrored }: Verdict) =>
  refused.length > 0 || isPolicyRefused || isErrored;
