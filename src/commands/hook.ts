import { resolve } from 'node:path';
import type { Keep } from '../git/environment.ts';
import type { Repository } from '../git/repository.ts';
import { indexSignature, remember } from '../judge/remembered.ts';
import { detectAgent, detectAgents } from '../machine/agent.ts';
import { exitCode, type Policy, type Report, UsageError } from '../model/index.ts';
import { policyCache } from '../policy/cache.ts';
import type { PolicyCache } from '../policy/load.ts';
import { readFormat } from '../report/index.ts';
import { messageChange } from '../sources/message.ts';
import { pushedChanges } from '../sources/pushed.ts';
import { type Sourced, stagedChange } from '../sources/staged.ts';
import { type Io, readInput } from './io.ts';
import { type Judging, runJudging } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { reportFlags } from './present.ts';
import { receive, receiveFlags } from './receive.ts';
import { transaction } from './transaction.ts';

export const usage = {
  words: 'pre-commit | commit-msg FILE | pre-push REMOTE URL | pre-receive | reference-transaction STATE',
  flags: { ...reportFlags, ...receiveFlags },
  example: 'npx git-protect hook pre-commit',
} as const satisfies Usage;

type Source = (repository: Repository, cache: PolicyCache) => Promise<Sourced>;

interface Hook {
  readonly keep: Keep;
  /** What Git hands over as arguments. */
  readonly words: number;
  source(words: readonly string[], io: Io): Promise<Source> | Source;
}

const hooks: Record<'pre-commit' | 'commit-msg' | 'pre-push', Hook> = {
  'pre-commit': { keep: 'index', words: 0, source: () => stagedChange },
  'commit-msg': {
    keep: 'index',
    words: 1,
    source([file], io) {
      if (!file) throw new UsageError('hook commit-msg needs the path of the message file', 'npx git-protect wire');
      // Git sets GIT_EDITOR to ':' when no editor runs. @see https://git-scm.com/docs/githooks#_pre_commit
      const editor = io.env['GIT_EDITOR'] !== ':';
      return (repository, cache) => messageChange(repository, resolve(io.cwd, file), editor, cache);
    },
  },
  'pre-push': {
    keep: 'location',
    words: 2,
    async source([remote, url], io) {
      if (!remote) throw new UsageError('hook pre-push needs the name of the remote', 'npx git-protect wire');
      const input = await readInput(io, 16 << 20);
      return (repository, cache) => pushedChanges(repository, input, { remote, url: url ?? remote }, cache);
    },
  },
};

/** `protect hook GATE …`: what the Git hooks call. */
export async function hook([gate, ...rest]: readonly string[], io: Io): Promise<number> {
  if (gate === 'pre-receive') return receive(rest, io);
  if (gate === 'reference-transaction') return transaction(rest, io);
  if (gate !== 'pre-commit' && gate !== 'commit-msg' && gate !== 'pre-push')
    throw new UsageError(`there is no hook '${gate ?? ''}'`, `protect hook ${usage.words}`);
  const { keep, words, source } = hooks[gate];
  const { values, positionals } = readOptions(rest, reportFlags, words);
  const from = await source(positionals, io);
  const how = { format: readFormat(values.format, io.env), output: values.output };
  let sourced: Sourced | undefined;
  return runJudging(io, {
    ...how,
    gate,
    keep,
    quiet: true,
    source: async (repository) => {
      const cache = policyCache(async () => (await repository.layout()).commonDir);
      sourced = await from(repository, cache);
      return sourced;
    },
    ...(gate === 'pre-commit' ? { mends: mendsAtCommit(io, () => sourced?.loaded?.policy) } : {}),
    after: async (repository, report) => {
      if (gate === 'commit-msg' && report.verdict === 'pass' && sourced?.loaded?.policy.actors?.trailer)
        await addTrailer(repository, io, resolve(io.cwd, positionals[0]!));
      if (gate === 'pre-commit' && sourced && report.verdict === 'pass') await rememberFor(io, repository, sourced);
      const deploys = Object.values(sourced?.loaded?.policy.deploy ?? {}).some(({ trigger }) => trigger === 'push');
      if (gate !== 'pre-push' || !sourced || !deploys) return exitCode.pass;
      const { judgeDeployOnPush } = await import('./deploy-on-push.ts');
      return judgeDeployOnPush(io, repository, sourced, positionals[0]!, how);
    },
  });
}

/** What can be done on the spot where nothing but approvals is missing: those signed before are used, then an owner is asked. */
function mendsAtCommit(io: Io, policy: () => Policy | undefined): NonNullable<Judging['mends']> {
  const where = async (report: Report) => {
    const { onlyApprovalsAreMissing } = await import('./ask-at-commit.ts');
    return onlyApprovalsAreMissing(report) ? policy() : undefined;
  };
  return [
    async (repository, report) => {
      const judgedBy = await where(report);
      if (judgedBy === undefined) return false;
      const { useSignedBefore } = await import('./signed-before.ts');
      return useSignedBefore(repository, io, judgedBy);
    },
    async (repository, report) => {
      const judgedBy = await where(report);
      if (judgedBy === undefined || detectAgent(io.env) !== null) return false;
      const { askAtCommit } = await import('./ask-at-commit.ts');
      return askAtCommit(repository, io, judgedBy);
    },
  ];
}

/** A commit that an AI agent makes says so. @see https://git-scm.com/docs/git-interpret-trailers */
async function addTrailer(repository: Repository, io: Io, file: string): Promise<void> {
  for (const { name } of detectAgents(io.env)) {
    const trailer = ['--if-exists', 'addIfDifferent', '--trailer', `Agent: ${name}`];
    await repository.run(['interpret-trailers', '--in-place', ...trailer, file]);
  }
}

/** So that commit-msg, which follows at once, need not judge the same index again. */
async function rememberFor(io: Io, repository: Repository, { free, loaded }: Sourced): Promise<void> {
  if (!free || !io.index || !loaded?.oid || loaded.bootstrap !== null) return;
  const { commit, branch } = await repository.head();
  // Another process, or a task, may have changed it meanwhile.
  if (commit === null || indexSignature(io.cwd, io.env) !== io.index) return;
  remember(await repository.layout(), { index: io.index, head: commit, branch, policy: loaded.oid });
}
