import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandEnvironment } from '../git/environment.ts';
import type { Repository } from '../git/repository.ts';
import { type Change, type Commands, type Gate, Undecided } from '../model/index.ts';
import type { World } from './world.ts';

/** How checks run what the policy names. */
export function commandsOf(
  { gate, change }: { readonly gate: Gate; readonly change: Change },
  repository: Repository,
  world: World,
): Commands {
  return {
    async run(command, options) {
      const { runCommand } = await import('../machine/run.ts');
      const { topLevel } = await repository.layout();
      const env = typeof command === 'string' ? commandEnvironment(world.env) : ownCheckEnvironment(world.env);
      return runCommand(command, { ...options, cwd: options.cwd ?? topLevel ?? repository.cwd, env });
    },
    async withCheckout(use) {
      const { withCheckout } = await import('../git/checkout.ts');
      const tree = await change.tree();
      if (tree === null) throw new Undecided('the change leads to no tree');
      return withCheckout(repository, tree, change.head, use);
    },
    async stagedTasks(config, options) {
      const { runStagedTasks } = await import('../tasks/staged-tasks.ts');
      const tell = world.terminal ? world.progress : () => {};
      return runStagedTasks(repository, change, { config, ...options, env: world.env, tell });
    },
    memory: memory(repository, gate),
    progress: world.progress,
  };
}

/** What an own check gets to see of the environment. */
function ownCheckEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'TMPDIR', 'SystemRoot']
      .filter((name) => env[name] !== undefined)
      .map((name) => [name, env[name]]),
  );
}

/**
 * Remembers what passed, in the Git common directory. CI remembers nothing: there nobody waits, and others may write to its
 * cache. The gate before a deploy believes its own records only.
 */
function memory(repository: Repository, gate: Gate): Commands['memory'] {
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
