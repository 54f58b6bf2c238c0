import { keepForSetup } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { detectAgents } from '../machine/agent.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { type ActorLevel, levelOf } from '../rules/level.ts';
import { policyHereIfAny } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  flags: {
    format: { type: 'string', value: 'FORMAT', values: ['text', 'json'], means: 'text or json; default: text' },
  },
  example: 'npx git-protect whoami',
} as const satisfies Usage;

/** `protect whoami`: what was detected of whoever runs this, which level that is, and what it may do. */
export async function whoami(args: readonly string[], io: Io): Promise<number> {
  const { format = 'text' } = readOptions(args, usage.flags, 0).values;
  if (format !== 'text' && format !== 'json') throw new UsageError(`--format is '${format}', expected text or json`);
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const agents = detectAgents(io.env);
    const loaded = await policyHereIfAny(repository);
    const actor = loaded === null ? null : levelOf(loaded.policy, agents);
    const level = actor?.level ?? null;
    io.stdout.write(
      format === 'json'
        ? `${JSON.stringify({ version: 1, level, key: actor?.key ?? null, agents })}\n`
        : visible([...agents.map(toldAgent), toldLevel(actor, agents.length > 0, loaded !== null), ''].join('\n')),
    );
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

const toldAgent = ({ name, variable }: { name: string; variable: string }) =>
  `an AI agent runs this: ${name} (${variable} is set)`;

function toldLevel(actor: ActorLevel | null, isAgent: boolean, hasPolicy: boolean): string {
  const who = isAgent ? '' : 'no AI agent is detected\n';
  const signs = isAgent ? '; it signs no approval' : '';
  if (actor === null)
    return `${who}no level: ${hasPolicy ? 'the policy has no actors:' : 'there is no policy here'}, so nothing is refused for who asks${signs}`;
  const may =
    actor.level === 'read-only'
      ? 'may read, and commits and pushes nothing'
      : 'may change what is not protected, and protected files with the approval of an owner';
  return `${who}level ${actor.level} (${actor.key}): ${may}${signs}`;
}
