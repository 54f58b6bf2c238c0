import type { Baseline, TablePrint } from './fingerprint/baseline.ts';
import { type Order, orderAs, take } from './fingerprint/take.ts';
import type { Place } from './place.ts';
import type { Target } from './target.ts';

/** What a database holds now, by table, and what of that a backup of it does not. */
export interface Since {
  /** In sentences, by table; none: nothing was written since. */
  readonly said: readonly string[];
  /** Rows by table, now. */
  readonly rows: ReadonlyMap<string, string>;
}

/**
 * What was written to a database since a backup of it. Where it is the very database that was dumped, rows are told by what the
 * moment of the dump saw; elsewhere by their number and sum.
 */
export async function writtenSince(place: Place, target: Target, baseline: Baseline): Promise<Since> {
  place.tell('counting what was written since the backup');
  const now = await take(place, target, orderAs(baseline, false));
  const isSame = now.database.identity === baseline.database.identity && baseline.snapshot !== null;
  const seen = isSame ? byName(await take(place, target, seenOrder(baseline))) : null;
  const [before, after] = [byName(baseline), byName(now)];
  const said = [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const text = tableSince(before.get(name), after.get(name), seen?.get(name));
    return text === null ? [] : [`${name}: ${text}`];
  });
  return { said, rows: rowsOf(now) };
}

/** Only what the moment of the dump saw, in every table. */
function seenOrder(baseline: Baseline): Order {
  return { ...orderAs(baseline, true), kind: 'count', rule: () => 'append' };
}

const byName = ({ tables }: Baseline) => new Map(tables.map((table) => [table.name, table]));
const rowsOf = ({ tables }: Baseline) => new Map(tables.map(({ name, rows }) => [name, rows]));
const counted = (count: bigint) => `${count} row${count === 1n ? '' : 's'}`;

function tableSince(was?: TablePrint, is?: TablePrint, seen?: TablePrint): string | null {
  if (is === undefined) return `is gone, and comes back with ${counted(BigInt(was!.rows))}`;
  if (was === undefined) return is.rows === '0' ? null : `is not in the backup: ${counted(BigInt(is.rows))}`;
  if (was.rows === is.rows && was.sum === is.sum) return null;
  if (seen === undefined) {
    const more = BigInt(is.rows) - BigInt(was.rows);
    if (more === 0n) return `as many rows as in the backup (${is.rows}), with other contents`;
    return `${counted(more > 0n ? more : -more)} ${more > 0n ? 'more' : 'fewer'} than in the backup (${was.rows})`;
  }
  const [written, lost] = [BigInt(is.rows) - BigInt(seen.rows), BigInt(was.rows) - BigInt(seen.rows)];
  const said = [
    written > 0n ? `${counted(written)} written since` : '',
    lost > 0n ? `${counted(lost)} of the backup changed or removed` : '',
  ].filter((one) => one !== '');
  return said.length === 0 ? 'not as it was in the backup' : said.join(', ');
}

/** Rows that came between two looks, by table: what was not told before the swap. @param after of the kept original */
export async function writtenBetween(place: Place, target: Target, baseline: Baseline, told: Since): Promise<string[]> {
  const now = await take(place, target, { ...orderAs(baseline, false), kind: 'count' });
  return [...rowsOf(now)].flatMap(([name, rows]) => {
    const more = BigInt(rows) - BigInt(told.rows.get(name) ?? '0');
    return more === 0n ? [] : [`${name}: ${counted(more > 0n ? more : -more)} ${more > 0n ? 'more' : 'fewer'}`];
  });
}
