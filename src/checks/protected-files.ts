import { showPath } from '../git/raw.ts';
import {
  approvalsFolder,
  type BytePath,
  type Check,
  type Consent,
  type Context,
  type Guard,
  type LoadedPolicy,
  ownFolder,
  type Problem,
  policyNames,
  type State,
  type Step,
} from '../model/index.ts';
import { freezeFault, freezesFolder } from '../readers/freeze.ts';
import { compileRules, isOwnPath } from '../rules/rules.ts';
import { askOwner, severityWithoutApproval } from './parts/ask-owner.ts';

/** Refuses edits to protected files that no owner approved. */
export const protectedFiles: Check<'contents' | 'approvals' | 'history' | 'policyFile'> = {
  id: 'protected-files',
  summary: 'A protected file changes only with the signed approval of its owners.',
  gates: ['pre-commit', 'commit-msg', 'pre-push', 'ci', 'pre-receive'],
  needs: ['contents', 'approvals', 'history', 'policyFile'],
  weakenable: false,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'Some files can stop payments or lose data with one wrong line. Their owners want to see such a change before it lands, whoever or whatever made it.',
    fix: 'Ask an owner: `npx git-protect request` prints what needs approval. An owner runs `npx git-protect approve --staged --reason "…"`, or approves your request.',
  },
  async run(context) {
    const { change, loaded } = context;
    if (loaded.bootstrap === 'adoption')
      return { skipped: 'this change brings the first policy; it protects from the next one on' };
    if (change.kind === 'delete') return { skipped: 'nothing is left to judge of a deleted ref' };
    const steps = await change.steps();
    const found = await judgeSteps(context, steps);
    const isTold = toldOf(found, steps);
    for (const state of await change.states())
      found.push(
        ...(await judgeSteps(
          context,
          state.filter((step) => !isTold(step)),
          true,
        )),
      );
    return dedupe(found);
  },
  approvable: unapprovedSteps,
};

/** The steps that somebody still has to approve. */
async function unapprovedSteps(context: Context<'contents' | 'approvals' | 'history' | 'policyFile'>): Promise<Step[]> {
  const open: Step[] = [];
  for (const step of await context.change.steps())
    if ((await freeChange(context, step)) === false && (await weigh(context, step)).refused.length > 0) open.push(step);
  return open;
}

/** The last commit on the way leads to the end, of which all is told by then. */
function toldOf(found: readonly Problem[], steps: readonly Step[]): (step: Step) => boolean {
  const refused = new Set(found.filter(({ severity }) => severity !== 'note').map(({ path }) => path));
  const ends = new Map(steps.filter(({ path }) => refused.has(showPath(path))).map(({ path, to }) => [path, to]));
  return ({ path, to }) => {
    const end = ends.get(path);
    return end !== undefined && end?.oid === to?.oid && end?.mode === to?.mode;
  };
}

async function judgeSteps(
  context: Context<'contents' | 'approvals' | 'history' | 'policyFile'>,
  steps: readonly Step[],
  isOnTheWay = false,
): Promise<Problem[]> {
  const where = isOnTheWay ? ' in a commit on the way' : '';
  const problems: Problem[] = [];
  for (const step of steps) {
    const free = await freeChange(context, step);
    if (free === true) continue;
    if (typeof free === 'string')
      problems.push({
        path: showPath(step.path),
        message: `${free}${where}`,
        help:
          withoutTheWay(context, step, isOnTheWay) ?? 'npx git-protect approval add TOKEN writes it the way it must be',
      });
    const { refused, notes } = free === false ? await weigh(context, step) : { refused: [], notes: [] };
    for (const note of notes) problems.push({ path: showPath(step.path), message: note, severity: 'note' });
    for (const same of alike(refused)) {
      const [{ guard, consent }] = same as [Refusal];
      const path = showPath(step.path);
      const why = [
        ...new Set(same.map(({ guard: { rule } }) => `${rule.risk}${rule.reason ? `: ${rule.reason}` : ''}`)),
      ];
      problems.push({
        path,
        message: `${consent.text}${where} (${why.join('; ')})`,
        severity: severityWithoutApproval(context),
        help: withoutTheWay(context, step, isOnTheWay) ?? (await askOwner(context, guard.rule.owners, consent, path)),
      });
    }
  }
  return problems;
}

/** What helps where the ends are as they should be: one commit has no way; and what an entry of a queue builds on lands before it. */
function withoutTheWay({ change: { base }, policy }: Context, { path }: Step, isOnTheWay: boolean): string | null {
  if (!isOnTheWay || base === null) return null;
  if (policy.landing !== 'rebase') return 'queue it again once what is before it has landed';
  return `git rebase -i ${base.slice(0, 12)}  # make one commit of those that change ${showPath(path)}`;
}

interface Refusal {
  readonly guard: Guard;
  readonly consent: Extract<Consent, { approved: false }>;
}

