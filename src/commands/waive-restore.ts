import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { sign } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import {
  parseRestoreWaiver,
  type RestoreStatement,
  restoreFault,
  restoreNamespace,
  writeRestorePayload,
} from '../approvals/restore-waiver.ts';
import { armor } from '../approvals/ssh-signature.ts';
import { writeToken } from '../approvals/statement.ts';
import { givenBackup } from '../backups/given.ts';
import { environmentOf, type Place } from '../databases/place.ts';
import type { Repository } from '../git/repository.ts';
import { exitCode, Refused, UsageError } from '../model/index.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import { ask } from './ask.ts';
import type { Io } from './io.ts';
import { chooseKey } from './signer.ts';
import { lifetime } from './waiver-lifetime.ts';

/** What `approve --restore` was told. */
export interface RestoreWish {
  readonly restore: string;
  readonly to: string;
  readonly reason: string;
  readonly expires: string | undefined;
  readonly as: string | undefined;
  readonly key: string | undefined;
  readonly yes: boolean;
}

/** What the flags say. @throws UsageError when --restore and --to are not together and alone */
export function readRestore(
  values: {
    [name in 'restore' | 'to' | 'expires' | 'as' | 'key' | 'range' | 'landed' | 'up-to']?: string | undefined;
  } & {
    target?: string[] | undefined;
    staged?: boolean | undefined;
    yes?: boolean | undefined;
  },
  file: string | undefined,
  reason: string,
): RestoreWish {
  const { restore, to, expires, as, key } = values;
  if (restore === undefined || to === undefined)
    throw new UsageError(
      '--restore and --to belong together',
      'npx git-protect approve --restore BACKUP --to production --reason "…"',
    );
  if (file !== undefined || values.staged || values.range || values.landed || values.target || values['up-to'])
    throw new UsageError('it is for a backup; leave out FILE, --staged, --range, --landed, --up-to and --target');
  return { restore, to, reason, expires, as, key, yes: values.yes ?? false };
}

/** Signs that a backup may take the place of what an environment holds. @returns the exit code */
export async function waiveRestore(repository: Repository, io: Io, wish: RestoreWish): Promise<number> {
  const { policy } = await policyHere(repository);
  if (policy.project === null)
    throw new UsageError("the policy has no 'project:', so no waiver would count", 'npx git-protect init');
  const { disposable } = environmentOf({ policy }, wish.to);
  if (disposable) throw new UsageError(`${wish.to} is disposable, and needs no waiver`);
  const { topLevel, commonDir } = await repository.layout();
  const place = { ...io, policy, topLevel: topLevel ?? io.cwd, commonDir, tell: () => {} };
  const { sha256, said } = await backupOf(place, io, wish.restore);
  const { key, owner } = await chooseKey(repository, io, policy, wish);
  const issuedAt = new Date(Math.floor(io.now().getTime() / 1000) * 1000);
  const statement: RestoreStatement = {
    project: policy.project,
    environment: wish.to,
    sha256,
    approver: owner,
    reason: wish.reason,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + lifetime(wish.expires)),
    nonce: randomBytes(16).toString('hex'),
  };
  io.stderr.write(
    visible(
      `${said}\nmay take the place of all that ${wish.to} holds, once\nuntil ${statement.expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC, as ${owner}, with ${fingerprint(key.key)}, because: ${wish.reason}\n`,
    ),
  );
  if (!wish.yes && !(await ask(io, `Sign this as ${owner}? [y/N] `, false)))
    throw new Refused('not signed, nothing is written');
  const payload = writeRestorePayload(statement);
  const signature = await sign(repository, Buffer.from(payload), key, io.env, restoreNamespace);
  const content = Buffer.from(payload + armor(signature));
  const fault = restoreFault(parseRestoreWaiver(content), { policy, now: io.now(), environment: wish.to, sha256 });
  if (fault !== null) throw new UsageError(`the waiver would not count: ${fault}`);
  io.stdout.write(`${writeToken(content)}\n`);
  io.stderr.write(`use it with: npx git-protect db restore BACKUP --to ${wish.to} --waiver TOKEN\n`);
  return exitCode.pass;
}

/** By its id or file where it is here, else by the digest that a refused restore has told. */
async function backupOf(place: Place, io: Io, text: string): Promise<{ sha256: string; said: string }> {
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(text)?.[1];
  if (sha256 !== undefined) return { sha256, said: `the backup with sha256 ${sha256}, which is not looked at here,` };
  const { called, baseline, sha256: found } = await givenBackup(place, text, resolve(io.cwd, text), null);
  const rows = baseline.tables.reduce((sum, table) => sum + BigInt(table.rows), 0n);
  return {
    sha256: found,
    said: `${called} of ${baseline.database.name}, of ${baseline.at} (${baseline.tables.length} table${baseline.tables.length === 1 ? '' : 's'}, ${rows} rows, sha256 ${found})`,
  };
}
