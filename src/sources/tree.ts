import { missing } from '../git/missing.ts';
import { symbolicHead } from '../git/refs.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type LoadedPolicy, UsageError } from '../model/index.ts';
import { parsePolicy } from '../policy/parse.ts';
import { policyHereIfAny } from './policy.ts';
import { range } from './ref-update.ts';
import type { Sourced } from './staged.ts';

/**
 * All that HEAD holds, as a change that brings it: by the policy that holds here, or by the defaults where there is none yet.
 * @param history every commit behind HEAD as well, not only what its tree holds
 * @throws UsageError where nothing is committed, or the policy is invalid
 */
export async function treeChange(repository: Repository, { history }: { history: boolean }): Promise<Sourced> {
  const [{ commit: head }, ref] = [await repository.head(), await symbolicHead(repository)];
  if (head === null) throw new UsageError('nothing is committed here yet', 'git commit');
  const tree = (await repository.objects.info(`${head}^{tree}`))?.oid;
  if (!tree) throw missing(head);
  const loaded = (await policyHereIfAny(repository)) ?? usual();
  const all = range(repository, { base: null, head, tree: async () => tree, known: [], states: false });
  const change: Change = {
    ref,
    kind: 'update',
    protected: false,
    trusted: false,
    target: null,
    base: null,
    head,
    old: null,
    next: head,
    tips: [],
    defaultTip: null,
    title: null,
    tree: async () => tree,
    ...all,
    ...(history ? {} : { async *commits() {} }),
  };
  return { changes: [change], loaded, standard: null };
}

function usual(): LoadedPolicy {
  return { policy: parsePolicy('version: 1\n', '.protectionrc'), source: 'the defaults', oid: null, bootstrap: null };
}
