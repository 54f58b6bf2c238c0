import { resolve } from 'node:path';
import { type ApprovalRequest, writeRequest } from '../approvals/request.ts';
import { showPath } from '../git/raw.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, type Policy, UsageError } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { inertJson } from '../words/inert.ts';
import { visible } from '../words/visible.ts';
import { type Io, writeOutput } from './io.ts';
import { readOptions, type Usage } from './options.ts';
import { withPatch } from './patched-index.ts';
import { findWanted, sayNothingWanted, whereFlags } from './wanted.ts';

export const usage = {
  flags: {
    ...whereFlags,
    patch: {
      type: 'string',
      value: 'FILE',
      means: 'HEAD with a patch applied (as of git diff); files and index are not touched',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      means: 'write the request there; default: standard output; on a terminal a summary',
    },
  },
  example: 'npx git-protect request --staged -o change.request',
} as const satisfies Usage;

/** `protect request`: writes what needs approval as one file that an owner can look at without this clone. */
export async function request(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  if (values.patch !== undefined && (values.staged || values.range !== undefined))
    throw new UsageError('--patch, --staged and --range exclude each other');
  if (values.patch !== undefined)
    return withPatch(values.patch, io, (repository, its) => asked(repository, its, args, { ...values, staged: true }));
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    return await asked(repository, io, args, values);
  } finally {
    repository.close();
  }
}

type Values = ReturnType<typeof readOptions<typeof usage.flags>>['values'];

async function asked(repository: Repository, io: Io, args: readonly string[], values: Values): Promise<number> {
  const { request: wanted, policy } = await findWanted(repository, io, values, values.target ?? []);
  if (wanted.changes.length === 0) {
    await sayNothingWanted(repository, io, policy);
    return exitCode.pass;
  }
  if (values.output === undefined && io.stdout.isTTY === true) {
    io.stdout.write(summary(wanted, policy, args));
    return exitCode.pass;
  }
  const text = write(wanted);
  if (values.output === undefined) io.stdout.write(text);
  else await writeOutput(resolve(io.cwd, values.output), text);
  const owners = Object.keys(policy.owners).join(', ');
  io.stderr.write(
    visible(`${files(wanted)} to approve for ${wanted.targets.join(', ')}; an owner (${owners}) runs\n`) +
      visible(`  npx git-protect approve ${values.output ?? 'FILE'} --reason "…"\n`) +
      'and sends back a token; add it with npx git-protect approval add TOKEN\n',
  );
  return exitCode.pass;
}

function write(wanted: ApprovalRequest): string {
  try {
    return inertJson(writeRequest(wanted));
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, 'ask for fewer files at a time');
    throw error;
  }
}

/** What a person at a terminal sees instead of the contents of every file. */
function summary(wanted: ApprovalRequest, policy: Policy, args: readonly string[]): string {
  const guards = compileRules(policy);
  const lines = wanted.changes.map(({ path, from, to }) => {
    const change = from === null ? 'new' : to === null ? 'deleted' : 'changed';
    const named = [...new Set(guards(path).flatMap(({ rule }) => rule.owners))];
    // No rule names the path: a check asks for it, and any owner will do.
    const owners = (named.length > 0 ? named : Object.keys(policy.owners)).join(', ');
    return `  ${showPath(path)}  ${change}, owners: ${owners}\n`;
  });
  // Only words that mean to a shell what they say are repeated.
  const isPlain = args.every((arg) => /^[\w@^./:=-]+$/.test(arg));
  const flags = isPlain ? args.map((arg) => ` ${arg}`).join('') : '';
  const rest = isPlain ? '' : '  # and the same flags';
  return visible(
    `${files(wanted)} to approve for ${wanted.targets.join(', ')}:\n${lines.join('')}to send an owner what they need to see: npx git-protect request${flags} -o request.json${rest}\n`,
  );
}

function files({ changes }: ApprovalRequest): string {
  return `${changes.length} file${changes.length === 1 ? '' : 's'}`;
}
