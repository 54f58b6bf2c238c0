import type { Ended } from '../deploys/line.ts';
import type { DeployPlace } from '../deploys/place.ts';
import { watched } from '../deploys/watch.ts';
import { type Paint, painter } from '../report/paint.ts';
import { shellWord } from '../words/shell-word.ts';
import { visible } from '../words/visible.ts';
import { type Io, wantsColor } from './io.ts';

export const deployForms = ['text', 'json', 'markdown'] as const;
export type DeployForm = (typeof deployForms)[number];

/** Tells how a deploy ended. */
export function writeEnded(io: Io, place: DeployPlace, ended: Ended, form: DeployForm): void {
  if (form === 'json') io.stdout.write(`${JSON.stringify(factsOf(place, ended), null, 2)}\n`);
  else if (form === 'markdown') io.stdout.write(visible(markdown(place, ended)));
  else {
    const stream = ended.code === 0 ? io.stdout : io.stderr;
    stream.write(text(place, ended, painter(wantsColor(io, stream))));
  }
}

function factsOf({ name }: DeployPlace, { samples, ...ended }: Ended): object {
  const { bad, p95 } = watched(samples);
  const watch = samples.length === 0 ? null : { samples: samples.length, bad, p95 };
  return { version: 1, environment: name, ...ended, watch };
}

const short = (commit: string) => commit.slice(0, 12);

/** What happened in one sentence, and what helps. */
function sentences(
  { name }: DeployPlace,
  { state, kind, commit, previous, why }: Ended,
): { said: string; help: string } {
  const environment = shellWord(name);
  switch (state) {
    case 'live':
      return {
        said: `${name} runs ${short(commit)}`,
        help:
          previous === '' || kind !== 'deploy'
            ? ''
            : `back to ${short(previous)}: npx git-protect deploy rollback ${environment}`,
      };
    case 'refused':
      return { said: `refused, ${name} is as it was: ${why}`, help: '' };
    case 'taken-back':
      return {
        said: `${short(commit)} was taken back, and ${name} runs ${short(previous)} again, verified: ${why}`,
        help: `npx git-protect deploy status ${environment}`,
      };
    case 'stuck':
    case 'interrupted':
      return {
        said: `${name} was changed and not taken back: ${why}\n  a person is needed now`,
        help: `npx git-protect deploy status ${environment}  # what runs; then: npx git-protect deploy rollback ${environment}`,
      };
    default:
      return { said: `not deployed, ${name} is as it was: ${why}`, help: '' };
  }
}

function text(place: DeployPlace, ended: Ended, paint: Paint): string {
  const { said, help } = sentences(place, ended);
  const look = ended.code === 0 ? paint.green : ended.code === 4 ? paint.yellow : paint.red;
  const [first = '', ...more] = visible(said).split('\n');
  const lines = [look(`protect: ${first}`), ...more];
  if (help !== '') lines.push(visible(`  help: ${help}`));
  if (ended.code !== 0) lines.push(visible(`  journal: ${ended.journal}`));
  return `${lines.join('\n')}\n`;
}

function markdown(place: DeployPlace, ended: Ended): string {
  const { said, help } = sentences(place, ended);
  const { samples, bad, p95 } = watched(ended.samples);
  const lines = [`## Deploy of ${place.name}: ${ended.state}`, '', said, ''];
  if (samples.length > 0) lines.push(`${samples.length} samples, ${bad} bad, 95 % within ${p95} ms.`, '');
  if (help !== '') lines.push(`\`${help}\``, '');
  return lines.join('\n');
}
