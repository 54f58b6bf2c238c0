import { type TableRule, Undecided } from '../../model/index.ts';
import type { Place } from '../place.ts';
import type { Baseline, TablePrint } from './baseline.ts';
import { orderAs, takeOf } from './take.ts';

/** A table, and the strictest rule that what moved by itself meanwhile does not break. */
export interface Proposal {
  readonly name: string;
  readonly rule: TableRule;
}

/** Waits, and looks what has moved by itself since a baseline. @param span milliseconds */
export async function watch(place: Place, environment: string, baseline: Baseline, span: number): Promise<Proposal[]> {
  place.tell(`watching ${environment} for ${span / 1000} s`);
  await pause(span, place.signal);
  const plain = orderAs(baseline, false);
  const whole = await takeOf(place, environment, { ...plain, rule: () => 'equal' });
  const old = await takeOf(place, environment, { ...orderAs(baseline, true), rule: () => 'append' });
  const [now, seen] = [whole, old].map(({ tables }) => new Map(tables.map((table) => [table.name, table])));
  return baseline.tables.flatMap((was) => {
    const [all, kept] = [now!.get(was.name), seen!.get(was.name)];
    return all && kept ? [{ name: was.name, rule: strictest(was, all, baseline.snapshot === null ? null : kept) }] : [];
  });
}

/** @param kept rows that the baseline's snapshot saw, as they are now; null: the engine does not tell */
function strictest(was: TablePrint, all: TablePrint, kept: TablePrint | null): TableRule {
  const isSame = (now: TablePrint) => now.rows === was.rows && now.sum === was.sum;
  if (isSame(all)) return 'equal';
  if (kept !== null && isSame(kept)) return 'append';
  return BigInt(all.rows) >= BigInt(was.rows) ? 'grow' : 'any';
}

function pause(span: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const interrupt = () => {
      clearTimeout(timer);
      fail(new Undecided('it was interrupted'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', interrupt);
      done();
    }, span);
    signal.addEventListener('abort', interrupt, { once: true });
    if (signal.aborted) interrupt();
  });
}
