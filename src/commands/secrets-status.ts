import type { Said } from '../deploys/secret-age.ts';
import { type SecretState, secretStates, secretsCode } from '../deploys/secret-status.ts';
import { Repository } from '../git/repository.ts';
import { type Policy, Undecided, UsageError } from '../model/index.ts';
import { chooseEnvironment, policyOfDeploys } from '../sources/deploy.ts';
import { table } from '../words/table.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

const forms = ['text', 'json'] as const;

export const usage = {
  words: '[ENVIRONMENT]',
  flags: { format: { type: 'string', value: 'FORM', means: `output format: ${forms.join(', ')}` } },
  example: 'npx git-protect secrets status production',
} as const satisfies Usage;

/** `protect secrets status`: ages and claims by `environment.pinned`, and what the provider keeps. For cron and CI: 0 all well. */
export async function secretsStatus(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const form = forms.find((one) => one === (values.format ?? 'text'));
  if (form === undefined) throw new UsageError(`--format is '${values.format}', expected one of ${forms.join(', ')}`);
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const { topLevel } = await repository.layout();
    if (topLevel === null) throw new Undecided('a bare repository has no working tree', 'run it in a clone');
    const { loaded, commit } = await policyOfDeploys(repository);
    const { policy, source } = loaded;
    const tip = /^[0-9a-f]{40,64}(?=:)/.exec(source)?.[0] ?? commit;
    const told: [string, SecretState[]][] = [];
    if (positionals[0] !== undefined) chooseEnvironment(policy, positionals[0]);
    for (const name of namesOf(policy, positionals[0])) {
      const { env, now, signal } = io;
      const environment = policy.deploy[name]!;
      told.push([name, await secretStates({ repository, topLevel, env, now, signal, name, environment, tip })]);
    }
    const code = secretsCode(told.flatMap(([, states]) => states));
    io.stdout.write(form === 'json' ? json(told, code) : told.map(([name, states]) => text(name, states)).join('\n'));
    return code;
  } finally {
    repository.close();
  }
}

/** The environment that is named; else all that pin something. @throws UsageError where none does */
function namesOf({ deploy }: Policy, named: string | undefined): string[] {
  const names = named === undefined ? Object.keys(deploy) : [named];
  const pinning = names.filter((name) => Object.keys(deploy[name]?.environment?.pinned ?? {}).length > 0);
  if (pinning.length > 0) return pinning;
  const help = 'add environment.pinned to an environment of deploy: (docs/secrets.md)';
  throw new UsageError(`the policy pins no variable${named === undefined ? '' : ` of ${named}`}`, help);
}

const gravest: readonly Said['kind'][] = ['false', 'due', 'untold', 'advice', 'well'];

function stateOf({ says }: SecretState): Said['kind'] {
  return gravest.find((kind) => says.some((said) => said.kind === kind)) ?? 'well';
}

function text(environment: string, states: readonly SecretState[]): string {
  const rows = states.map((state) => [
    state.name,
    state.rotated ?? '-',
    state.ageDays === null ? '-' : `${state.ageDays} d`,
    state.due ?? '-',
    state.versions === null ? '-' : String(state.versions),
    stateOf(state),
  ]);
  const lines = states.flatMap(({ name, says }) =>
    says.map(({ kind, message, help }) => `${kind} ${name}: ${message}${help === '' ? '' : `\n  help: ${help}`}\n`),
  );
  const head = [environment, 'made', 'age', 'due', 'versions', 'state'];
  return `${table(head, rows, 'text')}${visible(lines.join(''))}`;
}

function json(told: readonly [string, readonly SecretState[]][], code: number): string {
  const environments = told.map(([name, states]) => ({
    name,
    secrets: states.map((state) => ({ ...state, state: stateOf(state) })),
  }));
  return `${JSON.stringify({ version: 1, code, environments }, null, 2)}\n`;
}
