import { resolve } from 'node:path';
import { writeRequest } from '../approvals/request.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model.ts';
import { inertJson } from '../report/inert.ts';
import { type Io, writeOutput } from './io.ts';
import { readOptions, type Usage } from './options.ts';
import { findWanted, sayNothingWanted, whereFlags } from './wanted.ts';

export const usage = {
  flags: {
    ...whereFlags,
    output: { type: 'string', short: 'o', value: 'FILE', means: 'write the request there; default: standard output' },
  },
  example: 'npx git-protect request --staged -o change.request',
} as const satisfies Usage;

/** `protect request`: writes what needs approval as one file that an owner can look at without this clone. */
export async function request(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    const { request: wanted, policy } = await findWanted(repository, io, values, values.target ?? []);
    if (wanted.changes.length === 0) {
      await sayNothingWanted(repository, io, policy);
      return exitCode.pass;
    }
    let text: string;
    try {
      text = inertJson(writeRequest(wanted));
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(error.message, 'ask for fewer files at a time');
      throw error;
    }
    if (values.output === undefined) io.stdout.write(text);
    else await writeOutput(resolve(io.cwd, values.output), text);
    const file = values.output ?? 'FILE';
    const n = wanted.changes.length;
    io.stderr.write(
      `${n} file${n === 1 ? '' : 's'} to approve for ${wanted.targets.join(', ')}; an owner (${Object.keys(policy.owners).join(', ')}) runs\n`,
    );
    io.stderr.write(
      `  npx git-protect approve ${file} --reason "…"\nand sends back a token; add it with npx git-protect approval add TOKEN\n`,
    );
    return exitCode.pass;
  } finally {
    repository.close();
  }
}
