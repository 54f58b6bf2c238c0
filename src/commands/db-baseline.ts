import { resolve } from 'node:path';
import { keepBaseline, writeBaseline } from '../databases/fingerprint/store.ts';
import { takeOf } from '../databases/fingerprint/take.ts';
import { notesOf } from '../databases/fingerprint/verify.ts';
import { type Proposal, watch } from '../databases/fingerprint/watch.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { parseDuration } from '../words/duration.ts';
import { chosen, withPlace } from './database-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: {
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      means: 'write it there; default: in this clone, where db verify finds it',
    },
    watch: {
      type: 'string',
      value: '10m',
      means: 'then watch that long what changes by itself, and propose a rule for each table',
    },
  },
  example: 'npx git-protect db baseline production',
} as const satisfies Usage;

/** `protect db baseline`: what a database holds now, as counts and sums. */
export async function dbBaseline(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const span = values.watch === undefined ? null : parseDuration(values.watch);
  if (values.watch !== undefined && span === null)
    throw new UsageError(`--watch takes a duration such as 90s or 10m, not '${values.watch}'`);
  return withPlace(io, async (place) => {
    const name = chosen(place.policy, positionals[0], false);
    const baseline = await takeOf(place, name);
    let file = values.output;
    if (file === undefined) file = keepBaseline(place.commonDir, name, baseline);
    else writeBaseline(resolve(io.cwd, file), baseline);
    const rows = baseline.tables.reduce((all, table) => all + BigInt(table.rows), 0n);
    for (const note of notesOf(baseline)) io.stderr.write(`note: ${note}\n`);
    io.stdout.write(`baseline of ${name}: ${baseline.tables.length} tables, ${rows} rows\n${file}\n`);
    if (span !== null) io.stdout.write(proposed(await watch(place, name, baseline, span)));
    return exitCode.pass;
  });
}

/** As the policy takes it, to be read before it is pasted. */
function proposed(proposals: readonly Proposal[]): string {
  const moved = proposals.filter(({ rule }) => rule !== 'equal');
  if (moved.length === 0) return 'nothing moved by itself: no table needs a rule\n';
  return `    tables:\n${moved.map(({ name, rule }) => `      - { table: ${JSON.stringify(name)}, rule: ${rule} }\n`).join('')}`;
}
