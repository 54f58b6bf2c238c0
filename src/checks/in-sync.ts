import { type Check, type Deployment, type Problem, Undecided } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';

/** Refuses to deploy anything but what the branch holds on the other side. */
export const inSync: Check<'history' | 'deploy'> = {
  id: 'in-sync',
  summary: 'The commit is the tip of its branch, here and on the remote.',
  gates: ['pre-deploy'],
  needs: ['history', 'deploy'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'CI has not judged a commit that nobody else has, and a branch that is behind undoes what others have deployed.',
    fix: 'Switch to the branch of the environment, `git pull`, `git push`, and run it again.',
  },
  async run({ deploy, history }) {
    const { environment, commit, current, upstream, fetched, trigger } = deploy;
    const { branch } = deploy;
    const remote = environment.remote;
    if (fetched.error !== null)
      throw new Undecided(`${remote} could not be asked: ${fetched.error}`, `git fetch ${shellWord(remote)}`);
    if (fetched.tip === null)
      return trigger === 'push' ? [] : [{ message: `${remote} has no branch ${branch}`, help: pushHelp(deploy) }];
    const { ahead, behind } = await history.distance(commit, fetched.tip);
    const problems = trigger === 'push' ? [] : branchProblems(deploy, ahead + behind);
    for (const { commit: earlier, called } of deploy.behind)
      if (!(await history.isAncestor(earlier, commit)))
        problems.push({
          message: `history was rewritten: ${called} is not behind ${commit.slice(0, 12)}`,
          help: `git log --oneline ${commit.slice(0, 12)}..${earlier.slice(0, 12)}  # what would be lost`,
        });
    if (ahead > 0 && trigger === 'command')
      problems.push({
        message: `${commits(ahead)} ${ahead === 1 ? 'is' : 'are'} not pushed to ${remote}/${branch}`,
        help: pushHelp(deploy),
      });
    if (behind > 0)
      problems.push({
        message: `${commits(behind)} of ${remote}/${branch} ${behind === 1 ? 'is' : 'are'} missing here`,
        help: `git pull --ff-only ${shellWord(remote)} ${shellWord(branch)}`,
      });
    if (upstream === null && current !== null && trigger === 'command')
      problems.push({
        message: `${current} has no upstream, so nothing says where it belongs`,
        help: `git branch --set-upstream-to=${shellWord(`${remote}/${branch}`)}`,
      });
    return problems;
  },
};

/** Where HEAD is detached at the very tip of the branch, as CI checks it out, it is the branch's commit. */
function branchProblems({ current, branch, name }: Deployment, apart: number): Problem[] {
  if (current === branch || (current === null && apart === 0)) return [];
  const what = name ?? 'this';
  const where = current === null ? 'HEAD is on no branch' : `HEAD is on ${current}`;
  return [{ message: `${where}, and ${what} is deployed from ${branch}`, help: `git switch ${shellWord(branch)}` }];
}

function pushHelp({ environment, branch }: Deployment): string {
  return `git push ${shellWord(environment.remote)} ${shellWord(branch)}`;
}

function commits(n: number): string {
  return n === 1 ? '1 commit' : `${n} commits`;
}
