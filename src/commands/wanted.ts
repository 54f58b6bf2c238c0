import { maxContent } from '../approvals/evidence.ts';
import type { ApprovalRequest } from '../approvals/request.ts';
import { checks } from '../checks/index.ts';
import { contextOf, sharedContext } from '../context/index.ts';
import type { SharedContext, World } from '../context/world.ts';
import { missing } from '../git/missing.ts';
import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import { detectAgent } from '../machine/agent.ts';
import {
  type Approvals,
  type BytePath,
  type Change,
  type History,
  type Oid,
  type Policy,
  type Step,
  UsageError,
} from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { branchChange } from '../sources/branch.ts';
import { type Sourced, stagedChange } from '../sources/staged.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import type { Flags } from './options.ts';

/** What `request` and `approve` take to find the steps. */
export const whereFlags = {
  staged: { type: 'boolean', means: 'what is staged; the default if it holds protected files' },
  range: {
    type: 'string',
    value: 'A..B',
    means: 'what was committed from A to B; default: this branch against its target',
  },
  target: {
    type: 'string',
    multiple: true,
    value: 'BRANCH',
    means: 'where it will land; default: this branch if it is protected, else the default branch',
  },
} as const satisfies Flags;

/** Where the steps to approve come from; none given: staged if it holds protected paths, else this branch against its target. */
export interface Where {
  readonly staged?: boolean | undefined;
  readonly range?: string | undefined;
  readonly landed?: string | undefined;
}

/** The steps that need an owner, the policy they need one by, and what approvals of them are for. */
export interface Wanted {
  readonly policy: Policy;
  readonly request: ApprovalRequest;
  /** Would the approval of this owner be all that is missing? */
  isEnough(owner: string): Promise<boolean>;
}

/**
 * Finds what needs approval.
 * @param targets branches the approval is for; empty: this branch if it is protected, else the default branch
 * @throws UsageError without a policy or a project
 */
export async function findWanted(
  repository: Repository,
  io: Io,
  where: Where,
  targets: readonly string[],
): Promise<Wanted> {
  const { sourced, steps } = await findSteps(repository, io, where);
  const { loaded, standard } = sourced;
  if (!loaded) throw new UsageError('there is no policy, so nothing needs approval', 'npx git-protect init');
  if (loaded.policy.project === null)
    throw new UsageError("the policy has no 'project:', so no approval would count", 'npx git-protect init');
  const change = sourced.changes[0];
  const target = change?.target ?? standard ?? (await currentBranch(repository));
  const wantedTargets = targets.length > 0 ? targets : [target];
  const contents = await readContents(repository, steps);
  return {
    policy: loaded.policy,
    request: {
      project: loaded.policy.project,
      targets: wantedTargets,
      base: change?.base ?? null,
      changes: steps,
      contents,
    },
    isEnough: async (owner) => change !== undefined && alone(contextFor(repository, io, sourced, change), steps, owner),
  };
}

/** Does every rule that these steps break miss but one approval, which this owner may give? */
async function alone({ judged, has }: SharedContext, steps: readonly Step[], owner: string): Promise<boolean> {
  const guards = compileRules(judged.policy);
  for (const step of steps)
    for (const guard of guards(step.path)) {
      const consent = await has.approvals!.consent(step, guard);
      if (consent.approved) continue;
      const others = (consent.by ?? []).filter((name) => name !== owner);
      if (!guard.rule.owners.includes(owner) || others.length + 1 < guard.rule.required) return false;
    }
  return true;
}

async function findSteps(
  repository: Repository,
  io: Io,
  where: Where,
): Promise<{ sourced: Sourced; steps: readonly Step[] }> {
  if ([where.staged, where.range, where.landed].filter(Boolean).length > 1)
    throw new UsageError('--staged, --range and --landed exclude each other');
  if (where.landed !== undefined) {
    const sourced = await branchChange(repository, { kind: 'landed', revision: where.landed });
    return { sourced, steps: await guardedSteps(repository, io, sourced) };
  }
  if (where.range !== undefined) {
    const sourced = await branchChange(repository, { kind: 'range', range: where.range });
    return { sourced, steps: await open(repository, io, sourced) };
  }
  const staged = await stagedChange(repository);
  const stagedSteps = await open(repository, io, staged);
  if (where.staged || stagedSteps.length > 0 || !staged.loaded) return { sourced: staged, steps: stagedSteps };
  const sourced = await branchChange(repository, { kind: 'branch' });
  return { sourced, steps: await open(repository, io, sourced) };
}

