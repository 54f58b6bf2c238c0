import type { Check, Problem } from '../model/index.ts';
import { branchRule } from '../rules/rules.ts';

/** Refuses force pushes and deletions of protected branches, and direct pushes where the policy says so. */
export const protectedBranches: Check<'history'> = {
  id: 'protected-branches',
  summary: 'A protected branch only moves forward, and is not deleted.',
  gates: ['pre-push', 'ci', 'pre-receive'],
  needs: ['history'],
  weakenable: false,
  names: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'A branch that is deployed must not lose commits that have run in production, and nobody should have to ask where the branch went.',
    fix: 'Fetch and merge, or rebase your own commits, then push without force. Undo a bad commit with `git revert`.',
  },
  async run({ change, gate, policy, history }) {
    const { ref, kind, old, next } = change;
    if (ref?.startsWith('refs/replace/') && kind !== 'delete')
      return [
        { ref, message: 'would make Git show other objects in place of real ones', help: 'do not push refs/replace/' },
      ];
    if (gate === 'pre-receive' && ref !== null) {
      if (/^refs\/protect\/(?!lock\/)/.test(ref))
        return [{ ref, message: 'is where git-protect keeps its own refs', help: 'push it under another name' }];
      if (change.alike)
        return [
          {
            ref,
            message: `differs from the protected branch ${change.alike} only in case or Unicode form, and stands for it on some disks`,
            help: 'push it under another name',
          },
        ];
    }
    if (!ref?.startsWith('refs/heads/') || !change.protected) return { skipped: 'no protected branch is changed' };
    const branch = ref.slice('refs/heads/'.length);
    const rule = branchRule(policy, branch);
    if (kind === 'delete')
      return rule.delete === 'refuse'
        ? [
            {
              ref,
              message: 'is protected and cannot be deleted',
              help: `keep the branch; to allow it, set branches.${branch}.delete in the policy`,
            },
          ]
        : [];
    const problems: Problem[] = [];
    if (
      kind === 'update' &&
      old !== null &&
      next !== null &&
      rule.forcePush === 'refuse' &&
      !(await history.isAncestor(old, change.head ?? next))
    )
      problems.push({
        ref,
        message: 'is protected and cannot be force-pushed: it would lose commits that it has now',
        help:
          gate === 'ci'
            ? `put ${old.slice(0, 12)} back with a merge, and undo changes with git revert`
            : 'git pull --rebase && git push  # to undo a commit: git revert',
      });
    if (rule.directPush === 'refuse' && (gate === 'pre-push' || gate === 'pre-receive') && old !== null)
      problems.push({
        ref,
        message: 'takes no direct pushes',
        help: `push a branch of your own and open a pull request`,
      });
    return problems;
  },
};
