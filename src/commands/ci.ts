import { readFormat } from '../report/index.ts';
import { ciEvent } from '../sources/ci/index.ts';
import { rangeChange } from '../sources/range.ts';
import type { Io } from './io.ts';
import { runJudging } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { reportFlags } from './present.ts';

export const usage = {
  flags: {
    base: {
      type: 'string',
      value: 'REV',
      means: 'what the change is compared with; default: what CI says, else the tip of the target',
    },
    head: { type: 'string', value: 'REV', means: 'the commit that is judged; default: what CI says, else HEAD' },
    target: {
      type: 'string',
      value: 'BRANCH',
      means: 'where the change lands; default: what CI says, else the default branch',
    },
    event: {
      type: 'string',
      value: 'KIND',
      values: ['proposal', 'push'],
      means: 'proposal (to be merged) or push (has landed); default: what CI says, else proposal',
    },
    title: { type: 'string', value: 'TEXT', means: 'title of the pull request, judged with landing: squash' },
    'no-commands': { type: 'boolean', means: 'run no build and no check of your own: only objects are read' },
    'require-policy': { type: 'boolean', means: 'exit with 2 if no policy is found' },
    ...reportFlags,
  },
  example: 'npx git-protect ci --base origin/main --head HEAD',
} as const satisfies Usage;

/** `protect ci`: the same checks over what CI was asked to look at. */
export async function ci(args: readonly string[], io: Io): Promise<number> {
  const { values } = readOptions(args, usage.flags, 0);
  const event = await ciEvent(values, io.env);
  return runJudging(io, {
    gate: 'ci',
    keep: 'location',
    quiet: false,
    format: readFormat(values.format, io.env),
    output: values.output,
    commands: !values['no-commands'],
    requirePolicy: values['require-policy'] ?? false,
    source: (repository) => rangeChange(repository, event),
  });
}
