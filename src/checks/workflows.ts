import { showPath } from '../git/raw.ts';
import type { Check, Context, Policy, Problem, Step } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { severityWithoutApproval } from './parts/ask-owner.ts';

/** Is this a file that GitHub runs as a workflow? */
export function isWorkflow(path: string): boolean {
  return /^\.github\/workflows\/[^/]+\.ya?ml$/i.test(path);
}

/** Refuses what makes of a workflow that nobody has to approve one that somebody should. */
export const workflows: Check<'contents' | 'policyFile'> = {
  id: 'workflows',
  summary:
    'A workflow that changes without approval gains no secret, deployment, write permission or name of a required check.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive'],
  needs: ['contents', 'policyFile'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.2.0',
    why: 'A team wants to change its lint workflow without asking anybody, so `init` excludes such workflows from the rule that protects `.github/workflows/`. One more line, and it deploys, reads a secret, or reports a pass under the name that branch protection waits for. Only GitHub workflows are checked, and only if a rule of `files:` protects some of them: what a file could do before is allowed, what it could not is refused. What a step does with the token that every job gets is not seen: make its default read-only (Settings, Actions, Workflow permissions).',
    fix: 'Remove the exception (`!/.github/workflows/…`) from `files:` and have both approved, or put the job into a protected workflow.',
  },
  async run(context) {
    const { change, policy } = context;
    if (change.kind === 'delete') return { skipped: 'nothing is left to judge of a deleted ref' };
    if (!protectsSome(policy)) return { skipped: 'no rule of files: protects a workflow' };
    const isGuarded = compileRules(policy);
    const steps = (await context.contents.newSteps()).filter(
      ({ path, to }) => to !== null && isWorkflow(path) && isGuarded(path).length === 0,
    );
    if (steps.length === 0) return { skipped: 'no workflow that changes without approval is changed' };
    // What the change itself begins to protect is asked for by protected-files.
    const moved = await context.policyFile.moved();
    const open = moved === null ? steps : steps.filter(({ path }) => compileRules(moved)(path).length === 0);
    return (await Promise.all(open.map((step) => judge(context, step)))).flat();
  },
};

function protectsSome(policy: Policy): boolean {
  return (
    compileRules(policy)('.github/workflows/protect.yml').length > 0 ||
    policy.files.some(({ paths }) => paths.some((path) => !path.startsWith('!') && path.includes('.github')))
  );
}

/** The largest workflow that is read; GitHub takes none that is larger than 512 KiB. */
const largest = 1 << 20;

async function judge(context: Context<'contents' | 'policyFile'>, { path, from, to }: Step): Promise<Problem[]> {
  const told = { path: showPath(path), severity: severityWithoutApproval(context) };
  const help = `take "!/${showPath(path)}" out of files: in the policy, then: npx git-protect request  # an owner approves both`;
  if (to!.mode !== '100644' && to!.mode !== '100755')
    return [{ ...told, message: `a workflow is a regular file, this has mode ${to!.mode}` }];
  const { limitsToken, powersOf } = await import('../readers/workflow.ts');
  const read = async (oid: string) => (await context.contents.blob(oid, largest)).toString('utf8');
  const before = from?.mode.startsWith('100') ? await read(from.oid) : '';
  const after = await read(to!.oid);
  const had = powersOf(before);
  const gained = [...powersOf(after)].filter((power) => !had.has(power));
  if (limitsToken(before) && !limitsToken(after))
    gained.push('no longer says that its token only reads (permissions:)');
  return gained.map((power) => ({
    ...told,
    help,
    message: `the workflow ${power}; it changes without approval, so it may not begin to`,
  }));
}