/** Says that nothing is asked for, and names a guarded file that is changed but not staged. */
export async function sayNothingWanted(repository: Repository, io: Io, policy: Policy): Promise<void> {
  const { topLevel } = await repository.layout();
  if (topLevel === null) return void io.stderr.write('nothing needs approval\n');
  const { stdout } = await repository.run(['diff-files', '-z', '--name-only', '--ignore-submodules=none'], {
    cwd: topLevel,
  });
  const guards = compileRules(policy);
  const changed = stdout
    .toString('latin1')
    .split('\0')
    .find((path) => path !== '' && guards(path).length > 0);
  const hint =
    changed === undefined ? '' : `; ${visible(showPath(changed))} is changed but not staged: git add it first`;
  io.stderr.write(`nothing needs approval${hint}\n`);
}

/** The steps of a change that no approval covers yet. */
async function open(repository: Repository, io: Io, sourced: Sourced): Promise<readonly Step[]> {
  const change = sourced.changes[0];
  return change && sourced.loaded ? neededSteps(contextFor(repository, io, sourced, change), io.signal) : [];
}

/** What all checks that can refuse ask an owner for, each path once. */
async function neededSteps(shared: SharedContext, signal: AbortSignal): Promise<readonly Step[]> {
  const steps = new Map<BytePath, Step>();
  for (const check of checks) {
    const { severity = 'error', options } = shared.judged.policy.checks[check.id] ?? {};
    if (check.approvable === undefined || severity !== 'error') continue;
    const seen = contextOf(check, shared, { options, signal });
    if ('lacks' in seen) continue;
    for (const step of await check.approvable(seen.context)) steps.set(step.path, step);
  }
  return [...steps.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All guarded steps, approved or not. */
async function guardedSteps(repository: Repository, io: Io, sourced: Sourced): Promise<readonly Step[]> {
  const change = sourced.changes[0];
  if (!change || !sourced.loaded) return [];
  const { judged, has } = contextFor(repository, io, sourced, change);
  const approvals: Approvals = {
    ...has.approvals!,
    consent: async () => ({ approved: false, reason: 'none', text: '' }),
  };
  const history: History = { ...has.history!, takenOver: async () => false };
  return neededSteps({ judged, has: { ...has, approvals, history } }, io.signal);
}

function contextFor(repository: Repository, io: Io, sourced: Sourced, change: Change): SharedContext {
  const world: World = {
    env: io.env,
    now: io.now(),
    agent: detectAgent(io.env),
    commands: false,
    signal: io.signal,
    userId: io.userId,
    progress: () => {},
  };
  const gate = change.kind === 'commit' ? 'pre-commit' : 'ci';
  return sharedContext({ gate, loaded: sourced.loaded!, changes: sourced.changes }, change, repository, world);
}

async function readContents(repository: Repository, steps: readonly Step[]): Promise<Map<Oid, Buffer>> {
  const contents = new Map<Oid, Buffer>();
  for (const state of steps.flatMap(({ from, to }) => [from, to])) {
    if (state === null || state.mode === '160000' || contents.has(state.oid)) continue;
    const blob = await repository.objects.read(state.oid, maxContent);
    if (!blob) throw missing(state.oid);
    contents.set(state.oid, blob.content);
  }
  return contents;
}

async function currentBranch(repository: Repository): Promise<string> {
  const { stdout } = await repository.run(['symbolic-ref', '--quiet', '--short', 'HEAD'], { codes: [0, 1] });
  const branch = stdout.toString().trim();
  if (branch === '') throw new UsageError('which branch this is for is unknown', 'name it with --target BRANCH');
  return branch;
}
