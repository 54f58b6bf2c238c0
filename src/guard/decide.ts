import type { Policy } from '../model/index.ts';
import { policyCache } from '../policy/cache.ts';
import { answer, unreadable } from './answer.ts';
import { type ToolCall, UnreadableCall } from './call.ts';
import type { Answer, Host } from './hosts/host.ts';
import { judgeCall, type Outside } from './judge-call.ts';
import { logRefusals } from './log.ts';
import { type Place, placeOf } from './place.ts';
import { blobId, rememberedPolicy, rememberPolicy, worktreePolicy } from './standing-policy.ts';
import type { Verdict } from './verdict.ts';

/** Judges a call and says it to the host. What goes wrong on the way is a refusal. */
export async function decide(
  call: ToolCall,
  hosts: { readonly named: Host; readonly shape: Host },
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Answer> {
  // Cline obeys nothing but its own form; all others obey the one of the host that was named.
  const host = hosts.shape.name === 'cline' ? hosts.shape : hosts.named;
  try {
    // Whoever asks is an agent, though it may not say so to its hooks.
    const asked = { ...env, AI_AGENT: env['AI_AGENT'] || hosts.named.name };
    const verdicts = await verdictsOn(call, cwd, asked);
    const refusals = verdicts.flatMap((verdict) => verdict.refusals);
    const place = placeOf(cwd);
    const grave = refusals.filter(({ isNote }) => isNote !== true);
    if (place !== null && grave.length > 0)
      logRefusals(place.gitDir, { host: host.name, tool: call.tool, at: new Date() }, grave);
    return answer(host, refusals);
  } catch (error) {
    if (error instanceof UnreadableCall || error instanceof RangeError) return unreadable(host, error.message);
    if (error instanceof Error && error.name === 'PolicyError')
      return host.refuse(
        `git-protect refused this: the policy is invalid, so nothing can be judged by it (${error.message.split('\n')[0]})\n  help: ask the person you work for to fix it: npx git-protect policy check\n`,
      );
    return unreadable(host, error instanceof Error ? error.message : String(error));
  }
}

/** What is said of each part of a call. */
export function verdictsOn(call: ToolCall, cwd: string, env: NodeJS.ProcessEnv): Promise<readonly Verdict[]> {
  const policies = new Map<string, Promise<Policy | null>>();
  const outside: Outside = {
    env,
    policyAt(place) {
      const known = policies.get(place.top) ?? standingPolicy(place, env);
      policies.set(place.top, known);
      return known;
    },
    async isApproved(place, path, content) {
      const policy = await outside.policyAt(place);
      if (policy === null) return false;
      const { isApproved } = await import('./approved.ts');
      return isApproved(place, policy, path, content, new Date(), env);
    },
  };
  return judgeCall(call, cwd, outside);
}

/** The policy that holds here: what was remembered, else what Git and the parser say, which is remembered then. */
async function standingPolicy(place: Place, env: NodeJS.ProcessEnv): Promise<Policy | null> {
  const remembered = rememberedPolicy(place);
  if (remembered !== undefined) return remembered;
  const [{ loadStandingPolicy, loadWorktreePolicy }, { Repository }] = await Promise.all([
    import('../policy/load.ts'),
    import('../git/repository.ts'),
  ]);
  const repository = new Repository(place.top, env, 'location');
  const cache = policyCache(async () => place.commonDir);
  try {
    const loaded =
      (await repository.commit('HEAD')) === null ? null : await loadStandingPolicy(repository, 'HEAD', null, cache);
    rememberPolicy(place, loaded?.oid ?? null);
    if (loaded !== null) return loaded.policy;
    const own = await loadWorktreePolicy(place.top);
    const content = own === null ? null : worktreePolicy(place.top);
    if (own !== null && content !== null) await cache.set(blobId(content), own.policy);
    return own?.policy ?? null;
  } finally {
    repository.close();
  }
}
