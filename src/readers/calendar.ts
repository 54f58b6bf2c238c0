import { type DeployWindow, type Freeze, type Weekday, weekdays } from '../model/policy.ts';

/** What the clocks of a time zone show. */
export interface LocalTime {
  /** `2026-12-20` */
  readonly date: string;
  readonly weekday: Weekday;
  /** Minutes since midnight, as the clocks show them. */
  readonly minutes: number;
}

/** When a deploy may start; the zone of the days of freezes as well. */
export interface Calendar {
  /** Null: always, but for the freezes. */
  readonly window: DeployWindow | null;
  readonly freezes: readonly Freeze[];
}

/** Days that are looked through for the next opening. */
const furthest = 800;
const day = 86_400_000;
const minute = 60_000;

/** The zone in which days and hours are meant. */
export function zoneOf({ window }: Calendar): string {
  return window?.timezone ?? 'UTC';
}

/** What the clocks of an IANA time zone show at an instant. */
export function localTime(instant: Date, zone: string): LocalTime {
  const parts = new Map(
    format(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const date = `${parts.get('year')!.padStart(4, '0')}-${parts.get('month')}-${parts.get('day')}`;
  return { date, weekday: weekdayOf(date), minutes: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

/** Is an instant within the hours? Of hours that go over midnight, the day is that on which they began. */
export function isWithin(local: LocalTime, window: DeployWindow | null): boolean {
  if (window === null) return true;
  const { from, to } = window.hours;
  const { weekday, minutes } = local;
  if (from < to) return window.days.includes(weekday) && minutes >= from && minutes < to;
  if (minutes >= from) return window.days.includes(weekday);
  return minutes < to && window.days.includes(weekdayOf(addDays(local.date, -1)));
}

/** The freezes that a day lies in, both their ends included. */
export function freezesOn(date: string, freezes: readonly Freeze[]): readonly Freeze[] {
  return freezes.filter(({ from, to }) => from <= date && date <= to);
}

/** The first moment after `now` at which a deploy may start; null: none within two years. */
export function nextOpening(now: Date, calendar: Calendar): Date | null {
  const zone = zoneOf(calendar);
  const isOpen = (instant: Date) => {
    const local = localTime(instant, zone);
    return isWithin(local, calendar.window) && freezesOn(local.date, calendar.freezes).length === 0;
  };
  const starts = [...new Set([0, calendar.window?.hours.from ?? 0])];
  // A day may begin open: behind a freeze, and with hours that go over midnight.
  for (let date = localTime(now, zone).date, left = furthest; left > 0; date = addDays(date, 1), left--) {
    if (freezesOn(date, calendar.freezes).length > 0) continue;
    const instants = starts.flatMap((minutes) => instantsOf(date, minutes, zone)).sort((a, b) => +a - +b);
    const found = instants.find((instant) => instant > now && isOpen(instant));
    if (found) return found;
  }
  return null;
}

/** The days as people write them. */
export const dayNames: Readonly<Record<Weekday, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
};

/** `Friday 2026-11-20 16:05` */
export function showLocal({ date, weekday, minutes }: LocalTime): string {
  return `${dayNames[weekday]} ${date} ${showMinutes(minutes)}`;
}

/** `09:00` */
export function showMinutes(minutes: number): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(zone, made);
  return made;
}

function weekdayOf(date: string): Weekday {
  return weekdays[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]!;
}

/** Counts in the calendar, where every day has the same length. */
function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * day).toISOString().slice(0, 10);
}

/**
 * When the clocks show a time: two instants for one that is repeated. For one that is skipped, the moment at which
 * they jump over it.
 */
function instantsOf(date: string, minutes: number, zone: string): Date[] {
  const shown = Date.parse(`${date}T00:00:00Z`) + minutes * minute;
  const [before, after] = [offset(shown - day, zone), offset(shown + day, zone)];
  const found = [...new Set([shown - before, shown - after])].filter((instant) => shows(instant, zone) === shown);
  if (found.length > 0) return found.sort((a, b) => a - b).map((instant) => new Date(instant));
  let [low, high] = [shown - day, shown + day];
  while (high - low > minute) {
    const middle = low + Math.floor((high - low) / 2 / minute) * minute;
    if (shows(middle, zone) < shown) low = middle;
    else high = middle;
  }
  return [new Date(high)];
}

/** What the clocks show, as if it were UTC, in milliseconds. */
function shows(instant: number, zone: string): number {
  const { date, minutes } = localTime(new Date(instant), zone);
  return Date.parse(`${date}T00:00:00Z`) + minutes * minute;
}

function offset(instant: number, zone: string): number {
  return shows(instant, zone) - instant;
}
