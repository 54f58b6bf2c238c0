import { readJournals } from '../deploys/journal.ts';
import { withLock } from '../deploys/lock.ts';
import { journalsOf } from '../deploys/place.ts';
import { fetchBranch } from '../git/fetch.ts';
import { Repository } from '../git/repository.ts';
import { worktreeStatus } from '../git/worktree-status.ts';
import { exitCode, type Oid, Undecided } from '../model/index.ts';
import { deployPolicy } from '../sources/deploy.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';
import { deploy } from './deploy.ts';
import { inTime } from './in-time.ts';
import type { Io } from './io.ts';

/** Milliseconds that asking the remote may take. */
const longestFetch = 300_000;

/** What is deployed, and where that is known. */
export interface Listened {
  readonly environment: string;
  /** The folder of the project on this machine. */
  readonly state: string;
}

/**
 * Fetches the branch of an environment, brings the clone to its tip and deploys that, if it is new.
 * @returns the exit code of the deploy; 0 where nothing is new
 * @throws Undecided where the clone could not be brought there
 */
export async function deployTip(io: Io, { environment, state }: Listened): Promise<number> {
  // While something else is being deployed the files stay as they are: what it builds is what was judged.
  const tip = await withLock({ name: environment, state }, () => broughtTip(io, environment));
  const journals = readJournals(journalsOf({ state }), environment, io.now);
  // What was refused, or changed nothing, may be tried again; what was taken back is not new. Of what stands open the deploy tells.
  const ends = ['live', 'taken-back'];
  const tried = journals.findLast(({ begun, state: ended }) => begun.commit === tip && ends.includes(ended));
  if (tried !== undefined) {
    io.stdout.write(`nothing new: ${tip.slice(0, 12)} was deployed already (${tried.state})\n`);
    return exitCode.pass;
  }
  return deploy([environment], io);
}

async function broughtTip(io: Io, name: string): Promise<Oid> {
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const { branch, environment } = await deployPolicy(repository, name);
    const { remote } = environment;
    const fetched = await inTime(
      longestFetch,
      fetchBranch(repository, remote, branch),
      () => new Undecided(`git fetch took longer than ${longestFetch / 1000} s`),
    );
    if (fetched.tip === null)
      throw new Undecided(visible(`${remote} could not be asked: ${fetched.error ?? `it has no branch ${branch}`}`));
    await forward(repository, branch, fetched.tip);
    return fetched.tip;
  } finally {
    repository.close();
  }
}

/** Brings the clone to the tip, where that loses nothing. @throws Undecided where it would */
async function forward(repository: Repository, branch: string, tip: Oid): Promise<void> {
  const { topLevel } = await repository.layout();
  const head = await repository.head();
  if (head.branch !== `refs/heads/${branch}`)
    throw new Undecided(`the clone is not on ${branch}`, `git switch ${shellWord(branch)}`);
  const { entries, underway } = await worktreeStatus(repository);
  if (underway !== null) throw new Undecided(`${underway} is under way in the clone`, 'end it');
  if (entries.length > 0)
    throw new Undecided(`the clone has ${entries.length} uncommitted changes`, 'git status; commit or remove them');
  if (head.commit === tip) return;
  if (head.commit === null || !(await repository.isAncestor(head.commit, tip)))
    throw new Undecided(
      `${tip.slice(0, 12)} does not follow on ${head.commit?.slice(0, 12) ?? 'what is here'}: the branch was rewritten, or the clone has commits of its own`,
      `look at both; then a person brings the clone there: git -C ${shellWord(topLevel ?? '.')} log --oneline HEAD...${tip.slice(0, 12)}`,
    );
  await repository.run(['merge', '--ff-only', '--quiet', tip], topLevel === null ? {} : { cwd: topLevel });
}
