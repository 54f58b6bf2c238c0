import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { guidePath, guideText, rollbackText } from '../checks/parts/guide/index.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, type Policy, UsageError } from '../model/index.ts';
import { loadWorktreePolicy } from '../policy/load.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import { type Io, writeOutput } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: {
    check: { type: 'boolean', means: 'write nothing; exit with 1 if the file does not match the policy' },
    rollback: { type: 'boolean', means: 'print only the way back, to start a rollback document with' },
    output: {
      type: 'string',
      value: 'FILE',
      means: `write it there; default: ${guidePath} at the top of the repository`,
    },
  },
  example: 'npx git-protect guide',
} as const satisfies Usage;

/** `protect guide`: the policy as a page that people and agents read. */
export async function guide(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  if (values.check && values.rollback)
    throw new UsageError(
      'a rollback document is completed by hand, so it cannot be checked',
      'leave out --rollback or --check',
    );
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const { topLevel } = await repository.layout();
    const policy = await policyOf(repository, topLevel);
    if (values.rollback) return await printed(io, rollbackText(policy), values.output);
    if (values.output === undefined && topLevel === null)
      throw new UsageError('a bare repository has no place for it', '--output FILE');
    const path = values.output === undefined ? join(topLevel!, guidePath) : resolve(io.cwd, values.output);
    const text = guideText(policy);
    const found = present(path);
    const isCurrent = found?.replaceAll('\r\n', '\n') === text;
    const name = visible(values.output ?? guidePath);
    if (values.check) {
      if (!isCurrent)
        io.stderr.write(
          `protect: ${name} ${found === null ? 'is not there' : 'does not say what the policy says'}\n  help: npx git-protect guide\n`,
        );
      return isCurrent ? exitCode.pass : exitCode.refused;
    }
    if (!isCurrent) await writeOutput(path, text);
    io.stdout.write(isCurrent ? `${name} says what the policy says\n` : `wrote ${name}\n`);
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** That of the working tree, so that both are committed together; where there is none, the one that holds. */
async function policyOf(repository: Repository, topLevel: string | null): Promise<Policy> {
  const here = topLevel === null ? null : await loadWorktreePolicy(topLevel);
  return (here ?? (await policyHere(repository))).policy;
}

async function printed(io: Io, text: string, output: string | undefined): Promise<number> {
  if (output === undefined) io.stdout.write(text);
  else if (present(resolve(io.cwd, output)) !== null)
    throw new UsageError(
      `${output} is there already, and somebody may have completed it`,
      'npx git-protect guide --rollback  # prints it',
    );
  else await writeOutput(resolve(io.cwd, output), text);
  return exitCode.pass;
}

/** Null: there is no such file. */
function present(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}
