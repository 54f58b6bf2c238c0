import { gatherConsents } from '../approvals/evidence.ts';
import type { LandedConsents } from '../approvals/landed.ts';
import type { Repository } from '../git/repository.ts';
import type { Approvals, Change, LandedContext, LandedUnderPolicy, LoadedPolicy, Oid } from '../model/index.ts';
import { validPolicy } from '../policy/load.ts';
import { type LandedStep, landedChange, landedSteps } from '../sources/landed.ts';
import { landedConsents } from '../sources/word-on-history.ts';
import type { Given, SharedContext, World } from './world.ts';

interface Source {
  readonly given: Given;
  readonly change: Change;
  readonly repository: Repository;
  readonly world: World;
}

type MakeContext = (given: Given, change: Change, repository: Repository, world: World) => SharedContext;

/** What has landed since the walk begins. */
export interface Past {
  /** Who approved what stands now. */
  readonly now: Pick<Approvals, 'consent'>;
  /** Contexts to judge each step, by the policy of that moment. */
  spans(): AsyncIterable<LandedUnderPolicy>;
}

/** @param sharedContext makes the context of a part of what has landed */
export async function landed({ given, change, repository, world }: Source, sharedContext: MakeContext): Promise<Past> {
  const { base, head, target } = change;
  const line = base === null || head === null ? [] : await landedSteps(repository, base, head);
  const consents = await landedConsents(repository, line, {
    base: base ?? head ?? '',
    now: world.now,
    branch: given.deployment?.isProtected === false ? null : target,
    standard: given.deployment?.standard ?? null,
  });
  const branch = target ?? '';

  const context = landedContext({ given, repository, world }, sharedContext);
  const aside = landedAside({ given, repository, world }, sharedContext, branch);
  async function* spans(): AsyncIterable<LandedUnderPolicy> {
    const word = await consents.word();
    const stoodBy = word === null ? 0 : line.findIndex(({ commit }) => commit === word) + 1;
    for (const { loaded, from, part } of await spansOf(consents, line)) {
      // What the default branch holds excuses nothing of what landed there.
      const defaultTip = given.deployment?.standard?.branch === target ? null : change.defaultTip;
      const whole = await landedChange(repository, branch, { base: part[0]!.parent, head: part.at(-1)!.commit });
      const steps = part.map(async ({ commit, parent, steps: moved }, index) =>
        context(
          loaded,
          await landedChange(repository, branch, { base: parent, head: commit, steps: moved, defaultTip }),
          async (step, guard) => consents.consent(step.path, from + index, guard),
        ),
      );
      const asides = part.flatMap((step, index) =>
        step.aside === null || from + index < stoodBy ? [] : [aside(step, step.aside)],
      );
      yield {
        asides: (await Promise.all(asides)).filter((one) => one !== null),
        whole: context(loaded, whole, async (step, guard) => consents.last(step.path, guard)),
        steps: await Promise.all(steps),
      };
    }
  }
  return { now: { consent: async (step, guard) => consents.last(step.path, guard) }, spans };
}

/** Makes the context of something that has landed, by the policy of that moment. */
export function landedContext(
  { given, repository, world }: Omit<Source, 'change'>,
  sharedContext: MakeContext,
): (loaded: LoadedPolicy, one: Change, consent: Approvals['consent']) => LandedContext {
  return (loaded, one, consent) => {
    const { judged, has } = sharedContext({ ...given, loaded, changes: [] }, one, repository, world);
    const approvals = { ...has.approvals!, consent };
    return { ...judged, ...has, approvals, options: undefined, signal: world.signal } as LandedContext;
  };
}

/** A merge as a step of the side that changed the policy, by the policy there; null: that side holds no valid one. */
export function landedAside(
  source: Omit<Source, 'change'>,
  sharedContext: MakeContext,
  branch: string,
): (step: LandedStep, base: Oid) => Promise<LandedContext | null> {
  const { repository, world } = source;
  return async ({ commit }, base) => {
    const loaded = await validPolicy(repository, base);
    if (loaded === null) return null;
    const one = await landedChange(repository, branch, { base, head: commit });
    const weighed = await gatherConsents(repository, one, loaded.policy, world.now, true);
    return landedContext(source, sharedContext)(loaded, one, async (step, guard) => weighed.consent(step, guard));
  };
}

/** Steps in a row that one policy judges. */
interface Span {
  readonly loaded: LoadedPolicy;
  /** Index of the first in the line. */
  readonly from: number;
  readonly part: readonly LandedStep[];
}

async function spansOf(consents: LandedConsents, line: readonly LandedStep[]): Promise<Span[]> {
  const spans: Span[] = [];
  for (const [index, step] of line.entries()) {
    const loaded = await consents.policyBefore(index);
    if (loaded === null) continue;
    const last = spans.at(-1);
    if (last?.loaded === loaded) spans[spans.length - 1] = { ...last, part: [...last.part, step] };
    else spans.push({ loaded, from: index, part: [step] });
  }
  return spans;
}
