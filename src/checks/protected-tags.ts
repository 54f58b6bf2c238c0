import type { Check, Context, Problem } from '../model/index.ts';
import { tagRules } from '../rules/rules.ts';

/** Refuses to move, delete or wrongly create tags that the policy protects. */
export const protectedTags: Check<'history'> = {
  id: 'protected-tags',
  summary: 'A protected tag keeps pointing at the commit it was made for.',
  gates: ['pre-push', 'ci', 'pre-receive'],
  needs: ['history'],
  weakenable: true,
  names: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'Releases and rollbacks refer to tags. If a tag moves, the same name means different code on different days.',
    fix: 'Make a new tag with a new name. With `create: protected`, tag a commit after it has landed on a protected branch.',
  },
  async run(context) {
    const { ref, kind, old, next } = context.change;
    if (!ref?.startsWith('refs/tags/')) return { skipped: 'no tag is changed' };
    const tag = ref.slice('refs/tags/'.length);
    const rules = tagRules(context.policy, tag);
    if (rules.length === 0) return { skipped: 'no protected tag is changed' };
    const problems: Problem[] = [];
    const strictest = (key: 'move' | 'delete' | 'create', value: string) => rules.some((rule) => rule[key] === value);
    if (kind === 'delete' && strictest('delete', 'refuse'))
      problems.push({ ref, message: 'is protected and cannot be deleted', help: 'keep the tag' });
    if (kind === 'update' && old !== next && strictest('move', 'refuse'))
      problems.push({ ref, message: 'is protected and cannot be moved', help: 'make a new tag with a new name' });
    if (kind === 'create' && strictest('create', 'refuse'))
      problems.push({ ref, message: 'may not be created', help: 'use another name' });
    else if (kind === 'create' && strictest('create', 'protected') && !(await onProtectedBranch(context)))
      problems.push({
        ref,
        message: 'is not on a commit of a protected branch',
        help: 'land the commit first, then tag it',
      });
    return problems;
  },
};

/** Is the tagged commit on a branch that can vouch for it, or on one that the same push moves? */
async function onProtectedBranch({ change, changes, history }: Context<'history'>): Promise<boolean> {
  if (change.head === null) return false;
  const landing = changes.filter((other) => other.trusted && other.head !== null).map((other) => other.head!);
  for (const tip of [...change.tips, ...landing]) if (await history.isAncestor(change.head, tip)) return true;
  return false;
}
