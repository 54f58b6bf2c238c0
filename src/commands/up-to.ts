import { randomBytes } from 'node:crypto';
import { sign } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import { type Statement, writeApproval, writePayload } from '../approvals/statement.ts';
import type { Repository } from '../git/repository.ts';
import { exitCode, Refused, UsageError } from '../model/index.ts';
import { branchChange } from '../sources/branch.ts';
import { visible } from '../words/visible.ts';
import { addToTree, alone, refuseUncounted } from './approval-file.ts';
import { ask } from './ask.ts';
import type { Io } from './io.ts';
import { chooseKey } from './signer.ts';

/** What `approve --up-to` was told. */
export interface WordWish {
  readonly upTo: string;
  readonly reason: string;
  readonly as: string | undefined;
  readonly key: string | undefined;
  readonly targets: readonly string[];
  readonly yes: boolean;
}

/**
 * Signs a word on history: an owner stands by all that has landed up to a commit.
 * @returns the exit code
 */
export async function standBy(repository: Repository, io: Io, wish: WordWish): Promise<number> {
  const sourced = await branchChange(repository, { kind: 'branch' });
  const policy = sourced.loaded?.policy;
  if (!policy) throw new UsageError('there is no policy here', 'npx git-protect init');
  if (policy.project === null)
    throw new UsageError("the policy has no 'project:', so no approval would count", 'npx git-protect init');
  const upTo = await repository.revision(wish.upTo);
  const line = (await repository.text(['rev-list', '--first-parent', 'HEAD'])).split('\n');
  const place = line.indexOf(upTo);
  if (place < 0)
    throw new UsageError(
      `${wish.upTo} is not a commit of this branch itself`,
      'git log --first-parent --oneline  # name one of these',
    );
  const target = sourced.changes[0]?.target ?? sourced.standard;
  const targets = wish.targets.length > 0 ? wish.targets : target === null || target === undefined ? [] : [target];
  if (targets.length === 0) throw new UsageError('which branch this is for is unknown', 'name it with --target BRANCH');
  const { key, owner } = await chooseKey(repository, io, policy, wish);
  const statement: Statement = {
    project: policy.project,
    targets,
    approver: owner,
    reason: wish.reason,
    issuedAt: new Date(Math.floor(io.now().getTime() / 1000) * 1000),
    expiresAt: null,
    nonce: randomBytes(16).toString('hex'),
    changes: [],
    upTo,
  };
  const subject = await repository.text(['log', '-1', '--format=%s', upTo]);
  const steps = line.length - place;
  io.stderr.write(
    visible(
      `up to ${upTo.slice(0, 12)} ${subject}: the ${steps === 1 ? 'commit' : `${steps} steps`} of ${targets.join(', ')} up to there will not be judged again\n` +
        `as ${owner}, with ${fingerprint(key.key)}, because: ${wish.reason}\n`,
    ),
  );
  if (!wish.yes && !(await ask(io, `Stand by all of it as ${owner}? [y/N] `, false)))
    throw new Refused('not signed, nothing is written');
  const payload = writePayload(statement);
  const signature = await sign(repository, Buffer.from(payload), key, io.env);
  const { name, content } = writeApproval(payload, statement, signature);
  refuseUncounted(content, policy, io.now());
  await addToTree(repository, io, name, content, alone);
  return exitCode.pass;
}
