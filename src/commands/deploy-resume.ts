import type { DeployPlace } from '../deploys/place.ts';
import { resume } from '../deploys/resume.ts';
import { withDeploy } from './deploy-place.ts';
import { writeEnded } from './deploy-report.ts';
import { deployView } from './deploy-view.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: { undo: { type: 'boolean', means: 'take it back instead of watching it' } },
  example: 'npx git-protect deploy resume production',
} as const satisfies Usage;

/** `protect deploy resume`: what stands after a deploy that was cut off, or that somebody else made? */
export async function deployResume(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  let place: DeployPlace | null = null;
  const view = deployView(io, () => place!.environment.watch);
  return withDeploy(io, positionals[0], view.tell, async (found) => {
    place = found;
    try {
      const abandoned = io.insisted?.() ?? new AbortController().signal;
      const ended = await resume(found, { undo: values.undo ?? false, viewer: view, abandoned });
      view.end();
      writeEnded(io, found, ended, 'text');
      return ended.code;
    } finally {
      view.end();
    }
  });
}
