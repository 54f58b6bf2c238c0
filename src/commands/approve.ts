import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ApprovalRequest, maxRequest, parseRequest } from '../approvals/request.ts';
import { line, writeToken } from '../approvals/statement.ts';
import { formProblems, parseSubject } from '../checks/commit-message.ts';
import { runAsTyped } from '../git/process.ts';
import { Repository } from '../git/repository.ts';
import { detectAgent } from '../machine/agent.ts';
import { exitCode, type Policy, Refused, UsageError } from '../model/index.ts';
import { writtenSubject } from '../readers/messages.ts';
import { policyHere } from '../sources/policy.ts';
import { addToTree, alone, together } from './approval-file.ts';
import { ask, isInteractive } from './ask.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';
import { describeSigning, isCritical, makeStatement, signRequest } from './sign-request.ts';
import { chooseKey } from './signer.ts';
import type { WordWish } from './up-to.ts';
import type { WaiverWish } from './waive.ts';
import { findWanted, sayNothingWanted, whereFlags } from './wanted.ts';

export const usage = {
  words: '[FILE]',
  flags: {
    ...whereFlags,
    landed: {
      type: 'string',
      value: 'REV|A..B',
      means: 'approve afterwards what landed with the commit REV, or from A to B',
    },
    'up-to': {
      type: 'string',
      value: 'REV',
      means: 'vouch for all that has landed up to REV: it is not judged again',
    },
    reason: { type: 'string', value: 'TEXT', means: 'why the change is right; required' },
    as: { type: 'string', value: 'NAME', means: 'the owner who signs; default: the first whose key is here' },
    key: { type: 'string', value: 'FILE', means: 'the SSH key to sign with; default: user.signingkey, then ~/.ssh' },
    expires: { type: 'string', value: '7d', means: 'how long it can land; default and maximum: approvals.lifetime' },
    deploy: {
      type: 'string',
      value: 'ENV',
      means: 'for the deploy of HEAD there: what --waive or --tick names',
    },
    waive: {
      type: 'string',
      multiple: true,
      value: 'CHECK',
      means: 'with --deploy: a check to waive (may repeat)',
    },
    tick: {
      type: 'string',
      multiple: true,
      value: 'ITEM',
      means: 'with --deploy: an item of its checklist that is done (may repeat)',
    },
    restore: {
      type: 'string',
      value: 'BACKUP',
      means: 'with --to: this backup may be restored there, once: its id, its file, or sha256:…',
    },
    to: { type: 'string', value: 'ENV', means: 'with --restore: the database that it replaces' },
    commit: { type: 'string', value: 'MESSAGE', means: 'commit it at once, with what is staged, with this message' },
    print: { type: 'boolean', means: 'print it as a token instead of writing and staging it' },
    yes: { type: 'boolean', short: 'y', means: 'do not ask; required without a terminal' },
  },
  example: 'npx git-protect approve --staged --reason "raise the webhook timeout"',
} as const satisfies Usage;

