import { randomBytes } from 'node:crypto';
import { sign } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import { armor } from '../approvals/ssh-signature.ts';
import { writeToken } from '../approvals/statement.ts';
import {
  parseTick,
  parseWaiver,
  type TickStatement,
  tickFault,
  tickNamespace,
  type WaiverStatement,
  waiverFault,
  waiverNamespace,
  writeWaiverPayload,
} from '../approvals/waiver.ts';
import { checks } from '../checks/index.ts';
import type { Repository } from '../git/repository.ts';
import { type ChecklistItem, exitCode, type Policy, Refused, UsageError } from '../model/index.ts';
import { chooseEnvironment } from '../sources/deploy.ts';
import { policyHere } from '../sources/policy.ts';
import { nearest } from '../words/nearest.ts';
import { visible } from '../words/visible.ts';
import { ask } from './ask.ts';
import type { Io } from './io.ts';
import { chooseKey } from './signer.ts';
import { lifetime } from './waiver-lifetime.ts';
import { isWaivable, saveWaivers } from './waivers.ts';

/** What `approve --deploy` was told; one of the two lists holds something. */
export interface WaiverWish {
  readonly deploy: string;
  readonly waive: readonly string[];
  readonly tick: readonly string[];
  readonly reason: string;
  readonly expires: string | undefined;
  readonly as: string | undefined;
  readonly key: string | undefined;
  readonly yes: boolean;
}

type Common = Omit<WaiverStatement, 'checks' | 'approver' | 'reason' | 'issuedAt' | 'expiresAt' | 'nonce'>;
type Signing = Omit<WaiverStatement, keyof Common | 'checks'>;

/**
 * Signs for the commit at HEAD and one environment: that checks may refuse it and be passed over, or that items of the
 * checklist are done.
 * @returns the exit code
 */
export async function waive(repository: Repository, io: Io, wish: WaiverWish): Promise<number> {
  const { policy } = await policyHere(repository);
  const isTick = wish.tick.length > 0;
  if (policy.project === null)
    throw new UsageError(
      `the policy has no 'project:', so no ${isTick ? 'tick' : 'waiver'} would count`,
      'npx git-protect init',
    );
  const { name, environment } = chooseEnvironment(policy, wish.deploy);
  const ids = [...new Set((isTick ? wish.tick : wish.waive).flatMap((written) => written.split(',')))].filter(
    (id) => id !== '',
  );
  const said = isTick ? ticked(ids, environment.checklist) : waived(ids, policy);
  const commit = await repository.revision('HEAD');
  const { key, owner } = await chooseKey(repository, io, policy, wish);
  const issuedAt = new Date(Math.floor(io.now().getTime() / 1000) * 1000);
  const common: Common = { project: policy.project, environment: name!, commit };
  const signing: Signing = {
    approver: owner,
    reason: wish.reason,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + lifetime(wish.expires)),
    nonce: randomBytes(16).toString('hex'),
  };
  const subject = await repository.text(['log', '-1', '--format=%s', commit]);
  io.stderr.write(
    visible(
      `commit ${commit.slice(0, 12)} ${subject}\n${said.replace('ENV', name!)}\n` +
        `until ${signing.expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC, as ${owner}, with ${fingerprint(key.key)}, because: ${wish.reason}\n`,
    ),
  );
  if (!wish.yes && !(await ask(io, `Sign this as ${owner}? [y/N] `, false)))
    throw new Refused('not signed, nothing is written');
  const statement: WaiverStatement | TickStatement = isTick
    ? { ...common, ticks: ids, ...signing }
    : { ...common, checks: ids, ...signing };
  const payload = writeWaiverPayload(statement);
  const namespace = isTick ? tickNamespace : waiverNamespace;
  const content = Buffer.from(payload + armor(await sign(repository, Buffer.from(payload), key, io.env, namespace)));
  const deploy = { policy, now: io.now(), environment: name!, commit };
  const fault = isTick
    ? tickFault(parseTick(content), deploy)
    : waiverFault(parseWaiver(content), deploy, isWaivable(policy));
  if (fault !== null) throw new UsageError(`the ${isTick ? 'tick' : 'waiver'} would not count: ${fault}`);
  if (isTick) await saveWaivers(repository, [parseTick(content)]);
  io.stdout.write(`${writeToken(content)}\n`);
  const use = `npx git-protect predeploy ${name} --waiver TOKEN`;
  io.stderr.write(isTick ? `it counts in this clone; elsewhere: ${use}\n` : `use it with: ${use}\n`);
  return exitCode.pass;
}

/** What is signed, in words. @throws UsageError for a check that cannot be waived */
function waived(ids: readonly string[], policy: Policy): string {
  const isOpen = isWaivable(policy);
  for (const id of ids) if (!isOpen(id)) throw new UsageError(cannotWaive(id), open(isOpen));
  return `may be deployed to ENV although it is refused by: ${ids.join(', ')}`;
}

/** The same of ticks. @throws UsageError for an item that the checklist has not */
function ticked(ids: readonly string[], items: readonly ChecklistItem[]): string {
  const lines = ids.map((id) => {
    const item = items.find((each) => each.id === id);
    if (item) return `  ${id}: ${item.text}`;
    const names = items.map((each) => each.id);
    const meant = nearest(id, names);
    throw new UsageError(
      `the checklist has no item '${id}'${meant ? `; did you mean '${meant}'?` : ''}`,
      names.length > 0 ? `its items: ${names.join(', ')}` : 'add it under deploy: checklist: in the policy',
    );
  });
  return ['is ready for ENV in this:', ...lines].join('\n');
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
