import { is } from 'uvu/assert';
import { approvalsFolder } from '../../src/approvals/statement.ts';
import { isRefused } from './generator.ts';
import type { History, Push } from './grown.ts';
import { isError, type Judged, type Problem } from './judged.ts';
import { behind, lineOf, type Model, type Node, newestCommon } from './model.ts';
import { policyOf } from './policies.ts';
import { absent, type Letter, type Path, paths, policyPath } from './signed.ts';

/** What ci let land, predeploy lets pass; what was forced past it, predeploy names. @returns how many steps it named */
export async function checkDeploy(made: History, judged: Judged): Promise<number> {
  let told = 0;
  for (const branch of made.tips.keys()) told += await checkBranch(made, branch, judged);
  return told;
}

async function checkBranch(made: History, branch: string, judged: Judged): Promise<number> {
  const { knob, model, pushes, tips, root } = made;
  const head = tips.get(branch)!;
  // Without a policy nothing is deployed: exit 2.
  if (head.files[policyPath] === absent || tips.get('main')!.files[policyPath] === absent) return 0;
  const { files, policy, errored } = await judged.deploy(branch, tips);
  const all = [...files, ...policy];
  const where = `predeploy of ${branch}: ${JSON.stringify(all)}`;
  // What was forced onto another branch and came here with it was forced here as well.
  const reached = behind(head);
  const landed = pushes.filter(({ after }) => reached.has(after));
  const line = lineOf(head);
  if (!landed.some(isForced)) {
    is(errored, null, `ci let all of it land: ${where}`);
    const isExcused = (problem: Problem) =>
      isUnclear(line, landed, problem, knob === 'criss-cross') ||
      isEither(line, problem) ||
      isLostBeside(made, head, problem.path as Path);
    is(all.filter((problem) => isError(problem) && !isExcused(problem)).length, 0, `ci let all of it land: ${where}`);
  }
  const uncovered = await judged.audited(branch);
  if (errored !== null) return 0;
  if (uncovered !== null) {
    // That a policy is not valid is said by another check, and of no change of it.
    const isOfFiles = ({ path, commit, message }: Problem) =>
      path !== undefined &&
      commit !== undefined &&
      !/^(?:line \d|.*(?:expected|there is no such key|not valid))/.test(message);
    const named = files.filter((problem) => isError(problem) && isOfFiles(problem));
    const keys = new Set(named.map(({ commit, path }) => `${commit} ${path}`));
    is([...uncovered].sort().join('\n'), [...keys].sort().join('\n'), `the audit says the same: ${where}`);
  }
  const stood = standing(pushes, root);
  // A step that the default branch holds is judged where it landed there (§4), though ci asks for approvals for this branch.
  const elsewhere = new Set(branch === 'main' ? [] : lineOf(tips.get('main')!));
  let told = 0;
  for (const push of landed.filter((one) => one.branch === branch))
    for (const path of push.verdict.refused as Path[]) {
      if (push.mended.has(path)) continue;
      // A push whose policy is named does not go to production before an owner looked at it.
      const named = all.some((problem) => problem.path === path || isPolicyOf(push, problem));
      is(
        named || couldHaveLanded(model, { line, elsewhere }, push, path, stood),
        true,
        `${path} was forced by ${push.before?.id}..${push.after.id}: ${where}`,
      );
      told += named ? 1 : 0;
    }
  return told;
}

const isPolicyOf = ({ verdict }: Push, { path }: Problem) =>
  path === policyPath && verdict.refused.includes(policyPath);

const isForced = ({ verdict, mended }: Push) =>
  isRefused({ ...verdict, refused: verdict.refused.filter((path) => !mended.has(path)) });

/**
 * Where the design says two things of the same commits. An edit that is approved and taken back inside one push is judged by its
 * ends (§2.2), while two pushes that leave these very commits are not. And where owners approved that the policy goes, ci judges
 * nothing after that, while the policy that last stood approved (§4) is the one that went.
 */
function isUnclear(
  line: readonly Node[],
  landed: readonly Push[],
  { commit, path }: Problem,
  /** What was taken back may have used up an approval that another path needs later. */
  isAnywhere: boolean,
): boolean {
  const name = path?.startsWith(approvalsFolder) ? path.slice(approvalsFolder.length) : null;
  const isMoved = (before: Node, after: Node) =>
    name === null
      ? before.files[path as Path] !== after.files[path as Path]
      : before.held.has(name) !== after.held.has(name);
  const isUnjudged = landed.some(({ before, after }) => before?.files[policyPath] === absent && isMoved(before, after));
  if (isUnjudged) return true;
  return landed.some(({ before, after }) => {
    const [known, reached] = [before ? behind(before) : new Set(), behind(after)];
    const brought = line.filter((node) => reached.has(node) && !known.has(node));
    if (isAnywhere) return paths.some((each) => isTakenBack(brought, each));
    return brought.some(({ oid }) => oid === commit) && isTakenBack(brought, path as Path);
  });
}

