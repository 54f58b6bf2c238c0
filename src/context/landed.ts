import { LandedConsents } from '../approvals/landed.ts';
import type { Repository } from '../git/repository.ts';
import type { BytePath, Change, Consent, Context, Guard, LandedUnderPolicy, Step } from '../model/index.ts';
import { landedChange, landedSpans, landedSteps } from '../sources/landed.ts';
import { type Judged, sharedContext, type World } from './index.ts';

interface Past {
  readonly judged: Judged;
  readonly change: Change;
  readonly repository: Repository;
  readonly world: World;
}

/** What has landed: who approved it, and contexts to judge it step by step, each by the policy of that moment. */
export async function landed(past: Past) {
  const { change, repository, world } = past;
  const { base, head, target } = change;
  const line = base === null || head === null ? [] : await landedSteps(repository, base, head);
  const isProtected = past.judged.deployment?.isProtected ?? true;
  const to = { target: isProtected ? target : null, now: world.now };
  const consents = await LandedConsents.gather(repository, line, base ?? head ?? '', to);
  const branch = target ?? '';

  async function* spans(): AsyncIterable<LandedUnderPolicy> {
    const isOnTheWay = (path: BytePath, place: number) => consents.isOnTheWay(path, place);
    for (const { loaded, from, to: end } of await landedSpans(repository, line, isOnTheWay)) {
      const part = line.slice(from, end);
      const ends = { base: part[0]!.parent, head: part.at(-1)!.commit };
      const judged: Judged = { ...past.judged, loaded, changes: [] };
      const context = (one: Change, consent: (step: Step, guard: Guard) => Promise<Consent>): Context => ({
        ...sharedContext(judged, one, repository, world),
        options: undefined,
        signal: world.signal,
        consent,
      });
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
  return { consents, spans };
}