/** Rules that refuse for the same cause, and that the same owners satisfy, are told as one; the gravest of them first. */
function alike(refused: readonly Refusal[]): readonly (readonly Refusal[])[] {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refused) {
    const { guard, consent } = refusal;
    const key = JSON.stringify([consent.text, [...guard.rule.owners].sort(), guard.rule.required]);
    const group = groups.get(key);
    if (group) group.push(refusal);
    else groups.set(key, [refusal]);
  }
  const grave = ({ guard }: Refusal) => (guard.rule.risk === 'critical' ? 0 : 1);
  return [...groups.values()].map((group) => group.sort((a, b) => grave(a) - grave(b)));
}

/** What the rules that hold for a step say: those it breaks, and what is worth a word of those it keeps. */
async function weigh(
  context: Context<'contents' | 'approvals' | 'history' | 'policyFile'>,
  step: Step,
): Promise<{ refused: Refusal[]; notes: string[] }> {
  const refused: Refusal[] = [];
  const notes = new Set<string>();
  for (const { guard, consent } of await weighStep(context, step)) {
    if (!consent.approved) refused.push({ guard, consent });
    else for (const note of consent.notes ?? []) notes.add(note);
  }
  if (refused.length === 0 || (await context.history.takenOver(step.path, step.to)))
    return { refused: [], notes: [...notes] };
  return { refused, notes: [...notes] };
}

/** What each rule that holds for a step says of it; the audit tells all of them. */
export async function weighStep(
  context: Context<'approvals' | 'policyFile'>,
  step: Step,
): Promise<{ readonly guard: Guard; readonly consent: Consent }[]> {
  const guards = [...compileRules(context.policy)(step.path), ...(await newGuards(context, step))];
  const weighed: { guard: Guard; consent: Consent }[] = [];
  for (const guard of guards) weighed.push({ guard, consent: await context.approvals.consent(step, guard) });
  return weighed;
}

/** A path that the change itself begins to protect needs the owners of now, as far as the new rule names any of them. */
async function newGuards({ policy, policyFile }: Context<'policyFile'>, { path }: Step): Promise<Guard[]> {
  if (isOwnPath(path)) return [];
  const moved = await policyFile.moved();
  if (!moved) return [];
  const known = Object.keys(policy.owners);
  if (known.length === 0 || compileRules(policy)(path).length > 0) return [];
  return compileRules(moved)(path).map((guard) => {
    const named = guard.rule.owners.filter((owner) => known.includes(owner));
    const owners = named.length > 0 ? named : known;
    return { ...guard, rule: { ...guard.rule, owners, required: Math.min(guard.rule.required, owners.length) } };
  });
}

/** Adding a well-formed approval and removing one need no approval. A text: why a new one is not well formed. */
export async function freeChange(
  context: Context<'contents' | 'approvals' | 'history' | 'policyFile'>,
  { path, from, to }: Step,
): Promise<boolean | string> {
  if (isBroughtBack(context.loaded, { path, from, to })) return true;
  if (path.startsWith(freezesFolder) && from === null && to !== null) return freeFreeze(context, path, to);
  if (!path.startsWith(approvalsFolder))
    return (
      path === `${ownFolder}.gitattributes` &&
      from === null &&
      to?.mode === '100644' &&
      (await isDefaultAttributes(context, to.oid))
    );
  if (to === null) return true;
  if (from !== null) return false;
  if (to.mode !== '100644') return `an approval is a regular file, this has mode ${to.mode}`;
  const content = await context.contents.blobUpTo(to.oid, 1 << 20);
  if (content === null) return 'is not an approval: it is larger than 1 MiB';
  const fault = await context.approvals.fault(path, content);
  if (fault === null) return true;
  // One of an owner who has left since is no news where the default branch holds it.
  const there = await context.history.atDefault(path);
  return there?.oid === to.oid && there.mode === to.mode ? true : `is not an approval: ${fault}`;
}

/** Anybody may stop; a freeze that nobody can read would stop nothing. */
async function freeFreeze(
  { contents }: Context<'contents'>,
  path: BytePath,
  { mode, oid }: State,
): Promise<true | string> {
  if (mode !== '100644') return `a freeze is a regular file, this has mode ${mode}`;
  const content = await contents.blobUpTo(oid, 4096);
  return (content === null ? 'is not a freeze: it is too large' : freezeFault(path, content)) ?? true;
}

/** Where an invalid policy stands, the bytes that last stood are brought back freely, and what stands beside them goes. */
function isBroughtBack({ broken, source, oid }: LoadedPolicy, { path, to }: Step): boolean {
  if (broken === undefined || !(policyNames as readonly string[]).includes(path)) return false;
  const isLast = source.endsWith(`:${path}`);
  return to === null ? !isLast : isLast && to.oid === oid && to.mode === '100644';
}

async function isDefaultAttributes(
  context: Context<'contents' | 'approvals' | 'history' | 'policyFile'>,
  oid: string | undefined,
): Promise<boolean> {
  return oid !== undefined && (await context.contents.blob(oid, 1 << 20)).toString('latin1') === '* -text\n';
}

function dedupe(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.path}\0${problem.message}`;
    return !seen.has(key) && seen.add(key);
  });
}
