import { showPath } from '../../git/raw.ts';
import { type Context, type Deployment, type Problem, Undecided } from '../../model/index.ts';

/** A command of the policy that has to pass. */
export interface PassingCommand {
  /** How it is called: `the build`. */
  readonly what: string;
  readonly command: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** The key of the policy that raises the timeout. */
  readonly setting: string;
}

/**
 * Runs a command in a folder to its end.
 * @returns what it did wrong, or null; and how long it took, in milliseconds
 * @throws Undecided when it could not be started, was stopped, or took too long
 */
export async function runToPass(
  { change, agent, signal, commands }: Context<'commands'>,
  { what, command, timeout, setting }: PassingCommand,
  cwd: string,
): Promise<{ problem: Problem | null; durationMs: number }> {
  const where = (change.head ?? (await change.tree()) ?? '').slice(0, 12);
  commands.progress(`${what.replace('the ', '')}: ${command} (${where})`);
  const ran = await commands.run(command, { cwd, timeout, signal });
  if (ran.missing) throw new Undecided(`${what} could not be started: ${ran.missing}`);
  if (ran.timedOut)
    throw new Undecided(
      `${what} took longer than ${timeout / 1000} s and ${what.endsWith('s') ? 'were' : 'was'} stopped`,
      `make it faster, or raise ${setting} in the policy`,
    );
  // A command that is asked to stop may end as if all were well.
  if (signal.aborted) throw new Undecided(`${what} ${what.endsWith('s') ? 'were' : 'was'} interrupted`);
  if (ran.exitCode === null)
    throw new Undecided(`${what} ${what.endsWith('s') ? 'were' : 'was'} stopped before the end`, 'run it again');
  if (ran.exitCode === 0) return { problem: null, durationMs: ran.durationMs };
  const commit = change.head === null ? {} : { commit: change.head };
  const on = change.head === null ? ` on ${where}` : '';
  const message = `${command} failed (exit code ${ran.exitCode})${on}\n${ran.output.trimEnd()}`;
  const person = `${command}  # fix it, and commit: what is committed is run, not your working tree`;
  return {
    problem: { ...commit, message, help: agent === null ? person : `run ${command} and fix what fails` },
    durationMs: ran.durationMs,
  };
}

/**
 * Before a deploy a command must leave behind what it found: the commit and the working tree that were judged.
 * @returns what `run` found, and what it changed
 */
export async function leavingNoTrace(
  deploy: Deployment,
  what: string,
  run: () => Promise<readonly Problem[]>,
): Promise<readonly Problem[]> {
  const before = await deploy.worktree();
  const problems = [...(await run())];
  const after = await deploy.worktree();
  if (after.head !== before.head)
    problems.push({
      message: `HEAD moved while ${what} ran: from ${before.head?.slice(0, 12)} to ${after.head?.slice(0, 12)}`,
      help: 'run it again, and let nobody commit meanwhile',
    });
  const known = new Set(before.entries.map(({ path, state }) => `${state} ${path}`));
  const left = [
    ...after.entries.filter(({ path, state }) => !known.has(`${state} ${path}`)),
    ...after.hidden.filter((path) => !before.hidden.includes(path)).map((path) => ({ path, state: 'hidden from Git' })),
  ];
  if (left.length > 0)
    problems.push({
      path: showPath(left[0]!.path),
      message: `${what} left ${left.length === 1 ? 'it' : `it and ${left.length - 1} more`} behind (${left[0]!.state})`,
      help: 'add what is generated to .gitignore, or make the command leave it alone',
    });
  return problems;
}

const lockFiles = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];

/** What a command depends on besides its tree: a lock file need not be tracked. */
export async function lockFileKey({ host }: Deployment): Promise<string> {
  const found: string[] = [];
  for (const name of lockFiles) {
    const status = await host.status(name);
    if (status) found.push(`${name} ${await host.digest(name)}`);
  }
  return found.join(' ');
}
