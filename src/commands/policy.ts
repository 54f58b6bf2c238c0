import { remoteSide } from '../git/refs.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { loadWorktreePolicy } from '../policy/load.ts';
import { weaknesses } from '../policy/weaknesses.ts';
import { writtenPolicy } from '../policy/written.ts';
import { defaultBranch } from '../rules/rules.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
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
  const loaded = await loadWorktreePolicy(topLevel, true);
  if (!loaded) throw new UsageError('there is no policy here', 'npx git-protect init');
  // What init has just written is still to be added.
  const present = ['--cached', '--others', '--exclude-standard'];
  const { stdout } = await repository.run(['ls-files', '-z', ...present, '--full-name'], { cwd: topLevel });
  const tracked = stdout
    .toString('latin1')
    .split('\0')
    .filter((path) => path !== '');
  const standard = defaultBranch(loaded.policy, await remoteSide(repository));
  for (const warning of weaknesses(loaded.policy, tracked, standard)) io.stdout.write(`warning: ${visible(warning)}\n`);
  io.stdout.write(`${loaded.source.replace('worktree:', '')}: valid\n`);
  return exitCode.pass;
}

/** Prints the policy that holds here, every default filled in. */
async function show(io: Io, repository: Repository): Promise<number> {
  const loaded = await policyHere(repository);
  io.stdout.write(`# ${loaded.source}\n${visible(JSON.stringify(writtenPolicy(loaded.policy), null, 2))}\n`);
  return exitCode.pass;
}
