import type { LocalKey } from '../approvals/keys.ts';
import { line } from '../approvals/statement.ts';
import { checks } from '../checks/index.ts';
import type { Repository } from '../git/repository.ts';
import { openTerminal, type Terminal } from '../machine/terminal.ts';
import { type Policy, type Report, UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { addToTree } from './approval-file.ts';
import { ask, askText } from './ask.ts';
import type { Io } from './io.ts';
import { describeSigning, isCritical, makeStatement, signRequest } from './sign-request.ts';
import { chooseKey } from './signer.ts';
import { findWanted, type Wanted } from './wanted.ts';

/** Milliseconds until whoever does not answer is taken not to be there. */
const patience = 60_000;

/**
 * In pre-commit, where nothing but an owner's approval is missing and that owner sits at the terminal: shows the change,
 * asks, signs, and puts the approval into the commit in the making.
 * @returns whether it was signed, so that the commit has to be judged again
 */
export async function askAtCommit(repository: Repository, io: Io, policy: Policy): Promise<boolean> {
  if (!policy.approvals.ask) return false;
  const signer = await signerHere(repository, io, policy);
  if (signer === null) return false;
  const wanted = await findWanted(repository, io, { staged: true }, []);
  if (wanted.request.changes.length === 0 || !(await wanted.isEnough(signer.owner))) return false;
  const terminal = await openTerminal(io.stderr.isTTY === true, io.cwd, io.env);
  if (terminal === null) return false;
  try {
    return await askOn(terminal, repository, io, wanted, signer);
  } finally {
    terminal.close();
  }
}

/** Is every refusal one of a check that an approval can satisfy, and nothing left unjudged? */
export function onlyApprovalsAreMissing({ outcomes }: Report): boolean {
  const approvable = new Set(checks.filter((check) => check.approvable !== undefined).map(({ id }) => id));
  return outcomes.every(({ check, status }) => status !== 'errored' && (status !== 'failed' || approvable.has(check)));
}

interface Signer {
  readonly key: LocalKey;
  readonly owner: string;
}

async function signerHere(repository: Repository, io: Io, policy: Policy): Promise<Signer | null> {
  try {
    return await chooseKey(repository, io, policy, {});
  } catch (error) {
    if (error instanceof UsageError) return null; // No owner's key is here: the report says whom to ask.
    throw error;
  }
}

async function askOn(
  { input, output }: Terminal,
  repository: Repository,
  io: Io,
  { policy, request }: Wanted,
  { key, owner }: Signer,
): Promise<boolean> {
  const there = (): Io => {
    const signal = AbortSignal.any([io.signal, AbortSignal.timeout(patience)]);
    return { ...io, stdin: input, stdout: output, stderr: output, signal };
  };
  const unsigned = makeStatement(request, policy, owner, '', undefined, io.now());
  output.write('protect: this commit needs your approval\n');
  output.write(await describeSigning(repository, request, unsigned, key));
  if (isCritical(policy, request))
    output.write(`this is critical: the subject of the commit starts with '${policy.commits.criticalType}: '\n`);
  if (!(await ask(there(), `Approve as ${owner}? [y/N] `, false))) return false;
  const reason = await readReason(there(), output);
  if (reason === null) return false;
  const statement = makeStatement(request, policy, owner, reason, undefined, io.now());
  const { name, content } = await signRequest(repository, statement, key, policy, io);
  await addToTree(repository, { ...io, stderr: output }, name, content, 'it goes into this commit');
  return true;
}

/** @returns null where none is given */
async function readReason(io: Io, output: Terminal['output']): Promise<string | null> {
  const typed = await askText(io, 'Why is it right? ');
  if (typed === null || !/[\p{L}\p{N}]/u.test(typed)) {
    output.write('an approval says why, so nothing is signed\n');
    return null;
  }
  try {
    return line(typed, 'the reason');
  } catch (error) {
    output.write(`${visible((error as Error).message)}, so nothing is signed\n`);
    return null;
  }
}
