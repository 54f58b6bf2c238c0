import { readFile } from 'node:fs/promises';
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
import { remoteSide } from '../git/refs.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, type Policy, UsageError } from '../model.ts';
import { visible } from '../report/visible.ts';
import { findPolicy } from '../sources/policy.ts';
import { addToTree } from './approve.ts';
import { type Io, readAll } from './io.ts';
import { readOptions } from './options.ts';

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
  const { positionals } = readOptions(args, {}, 1);
  const given = positionals[0];
  if (given === undefined)
    throw new UsageError(
      'what is to be added is missing',
      'npx git-protect approval add TOKEN, a FILE, or - for standard input',
    );
  const content = await readContent(given, io);
  const parsed = parse(content, given.startsWith('pt1_') ? 'the token' : given);
  const policy = await readPolicy(repository);
  const fault = verifyStatement(parsed, policy, io.now());
  if (fault) throw new UsageError(`this approval would not count: ${fault.text}`, 'ask for a new one');
  await addToTree(repository, io, parsed.name, content);
  return exitCode.pass;
}

async function readContent(given: string, io: Io): Promise<Buffer> {
  const bytes = given.startsWith('pt1_')
    ? Buffer.from(given)
    : given === '-'
      ? await readAll(io.stdin, limits.file * 2)
      : await readGiven(resolve(io.cwd, given));
  const text = bytes.toString('latin1').trim();
  if (!text.startsWith('pt1_')) return bytes;
  try {
    return readToken(text);
  } catch (error) {
    throw new UsageError(`the token ${(error as Error).message}`, 'copy it again, from pt1_ to its end');
  }
}

async function list(args: readonly string[], io: Io, repository: Repository): Promise<number> {
  readOptions(args, {}, 0);
  const policy = await readPolicy(repository);
  const held = await readTree(repository);
  if (held.length === 0) io.stderr.write('no approvals here\n');
  for (const { approval: one, name } of held) io.stdout.write(`${describe(one, name, policy, io.now())}\n`);
  return exitCode.pass;
}

async function verify(args: readonly string[], io: Io, repository: Repository): Promise<number> {
  const { positionals } = readOptions(args, {}, 1000);
  const policy = await readPolicy(repository);
  const approvals: { approval: Approval; name: string }[] = [];
  for (const file of positionals)
    approvals.push({ approval: parse(await readGiven(resolve(io.cwd, file)), file), name: basename(file) });
  if (positionals.length === 0) approvals.push(...(await readTree(repository)));
  let refused = false;
  for (const { approval: one, name } of approvals) {
    const fault = verifyStatement(one, policy, io.now());
    const wrongName =
      approvalName.test(name) && name !== one.name ? `is called ${name}, its content says ${one.name}` : null;
    refused ||= fault !== null || wrongName !== null;
    const verdict =
      fault?.text ??
      wrongName ??
      `good: signed by ${one.statement.approver} with ${fingerprint({ blob: one.signature.keyBlob })}`;
    io.stdout.write(`${one.name}: ${visible(verdict)}\n`);
  }
  if (approvals.length === 0) io.stderr.write('no approvals here\n');
  return refused ? exitCode.refused : exitCode.pass;
}

function describe({ statement }: Approval, name: string, policy: Policy, now: Date): string {
  const expired = statement.expiresAt <= now;
  const known = Object.hasOwn(policy.owners, statement.approver);
  const until = statement.expiresAt.toISOString().slice(0, 16).replace('T', ' ');
  const state = expired ? `expired ${until}` : `until ${until}`;
  const paths = statement.changes.map(({ path }) => showPath(path)).join(', ');
  return visible(
    `${name}  ${statement.approver}${known ? '' : ' (no owner now)'}  ${statement.targets.join(',')}  ${state}  ${statement.reason}  [${paths}]`,
  );
}

/** The approvals in the index: what the next commit would hold. */
async function readTree(repository: Repository): Promise<{ approval: Approval; name: string }[]> {
  const { stdout } = await repository.run(
    ['ls-files', '-z', '--cached', '--full-name', '--', approvalsFolder.slice(0, -1)],
    await atTop(repository),
  );
  const names = stdout
    .toString('latin1')
    .split('\0')
    .filter((path) => path.startsWith(approvalsFolder));
  return Promise.all(
    names.map(async (path) => {
      const blob = await repository.objects.read(`:${path}`, limits.file);
      return { approval: parse(blob?.content ?? Buffer.alloc(0), path), name: path.slice(approvalsFolder.length) };
    }),
  );
}

/** ls-files takes paths from where it runs, so it runs at the top. */
async function atTop(repository: Repository): Promise<{ env: NodeJS.ProcessEnv; cwd?: string }> {
  const { topLevel } = await repository.layout();
  return topLevel === null ? { env: {} } : { env: {}, cwd: topLevel };
}

async function readPolicy(repository: Repository): Promise<Policy> {
  const { loaded } = await findPolicy(repository, await remoteSide(repository), {
    first: 'HEAD',
    results: async () => [],
    worktree: true,
  });
  if (!loaded) throw new UsageError('there is no policy here', 'npx git-protect init');
  return loaded.policy;
}

async function readGiven(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function parse(content: Buffer, name: string): Approval {
  try {
    return parseApproval(content);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError)
      throw new UsageError(`${name} is not an approval: ${error.message}`);
    throw error;
  }
}
