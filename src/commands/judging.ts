import type { World } from '../context/world.ts';
import type { Keep } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { exitCodeOf, judge } from '../judge/index.ts';
import type { Selection } from '../judge/selection.ts';
import { detectAgent, detectAgents } from '../machine/agent.ts';
import { exitCode, type Gate, type Report, Undecided } from '../model/index.ts';
import type { Sourced } from '../sources/staged.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { type Presentation, present } from './present.ts';
import { type Progress, progressOn } from './progress.ts';
import { servicesOf } from './services.ts';

/** What the commands that judge have in common: open the repository, judge, report, answer. */
export interface Judging extends Presentation {
  readonly gate: Gate;
  /** What the report calls it, where that is not the gate. */
  readonly called?: string;
  readonly keep: Keep;
  readonly source: (repository: Repository) => Promise<Sourced>;
  readonly commands?: boolean;
  /** The one environment of `databases:` that it is about; null or absent: all. */
  readonly databases?: string | null;
  readonly requirePolicy?: boolean;
  readonly selection?: Selection;
  /** Who tells what goes on, where that is not the usual line. */
  readonly progress?: Progress;
  /** Each puts right what was refused, where that can be done on the spot; then it is judged once more. */
  readonly mends?: readonly ((repository: Repository, report: Report) => Promise<boolean>)[];
  /** What is said behind the report. */
  readonly told?: (report: Report, repository: Repository) => Promise<void>;
  /** What is done once the report is told; its exit code counts where the verdict is a pass. */
  readonly after?: (repository: Repository, report: Report) => Promise<number>;
}

/** What was asked ahead is out of date. */
function unread({ early: _, ...io }: Io): Io {
  return { ...io, index: null };
}

/** What the checks may know of this machine. */
export function worldOf(io: Io, commands: boolean, progress: World['progress']): World {
  return {
    env: io.env,
    now: io.now(),
    agent: detectAgent(io.env),
    agents: detectAgents(io.env),
    commands,
    signal: io.signal,
    // Looked at where it matters: to open the stream takes a hook longer than to judge.
    get terminal() {
      return io.stderr.isTTY === true;
    },
    userId: io.userId,
    progress,
  };
}

/** @returns the exit code */
export async function runJudging(io: Io, judging: Judging): Promise<number> {
  const repository = new Repository(io.cwd, io.env, judging.keep, io.early);
  let progress: Progress | undefined = judging.progress;
  try {
    const tell = (text: string) => {
      progress ??= progressOn(io);
      progress.tell(visible(text));
    };
    const services = servicesOf(io, repository, tell, judging.databases ?? null);
    const world = { ...worldOf(io, judging.commands ?? true, tell), services };
    const judged = await judge({
      gate: judging.gate,
      repository,
      world,
      source: () => judging.source(repository),
      requirePolicy: judging.requirePolicy ?? false,
      ...(judging.selection ? { selection: judging.selection } : {}),
      describeTrees: judging.format === 'json' || judging.format === 'sarif',
    });
    const report = judging.called === undefined ? judged : { ...judged, called: judging.called };
    progress?.end();
    for (const [at, mend] of (report.verdict === 'refuse' ? (judging.mends ?? []) : []).entries())
      if (await mend(repository, report))
        return await runJudging(unread(io), { ...judging, mends: judging.mends!.slice(at + 1) });
    await present(io, report, judging);
    await judging.told?.(report, repository);
    if (report.verdict === 'pass' && io.signal.aborted) throw new Undecided('it was interrupted');
    return exitCodeOf(report) || ((await judging.after?.(repository, report)) ?? exitCode.pass);
  } finally {
    progress?.end();
    repository.close();
  }
}
