import { resolve } from 'node:path';
import { UsageError } from '../model.ts';
import { policyCache } from '../policy/cache.ts';
import { messageChange } from '../sources/message.ts';
import { pushedChanges } from '../sources/pushed.ts';
import { stagedChange } from '../sources/staged.ts';
import { type Io, readAll } from './io.ts';
import { runJudging } from './judging.ts';

/** `protect hook GATE …`: what the Git hooks call. */
export async function hook(args: readonly string[], io: Io): Promise<number> {
  const [gate, ...rest] = args;
  switch (gate) {
    case 'pre-commit':
      return runJudging(io, {
        gate,
        keep: 'index',
        quiet: true,
        source: (repository) =>
          stagedChange(
            repository,
            policyCache(async () => (await repository.layout()).commonDir),
          ),
      });
    case 'commit-msg': {
      const file = rest[0];
      if (!file) throw new UsageError('hook commit-msg needs the path of the message file', 'npx git-protect wire');
      return runJudging(io, {
        gate,
        keep: 'index',
        quiet: true,
        // Git sets GIT_EDITOR to ':' when no editor runs. @see https://git-scm.com/docs/githooks#_pre_commit
        source: (repository) =>
          messageChange(
            repository,
            resolve(io.cwd, file),
            io.env['GIT_EDITOR'] !== ':',
            policyCache(async () => (await repository.layout()).commonDir),
          ),
      });
    }
    case 'pre-push': {
      const remote = rest[0];
      if (!remote) throw new UsageError('hook pre-push needs the name of the remote', 'npx git-protect wire');
      const input = await readAll(io.stdin, 16 << 20);
      return runJudging(io, {
        gate,
        keep: 'nothing',
        quiet: true,
        source: (repository) =>
          pushedChanges(
            repository,
            input,
            remote,
            policyCache(async () => (await repository.layout()).commonDir),
          ),
      });
    }
    default:
      throw new UsageError(
        `there is no hook '${gate ?? ''}'`,
        'protect hook pre-commit | commit-msg FILE | pre-push REMOTE URL',
      );
  }
}