/** Does a path come back to a state that it had? */
function isTakenBack(brought: readonly Node[], path: Path): boolean {
  const moves = brought.filter(({ files, parents: [parent] }) => parent && files[path] !== parent.files[path]);
  const states = moves.flatMap(({ files, parents }, n) => [...(n === 0 ? [parents[0]!.files[path]] : []), files[path]]);
  return new Set(states).size < states.length;
}

/**
 * A merge that made its own side the first walks past what landed beside it: an approval that was removed since is not seen, the
 * branch no longer ends where a release was cut, and what that release took from the default branch seems to land anew, though
 * approved for that one alone; and so does all that landed beside a policy which its side brings. Ci compares ends and lets it land.
 */
function isLostBeside({ model, pushes, tips }: History, head: Node, path: Path): boolean {
  const main = new Set(lineOf(tips.get('main')!));
  const foxtrots = pushes.filter(({ before, after }) => before && after.parents[1] === before);
  const isRemoved = [...behind(head)].some(({ held }) =>
    [...held].some(
      (name) => !head.held.has(name) && model.approvals.get(name)!.steps.some((step) => step.path === path),
    ),
  );
  const isCut = ({ branch, before }: Push) => branch !== 'main' && main.has(before!);
  const isRuledAnew = ({ before, after }: Push) => {
    const [side] = after.parents as [Node];
    const policies = [before!, side, newestCommon(side, before!)].map(({ files }) => files[policyPath]);
    return new Set(policies).size > 1;
  };
  // What came to the branch beside it once is on its line now.
  const isRetold = ({ before, after }: Push) => {
    const [known, own] = [behind(before!), new Set(lineOf(before!))];
    return lineOf(after).some((node) => known.has(node) && !own.has(node));
  };
  return foxtrots.some(
    (push) => !behind(head).has(push.after) || isRemoved || isCut(push) || isRuledAnew(push) || isRetold(push),
  );
}

/**
 * A merge of two sides of which the other one alone changed the policy: which of them was the branch, what is left does not say,
 * so it has to hold as a step of each. Ci knew.
 */
function isEither(line: readonly Node[], { commit }: Problem): boolean {
  const merge = line.find(({ oid }) => oid === commit);
  const [first, ...others] = merge?.parents ?? [];
  const policy = first?.files[policyPath];
  return others.some(
    (other) => other.files[policyPath] !== policy && newestCommon(first!, other).files[policyPath] === policy,
  );
}

/** The policies that stood approved at some time. */
function standing(pushes: readonly Push[], root: Node): ReadonlySet<Letter> {
  const stood = new Set([root.files[policyPath]]);
  for (const { before, after, verdict } of pushes)
    if (
      before &&
      stood.has(before.files[policyPath]) &&
      !verdict.refused.includes(policyPath) &&
      !verdict.isPolicyRefused
    )
      stood.add(after.files[policyPath]);
  return stood;
}

/** Pushed in other portions ci would have let each step of the path land: from what landed nobody can tell in which it was. */
function couldHaveLanded(
  model: Model,
  { line, elsewhere }: { line: readonly Node[]; elsewhere: ReadonlySet<Node> },
  { before, after, branch }: Push,
  path: Path,
  stood: ReadonlySet<Letter>,
): boolean {
  const [known, reached] = [before ? behind(before) : new Set(), behind(after)];
  const places = line.map((_, place) => place);
  const steps = places.filter(
    (at) =>
      at > 0 &&
      !elsewhere.has(line[at]!) &&
      !known.has(line[at]!) &&
      reached.has(line[at]!) &&
      line[at]!.files[path] !== line[at - 1]!.files[path],
  );
  const passes = (from: Node, to: Node) => {
    // Design §4: the policy that last stood approved, whatever was forced since.
    const standing = line.slice(0, line.indexOf(from) + 1).findLast(({ files }) => stood.has(files[policyPath]));
    const policy = standing ? policyOf(standing.files[policyPath]) : null;
    return (
      from.files[path] !== to.files[path] &&
      policy !== null &&
      !model.unapproved(from, to, { policy, target: branch }).includes(path)
    );
  };
  return steps.every((at) =>
    places.some((from) => from < at && places.some((to) => to >= at && passes(line[from]!, line[to]!))),
  );
}
