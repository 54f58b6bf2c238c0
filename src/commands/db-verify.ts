import { resolve } from 'node:path';
import { newestBaseline, readBaseline } from '../databases/fingerprint/store.ts';
import { verify } from '../databases/fingerprint/verify.ts';
import { readFormat } from '../report/index.ts';
import { chosen, databaseReport, exitCodeOf, withPlace } from './database-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';
import { present, reportFlags } from './present.ts';

export const usage = {
  words: '[ENVIRONMENT] [FILE]',
  flags: { ...reportFlags },
  example: 'npx git-protect db verify production',
} as const satisfies Usage;

/** `protect db verify`: is a database still what the baseline says? */
export async function dbVerify(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 2);
  const format = readFormat(values.format, io.env);
  return withPlace(io, async (place, loaded) => {
    const name = chosen(place.policy, positionals[0], false);
    const file = positionals[1] === undefined ? newestBaseline(place.commonDir, name) : resolve(io.cwd, positionals[1]);
    const baseline = readBaseline(file);
    const { differences, notes } = await verify(place, name, baseline);
    const report = databaseReport('db verify', loaded, {
      errors: differences.map(({ message }) => `${name}: ${message}`),
      help: `find out who changed it; if it is meant: npx git-protect db baseline ${name}`,
      notes: [`compared with the baseline of ${baseline.at}`, ...notes],
    });
    await present(io, report, { format, output: values.output, quiet: false });
    return exitCodeOf(report);
  });
}
