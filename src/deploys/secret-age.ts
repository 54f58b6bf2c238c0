import type { PinnedVariable } from '../model/index.ts';

const day = 86_400_000;
/** How long before its end of life a value is told of. */
const notice = 14 * day;

/** What is said of a secret. `advice` and `well` let it pass. */
export interface Said {
  readonly kind: 'well' | 'advice' | 'due' | 'false' | 'untold';
  readonly message: string;
  readonly help: string;
}

/** How old a value is, and when it has to be replaced. */
export interface Age {
  /** Null: nobody knows. */
  readonly days: number | null;
  /** `2026-12-20`; null: the policy sets no limit. */
  readonly due: string | null;
  readonly says: readonly Said[];
}

const databaseName =
  /(?:^|_)(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|MONGO(?:DB)?|REDIS|SUPABASE|TIDB)(?:_|$)|^(?:PG|MYSQL_)?PASSWORD$|^PGPASSWORD$/i;
const signingName = /(?:^|_)(?:JWT|JWS|SIGNING|SIGN|SESSION|COOKIE)(?:_|$)|(?:^|_)(?:NEXTAUTH|AUTH)_SECRET$/i;

/** What is advised for a name where the policy sets no limit; null: nothing. */
export function advised(name: string): { readonly days: number; readonly what: string } | null {
  if (databaseName.test(name)) return { days: 90, what: 'what opens a database' };
  return signingName.test(name) ? { days: 180, what: 'what signs' } : null;
}

/** Judges the age of a value. @param today as the clocks of the environment show it, `2026-12-20` */
export function ageOf(name: string, { rotated, maxAge }: PinnedVariable, today: string): Age {
  const advice = advised(name);
  if (rotated === null) {
    const said: Said | null = advice && {
      kind: 'advice',
      message: `nobody knows how old it is, and ${advice.what} is best replaced every ${advice.days} days`,
      help: `write into the policy when it was made: ${name}: { rotated: ${today}, maxAge: ${advice.days}d }`,
    };
    return { days: null, due: null, says: said ? [said] : [] };
  }
  const [made, at] = [instant(rotated), instant(today)];
  const days = Math.round((at - made) / day);
  const due = maxAge === null ? null : dateOf(made + maxAge);
  if (made > at) {
    const message = `it is said to be made on ${rotated}, which is still to come`;
    return { days, due, says: [{ kind: 'false', message, help: 'write the day on which it was really made' }] };
  }
  const help =
    'npx git-protect fingerprint NAME prints what to pin; docs/secrets.md has the order of the steps'.replace(
      'NAME',
      name,
    );
  if (maxAge === null) {
    const isOld = advice !== null && days > advice.days;
    const message = `it is ${days} days old, and ${advice?.what} is best replaced every ${advice?.days} days`;
    return { days, due, says: isOld ? [{ kind: 'advice', message, help }] : [] };
  }
  const left = made + maxAge - at;
  if (left < 0) return { days, due, says: [{ kind: 'due', message: `it had to be replaced by ${due}`, help }] };
  const soon: Said = { kind: 'advice', message: `it has to be replaced by ${due}`, help };
  return { days, due, says: left <= notice ? [soon] : [] };
}

const instant = (date: string) => Date.parse(`${date}T00:00:00Z`);
const dateOf = (at: number) => new Date(at).toISOString().slice(0, 10);
