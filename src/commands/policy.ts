import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model.ts';
import { loadWorktreePolicy } from '../policy/load.ts';
import { weaknesses } from '../policy/weaknesses.ts';
import { visible } from '../report/visible.ts';
import { policyHere } from '../sources/policy.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'check | show',
  flags: {},
  example: 'npx git-protect policy check',
} as const satisfies Usage;

/** `protect policy check | show`. */
export async function policy(args: readonly string[], io: Io): Promise<number> {
  const [verb, ...rest] = args;
  readOptions(rest, usage.flags, 0);
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    if (verb === 'check') return await check(io, repository);
    if (verb === 'show') return await show(io, repository);
    throw new UsageError(`there is no 'policy ${verb ?? ''}'`, 'policy check · policy show');
  } finally {
    repository.close();
  }
}

/** Validates the policy of the working tree, and warns of what is valid but weak. */
async function check(io: Io, repository: Repository): Promise<number> {
  const { topLevel } = await repository.layout();
  if (topLevel === null) throw new UsageError('a bare repository has no working tree to check');
  const loaded = await loadWorktreePolicy(topLevel);
  if (!loaded) throw new UsageError('there is no policy here', 'npx git-protect init');
  const { stdout } = await repository.run(['ls-files', '-z', '--full-name'], { cwd: topLevel });
  const tracked = stdout
    .toString('latin1')
    .split('\0')
    .filter((path) => path !== '');
  for (const warning of weaknesses(loaded.policy, tracked)) io.stdout.write(`warning: ${visible(warning)}\n`);
  io.stdout.write(`${loaded.source.replace('worktree:', '')}: valid\n`);
  return exitCode.pass;
}

/** Prints the policy that holds here, every default filled in. */
async function show(io: Io, repository: Repository): Promise<number> {
  const loaded = await policyHere(repository);
  const { policy: effective } = loaded;
  const view = {
    ...effective,
    owners: Object.fromEntries(
      Object.entries(effective.owners).map(([name, { keys }]) => [
        name,
        { keys: keys.map(({ type, blob, comment }) => `${type} ${blob} ${comment}`.trim()) },
      ]),
    ),
    approvals: { ...effective.approvals, lifetime: duration(effective.approvals.lifetime) },
    build: effective.build && { ...effective.build, timeout: duration(effective.build.timeout) },
  };
  io.stdout.write(`# ${loaded.source}\n${visible(JSON.stringify(view, null, 2))}\n`);
  return exitCode.pass;
}

function duration(milliseconds: number): string {
  for (const [unit, size] of [
    ['d', 864e5],
    ['h', 36e5],
    ['m', 6e4],
  ] as const)
    if (milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  return `${milliseconds / 1000}s`;
}
