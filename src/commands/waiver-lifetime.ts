import { waiverLifetime } from '../approvals/waiver.ts';
import { UsageError } from '../model/index.ts';
import { parseDuration } from '../words/duration.ts';

/** How long a waiver holds, in milliseconds. @throws UsageError when it is no duration, or too long */
export function lifetime(expires: string | undefined): number {
  const life = expires === undefined ? waiverLifetime.standard : parseDuration(expires);
  if (life === null) throw new UsageError(`--expires is '${expires}', expected a duration such as 2h`);
  if (life > waiverLifetime.longest) throw new UsageError('it holds for 24 hours at most', '--expires 24h');
  return life;
}
