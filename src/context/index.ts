import { isFile } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import {
  type Capability,
  type Change,
  type Check,
  type Context,
  type Judged,
  type LoadedPolicy,
  type PolicyFile,
  policyNames,
} from '../model/index.ts';
import { largestEnvironment } from '../readers/variables/parse.ts';
import { readBlob } from './blobs.ts';
import { commandsOf } from './commands.ts';
import { contentsOf } from './contents.ts';
import { historyOf } from './history.ts';
import { once } from './once.ts';
import type { Given, SharedContext, World } from './world.ts';

/** Gives checks their view of the world. What costs something is done when first asked for, once. */
export function sharedContext(given: Given, change: Change, repository: Repository, world: World): SharedContext {
  const { gate, loaded, changes, deployment } = given;
  const { policy } = loaded;
  // Before a deploy all has landed, and landed steps are judged one by one.
  const past = once(async () =>
    (await import('./landed.ts')).landed({ given, change, repository, world }, sharedContext),
  );
  const consents = once(async () =>
    gate === 'pre-deploy'
      ? (await past()).now
      : (await import('../approvals/evidence.ts')).gatherConsents(repository, change, policy, world.now),
  );
  const history = historyOf({ gate, change }, repository, past);
  return {
    judged: {
      gate,
      change,
      changes,
      loaded,
      policy,
      agent: world.agent,
      agents: world.agents ?? [],
      now: world.now,
      otherIndex: otherIndex(world.env['GIT_INDEX_FILE'] ?? 'index'),
    },
    has: {
      contents: contentsOf(change, repository, history),
      approvals: {
        consent: async (step, guard) => (await consents()).consent(step, guard),
        fault: async (path, content) => (await import('../approvals/verify.ts')).additionFault(path, content, policy),
        ownerAtHand: once(async () =>
          (await import('../approvals/keys.ts')).ownerAtHand(repository, policy, world.env),
        ),
      },
      history,
      policyFile: policyFileOf(repository, change, loaded),
      ownValues: once(async () => {
        const { topLevel } = await repository.layout();
        return (await import('./own-values.ts')).ownValues(topLevel, policy, world.env, async (path) => {
          const bytes = Buffer.from(path, 'utf8').toString('latin1');
          const state = change.base === null ? null : await repository.stateAt(change.base, bytes);
          return state === null || !isFile(state) ? null : readBlob(repository, state.oid, largestEnvironment);
        });
      }),
      ...(world.commands && gate !== 'pre-receive'
        ? { commands: commandsOf({ gate, change }, repository, world) }
        : {}),
      ...(deployment ? { deploy: deployment } : {}),
      ...(world.services ? { services: world.services(policy) } : {}),
    },
  };
}

/** What a check is handed: all that it names of what the gate has. What the gate lacks of what it needs is named instead. */
export function contextOf(
  { needs, uses = [] }: Pick<Check, 'needs' | 'uses'>,
  { judged, has }: SharedContext,
  own: Pick<Judged, 'options' | 'signal'>,
): { readonly context: Context<Capability> } | { readonly lacks: Capability } {
  const lacks = needs.find((name) => has[name] === undefined);
  if (lacks !== undefined) return { lacks };
  const named = Object.fromEntries([...needs, ...uses].map((name) => [name, has[name]]));
  // Only what a check names is there: what else its type could promise is never asked for.
  return { context: { ...judged, ...own, ...named } as Context<Capability> };
}

/** Git names the index of `commit PATH` after its process. */
function otherIndex(file: string): Judged['otherIndex'] {
  if (/^(?:.*\/)?index$/.test(file)) return null;
  return /^(?:.*\/)?next-index-\d+\.lock$/.test(file) ? 'paths' : 'all';
}

function policyFileOf(repository: Repository, change: Change, loaded: LoadedPolicy): PolicyFile {
  return {
    moved: once(async () => {
      const steps = await change.steps();
      if (!steps.some(({ path }) => (policyNames as readonly string[]).includes(path))) return null;
      const tree = await change.tree();
      if (tree === null) return null;
      const { validPolicy } = await import('../policy/load.ts');
      const found = await validPolicy(repository, tree);
      return found && found.oid !== loaded.oid ? found.policy : null;
    }),
    async files() {
      const tree = await change.tree();
      const root = tree === null ? null : await repository.tree(tree);
      return (root?.entries ?? [])
        .filter(({ name }) => (policyNames as readonly string[]).includes(name))
        .map(({ name, mode, oid }) => ({ path: name, state: { mode, oid } }));
    },
    async faults(content, name) {
      const { notText, parsePolicy, PolicyError } = await import('../policy/parse.ts');
      const fault = notText(content);
      if (fault !== null) return [fault];
      const { wantedFaults } = await import('../policy/wanted-faults.ts');
      const plain = content.toString('utf8').replace(/^\ufeff/, '');
      try {
        return await wantedFaults(plain, parsePolicy(plain, name));
      } catch (error) {
        if (error instanceof PolicyError) return error.faults;
        throw error;
      }
    },
  };
}
