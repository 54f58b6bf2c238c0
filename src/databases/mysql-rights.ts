import type { Session } from './session.ts';

/** A line of `SHOW GRANTS`. */
interface Grant {
  readonly rights: string;
  /** What it is on, without quotes: `*.*`, `shop.*`, `mysql.proc`. */
  readonly on: string;
  /** The same as it was granted: `_` and `%` stand for others unless a backslash is before them. */
  readonly pattern: string;
}

/** What the user of a session may do. */
export async function grantsOf(session: Session): Promise<Grant[]> {
  const rows = await session.query('show grants');
  return rows.flatMap((row) => {
    const [, rights, where] = /^GRANT (.*?) ON (.*?) TO /.exec(String(Object.values(row)[0])) ?? [];
    if (rights === undefined || where === undefined) return [];
    const pattern = where.replaceAll('`', '');
    return [{ rights, on: pattern.replaceAll('\\', ''), pattern }];
  });
}

/** Has the user a right, by its name, on all of a database? */
export function hasRight(grants: readonly Grant[], right: string, database: string): boolean {
  const says = ({ rights }: Grant) => new RegExp(`\\b(?:${right}|ALL PRIVILEGES)\\b(?! \\()`).test(rights);
  if (grants.some((grant) => grant.on === '*.*' && says(grant))) return true;
  // Of several that fit, the server goes by the one that fits best alone.
  const exact = grants.filter(({ on }) => on === `${database}.*`);
  const fitting = exact.length > 0 ? exact : grants.filter(({ pattern }) => fits(pattern, database));
  return fitting.length > 0 && (exact.length > 0 ? fitting.some(says) : fitting.every(says));
}

function fits(pattern: string, database: string): boolean {
  if (!pattern.endsWith('.*') || pattern === '*.*') return false;
  const parts = pattern.slice(0, -2).match(/\\?[\s\S]/g) ?? [];
  const source = parts.map((part) =>
    part === '%' ? '.*' : part === '_' ? '.' : part.slice(-1).replace(/[.*+?^${}()|[\]\\]/, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`, 's').test(database);
}