/** `protect approve`: shows a change, asks, and signs it as an owner. */
export async function approve(args: readonly string[], io: Io): Promise<number> {
  const agent = detectAgent(io.env);
  if (agent !== null)
    throw new Refused(
      `an approval is a person's word, and this runs under ${agent}`,
      'an owner runs this command in a terminal of their own',
    );
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const file = positionals[0];
  if (file !== undefined && (values.staged || values.range !== undefined || values.landed !== undefined))
    throw new UsageError('a request FILE says itself what it is for; leave out --staged, --range and --landed');
  if (values.commit !== undefined && (file !== undefined || values.print || values.deploy || values.restore))
    throw new UsageError('--commit commits what is written here; leave out FILE, --print, --deploy and --restore');
  const reason = readReason(values.reason);
  const interactive = isInteractive(io);
  if (!values.yes && !interactive)
    throw new UsageError('there is no terminal to ask on', 'add --yes once you have read the change');
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    if (values.deploy !== undefined || values.waive !== undefined || values.tick !== undefined) {
      const { waive } = await import('./waive.ts');
      return await waive(repository, io, readWish(values, file, reason));
    }
    if (values.restore !== undefined || values.to !== undefined) {
      const { readRestore, waiveRestore } = await import('./waive-restore.ts');
      return await waiveRestore(repository, io, readRestore(values, file, reason));
    }
    if (values['up-to'] !== undefined) {
      const { standBy } = await import('./up-to.ts');
      const code = await standBy(repository, io, readWord(values, file, reason));
      return values.commit === undefined ? code : await commit(values.commit, io);
    }
    const wanted = file === undefined ? await findWanted(repository, io, values, values.target ?? []) : null;
    const policy = wanted?.policy ?? (await policyHere(repository)).policy;
    const request = wanted?.request ?? (await readRequest(resolve(io.cwd, file ?? ''), policy, values.target ?? []));
    if (request.changes.length === 0) {
      await sayNothingWanted(repository, io, policy);
      return exitCode.pass;
    }
    if (values.commit !== undefined) refuseMessage(values.commit, policy, request);
    const { key, owner } = await chooseKey(repository, io, policy, values);
    const statement = makeStatement(request, policy, owner, reason, values.expires, io.now());
    io.stderr.write(await describeSigning(repository, request, statement, key));
    if (!values.yes && !(await ask(io, `Sign this as ${owner}? [y/N] `, false)))
      throw new Refused('not signed, nothing is written');
    const { name, content } = await signRequest(repository, statement, key, policy, io);
    const asCritical = isCritical(policy, request)
      ? `; its subject starts with '${policy.commits.criticalType}: '`
      : '';
    const isCommitted = values.range !== undefined || values.landed !== undefined;
    if (file !== undefined || values.print) {
      io.stdout.write(`${writeToken(content)}\n`);
      io.stderr.write('send this line back; there: npx git-protect approval add TOKEN\n');
      return exitCode.pass;
    }
    if (values.commit !== undefined) {
      await addToTree(repository, io, name, content, 'it is committed now');
      return await commit(values.commit, io);
    }
    await addToTree(repository, io, name, content, isCommitted ? alone : together + asCritical);
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** What commit-msg would refuse is refused before anything is signed. */
function refuseMessage(message: string, policy: Policy, request: ApprovalRequest): void {
  const subject = writtenSubject(message);
  const header = parseSubject(subject, policy.commits);
  const { criticalType } = policy.commits;
  const found =
    isCritical(policy, request) && header?.type !== criticalType
      ? `what is staged is critical, so the subject starts with '${criticalType}: '`
      : formProblems(subject, header, policy)[0];
  if (found !== undefined) throw new Refused(`${found}; nothing is signed`, 'write --commit "MESSAGE" that way');
}

/** Commits what is staged as the person would, hooks and all. @returns the exit code */
async function commit(message: string, io: Io): Promise<number> {
  if ((await runAsTyped(['commit', '-m', message], io.cwd, io.env)) === 0) return exitCode.pass;
  throw new Refused('git commit did not go through; the approval is staged', 'fix what it says, then git commit');
}

/** @throws UsageError when --deploy and one of --waive and --tick are not together and alone */
function readWish(
  values: {
    [name in 'deploy' | 'expires' | 'as' | 'key' | 'range' | 'landed']?: string | undefined;
  } & {
    waive?: string[] | undefined;
    tick?: string[] | undefined;
    target?: string[] | undefined;
    staged?: boolean | undefined;
    yes?: boolean | undefined;
  },
  file: string | undefined,
  reason: string,
): WaiverWish {
  const { deploy, waive = [], tick = [], expires, as, key } = values;
  if (waive.length > 0 && tick.length > 0)
    throw new UsageError('a waiver and a tick are signed one by one', 'leave out --waive or --tick');
  if (deploy === undefined || waive.length + tick.length === 0)
    throw new UsageError(
      `--deploy and ${tick.length > 0 ? '--tick' : '--waive'} belong together`,
      tick.length > 0
        ? 'npx git-protect approve --deploy production --tick ITEM --reason "…"'
        : 'npx git-protect approve --deploy production --waive deploy-window --reason "…"',
    );
  if (file !== undefined || values.staged || values.range || values.landed || values.target)
    throw new UsageError('it is for the commit at HEAD; leave out FILE, --staged, --range, --landed and --target');
  return { deploy, waive, tick, reason, expires, as, key, yes: values.yes ?? false };
}

/** @throws UsageError when --up-to is not alone */
function readWord(
  values: { [name in 'up-to' | 'as' | 'key' | 'range' | 'landed' | 'expires']?: string | undefined } & {
    target?: string[] | undefined;
    staged?: boolean | undefined;
    print?: boolean | undefined;
    yes?: boolean | undefined;
  },
  file: string | undefined,
  reason: string,
): WordWish {
  if (file !== undefined || values.staged || values.range || values.landed || values.expires || values.print)
    throw new UsageError(
      '--up-to stands for all that has landed up to a commit; leave out FILE, --staged, --range, --landed, --expires and --print',
    );
  const { as, key, target = [] } = values;
  return { upTo: values['up-to']!, reason, as, key, targets: target, yes: values.yes ?? false };
}

function readReason(reason: string | undefined): string {
  if (!reason || !/[\p{L}\p{N}]/u.test(reason))
    throw new UsageError(
      reason === '…' ? 'the reason is still "…", and an approval says why' : 'an approval says why',
      'add --reason "raise the webhook timeout"',
    );
  try {
    return line(reason, 'the reason');
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function readRequest(file: string, policy: Policy, targets: readonly string[]): Promise<ApprovalRequest> {
  let request: ApprovalRequest;
  try {
    const bytes = await readFile(file);
    if (bytes.length > maxRequest) throw new RangeError(`is larger than ${maxRequest} bytes`);
    request = parseRequest(bytes);
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`, 'npx git-protect request -o FILE writes one');
  }
  if (request.project !== policy.project)
    throw new UsageError(
      `${file} is for another project`,
      'run this in a clone of the repository that the request comes from',
    );
  return targets.length > 0 ? { ...request, targets } : request;
}
