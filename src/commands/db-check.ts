import { type LoadedPolicy, UsageError } from '../model/index.ts';
import { readFormat } from '../report/index.ts';
import { treeChange } from '../sources/tree.ts';
import { nearest } from '../words/nearest.ts';
import type { Io } from './io.ts';
import { runJudging } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { reportFlags } from './present.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: { ...reportFlags },
  example: 'npx git-protect db check',
} as const satisfies Usage;

/** `protect db check`: is the test database another one than production, and can no role destroy rows? */
export async function dbCheck(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  return runJudging(io, {
    gate: 'pre-deploy',
    called: 'db check',
    keep: 'location',
    quiet: false,
    format: readFormat(values.format, io.env),
    output: values.output,
    requirePolicy: true,
    databases: positionals[0] ?? null,
    selection: { within: ['db-isolation', 'db-roles', 'db-rights', 'data-run'] },
    source: async (repository) => {
      const sourced = await treeChange(repository, { history: false });
      refuseUnknown(sourced.loaded, positionals[0]);
      return sourced;
    },
  });
}

/** Where nothing is named nothing would be looked at, and that is no pass. @throws UsageError */
function refuseUnknown(loaded: LoadedPolicy | null, name: string | undefined): void {
  const names = Object.keys(loaded?.policy.databases ?? {});
  if (names.length === 0)
    throw new UsageError('the policy names no databases', 'add databases: to .protectionrc (docs/databases.md)');
  if (name === undefined || names.includes(name)) return;
  const meant = nearest(name, names);
  throw new UsageError(
    `'${name}' is not under databases:${meant ? `; did you mean '${meant}'?` : ''}`,
    `known: ${names.join(', ')}`,
  );
}
