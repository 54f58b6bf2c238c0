import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandEnvironment } from '../git/environment.ts';
import { showPath } from '../git/raw.ts';
import type { Repository } from '../git/repository.ts';
import {
  type BranchRule,
  type Change,
  type Context,
  type Deployment,
  type Gate,
  type LoadedPolicy,
  type Oid,
  policyNames,
  Undecided,
} from '../model/index.ts';
import { compileGlob } from '../rules/glob.ts';
import { compileRules } from '../rules/rules.ts';
import { contents } from './contents.ts';

/** What surrounds a run, the same for every check and change. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly now: Date;
  readonly agent: string | null;
  /** `--no-commands` makes it false. */
  readonly commands: boolean;
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Does somebody watch standard error? */
  readonly terminal?: boolean;
  /** The effective user id; null where the system has none. */
  userId(): number | null;
  progress(text: string): void;
}

/** All that checks share for one change, apart from what is theirs alone. */
export type SharedContext = Omit<Context, 'options' | 'signal'>;

const strictBranch: BranchRule = { forcePush: 'refuse', delete: 'refuse', directPush: 'allow' };

/** What is judged, by which policy. */
export interface Judged {
  readonly gate: Gate;
  readonly loaded: LoadedPolicy;
  readonly changes: readonly Change[];
  readonly deployment?: Deployment | undefined;
}

/** Gives checks their view of the world. What costs something is done when first asked for, once. */
export function sharedContext(judged: Judged, change: Change, repository: Repository, world: World): SharedContext {
  const { gate, loaded, changes, deployment = null } = judged;
  const { policy } = loaded;
  const consents = once(async () =>
    (await import('../approvals/evidence.ts')).gatherConsents(repository, change, policy, world.now),
  );
  const past = once(async () => (await import('./landed.ts')).landed({ judged, change, repository, world }));
  const owner = once(async () => (await import('../approvals/keys.ts')).ownerAtHand(repository, policy, world.env));
  const alreadyLanded: Context['alreadyLanded'] = async (path, state) => {
    for (const tip of change.tips) {
      const there = await repository.stateAt(tip, path);
      if (there?.oid === state?.oid && there?.mode === state?.mode) return true;
    }
    return false;
  };
  return {
    gate,
    change,
    changes,
    loaded,
    policy,
    commands: world.commands,
    agent: world.agent,
    now: world.now,
    otherIndex: otherIndex(world.env['GIT_INDEX_FILE'] ?? 'index'),
    user: owner,
    showPath,
    guards: (path) => compileRules(policy)(path),
    branchRule: (branch) => strictestBranch(policy.branches, branch),
    tagRules: (tag) =>
      Object.entries(policy.tags)
        .filter(([glob]) => compileGlob(glob).test(tag))
        .map(([, rule]) => rule),
    policyFiles: () => policyFiles(repository, change),
    // Before a deploy all has landed, and landed steps are judged one by one.
    consent: async (step, guard) =>
      gate === 'pre-deploy'
        ? (await past()).consents.last(step.path, guard, policy)
        : (await consents()).consent(step, guard),
    alreadyLanded,
    async landed(path) {
      if (change.tips.length === 0) return null;
      const there = await Promise.all(change.tips.map((tip) => repository.stateAt(tip, path)));
      return there.filter((state) => state !== null);
    },
    ...contents({ gate, change, policy, env: world.env }, repository, alreadyLanded),
    deployment,
    worktree: async () => (await import('../git/worktree-status.ts')).worktreeStatus(repository),
    distance: (head, tip) => distance(repository, head, tip),
    async *history() {
      yield* (await past()).spans();
    },
    isAncestor: (ancestor, commit) => repository.isAncestor(ancestor, commit),
    blob: (oid, max) => readBlob(repository, oid, max),
    async blobUpTo(oid, max) {
      const size = (await repository.objects.info(oid))?.size ?? 0;
      return size > max ? null : readBlob(repository, oid, max);
    },
    async underPolicy(commit) {
      const fork = change.base === null ? null : await repository.mergeBase(change.base, commit);
      for (const place of fork === null ? [commit] : [commit, fork]) {
        const tree = await repository.tree(`${place}^{tree}`);
        if (tree?.entries.some(({ name }) => (policyNames as readonly string[]).includes(name))) return true;
      }
      return false;
    },
    async parsePolicy(text, name) {
      const { parsePolicy, PolicyError } = await import('../policy/parse.ts');
      const { wantedFaults } = await import('../policy/wanted-faults.ts');
      const plain = text.replace(/^\ufeff/, '');
      try {
        return await wantedFaults(plain, parsePolicy(plain, name));
      } catch (error) {
        if (error instanceof PolicyError) return error.faults;
        throw error;
      }
    },
    approvalFault: async (path, content) => (await import('../approvals/statement.ts')).approvalFault(path, content),
    async withCheckout(use) {
      const { withCheckout } = await import('../git/checkout.ts');
      const tree = await change.tree();
      if (tree === null) throw new Undecided('the change leads to no tree');
      return withCheckout(repository, tree, change.head, use);
    },
    async run(command, options) {
      const { runCommand } = await import('../machine/run.ts');
      const { topLevel } = await repository.layout();
      const env = typeof command === 'string' ? commandEnvironment(world.env) : ownCheckEnvironment(world.env);
      return runCommand(command, { ...options, cwd: options.cwd ?? topLevel ?? repository.cwd, env });
    },
    memory: memory(repository, gate),
    async stagedTasks(config, options) {
      const { runStagedTasks } = await import('../tasks/staged-tasks.ts');
      const tell = world.terminal ? world.progress : () => {};
      return runStagedTasks(repository, change, { config, ...options, env: world.env, tell });
    },
    progress: world.progress,
  };
}

