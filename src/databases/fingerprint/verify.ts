import { Undecided } from '../../model/index.ts';
import type { Place } from '../place.ts';
import type { Baseline } from './baseline.ts';
import { compare, type Difference } from './compare.ts';
import { orderAs, takeOf } from './take.ts';

/** What a database is compared to, and what differs. */
export interface Verified {
  readonly differences: readonly Difference[];
  readonly now: Baseline;
  /** What was not compared, in sentences. */
  readonly notes: readonly string[];
}

/** Compares an environment's database with a baseline of it. @throws Undecided when it is another database */
export async function verify(place: Place, environment: string, baseline: Baseline): Promise<Verified> {
  const now = await takeOf(place, environment, orderAs(baseline, true));
  const [was, is] = [baseline.database, now.database];
  if (was.identity !== is.identity || was.engine !== is.engine)
    throw new Undecided(
      `the baseline is of another database (${was.name} of ${was.identity}) than ${environment} is now (${is.name} of ${is.identity})`,
      `npx git-protect db baseline ${environment}`,
    );
  return { differences: compare(baseline, now), now, notes: notesOf(baseline) };
}

/** What a pass does not say. */
export function notesOf({ tables, notes }: Baseline): string[] {
  const of = (rule: string) => tables.filter((table) => table.rule === rule).map(({ name }) => name);
  const told = (names: readonly string[], text: string) => (names.length === 0 ? [] : [`${names.join(', ')}: ${text}`]);
  const kind = tables[0]?.kind;
  return [
    ...(kind === 'count' ? ['contents were not compared, only counts (fingerprint: count)'] : []),
    ...(kind === 'fast'
      ? ['equal values in another form, such as 1.0 and 1.00, were taken for one (fingerprint: fast)']
      : []),
    ...told(of('grow'), 'only the count was looked at, contents were not compared (rule: grow)'),
    ...told(of('any'), 'not compared (rule: any)'),
    ...notes,
  ];
}
