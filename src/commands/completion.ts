import { exitCode, UsageError } from '../model/index.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import type { Io } from './io.ts';
import { type Entry, type Listed, listed } from './listed.ts';
import { readOptions, type Usage } from './options.ts';

const shells: Readonly<Record<string, (commands: readonly Listed[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const usage = {
  words: Object.keys(shells).join(' | '),
  flags: {},
  example: 'npx git-protect completion bash',
} as const satisfies Usage;

/**
 * `protect completion SHELL`: a script for the shell to read.
 * @param commands the table that the overview and the help are written from
 */
export async function completion(
  args: readonly string[],
  io: Io,
  commands: Readonly<Record<string, Entry>>,
): Promise<number> {
  const [shell] = readOptions(args, usage.flags, 1).positionals;
  const write = shell !== undefined && Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (!write)
    throw new UsageError(
      shell === undefined ? 'for which shell?' : `there is no completion for '${shell}'`,
      `one of: ${Object.keys(shells).join(', ')}`,
    );
  io.stdout.write(write(await listed(commands)));
  return exitCode.pass;
}
