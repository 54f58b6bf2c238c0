import { showPath } from '../git/raw.ts';
import {
  approvalsFolder,
  type BytePath,
  type Check,
  type Context,
  type LandedCapability,
  type LandedContext,
  type LandedUnderPolicy,
  type Problem,
  type Severity,
  type State,
} from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { commitMessage } from './commit-message.ts';
import { policyCheck } from './policy.ts';
import { protectedFiles } from './protected-files.ts';

/** How many findings are told. */
const most = 100;

/** Judges once more what has landed: what went around the hooks and CI is caught here. */
export const landedChecks: Check<'history' | 'policyFile' | 'contents'> = {
  id: 'landed-checks',
  summary:
    'Everything that has landed since the policy began, or since an owner last vouched for it, passes the Git checks.',
  gates: ['pre-deploy'],
  needs: ['history', 'policyFile', 'contents'],
  weakenable: false,
  waivable: false,
  timeout: 600_000,
  docs: {
    since: '0.1.0',
    why: 'Hooks can be skipped, and a push past CI leaves no trace but the commit. Each step of the branch is judged again, by the policy of that moment: protected files and their approvals, messages, the policy itself.',
    fix: 'An owner who vouches for the change approves it afterwards, with `npx git-protect approve --landed REV --reason "…"`; otherwise revert it. One approval covers everything that landed up to a commit: `npx git-protect approve --up-to REV --reason "…"`.',
  },
  async run(context) {
    const problems: Problem[] = [];
    const seen: Seen = { mended: await isPolicyMended(context), now: (path) => context.contents.stateAt(path) };
    const more = { error: 0, warning: 0, note: 0 };
    for await (const span of context.history.sinceDeploy())
      for (const problem of await judgeSpan(span, seen))
        if (problems.length < most) problems.push(problem);
        else more[problem.severity ?? 'error']++;
    return [...problems, ...unlisted(more)];
  },
};

/** One line for those of a kind that are not told, as grave as they are. */
function unlisted(more: Readonly<Record<Severity, number>>): Problem[] {
  return (['error', 'warning', 'note'] as const)
    .filter((severity) => more[severity] > 0)
    .map((severity) => ({ severity, message: `${more[severity]} more findings like these are not listed` }));
}

/** While a policy was invalid the last valid one held; once it is mended nothing is left to make good. */
async function isPolicyMended(context: Context<'contents' | 'policyFile'>): Promise<boolean> {
  const found = await policyCheck.run(context);
  return 'skipped' in found || found.every(({ severity = 'error' }) => severity !== 'error');
}

/** What stands now. */
interface Seen {
  readonly mended: boolean;
  /** What the commit that is to be deployed holds at a path. */
  now(path: BytePath): Promise<State | null>;
}

async function judgeSpan({ whole, steps, asides }: LandedUnderPolicy, { mended, now }: Seen): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const step of steps) {
    for (const problem of await told(protectedFiles, step, step))
      problems.push(await sinceTakenAway(problem, step, now));
    const faults = await told(policyCheck, step, step);
    problems.push(...(mended ? faults.map(past) : faults));
  }
  const known = new Set(problems.map(keyOf));
  for (const side of asides)
    for (const problem of await told(protectedFiles, side, side))
      if (!known.has(keyOf(problem)))
        problems.push(problem.severity === 'note' ? problem : { ...problem, ...upTo(side) });
  // Nobody can mend the form of a message that has landed.
  problems.push(...(await told(commitMessage, whole, null)).map(milder));
  return problems;
}

/**
 * What stands among the approvals and is none can be taken away by anybody; once it is gone, or as it was, it counts for nothing,
 * as CI says of a push that brings it and takes it away.
 */
async function sinceTakenAway(problem: Problem, { change }: LandedContext, now: Seen['now']): Promise<Problem> {
  if (problem.severity === 'note') return problem;
  const step = (await change.steps()).find(({ path }) => showPath(path) === problem.path);
  if (!step?.path.startsWith(approvalsFolder)) return problem;
  const state = await now(step.path);
  if (state === null || (state.oid === step.from?.oid && state.mode === step.from.mode)) {
    const { help: _, ...told } = problem;
    return { ...told, message: `${problem.message}, and taken away since`, severity: 'note' };
  }
  return step.from === null ? { ...problem, help: `git rm ${shellWord(showPath(step.path))}` } : problem;
}

const keyOf = ({ path, commit }: Problem): string => JSON.stringify([path, commit]);

/** An approval afterwards is for a step of the branch; whoever lets a merge pass on either side stands by all up to there. */
function upTo({ agent, policy, change }: LandedContext): Pick<Problem, 'help'> {
  if (agent !== null) return afterwards(null, { agent, policy });
  return { help: `npx git-protect approve --up-to ${change.head?.slice(0, 12)} --reason "…"` };
}

function milder({ help: _, ...problem }: Problem): Problem {
  return { ...problem, severity: problem.severity === 'note' ? 'note' : 'warning' };
}

function past({ help: _, ...problem }: Problem): Problem {
  return { ...problem, message: `${problem.message}, and fixed since`, severity: 'note' };
}

/** What helps once a commit has landed: an owner can approve it afterwards. */
function afterwards(step: string | null, { agent, policy }: Pick<Context, 'agent' | 'policy'>): Pick<Problem, 'help'> {
  const owners = Object.keys(policy.owners).join(', ');
  if (agent !== null) return { help: `ask ${owners || 'whoever deploys'} to look at it` };
  return step === null ? {} : { help: `npx git-protect approve --landed ${step.slice(0, 12)} --reason "…"` };
}

/** What a check says under the policy of that moment, no graver than that policy has it. */
async function told(
  check: Check<LandedCapability>,
  context: LandedContext,
  step: LandedContext | null,
): Promise<Problem[]> {
  const limit = context.policy.checks[check.id]?.severity;
  if (limit === 'off') return [];
  const found = await check.run(context);
  if ('skipped' in found) return [];
  const commit = step?.change.head ?? null;
  return found.map((problem) => ({
    ...problem,
    ...(limit === 'warning' && problem.severity !== 'note' ? { severity: limit } : {}),
    message: commit === null ? problem.message : `${problem.message}, in ${commit.slice(0, 12)}`,
    ...(problem.commit === undefined && commit !== null ? { commit } : {}),
    ...(problem.severity === 'note' ? {} : afterwards(commit, context)),
  }));
}
