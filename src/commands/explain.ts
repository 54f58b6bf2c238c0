import { relative, resolve, sep } from 'node:path';
import { checks } from '../checks/index.ts';
import { Repository } from '../git/repository.ts';
import { type Check, exitCode, UsageError } from '../model.ts';
import { compileRules } from '../policy/rules.ts';
import { visible } from '../report/visible.ts';
import { policyHere } from '../sources/policy.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'PATH|CHECK',
  flags: {},
  example: 'npx git-protect explain .protectionrc',
} as const satisfies Usage;

/** `protect explain PATH|CHECK`: why a path is guarded and by whom, or what a check is for. */
export async function explain(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = readOptions(args, usage.flags, 1);
  const about = positionals[0];
  if (about === undefined)
    throw new UsageError(
      'explain what?',
      `npx git-protect explain PATH, or one of ${checks.map(({ id }) => id).join(', ')}`,
    );
  const check = checks.find(({ id }) => id === about);
  if (check) {
    io.stdout.write(explainCheck(check));
    return exitCode.pass;
  }
  const repository = new Repository(io.cwd, io.env, 'index');
  try {
    io.stdout.write(await explainPath(repository, about));
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

function explainCheck({ id, summary, gates, weakenable, docs }: Check): string {
  return `${id}: ${summary}\n\n${docs.why}\n${docs.fix}\n\nruns at ${gates.join(', ')}; ${weakenable ? 'the policy may change or turn it off' : 'the policy cannot turn it off'}; since ${docs.since}\n`;
}

async function explainPath(repository: Repository, typed: string): Promise<string> {
  const { topLevel } = await repository.layout();
  const path = topLevel === null ? typed : relative(topLevel, resolve(repository.cwd, typed)).split(sep).join('/');
  if (path === '' || path.startsWith('../')) throw new UsageError(`'${typed}' is not inside this repository`);
  const loaded = await policyHere(repository);
  const guards = compileRules(loaded.policy)(Buffer.from(path).toString('latin1'));
  const shown = visible(path);
  if (guards.length === 0) return `${shown}: no rule of the policy holds; it changes freely\n`;
  const lines = guards.map(({ rule, pattern }) => {
    const owners = rule.required > 1 ? `${rule.required} of ${rule.owners.join(', ')}` : rule.owners.join(' or ');
    return `  ${pattern}  risk ${rule.risk}, approved by ${owners}${rule.reason ? `: ${visible(rule.reason)}` : ''}`;
  });
  return `${shown}: protected by ${loaded.source.replace(/^([0-9a-f]{12})[0-9a-f]+:/, '$1:')}\n${lines.join('\n')}\n`;
}
