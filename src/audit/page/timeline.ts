import type { Audit, AuditStep } from '../facts.ts';
import { byCommit, gravestKind, type Kind, kindShapes, kindWords } from '../formats/words.ts';
import { count } from '../teller.ts';
import { esc } from './html.ts';
import { anchor } from './rows.ts';

const most = 48;
const day = 864e5;
/** How tall a column is at most; heights are classes, because the page allows no style of its own on an element. */
export const tallest = 40;
const stacked: readonly Kind[] = ['uncovered', 'unknown', 'takenBack', 'afterwards', 'approved', 'free'];

interface Column {
  readonly from: number;
  readonly steps: { readonly step: AuditStep; readonly kind: Kind }[];
  policy: number;
  tags: number;
}

/** The steps over time: a column for each day, week or longer, by what became of its steps. */
export function timeline(audit: Audit): string {
  const { population } = audit;
  if (population.length < 2) return '';
  const times = population.map(landed);
  const [first, last] = [Math.min(...bounds(times)), Math.max(...bounds(times))];
  const width = widthOf(last - first);
  const start = Math.floor(first / width) * width;
  const amount = Math.floor((last - start) / width) + 1;
  const columns: Column[] = Array.from({ length: amount }, (_, at) => ({
    from: start + at * width,
    steps: [],
    policy: 0,
    tags: 0,
  }));
  const at = (moment: number) => columns[Math.floor((moment - start) / width)];
  const own = byCommit(audit.changes);
  for (const step of population) at(landed(step))?.steps.push({ step, kind: gravestKind(own.get(step.commit) ?? []) });
  const whole = new Map(population.map((step) => [step.commit, landed(step)]));
  for (const { commit, date } of audit.policy) (at(whole.get(commit) ?? Date.parse(date)) ?? columns[0]!).policy++;
  for (const { date } of audit.tags) {
    const column = at(Date.parse(date));
    if (column) column.tags++;
  }
  const highest = Math.max(...columns.map(({ steps }) => steps.length));
  const items = columns.map((column) => item(column, width, highest)).join('');
  return `<section aria-labelledby="time"><h2 id="time">Over time</h2>\n<ol class="timeline">${items}</ol>\n<p class="ends"><span>${iso(start)}</span><span class="legend"><span aria-hidden="true">◆</span> the policy changed <span aria-hidden="true">▲</span> rollback point</span><span>${iso(last)}</span></p></section>\n`;
}

const landed = (step: AuditStep) => Date.parse(step.received?.at ?? step.date);

/** The least and the greatest, whatever the number of times. */
function bounds(times: readonly number[]): [number, number] {
  return times.reduce(
    ([least, greatest], one) => [Math.min(least, one), Math.max(greatest, one)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

/** A whole number of days, or weeks where it is longer. */
function widthOf(span: number): number {
  const days = Math.max(1, Math.ceil((span + day) / day / most));
  return (days > 3 ? Math.ceil(days / 7) * 7 : days) * day;
}

function item({ from, steps, policy, tags }: Column, width: number, highest: number): string {
  const to = from + width - day;
  const span = width === day ? iso(from) : `${iso(from)} to ${iso(to)}`;
  const marks = `<span class="mark">${policy > 0 ? '◆' : ''}${tags > 0 ? '▲' : ''}</span>`;
  if (steps.length === 0) return `<li><span class="column"></span>${marks}</li>`;
  const amounts = stacked
    .map((kind) => [kind, steps.filter((one) => one.kind === kind).length] as const)
    .filter(([, amount]) => amount > 0);
  const parts = amounts.map(
    ([kind, amount]) =>
      `<span class="part ${kind} h${Math.max(kind === 'uncovered' ? 3 : 1, Math.round((amount / highest) * tallest))}"></span>`,
  );
  const cross = amounts[0]![0] === 'uncovered' ? `<span class="cross">${kindShapes.uncovered}</span>` : '';
  const said = [
    `${span}: ${count(steps.length, 'step')}`,
    ...amounts.filter(([kind]) => kind !== 'free').map(([kind, amount]) => `${amount} ${kindWords[kind]}`),
    ...(policy > 0 ? ['the policy changed'] : []),
    ...(tags > 0 ? [count(tags, 'rollback point')] : []),
  ].join(', ');
  return `<li><a href="#${anchor(steps.at(-1)!.step.commit)}" data-from="${iso(from)}" data-to="${iso(to)}" title="${esc(said)}"><span class="column" aria-hidden="true">${cross}${parts.join('')}</span><span class="away">${esc(said)}</span></a><span aria-hidden="true">${marks}</span></li>`;
}

const iso = (moment: number) => new Date(moment).toISOString().slice(0, 10);
