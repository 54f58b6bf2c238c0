import type { Phase, Viewer } from '../deploys/line.ts';
import type { Sample } from '../deploys/sample.ts';
import { watched } from '../deploys/watch.ts';
import type { WatchRule } from '../model/index.ts';
import { painter } from '../report/paint.ts';
import { spark } from '../words/spark.ts';
import { visible } from '../words/visible.ts';
import { type Io, wantsColor } from './io.ts';
import { span } from './progress.ts';

/** How many samples the chart shows, so that its line fits into 80 columns. */
const charted = 20;

/** A viewer that tells what goes on as well. */
export interface DeployView extends Viewer {
  tell(text: string): void;
  /** Ends the line of a terminal. */
  end(): void;
}

/** A line a phase; on a terminal the last one moves while it lasts, elsewhere each sample has a line of its own. */

export function deployView(io: Io, rule: () => WatchRule | null): DeployView {
  const live = io.stderr.isTTY === true && io.env['TERM'] !== 'dumb';
  const paint = painter(wantsColor(io, io.stderr));
  let phase: Phase | null = null;
  let started = 0;
  let said = '';
  let chart: string | null = null;
  let timer: NodeJS.Timeout | undefined;

  const width = () => ((io.stderr as { columns?: number }).columns ?? 80) - 1;
  const clear = () => (live ? '\r\x1b[K' : '');
  const draw = () => {
    if (!live || phase === null) return;
    const seconds = span(performance.now() - started);
    const line = chart === null ? `  … ${phase.padEnd(9)}  ${seconds}${said === '' ? '' : `  ${said}`}` : chart;
    io.stderr.write(`${clear()}${paint.dim([...line].slice(0, width()).join(''))}`);
  };
  const end = () => {
    clearInterval(timer);
    timer = undefined;
    phase = null;
    if (live) io.stderr.write(clear());
  };
  return {
    began(next) {
      end();
      [phase, started, said, chart] = [next, performance.now(), '', null];
      // The gate draws its own list.
      if (!live || next === 'checks') return;
      timer = setInterval(draw, 500);
      timer.unref();
      draw();
    },
    ended(which, result, isGood) {
      const seconds = span(performance.now() - started);
      end();
      if (result === null) return;
      const sign = isGood ? paint.green('✔') : paint.red('✘');
      io.stderr.write(`  ${sign} ${which.padEnd(9)}  ${visible(result)}  ${paint.dim(seconds)}\n`);
    },
    sampled(sample, samples, planned) {
      const watching = rule();
      if (live && watching !== null) {
        chart = chartLine(samples, planned, watching);
        draw();
      } else io.stderr.write(`  sample ${samples.length} of ${planned}: ${sampleLine(sample)}\n`);
    },
    noted(text) {
      const resumed = phase;
      io.stderr.write(`${clear()}  ${paint.yellow('!')} ${visible(text)}\n`);
      if (resumed !== null) draw();
    },
    tell(text) {
      said = visible(text.split('\n', 1)[0]!);
      draw();
    },
    end,
  };
}

/** `watch  ▁▁▂▁  4/11, 0 bad, p95 120 ms, 7 min 0 s left` */
export function chartLine(samples: readonly Sample[], planned: number, rule: WatchRule): string {
  const shown = samples.slice(-charted);
  const marks = new Map(shown.flatMap(({ fault }, at) => (fault === null ? [] : [[at, '×'] as const])));
  const bars = spark(
    shown.map(({ latency }) => latency),
    rule.latency,
    marks,
  );
  const { bad, p95 } = watched(samples);
  const left = span((planned - samples.length) * rule.every);
  return `  … watch  ${bars}  ${samples.length}/${planned}, ${bad} bad, p95 ${p95} ms, ${left} left`;
}

function sampleLine({ latency, commit, fault }: Sample): string {
  return visible(fault === null ? `${commit?.slice(0, 12) ?? 'well'} in ${latency} ms` : `bad: ${fault}`);
}
