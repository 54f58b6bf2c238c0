import type { Check, Context, Problem, Skipped } from '../model/index.ts';
import { leavingNoTrace, lockFileKey, type PassingCommand, runToPass } from './parts/passing-command.ts';

/** Milliseconds. */
const quarterOfAnHour = 900_000;

/** Milliseconds from which a server may have given up waiting: Git connects before it runs pre-push. */
const longPush = 15_000;

/** Runs the build of the policy on exactly the tree that is judged. */
export const build: Check<'commands', 'deploy'> = {
  id: 'build',
  summary: 'The build passes on exactly what is pushed or deployed.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-deploy'],
  needs: ['commands'],
  uses: ['deploy'],
  weakenable: true,
  timeout: 0,
  wave: 1,
  docs: {
    since: '0.1.0',
    why: 'A push to a branch that deploys automatically is a deploy. What does not build must not get there.',
    fix: 'Run the command that the report names, fix what fails, commit, and push again. A build that passed is remembered by its tree.',
  },
  async run(context) {
    const { change, gate, deploy, commands } = context;
    const wanted = buildOf(context);
    if ('skipped' in wanted) return wanted;
    const tree = change.kind === 'delete' ? null : await change.tree();
    if (tree === null || change.ref?.startsWith('refs/tags/')) return { skipped: 'nothing is there to build' };
    const lock = deploy ? ` ${await lockFileKey(deploy)}` : '';
    const key = `build ${tree} ${wanted.command}${lock}`;
    if (await commands.memory.has(key)) return [];
    const run = async () => {
      const { problem, durationMs } = await commands.withCheckout((cwd) => runToPass(context, wanted, cwd));
      if (problem) return [problem];
      return gate === 'pre-push' && durationMs >= longPush ? [remembered(durationMs)] : [];
    };
    const problems = deploy ? await leavingNoTrace(deploy, 'the build', run) : await run();
    if (problems.every(({ severity }) => severity === 'note')) await commands.memory.add(key);
    return problems;
  },
};

/** The build of the gate: before a deploy that of the environment. */
function buildOf({ policy, gate, deploy }: Context<never, 'deploy'>): PassingCommand | Skipped {
  const timeout = policy.build?.timeout ?? quarterOfAnHour;
  const form = { what: 'the build', timeout, setting: 'build.timeout' };
  const own = deploy?.environment.commands.build ?? (deploy ? policy.build?.command : null);
  if (own) return { ...form, command: own };
  if (deploy || policy.build === null) return { skipped: 'no build is configured' };
  if (!policy.build.on.includes(gate)) return { skipped: `the policy does not run it at ${gate}` };
  return { ...form, command: policy.build.command };
}

function remembered(milliseconds: number): Problem {
  const seconds = Math.round(milliseconds / 1000);
  return {
    severity: 'note',
    message: `passed after ${seconds} s and is remembered; if the connection was closed meanwhile, push again: that takes a moment only`,
  };
}
