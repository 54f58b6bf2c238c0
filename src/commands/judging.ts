import { resolve } from 'node:path';
import { detectAgent } from '../agent.ts';
import type { World } from '../context.ts';
import type { Keep } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { exitCodeOf, judge } from '../judge.ts';
import type { Gate, Report } from '../model.ts';
import { type Format, writeReport } from '../report/index.ts';
import type { Sourced } from '../sources/staged.ts';
import { type Io, wantsColor, writeOutput } from './io.ts';

/** What the commands that judge have in common: open the repository, judge, report, answer. */
export interface Judging {
  readonly gate: Gate;
  readonly keep: Keep;
  readonly source: (repository: Repository) => Promise<Sourced>;
  readonly format?: Format;
  readonly output?: string | undefined;
  readonly commands?: boolean;
  readonly requirePolicy?: boolean;
  /** A hook says nothing when it passes. */
  readonly quiet: boolean;
}

/** @returns the exit code */
export async function runJudging(io: Io, judging: Judging): Promise<number> {
  const repository = new Repository(io.cwd, io.env, judging.keep, io.early);
  try {
    const world: World = {
      env: io.env,
      now: io.now(),
      agent: detectAgent(io.env),
      commands: judging.commands ?? true,
      signal: io.signal,
      terminal: io.stderr.isTTY === true,
      progress: (text) => io.stderr.write(`protect: ${text}\n`),
    };
    const report = await judge({
      gate: judging.gate,
      repository,
      world,
      source: () => judging.source(repository),
      requirePolicy: judging.requirePolicy ?? false,
      describeTrees: judging.format === 'json',
    });
    await present(io, report, judging);
    return exitCodeOf(report);
  } finally {
    repository.close();
  }
}

async function present(io: Io, report: Report, { format = 'text', output, quiet }: Judging): Promise<void> {
  if (quiet && format === 'text' && output === undefined && isSilent(report)) return;
  if (output === undefined) io.stdout.write(await writeReport(report, format, wantsColor(io, io.stdout)));
  else await writeOutput(resolve(io.cwd, output), await writeReport(report, format, false));
}

function isSilent(report: Report): boolean {
  return (
    report.verdict === 'pass' &&
    report.notes.length === 0 &&
    report.outcomes.every(({ findings }) => findings.length === 0)
  );
}
