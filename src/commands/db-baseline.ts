import { resolve } from 'node:path';
import { keepBaseline, writeBaseline } from '../databases/fingerprint/store.ts';
import { takeOf } from '../databases/fingerprint/take.ts';
import { notesOf } from '../databases/fingerprint/verify.ts';
import { exitCode } from '../model/index.ts';
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
      means: 'write it there; default: into this clone, for db verify to find',
    },
  },
  example: 'npx git-protect db baseline production',
} as const satisfies Usage;

/** `protect db baseline`: what a database holds now, as counts and sums. */
export async function dbBaseline(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  return withPlace(io, async (place) => {
    const name = chosen(place.policy, positionals[0], false);
    const baseline = await takeOf(place, name);
    let file = values.output;
    if (file === undefined) file = keepBaseline(place.commonDir, name, baseline);
    else writeBaseline(resolve(io.cwd, file), baseline);
    const rows = baseline.tables.reduce((all, table) => all + BigInt(table.rows), 0n);
    for (const note of notesOf(baseline)) io.stderr.write(`note: ${note}\n`);
    io.stdout.write(`baseline of ${name}: ${baseline.tables.length} tables, ${rows} rows\n${file}\n`);
    return exitCode.pass;
  });
}
