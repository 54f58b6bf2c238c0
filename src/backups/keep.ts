import type { KeepRules } from '../model/index.ts';

/** What a backup is to its retention. */
export interface Kept {
  readonly id: string;
  readonly createdAt: Date;
  readonly whole: boolean;
  /** When a restore of it was last proven; null: never. */
  readonly testedAt: Date | null;
  /** Somebody has said that it stays, or an open run or the last deploy names it. */
  readonly pinned: string | null;
}

export interface Decision {
  readonly id: string;
  readonly keep: boolean;
  /** One reason that holds, in words. */
  readonly reason: string;
}

const buckets = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/**
 * Decides which backups stay. Only what a newer, tested one follows may go: never the newest tested one, none that is pinned,
 * none from the future, and where nothing was ever tested nothing goes.
 * @param zone IANA time zone of the calendar that days and weeks are counted by
 * @param now by this machine's clock
 */
export function decide(backups: readonly Kept[], keep: KeepRules, zone: string, now: Date): Decision[] {
  const newestFirst = [...backups].sort(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1),
  );
  const counted = newestFirst.filter(({ whole, createdAt }) => whole && createdAt <= now);
  const reasons = ruledBy(counted, keep, zone, now);
  // A clock that was wrong once must not make an old one the newest.
  const newestTested = newestFirst.find(
    ({ whole, testedAt, createdAt }) => whole && testedAt !== null && createdAt <= now,
  );
  return newestFirst.map((backup) => {
    const reason = mustStay(backup, newestTested, now) ?? reasons.get(backup.id);
    if (reason !== undefined) return { id: backup.id, keep: true, reason };
    const why = backup.whole ? 'no rule keeps it' : 'it is suspect';
    return { id: backup.id, keep: false, reason: `${why}, and ${newestTested!.id} is newer and tested` };
  });
}

function mustStay(backup: Kept, newestTested: Kept | undefined, now: Date): string | undefined {
  if (backup.pinned !== null) return backup.pinned;
  if (backup.createdAt > now) return 'it is from the future: a clock was wrong';
  if (newestTested === undefined) return 'no backup was tested yet, so none goes';
  if (backup.id === newestTested.id) return 'the newest tested one';
  if (backup.createdAt >= newestTested.createdAt) return 'no newer one was tested';
  return undefined;
}

function ruledBy(counted: readonly Kept[], keep: KeepRules, zone: string, now: Date): Map<string, string> {
  const reasons = new Map<string, string>();
  const add = (id: string, reason: string) => reasons.has(id) || reasons.set(id, reason);
  // A loop of retries fills `last` within a minute, so each hour counts once.
  for (const { id } of firstOfEach(counted, (backup) => bucketOf(backup.createdAt, 'hourly', zone), keep.last ?? 0))
    add(id, `one of the last ${keep.last}`);
  for (const bucket of buckets)
    for (const { id } of firstOfEach(counted, (backup) => bucketOf(backup.createdAt, bucket, zone), keep[bucket] ?? 0))
      add(id, `${bucket}, ${keep[bucket]} kept`);
  if (keep.within !== undefined)
    for (const { id, createdAt } of counted)
      if (now.getTime() - createdAt.getTime() <= keep.within) add(id, 'young enough (within)');
  return reasons;
}

/** The newest of each bucket, of the newest `count` buckets. */
function firstOfEach(backups: readonly Kept[], bucket: (backup: Kept) => string, count: number): Kept[] {
  const seen = new Map<string, Kept>();
  for (const backup of backups) {
    const name = bucket(backup);
    if (seen.has(name)) continue;
    if (seen.size >= count) break;
    seen.set(name, backup);
  }
  return [...seen.values()];
}

function bucketOf(at: Date, bucket: (typeof buckets)[number], zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const of = (type: string) => parts.find((part) => part.type === type)!.value;
  const [year, month, day] = [of('year'), of('month'), of('day')];
  if (bucket === 'yearly') return year;
  if (bucket === 'monthly') return `${year}-${month}`;
  if (bucket === 'daily') return `${year}-${month}-${day}`;
  if (bucket === 'hourly') return `${year}-${month}-${day} ${of('hour')}`;
  return weekOf(Number(year), Number(month), Number(day));
}

/** The Monday that the week begins with. */
function weekOf(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  return date.toISOString().slice(0, 10);
}
