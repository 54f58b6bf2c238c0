import { randomBytes } from 'node:crypto';
import { renderStep } from '../approvals/diff.ts';
import { type LocalKey, sign } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import { type ApprovalRequest, signedSteps } from '../approvals/request.ts';
import { limits, type Statement, writeApproval, writePayload } from '../approvals/statement.ts';
import type { Repository } from '../git/repository.ts';
import { type Policy, UsageError } from '../model/index.ts';
import { compileRules } from '../rules/rules.ts';
import { parseDuration } from '../words/duration.ts';
import { visible } from '../words/visible.ts';
import { refuseUncounted } from './approval-file.ts';
import type { Io } from './io.ts';

/**
 * What an owner signs for a request.
 * @param expires a duration; undefined: as long as the policy lets it
 * @throws UsageError when it would be valid for too long, or covers too much
 */
export function makeStatement(
  request: ApprovalRequest,
  policy: Policy,
  owner: string,
  reason: string,
  expires: string | undefined,
  now: Date,
): Statement {
  const life = expires === undefined ? policy.approvals.lifetime : parseDuration(expires);
  if (life === null) throw new UsageError(`--expires is '${expires}', expected a duration such as 2h or 7d`);
  if (life > policy.approvals.lifetime)
    throw new UsageError(
      `--expires is longer than the policy's approvals.lifetime`,
      `at most ${policy.approvals.lifetime / 36e5} hours`,
    );
  if (request.changes.length > limits.steps)
    throw new UsageError(
      `an approval covers at most ${limits.steps} files, these are ${request.changes.length}`,
      'approve them in parts',
    );
  const issuedAt = new Date(Math.floor(now.getTime() / 1000) * 1000);
  return {
    project: request.project,
    targets: request.targets,
    approver: owner,
    reason,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + life),
    nonce: randomBytes(16).toString('hex'),
    changes: signedSteps(request),
    upTo: null,
  };
}

/** The diff of what is to be signed, and by whom, why and for how long. */
export async function describeSigning(
  repository: Repository,
  request: ApprovalRequest,
  { targets, expiresAt, approver, reason }: Statement,
  key: LocalKey,
): Promise<string> {
  const diffs: string[] = [];
  for (const step of request.changes) diffs.push(`${await renderStep(repository, step, request.contents)}\n`);
  const n = request.changes.length;
  const until = expiresAt?.toISOString().slice(0, 16).replace('T', ' ');
  return (
    diffs.join('') +
    `${n} file${n === 1 ? '' : 's'}, to land on ${visible(targets.join(', '))}, until ${until} UTC\n` +
    `as ${approver}, with ${fingerprint(key.key)}${reason === '' ? '' : `, because: ${visible(reason)}`}\n`
  );
}

/** Signs it. @returns the approval's file @throws UsageError where it would not count; Undecided when it is not signed */
export async function signRequest(
  repository: Repository,
  statement: Statement,
  key: LocalKey,
  policy: Policy,
  io: Io,
): Promise<{ name: string; content: Buffer }> {
  const payload = writePayload(statement);
  const signature = await sign(repository, Buffer.from(payload), key, io.env);
  const approval = writeApproval(payload, statement, signature);
  refuseUncounted(approval.content, policy, io.now());
  return approval;
}

/** Does the commit that carries these steps have to say that it is critical? */
export function isCritical(policy: Policy, { changes }: ApprovalRequest): boolean {
  const guards = compileRules(policy);
  return changes.some(({ path }) => guards(path).some(({ rule, builtIn }) => !builtIn && rule.risk === 'critical'));
}
