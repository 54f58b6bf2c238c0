import { Repository } from '../git/repository.ts';
import { exitCodeOf, judge } from '../judge/index.ts';
import { exitCode, Undecided } from '../model/index.ts';
import { policyCache } from '../policy/cache.ts';
import type { Sourced } from '../sources/staged.ts';
import { type Move, transactionChanges } from '../sources/transaction.ts';
import { visible } from '../words/visible.ts';
import { inTime } from './in-time.ts';
import { type Io, readInput } from './io.ts';
import { worldOf } from './judging.ts';
import { present } from './present.ts';
import { wayBack } from './way-back.ts';

/** Milliseconds: while it judges, the branch is locked. */
const limit = 10_000;

/** The checks that look at refs, states and messages, and at nothing else. */
const gitSide = ['actor-level', 'protected-files', 'policy', 'commit-message'];

/**
 * Strict mode: a protected branch of this clone moves only to what passes, whatever command moves it. It reads, and takes no
 * lock of its own: Git holds that of the branch meanwhile.
 */
export async function transaction([state, ...rest]: readonly string[], io: Io): Promise<number> {
  if (state !== 'prepared' || rest.length > 0) return exitCode.pass;
  const input = await readInput(io, 64 << 20);
  const repository = new Repository(io.cwd, io.env, 'location', io.early);
  try {
    const late = () => new Undecided(`to judge this move took longer than ${limit / 1000} s`, 'try it again');
    return await inTime(limit, judged(repository, io, input), late);
  } finally {
    repository.close();
  }
}

async function judged(repository: Repository, io: Io, input: Buffer): Promise<number> {
  const cache = policyCache(async () => (await repository.layout()).commonDir);
  let moves: readonly Move[] = [];
  let sourced: Sourced | undefined;
  const report = await judge({
    gate: 'pre-push',
    repository,
    world: worldOf(io, false, () => {}),
    source: async () => {
      ({ sourced, moves } = await transactionChanges(repository, input, cache));
      return sourced;
    },
    selection: { within: gitSide },
  });
  const code = exitCodeOf(report);
  if (code === exitCode.pass) return code;
  await present({ ...io, stdout: io.stderr }, { ...report, called: 'strict mode' }, { format: 'text', quiet: true });
  const action = (io.env['GIT_REFLOG_ACTION'] ?? '').split(' ')[0]!;
  for (const move of moves) {
    const way = sourced?.loaded ? await wayBack(repository, move, sourced.loaded.policy, action) : null;
    if (way !== null)
      io.stderr.write(`${visible(`${move.ref.slice('refs/heads/'.length)} stays where it is; ${way}`)}\n`);
  }
  return code;
}
