import { codeOf, type Session } from './session.ts';
import type { Target } from './target.ts';

/**
 * Foreign servers and subscriptions of a disposable database that lead to the host of another one.
 * @param unproven gets what could not be looked at
 */
export async function linksTo(
  ours: readonly { readonly target: Target; readonly session: Session }[],
  theirs: readonly Target[],
  unproven: string[],
): Promise<string[]> {
  const found: string[] = [];
  const hosts = new Set(theirs.map(({ host }) => plain(host)));
  for (const { target, session } of ours) {
    if (target.engine !== 'postgres') continue;
    const leads = (host: string, port: string) =>
      hosts.has(plain(host)) && !(plain(host) === plain(target.host) && port === String(target.port));
    for (const row of await session.query(foreignServers))
      if (leads(String(row['host']), String(row['port']))) found.push(`foreign server ${row['name']}`);
    for (const { name, info } of await subscriptionsOf(session)) {
      if (info === null) unproven.push(`where subscription ${name} leads: the user may not read it`);
      else if (leads(valueIn(info, 'host') ?? 'localhost', valueIn(info, 'port') ?? '5432'))
        found.push(`subscription ${name}`);
    }
  }
  return [...new Set(found)];
}

const foreignServers = `select srvname::text as name,
  coalesce((select split_part(o, '=', 2) from unnest(srvoptions) o where o ~ '^(host|hostaddr|servername)=' limit 1), 'localhost') as host,
  coalesce((select split_part(o, '=', 2) from unnest(srvoptions) o where o ~ '^port=' limit 1), '5432') as port
  from pg_foreign_server`;

const ofThisDatabase =
  'from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())';

async function subscriptionsOf(session: Session): Promise<{ name: string; info: string | null }[]> {
  const named = await session.query(`select subname::text as name ${ofThisDatabase}`);
  if (named.length === 0) return [];
  try {
    const rows = await session.query(`select subname::text as name, subconninfo as info ${ofThisDatabase}`);
    return rows.map((row) => ({ name: String(row['name']), info: String(row['info']) }));
  } catch (error) {
    if (codeOf(error) !== '42501') throw error;
    return named.map((row) => ({ name: String(row['name']), info: null }));
  }
}

const valueIn = (info: string, key: string) => new RegExp(`(?:^|\\s)${key}\\s*=\\s*'?([^\\s']+)`).exec(info)?.[1];

/** Loopback addresses and sockets are one host. */
function plain(host: string): string {
  const folded = host.toLowerCase().replace(/\.$/, '');
  return /^(?:127\.[\d.]+|::1|localhost|\/.*)$/.test(folded) ? 'localhost' : folded;
}
