import type { LandedConsents } from '../approvals/landed.ts';
import { freeChange, weighStep } from '../checks/protected-files.ts';
import { sharedContext } from '../context/index.ts';
import { landedAside, landedContext } from '../context/landed.ts';
import type { World } from '../context/world.ts';
import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import {
  type BytePath,
  type Consent,
  type Guard,
  type LandedContext,
  type LoadedPolicy,
  type Oid,
  type Policy,
  type Step,
  Undecided,
} from '../model/index.ts';
import { compileRules, isOwnPath } from '../rules/rules.ts';
import { type LandedStep, landedChange } from '../sources/landed.ts';
import type { Verdict } from './facts.ts';
import { movesPolicy } from './policy-history.ts';

/** What one rule says of one path of one step. */
export interface Weighed {
  /** Of the step. */
  readonly index: number;
  readonly step: Step;
  readonly guard: Pick<Guard, 'pattern'> & { readonly rule: Pick<Guard['rule'], 'risk'> };
  readonly verdict: Verdict;
  readonly why: string | null;
  readonly takenBack: boolean;
  /** Names of the approvals that cover it. */
  readonly approvals: readonly string[];
}

/** What is needed to judge a line once more. */
export interface Walk {
  readonly repository: Repository;
  readonly world: World;
  readonly branch: string;
  readonly line: readonly LandedStep[];
  readonly consents: LandedConsents;
  readonly defaultTip: Oid | null;
  /** How many steps an owner's word covers, and the approvals that say so. */
  readonly word: { readonly steps: number; readonly approvals: readonly string[] };
}

/**
 * Judges each step of a line by the same function as a deploy, by the policy that stood approved before it.
 * @param tell is told how many steps are judged
 */
export async function weighLine(walk: Walk, tell: (done: number) => void): Promise<Weighed[]> {
  const found: Weighed[] = [];
  for (const index of walk.line.keys()) {
    const step = walk.line[index]!;
    const loaded = await walk.consents.policyBefore(index);
    if (loaded !== null && mayMatter(step, loaded)) found.push(...(await weighOne(walk, index, loaded)));
    if ((index + 1) % 1000 === 0) tell(index + 1);
  }
  return found;
}

/** Most steps touch nothing protected, and need no context of their own. */
function mayMatter(step: LandedStep, { policy }: LoadedPolicy): boolean {
  return step.aside !== null || step.steps.some((one) => isGuarded(policy, one)) || movesPolicy(step);
}

function isGuarded(policy: Policy, { path }: Step): boolean {
  return compileRules(policy)(path).length > 0 || isOwnPath(path);
}

async function weighOne(walk: Walk, index: number, loaded: LoadedPolicy): Promise<Weighed[]> {
  const step = walk.line[index]!;
  const looked = movesPolicy(step) ? step.steps : step.steps.filter((one) => isGuarded(loaded.policy, one));
  const found: Weighed[] = [];
  if (looked.length > 0) {
    const { repository, world, branch, defaultTip, consents } = walk;
    const ends = { base: step.parent, head: step.commit, steps: step.steps, defaultTip };
    const context = landedContext(
      { given: { gate: 'pre-deploy', loaded, changes: [] }, repository, world },
      sharedContext,
    )(loaded, await landedChange(repository, branch, ends), (one, guard) => consents.consent(one.path, index, guard));
    for (const one of looked) found.push(...(await weighPath(walk, context, index, one)));
  }
  if (step.aside !== null && index >= walk.word.steps)
    found.push(...(await weighAside(walk, index, step.aside, found)));
  return found;
}

async function weighPath(walk: Walk, context: LandedContext, index: number, step: Step): Promise<Weighed[]> {
  const free = await freeChange(context, step);
  if (free === true) return [];
  if (typeof free === 'string') {
    const guard = { pattern: 'the policy itself', rule: { risk: 'high' as const } };
    return [{ index, step, guard, verdict: 'uncovered', why: free, takenBack: false, approvals: [] }];
  }
  try {
    const weighed = await weighStep(context, step);
    return weighed.map(({ guard, consent }) => ({
      index,
      step,
      guard,
      ...verdictOf(consent, index < walk.word.steps, walk),
    }));
  } catch (error) {
    if (!(error instanceof Undecided)) throw error;
    const [guard = { pattern: 'the policy itself', rule: { risk: 'high' as const } }] = compileRules(context.policy)(
      step.path,
    );
    return [{ index, step, guard, verdict: 'unknown', why: error.message, takenBack: false, approvals: [] }];
  }
}

/** A merge of a side that alone changed the policy has to hold as a step of that side as well. */
async function weighAside(walk: Walk, index: number, base: Oid, known: readonly Weighed[]): Promise<Weighed[]> {
  const { repository, world, branch, line } = walk;
  const loaded = await walk.consents.policyBefore(index);
  const source = { given: { gate: 'pre-deploy' as const, loaded: loaded!, changes: [] }, repository, world };
  const context = await landedAside(source, sharedContext, branch)(line[index]!, base);
  if (!context) return [];
  const told = new Set<BytePath>(known.filter(({ verdict }) => verdict === 'uncovered').map(({ step }) => step.path));
  const found: Weighed[] = [];
  for (const step of await context.change.steps()) {
    if (told.has(step.path)) continue;
    for (const one of await weighPath(walk, context, index, step))
      if (one.verdict === 'uncovered' || one.verdict === 'unknown')
        found.push({ ...one, why: `as a step of the other side of the merge: ${one.why}` });
  }
  return found;
}

type Answered = Pick<Weighed, 'verdict' | 'why' | 'takenBack' | 'approvals'>;

function verdictOf(consent: Consent, byWord: boolean, { word }: Walk): Answered {
  if (!consent.approved) return { verdict: 'uncovered', why: consent.text, takenBack: false, approvals: [] };
  if (byWord) return { verdict: 'afterwards', why: null, takenBack: false, approvals: word.approvals };
  const { approvals, notes = [] } = consent;
  const takenBack = approvals.length === 0 && notes.length > 0;
  if (takenBack) return { verdict: 'uncovered', why: notes[0]!, takenBack, approvals };
  const late = notes.some((note) => note.startsWith('approved afterwards'));
  return { verdict: late ? 'afterwards' : 'approved', why: null, takenBack, approvals };
}

/** `100644 3f2c…`, and the path as people read it. */
export function toldStep({ path, from, to }: Step): { path: string; from: string | null; to: string | null } {
  const state = (one: Step['from']) => one && `${one.mode} ${one.oid}`;
  return { path: showPath(path), from: state(from), to: state(to) };
}
