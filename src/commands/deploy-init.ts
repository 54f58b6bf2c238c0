import { recipes } from '../deploys/recipes.ts';
import { exitCode, UsageError } from '../model/index.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: { for: { type: 'string', value: 'HOST', means: `what runs it: ${Object.keys(recipes).join(', ')}` } },
  example: 'npx git-protect deploy init --for pm2',
} as const satisfies Usage;

/** `protect deploy init --for HOST`: prints what to put into the policy, and what to know of that host. */
export async function deployInit(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const names = Object.keys(recipes);
  if (values.for === undefined) throw new UsageError('what runs it?', `--for ${names.join(' | ')}`);
  if (!Object.hasOwn(recipes, values.for))
    throw new UsageError(
      `there is no recipe for '${values.for}'`,
      `--for ${names.join(' | ')}; docs/deploy.md has others`,
    );
  io.stdout.write(recipes[values.for as keyof typeof recipes]);
  return exitCode.pass;
}
