import { readFormat } from '../report/index.ts';
import { ciEvent } from '../sources/ci/index.ts';
import { rangeChange } from '../sources/range.ts';
import type { Io } from './io.ts';
import { runJudging } from './judging.ts';
import { readOptions } from './options.ts';

/** `protect ci`: the same checks over what CI was asked to look at. */
export async function ci(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(
    args,
    {
      base: { type: 'string' },
      head: { type: 'string' },
      target: { type: 'string' },
      event: { type: 'string' },
      title: { type: 'string' },
      'no-commands': { type: 'boolean' },
      'require-policy': { type: 'boolean' },
      format: { type: 'string' },
      output: { type: 'string' },
    },
    0,
  );
  const event = await ciEvent(values, io.env);
  return runJudging(io, {
    gate: 'ci',
    keep: 'nothing',
    quiet: false,
    format: readFormat(values.format),
    output: values.output,
    commands: !values['no-commands'],
    requirePolicy: values['require-policy'] ?? false,
    source: (repository) => rangeChange(repository, event),
  });
}
