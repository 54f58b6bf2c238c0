import { basename, resolve } from 'node:path';
import { fingerprint } from '../approvals/public-key.ts';
import {
  type Approval,
  approvalName,
  approvalsFolder,
  limits,
  parseApproval,
  readToken,
} from '../approvals/statement.ts';
import { verifyStatement } from '../approvals/verify.ts';
import { showPath } from '../git/raw.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, type Policy, UsageError } from '../model/index.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import { addToTree, together } from './approval-file.ts';
import { readContent, readGiven } from './given.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'add TOKEN|FILE|- | list | verify [FILE…]',
  flags: {},
  example: 'npx git-protect approval add - < token.txt',
} as const satisfies Usage;

/** `protect approval add | list | verify`. */
export async function approval(args: readonly string[], io: Io): Promise<number> {
  const [verb, ...rest] = args;
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    if (verb === 'add') return await add(rest, io, repository);
    if (verb === 'list') return await list(rest, io, repository);
    if (verb === 'verify') return await verify(rest, io, repository);
    throw new UsageError(
      `there is no 'approval ${verb ?? ''}'`,
      'approval add TOKEN|FILE|- · approval list · approval verify [FILE…]',
    );
  } finally {
    repository.close();
  }
}

async function add(args: readonly string[], io: Io, repository: Repository): Promise<number> {
  const { positionals } = readOptions(args, usage.flags, 1);
  const given = positionals[0];
  if (given === undefined)
    throw new UsageError(
      'what is to be added is missing',
      'npx git-protect approval add TOKEN, a FILE, or - for standard input',
    );
  const content = await readContent(given, io, readToken);
  const parsed = parse(content, given.startsWith('pt1_') ? 'the token' : given);
  const policy = (await policyHere(repository)).policy;
  const fault = verifyStatement(parsed, policy, io.now());
  if (fault) throw new UsageError(`this approval would not count: ${fault.text}`, 'ask for a new one');
  await addToTree(repository, io, parsed.name, content, together);
  return exitCode.pass;
}

async function list(args: readonly string[], io: Io, repository: Repository): Promise<number> {
  readOptions(args, usage.flags, 0);
  const { policy } = await policyHere(repository);
  const held = await readTree(repository);
  if (held.length === 0) io.stderr.write('no approvals here\n');
  for (const { name, approval: one } of held)
    io.stdout.write(
      `${typeof one === 'string' ? visible(`${name}  ${one}`) : describe(one, name, policy, io.now())}\n`,
    );
  return exitCode.pass;
}

async function verify(args: readonly string[], io: Io, repository: Repository): Promise<number> {
  const { positionals } = readOptions(args, usage.flags, 1000);
  const { policy } = await policyHere(repository);
  const held: Held[] = [];
  for (const file of positionals) held.push({ name: file, approval: tryParse(await readGiven(resolve(io.cwd, file))) });
  if (positionals.length === 0) held.push(...(await readTree(repository)));
  let refused = false;
  for (const { name, approval: one } of held) {
    const fault = typeof one === 'string' ? one : verdictOn(one, name, positionals.length === 0, policy, io.now());
    refused ||= fault !== null;
    const good =
      typeof one === 'string'
        ? ''
        : `good: signed by ${one.statement.approver} with ${fingerprint({ blob: one.signature.keyBlob })}`;
    io.stdout.write(`${visible(basename(name))}: ${visible(fault ?? good)}\n`);
  }
  if (held.length === 0) io.stderr.write('no approvals here\n');
  return refused ? exitCode.refused : exitCode.pass;
}

/** An approval under the name it has, or what is wrong with the file. */
interface Held {
  readonly name: string;
  readonly approval: Approval | string;
}

/** What is wrong with an approval, or null. In the tree its name has to be the computed one. */
function verdictOn(one: Approval, name: string, inTree: boolean, policy: Policy, now: Date): string | null {
  const named = inTree || approvalName.test(basename(name));
  if (named && basename(name) !== one.name) return `must be called ${one.name}`;
  return verifyStatement(one, policy, now)?.text ?? null;
}

function describe({ statement }: Approval, name: string, policy: Policy, now: Date): string {
  const { expiresAt, upTo } = statement;
  const expired = expiresAt !== null && expiresAt <= now;
  const known = Object.hasOwn(policy.owners, statement.approver);
  const until = expiresAt?.toISOString().slice(0, 16).replace('T', ' ');
  const state = expiresAt === null ? 'does not expire' : expired ? `expired ${until}` : `until ${until}`;
  const paths =
    upTo === null ? statement.changes.map(({ path }) => showPath(path)).join(', ') : `up to ${upTo.slice(0, 12)}`;
  return visible(
    `${name}  ${statement.approver}${known ? '' : ' (no owner now)'}  ${statement.targets.join(',')}  ${state}  ${statement.reason}  [${paths}]`,
  );
}

/** The approvals in the index: what the next commit would hold. */
async function readTree(repository: Repository): Promise<Held[]> {
  const args = ['ls-files', '-z', '--cached', '--full-name', '--', approvalsFolder.slice(0, -1)];
  const { stdout } = await repository.run(args, await atTop(repository));
  const paths = stdout
    .toString('latin1')
    .split('\0')
    .filter((path) => path.startsWith(approvalsFolder));
  return Promise.all(
    paths.map(async (path) => {
      const blob = await repository.objects.read(`:${path}`, limits.file);
      return { name: path.slice(approvalsFolder.length), approval: tryParse(blob?.content ?? Buffer.alloc(0)) };
    }),
  );
}

/** ls-files takes paths from where it runs, so it runs at the top. */
async function atTop(repository: Repository): Promise<{ env: NodeJS.ProcessEnv; cwd?: string }> {
  const { topLevel } = await repository.layout();
  return topLevel === null ? { env: {} } : { env: {}, cwd: topLevel };
}

function parse(content: Buffer, name: string): Approval {
  const parsed = tryParse(content);
  if (typeof parsed === 'string') throw new UsageError(`${name} ${parsed}`);
  return parsed;
}

/** The approval, or in a few words why it is none. */
function tryParse(content: Buffer): Approval | string {
  try {
    return parseApproval(content);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return `is not an approval: ${error.message}`;
    throw error;
  }
}
