import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Undecided } from '../model/index.ts';

export type Engine = 'postgres' | 'mysql';

/** What a URL says, by the one reading that every driver and tool gets. */
export interface Target {
  readonly engine: Engine;
  /** The variable that held it. */
  readonly variable: string;
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: Tls;
}

export type Tls =
  | { readonly mode: 'off' | 'prefer' | 'require' }
  | { readonly mode: 'verify-ca' | 'verify-full'; readonly ca: string | null; readonly file: string | null };

const engines: Readonly<Record<string, Engine>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
};
const ports = { postgres: 5432, mysql: 3306 };

/** Names in the query by which some driver or tool goes elsewhere, or as somebody else, than the URL reads. */
const hidden =
  /^(?:host|hostname|hostaddr|port|user|username|dbname|db|database|password|pass|passwd|service|servicefile|passfile|socket|socketpath|uri|path)$/i;

/**
 * Reads the URL of a database. What is wrong with it is told by the name of its variable alone.
 * @throws Undecided where it does not name host, user and database, or where readers could differ over what it names
 */
export function parseTarget(variable: string, value: string): Target {
  const refuse = (what: string): never => {
    throw new Undecided(`${variable} ${what}`, `write ${variable} as postgres://USER:PASSWORD@HOST:PORT/DATABASE`);
  };
  if (/[\s\0-\x1f\x7f]/.test(value)) return refuse('holds white space or a control character');
  if (!URL.canParse(value)) return refuse('is not a URL that every driver reads the same; %-encode its password');
  const url = new URL(value);
  const engine = Object.hasOwn(engines, url.protocol)
    ? engines[url.protocol]!
    : refuse('is not a URL of PostgreSQL, MySQL or MariaDB');
  if (url.hash !== '' || value.includes('#')) return refuse("holds '#'; in a password write it as %23");
  // What stands before the last `@` is not the same for every reader.
  if ((value.split('?')[0]!.match(/@/g) ?? []).length > 1)
    return refuse("holds '@' twice; in a password write it as %40");
  const part = (text: string) => decoded(text) ?? refuse('is %-encoded wrongly');
  const [host, user, database] = [
    part(url.hostname).replace(/^\[|\]$/g, ''),
    part(url.username),
    part(url.pathname.slice(1)),
  ];
  if (host === '' || host.includes(',')) return refuse(host === '' ? 'names no host' : 'names several hosts; name one');
  if (user === '') return refuse('names no user');
  if (database === '' || database.includes('/')) return refuse('names no database');
  for (const name of url.searchParams.keys())
    if (hidden.test(name)) return refuse(`says '${name}' in its query, where drivers differ; say it in front`);
  return {
    engine,
    variable,
    host,
    port: url.port === '' ? ports[engine] : Number(url.port),
    user,
    password: part(url.password),
    database,
    tls: readTls(url.searchParams, refuse),
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

const modes: Readonly<Record<string, Tls['mode']>> = {
  '': 'off',
  disable: 'off',
  disabled: 'off',
  false: 'off',
  allow: 'prefer',
  prefer: 'prefer',
  preferred: 'prefer',
  require: 'require',
  required: 'require',
  true: 'require',
  'verify-ca': 'verify-ca',
  verify_ca: 'verify-ca',
  'verify-full': 'verify-full',
  verify_identity: 'verify-full',
};

function readTls(query: URLSearchParams, refuse: (what: string) => never): Tls {
  const said = ['sslmode', 'ssl-mode', 'ssl'].flatMap((name) => query.getAll(name));
  if (said.length > 1) return refuse('says twice how TLS is used');
  const word = said[0]?.toLowerCase() ?? '';
  const mode = Object.hasOwn(modes, word) ? modes[word]! : refuse('says sslmode in a way that is not known');
  const roots = query.get('sslrootcert');
  if (mode !== 'verify-ca' && mode !== 'verify-full') return { mode };
  if (roots === null || roots === 'system') return { mode, ca: null, file: null };
  try {
    return { mode, ca: readFileSync(roots, 'utf8'), file: resolve(roots) };
  } catch {
    return refuse('names a file of certificates (sslrootcert) that cannot be read');
  }
}

/** As reports show it: without user and password. */
export function shownTarget({ engine, host, port, database }: Target): string {
  return `${engine}://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

/** Does it lead through a pooler, by the ports and names that poolers have? */
export function isPooled({ host, port }: Target): boolean {
  return port === 6432 || port === 6543 || /^[^.]*-pooler(?:\.|$)/.test(host);
}
