import { detectAgent } from '../machine/agent.ts';
import { exitCode, Refused, UsageError } from '../model/index.ts';
import { readFormat } from '../report/index.ts';
import { visible } from '../words/visible.ts';
import { askText } from './ask.ts';
import { checklistOn } from './checklist.ts';
import { DeployGate } from './deploy-gate.ts';
import type { Io } from './io.ts';
import { runJudging } from './judging.ts';
import { readOptions, type Usage } from './options.ts';
import { reportFlags } from './present.ts';
import { readGrants } from './waivers.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: {
    only: { type: 'string', multiple: true, value: 'ID', means: 'run this check only (may repeat); decides nothing' },
    all: { type: 'boolean', means: 'run tests, build and coverage whatever the others say' },
    'dry-run': { type: 'boolean', means: 'list what would run; decides nothing' },
    waiver: {
      type: 'string',
      multiple: true,
      value: 'TOKEN',
      means: 'accept a waiver or a tick of an owner (may repeat)',
    },
    readopt: {
      type: 'string',
      value: 'COMMIT',
      means: 'if all keys are lost: start from the policy of that commit; only on a terminal',
    },
    tag: { type: 'boolean', means: 'mark the commit as a rollback point once everything has passed' },
    push: { type: 'boolean', means: 'push that tag' },
    ...reportFlags,
  },
  example: 'npx git-protect predeploy production --tag',
} as const satisfies Usage;

/** `protect predeploy`: may this commit go to production now? */
export async function predeploy(args: readonly string[], io: Io): Promise<number> {
  refuseDeployed(args);
  const { values, positionals } = readOptions(args, usage.flags, 1);
  const readopt = values.readopt === undefined ? null : await confirmed(io, values.readopt);
  if (values.push && !values.tag) throw new UsageError('--push pushes the tag of --tag', 'add --tag');
  const only = values.only?.flatMap((ids) => ids.split(',')).filter((id) => id !== '');
  const partly = values['dry-run'] || only !== undefined;
  if (values.tag && partly)
    throw new UsageError('--tag marks what everything has passed on; leave out --only and --dry-run');
  const given = await readGrants(values.waiver ?? [], io);
  const format = readFormat(values.format, io.env);
  const checklist = checklistOn(io, format === 'text' && values.output === undefined && !values['dry-run']);
  const gate = new DeployGate(io, {
    environment: positionals[0] ?? null,
    given,
    fetch: !values['dry-run'],
    readopt,
    tag: values.tag ?? false,
    tell: (text) => checklist?.tell(text),
  });
  return runJudging(io, {
    gate: 'pre-deploy',
    keep: 'location',
    quiet: false,
    format,
    output: values.output,
    requirePolicy: true,
    selection: {
      only,
      all: values.all ?? false,
      dry: values['dry-run'] ?? false,
      ...(checklist ? { watch: checklist } : {}),
    },
    source: (repository) => gate.source(repository),
    ...(checklist ? { progress: checklist } : {}),
    after: async (repository, report) => {
      if (values.tag && report.verdict === 'pass')
        await gate.mark(repository, report, values.push ?? false, (line) => io.stderr.write(visible(`${line}\n`)));
      return exitCode.pass;
    },
  });
}

/** It let anybody pass over what landed. @throws UsageError */
function refuseDeployed(args: readonly string[]): void {
  if (args.some((arg) => arg === '--deployed' || arg.startsWith('--deployed=')))
    throw new UsageError(
      '--deployed is gone: only an owner can stand by what landed',
      'npx git-protect approve --up-to REV --reason "…"',
    );
}

/** Whoever adopts a policy anew says so at a terminal, with the commit typed once more. @throws Refused or UsageError */
async function confirmed(io: Io, commit: string): Promise<string> {
  const agent = detectAgent(io.env);
  if (agent !== null)
    throw new Refused(
      `--readopt is a person's word, and this runs under ${agent}`,
      'a person types it in a terminal of the deploying machine',
    );
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true)
    throw new UsageError('--readopt is typed on a terminal', 'run it there, where the deploy runs');
  const typed = await askText(
    io,
    `Nothing that landed before ${visible(commit)} will be judged. Type the commit once more: `,
  );
  if (typed !== commit) throw new Refused('not adopted, nothing is deployed');
  return commit;
}
