import type { Watch } from '../judge/selection.ts';
import type { Outcome } from '../model/index.ts';
import { checklistLine } from '../report/checklist.ts';
import { painter } from '../report/paint.ts';
import { visible } from '../words/visible.ts';
import { type Io, wantsColor } from './io.ts';
import type { Progress } from './progress.ts';

/** How often the seconds of what still runs are counted, in milliseconds. */
const tick = 500;

/**
 * A list of the checks on a terminal that fills in as they end, above the report. Elsewhere nothing: the report lists the
 * same when all is done.
 */
export function checklistOn(io: Io, wanted: boolean): (Watch & Progress) | null {
  if (!wanted || io.stderr.isTTY !== true || io.stdout.isTTY !== true || io.env['TERM'] === 'dumb') return null;
  const paint = painter(wantsColor(io, io.stderr));
  const rows = new Map<string, { started: number | null; outcome: Outcome | null }>();
  let said = '';
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;

  const back = () => (drawn > 0 ? `\x1b[${drawn}A\x1b[J` : '');
  const draw = () => {
    const { rows: height = 24, columns: width = 80 } = io.stderr as { rows?: number; columns?: number };
    const lines = [...rows].flatMap(([check, { started, outcome }]) => {
      if (outcome) return outcome.status === 'skipped' ? [] : [checklistLine(outcome, paint)];
      const seconds = started === null ? '' : `  ${Math.round((performance.now() - started) / 1000)} s`;
      return [paint.dim(`  ${started === null ? '·' : '…'} ${visible(check)}${seconds}`)];
    });
    // A line that wraps could not be erased either.
    if (said !== '') lines.push(paint.dim(`    ${said}`.slice(0, width - 1)));
    // A list that is higher than the screen could not be erased again.
    const shown = lines.slice(-(height - 1)).map((line) => `${line}\n`);
    io.stderr.write(back() + shown.join('')); // In one piece, so that it does not flicker.
    drawn = shown.length;
  };
  return {
    planned(checks) {
      for (const check of checks) rows.set(check, { started: null, outcome: null });
      timer = setInterval(draw, tick);
      timer.unref();
      draw();
    },
    started(check) {
      rows.set(check, { started: performance.now(), outcome: null });
      draw();
    },
    ended(outcome) {
      rows.set(outcome.check, { started: null, outcome });
      said = '';
      draw();
    },
    tell(text) {
      said = visible(text.split('\n', 1)[0]!);
      draw();
    },
    end() {
      clearInterval(timer);
      io.stderr.write(back());
      drawn = 0;
    },
  };
}
