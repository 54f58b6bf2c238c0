import { type Check, type Problem, Undecided } from '../model.ts';

/** Milliseconds from which a server may have given up waiting: Git connects before it runs pre-push. */
const longPush = 15_000;

/** Runs the build of the policy on exactly the tree that is judged. */
export const build: Check = {
  id: 'build',
  summary: 'The build passes on exactly what is pushed.',
  gates: ['pre-commit', 'pre-push', 'ci'],
  weakenable: true,
  timeout: 0,
  wave: 1,
  docs: {
    since: '0.1.0',
    why: 'A push to a branch that deploys by itself is a deploy. What does not build must not get there.',
    fix: 'Run the command that the report names, mend what fails, commit, and push again. A build that passed is remembered by its tree.',
  },
  async run(context) {
    const { change, gate, policy, memory, agent } = context;
    if (policy.build === null) return { skipped: 'no build is configured' };
    if (!policy.build.on.includes(gate)) return { skipped: `the policy does not run it at ${gate}` };
    if (!context.commands) return { skipped: 'commands are not run (--no-commands)' };
    const tree = change.kind === 'delete' ? null : await change.tree();
    if (tree === null || change.ref?.startsWith('refs/tags/')) return { skipped: 'nothing is there to build' };
    const { command, timeout } = policy.build;
    const key = `build ${tree} ${command}`;
    if (await memory.has(key)) return [];
    const where = change.head === null ? tree.slice(0, 12) : change.head.slice(0, 12);
    const ran = await context.withCheckout(async (cwd) => {
      context.progress(`build: ${command} (${where})`);
      return context.run(command, { cwd, timeout, signal: context.signal });
    });
    if (ran.missing) throw new Undecided(`the build could not be started: ${ran.missing}`);
    if (ran.timedOut)
      throw new Undecided(
        `the build took longer than ${timeout / 1000} s and was stopped`,
        'make it faster, or raise build.timeout in the policy',
      );
    if (ran.exitCode === null) throw new Undecided('the build was stopped before it ended', 'push again');
    if (ran.exitCode === 0) {
      await memory.add(key);
      return gate === 'pre-push' && ran.durationMs >= longPush ? [remembered(ran.durationMs)] : [];
    }
    const commit = change.head === null ? {} : { commit: change.head };
    const message = `${command} failed (exit code ${ran.exitCode})${change.head === null ? ` on ${where}` : ''}\n${ran.output.trimEnd()}`;
    return [
      {
        ...commit,
        message,
        ...(agent === null
          ? { help: `${command}  # mend it, and commit: what is committed is built, not your working tree` }
          : { help: `run ${command} and mend what fails` }),
      },
    ];
  },
};

function remembered(milliseconds: number): Problem {
  const seconds = Math.round(milliseconds / 1000);
  return {
    severity: 'note',
    message: `passed after ${seconds} s and is remembered; if the connection was closed meanwhile, push again: that takes a moment only`,
  };
}
