import { environmentOf, type Place, targetOf, targetsOf, variableOf } from './place.ts';
import type { Target } from './target.ts';

/** What a command gets that is to reach the test database alone. */
export interface ChildEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** Names of the variables that were taken out, sorted. */
  readonly removed: readonly string[];
}

/** By these clients and drivers find a server that no URL names. */
const client = /^(?:PG[A-Z]|MYSQL_)/;

/**
 * The environment of the command in a run: without every variable whose value leads to production, and with the
 * application's own variable naming the test database.
 */
export function childEnvironment(place: Place, production: string, test: string): ChildEnvironment {
  const [theirs, own] = [targetsOf(place, production), targetOf(place, test)];
  const env: NodeJS.ProcessEnv = {};
  const removed: string[] = [];
  for (const [name, value] of Object.entries(place.env)) {
    if (value === undefined) continue;
    if (client.test(name) || theirs.some((target) => leadsTo(value, target, own))) removed.push(name);
    else env[name] = value;
  }
  const environment = environmentOf(place, test);
  const url = variableOf(place, environment, environment.url);
  for (const name of ['DATABASE_URL', environmentOf(place, production).url, environment.url]) env[name] = url;
  for (const [name, variable] of Object.entries(environment.env)) env[name] = variableOf(place, environment, variable);
  return { env, removed: removed.filter((name) => env[name] === undefined).sort() };
}

/** Does a value hold the password, or the host, of a database? */
function leadsTo(value: string, { host, port, user, password }: Target, own: Target): boolean {
  const written = [password, encodeURIComponent(password)];
  if (password !== '' && (password.length < 4 ? written.includes(value) : written.some((one) => value.includes(one))))
    return true;
  if (value.includes(`${user}:${encodeURIComponent(password)}@`)) return true;
  const token = (text: string) =>
    new RegExp(`(?<![\\w.-])${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w.-])`, 'i').test(value);
  if (token(`${host}:${port}`) || token(`[${host}]:${port}`)) return true;
  // The machine itself, and a host that is the test database's too, are told apart by their ports alone.
  if (/^(?:localhost|127\.|::1|\/)/.test(host) || host.toLowerCase() === own.host.toLowerCase()) return false;
  // A short name is a word that paths hold too.
  return host.includes('.')
    ? token(host)
    : value.toLowerCase() === host.toLowerCase() || token(`@${host}`) || token(`//${host}`);
}
