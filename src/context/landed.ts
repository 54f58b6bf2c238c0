import type { Repository } from '../git/repository.ts';
import type { Approvals, BytePath, Change, LandedContext, LandedUnderPolicy } from '../model/index.ts';
import { landedChange, landedSpans, landedSteps } from '../sources/landed.ts';
import type { Given, SharedContext, World } from './world.ts';

interface Source {
  readonly given: Given;
  readonly change: Change;
  readonly repository: Repository;
  readonly world: World;
}

/** What has landed since the last deploy. */
export interface Past {
  /** Who approved what stands now, by the policy of now. */
  readonly now: Pick<Approvals, 'consent'>;
  /** Contexts to judge each step, by the policy of that moment. */
  spans(): AsyncIterable<LandedUnderPolicy>;
}

/** @param sharedContext makes the context of a part of what has landed */
export async function landed(
  { given, change, repository, world }: Source,
  sharedContext: (given: Given, change: Change, repository: Repository, world: World) => SharedContext,
): Promise<Past> {
  const { LandedConsents } = await import('../approvals/landed.ts');
  const { base, head, target } = change;
  const line = base === null || head === null ? [] : await landedSteps(repository, base, head);
  const isProtected = given.deployment?.isProtected ?? true;
  const to = { target: isProtected ? target : null, now: world.now };
  const consents = await LandedConsents.gather(repository, line, base ?? head ?? '', to);
  const branch = target ?? '';

  async function* spans(): AsyncIterable<LandedUnderPolicy> {
    const isOnTheWay = (path: BytePath, place: number) => consents.isOnTheWay(path, place);
    for (const { loaded, from, to: end } of await landedSpans(repository, line, isOnTheWay)) {
      const part = line.slice(from, end);
      const ends = { base: part[0]!.parent, head: part.at(-1)!.commit };
      const context = (one: Change, consent: Approvals['consent']) => {
        const { judged, has } = sharedContext({ ...given, loaded, changes: [] }, one, repository, world);
        const approvals = { ...has.approvals!, consent };
        return { ...judged, ...has, approvals, options: undefined, signal: world.signal } as LandedContext;
      };
      const whole = await landedChange(repository, branch, ends);
      const steps = part.map(async ({ commit, parent, steps: moved }, index) =>
        context(
          await landedChange(repository, branch, { base: parent, head: commit, steps: moved }),
          async (step, guard) => consents.consent(step.path, from + index, guard, loaded.policy),
        ),
      );
      yield {
        whole: context(whole, async (step, guard) => consents.last(step.path, guard, loaded.policy)),
        steps: await Promise.all(steps),
      };
    }
  }
  return {
    now: { consent: async (step, guard) => consents.last(step.path, guard, given.loaded.policy) },
    spans,
  };
}