/** Git names the index of `commit PATH` after its process. */
function otherIndex(file: string): Context['otherIndex'] {
  if (/^(?:.*\/)?index$/.test(file)) return null;
  return /^(?:.*\/)?next-index-\d+\.lock$/.test(file) ? 'paths' : 'all';
}

async function readBlob(repository: Repository, oid: Oid, max: number): Promise<Buffer> {
  const blob = await repository.objects.read(oid, max);
  if (blob?.type !== 'blob') throw new Undecided(`object ${oid} is missing`, 'git fetch');
  return blob.content;
}

/** Several globs may name a branch: what one of them refuses is refused. */
function strictestBranch(branches: Readonly<Record<string, BranchRule>>, branch: string): BranchRule {
  const rules = Object.entries(branches)
    .filter(([glob]) => compileGlob(glob.toLowerCase()).test(branch.toLowerCase()))
    .map(([, rule]) => rule);
  if (rules.length === 0) return strictBranch;
  const strictest = (key: keyof BranchRule) => (rules.some((rule) => rule[key] === 'refuse') ? 'refuse' : 'allow');
  return { forcePush: strictest('forcePush'), delete: strictest('delete'), directPush: strictest('directPush') };
}

async function policyFiles(repository: Repository, change: Change) {
  const tree = await change.tree();
  const root = tree === null ? null : await repository.tree(tree);
  return (root?.entries ?? [])
    .filter(({ name }) => (policyNames as readonly string[]).includes(name))
    .map(({ name, mode, oid }) => ({ path: name, state: { mode, oid } }));
}

/** What an own check gets to see of the environment. */
function ownCheckEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SystemRoot']
      .filter((name) => env[name] !== undefined)
      .map((name) => [name, env[name]]),
  );
}

async function distance(repository: Repository, head: Oid, tip: Oid) {
  const counted = await repository.text(['rev-list', '--left-right', '--count', `${head}...${tip}`]);
  const [ahead, behind] = counted.split('\t').map(Number);
  return { ahead: ahead!, behind: behind! };
}

/**
 * Remembers what passed, in the Git common directory. CI remembers nothing: there nobody waits, and others may write to its
 * cache. The gate before a deploy believes its own records only.
 */
function memory(repository: Repository, gate: Gate): Context['memory'] {
  const file = async (key: string) => {
    const { commonDir } = await repository.layout();
    const digest = process.getBuiltinModule('node:crypto').createHash('sha256').update(key).digest('hex');
    return join(commonDir, 'protect', gate === 'pre-deploy' ? 'passed-before-deploy' : 'passed', digest);
  };
  return {
    async has(key) {
      return gate !== 'ci' && existsSync(await file(key));
    },
    async get(key) {
      const path = await file(key);
      if (gate === 'ci' || !existsSync(path)) return null;
      const text = readFileSync(path, 'utf8');
      return text.startsWith(`${key}\n`) ? text.slice(key.length + 1).trimEnd() : null;
    },
    async add(key, value = '') {
      if (gate === 'ci') return;
      const path = await file(key);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${key}\n${value}\n`);
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
