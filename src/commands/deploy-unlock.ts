import { sign } from '../approvals/keys.ts';
import { fingerprint } from '../approvals/public-key.ts';
import { journals, openJournal } from '../deploys/lock.ts';
import { type DeployPlace, lockOf } from '../deploys/place.ts';
import { detectAgent } from '../machine/agent.ts';
import { breakLock, ownerOf } from '../machine/lock.ts';
import { exitCode, Refused, UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import { ask } from './ask.ts';
import { withDeploy } from './deploy-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';
import { chooseKey } from './signer.ts';

/** What binds a signature to the opening of a lock. */
const unlockNamespace = 'git-protect.unlock.v1';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: {
    reason: { type: 'string', value: 'TEXT', means: 'why; it is written to the journal' },
    as: { type: 'string', value: 'OWNER', means: 'the owner who signs, if a run is still alive' },
    key: { type: 'string', value: 'FILE', means: 'the key to sign with' },
  },
  example: 'npx git-protect deploy unlock production --reason "the machine was rebooted, and orders work"',
} as const satisfies Usage;

/** `protect deploy unlock`: lets the next run begin. A run that lives is only passed over by an owner's signature. */
export async function deployUnlock(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const reason = values.reason?.trim();
  if (!reason) throw new UsageError('why? It is written into the journal', usage.example);
  return withDeploy(
    io,
    positionals[0],
    () => undefined,
    async (place) => {
      const lock = lockOf(place);
      const owner = await ownerOf(lock);
      const signed = owner === null ? null : await signedFor(place, io, { ...values, reason, pid: owner.pid });
      const open = openJournal(journals(place));
      await breakLock(lock);
      open?.add('unlocked', { reason, signed });
      const what =
        open === null ? 'nothing stood open' : `the ${open.begun.kind} of ${open.begun.commit.slice(0, 12)} is closed`;
      io.stdout.write(visible(`${place.name} is free: ${what}\n`));
      return exitCode.pass;
    },
  );
}

interface Wish {
  readonly reason: string;
  readonly pid: number;
  readonly as?: string | undefined;
  readonly key?: string | undefined;
}

/** @throws Refused under an agent, or when the owner does not sign */
async function signedFor(place: DeployPlace, io: Io, { reason, pid, ...flags }: Wish): Promise<string> {
  const agent = detectAgent(io.env);
  if (agent !== null)
    throw new Refused(
      `${place.name} is being changed by process ${pid}, and ${agent} cannot pass over it`,
      'wait for it',
    );
  const { key, owner } = await chooseKey(place.repository, io, place.policy, flags);
  io.stderr.write(visible(`process ${pid} still changes ${place.name}: stop it first, or both will\n`));
  if (!(await ask(io, `Sign as ${owner}, with ${fingerprint(key.key)}, that it is passed over? [y/N] `, false)))
    throw new Refused('not signed, and nothing is unlocked');
  const statement = {
    version: 1,
    project: place.policy.project,
    environment: place.name,
    pid,
    reason,
    owner,
    at: io.now().toISOString(),
  };
  const payload = Buffer.from(`${JSON.stringify(statement)}\n`);
  const signature = await sign(place.repository, payload, key, io.env, unlockNamespace);
  return `${payload.toString('base64')}.${signature.toString('base64')}`;
}
