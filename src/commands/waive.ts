import { randomBytes } from 'node:crypto';
import { sign } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import { armor } from '../approvals/ssh-signature.ts';
import { writeToken } from '../approvals/statement.ts';
import {
  parseWaiver,
  type WaiverStatement,
  waiverFault,
  waiverLifetime,
  waiverNamespace,
  writeWaiverPayload,
} from '../approvals/waiver.ts';
import { checks } from '../checks/index.ts';
import type { Repository } from '../git/repository.ts';
import { exitCode, Refused, UsageError } from '../model/index.ts';
import { parseDuration } from '../policy/parse.ts';
import { chooseEnvironment } from '../sources/deploy.ts';
import { policyHere } from '../sources/policy.ts';
import { nearest } from '../words/nearest.ts';
import { visible } from '../words/visible.ts';
import { ask } from './ask.ts';
import type { Io } from './io.ts';
import { chooseKey } from './signer.ts';
import { isWaivable } from './waivers.ts';

/** What `approve --deploy` was told. */
export interface WaiverWish {
  readonly deploy: string;
  readonly waive: readonly string[];
  readonly reason: string;
  readonly expires: string | undefined;
  readonly as: string | undefined;
  readonly key: string | undefined;
  readonly yes: boolean;
}

/**
 * Signs that checks of the commit at HEAD may refuse its deploy to one environment and be passed over.
 * @returns the exit code
 */
export async function waive(repository: Repository, io: Io, wish: WaiverWish): Promise<number> {
  const { policy } = await policyHere(repository);
  if (policy.project === null)
    throw new UsageError("the policy has no 'project:', so no waiver would count", 'npx git-protect init');
  const { name } = chooseEnvironment(policy, wish.deploy);
  const isOpen = isWaivable(policy);
  const ids = [...new Set(wish.waive.flatMap((written) => written.split(',')).filter((id) => id !== ''))];
  for (const id of ids) if (!isOpen(id)) throw new UsageError(cannotWaive(id), open(isOpen));
  const commit = await repository.revision('HEAD');
  const { key, owner } = await chooseKey(repository, io, policy, wish);
  const issuedAt = new Date(Math.floor(io.now().getTime() / 1000) * 1000);
  const statement: WaiverStatement = {
    project: policy.project,
    environment: name!,
    commit,
    checks: ids,
    approver: owner,
    reason: wish.reason,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + lifetime(wish.expires)),
    nonce: randomBytes(16).toString('hex'),
  };
  const subject = await repository.text(['log', '-1', '--format=%s', commit]);
  io.stderr.write(
    visible(
      `commit ${commit.slice(0, 12)} ${subject}\nmay be deployed to ${name} although it is refused by: ${ids.join(', ')}\n` +
        `until ${statement.expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC, as ${owner}, with ${fingerprint(key.key)}, because: ${wish.reason}\n`,
    ),
  );
  if (!wish.yes && !(await ask(io, `Sign this as ${owner}? [y/N] `, false)))
    throw new Refused('not signed, nothing is written');
  const payload = writeWaiverPayload(statement);
  const signature = await sign(repository, Buffer.from(payload), key, io.env, waiverNamespace);
  const content = Buffer.from(payload + armor(signature));
  const fault = waiverFault(parseWaiver(content), { policy, now: io.now(), environment: name!, commit }, isOpen);
  if (fault !== null) throw new UsageError(`the waiver would not count: ${fault}`);
  io.stdout.write(`${writeToken(content)}\n`);
  io.stderr.write(`use it with: npx git-protect predeploy ${name} --waiver TOKEN\n`);
  return exitCode.pass;
}

function cannotWaive(id: string): string {
  const ids = checks.map((check) => check.id);
  if (ids.includes(id)) return `${id} cannot be waived`;
  const meant = nearest(id, ids);
  return `there is no check '${id}'${meant ? `; did you mean '${meant}'?` : ''}`;
}

function open(isOpen: (id: string) => boolean): string {
  return `what can be waived: ${checks
    .map(({ id }) => id)
    .filter(isOpen)
    .join(', ')}`;
}

/** In milliseconds. @throws UsageError when it is no duration, or too long */
function lifetime(expires: string | undefined): number {
  const life = expires === undefined ? waiverLifetime.standard : parseDuration(expires);
  if (life === null) throw new UsageError(`--expires is '${expires}', expected a duration such as 2h`);
  if (life > waiverLifetime.longest) throw new UsageError('a waiver holds for 24 hours at most', '--expires 24h');
  return life;
}
