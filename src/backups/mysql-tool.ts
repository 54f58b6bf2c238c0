import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { grantsOf, hasRight } from '../databases/mysql-rights.ts';
import type { Session } from '../databases/session.ts';
import type { Target } from '../databases/target.ts';
import { Undecided } from '../model/index.ts';
import type { BackupPlace } from './place.ts';

/** The program that dumps MySQL and MariaDB. @throws Undecided with the install line when it is on no PATH */
export function dumpTool({ env }: BackupPlace): string {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const found = ['mariadb-dump', 'mysqldump']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Undecided('mariadb-dump (or mysqldump) is not installed here', 'apt-get install mariadb-client');
}

/**
 * The flags of a dump of one database, in one snapshot. The password goes by the environment.
 * @param version as the tool says it: those of MySQL and of MariaDB take other flags
 */
export function dumpFlags(target: Target, version: string): string[] {
  const isMariaDb = /MariaDB/i.test(version);
  const { host, port, user, database, tls } = target;
  const at = host.startsWith('/') ? [`--socket=${host}`] : ['--protocol=TCP', `--host=${host}`, `--port=${port}`];
  return [
    '--no-defaults',
    ...at,
    `--user=${user}`,
    ...(isMariaDb ? tlsOfMariaDb(tls) : tlsOfMysql(tls)),
    '--default-character-set=utf8mb4',
    '--single-transaction',
    '--quick',
    '--hex-blob',
    '--routines',
    '--triggers',
    '--events',
    '--no-tablespaces',
    '--skip-lock-tables',
    '--skip-add-locks',
    '--skip-disable-keys',
    '--max-allowed-packet=1G',
    ...(isMariaDb ? [] : ['--set-gtid-purged=OFF', '--column-statistics=0']),
    '--',
    database,
  ];
}

function tlsOfMariaDb(tls: Target['tls']): string[] {
  if (tls.mode === 'off' || tls.mode === 'prefer') return ['--skip-ssl'];
  if (tls.mode === 'require') return ['--ssl', '--skip-ssl-verify-server-cert'];
  return ['--ssl', '--ssl-verify-server-cert', ...('file' in tls && tls.file ? [`--ssl-ca=${tls.file}`] : [])];
}

const modes = {
  off: 'DISABLED',
  prefer: 'DISABLED',
  require: 'REQUIRED',
  'verify-ca': 'VERIFY_CA',
  'verify-full': 'VERIFY_IDENTITY',
};

const tlsOfMysql = (tls: Target['tls']) => [
  `--ssl-mode=${modes[tls.mode]}`,
  ...('file' in tls && tls.file ? [`--ssl-ca=${tls.file}`] : []),
];

/** All that the tool sees, made from nothing. */
export const dumpEnvironment = ({ env }: BackupPlace, { password }: Target): NodeJS.ProcessEnv => ({
  PATH: env['PATH'],
  LC_ALL: 'C',
  HOME: '/nonexistent',
  MYSQL_PWD: password,
});

/**
 * What a user may not see the tool leaves out, and ends with 0 all the same.
 * @param so what follows from it, in words
 * @throws Undecided with what lets the user see it
 */
export async function refuseBlind(session: Session, so: string): Promise<void> {
  const { user, database } = session.target;
  const held = await grantsOf(session);
  const missing = ['TRIGGER', 'EVENT', 'SHOW VIEW'].filter((right) => !hasRight(held, right, database));
  const grants = missing.length === 0 ? [] : [`GRANT ${missing.join(', ')} ON \`${database}\`.* TO ${user};`];
  const seesRoutines = held.some(
    ({ rights, on }) =>
      (on === '*.*' && /\bSHOW_ROUTINE\b/.test(rights)) ||
      (['*.*', 'mysql.*', 'mysql.proc'].includes(on) && /\b(?:SELECT|ALL PRIVILEGES)\b(?! \()/.test(rights)),
  );
  if (!seesRoutines) grants.push(`GRANT SELECT ON mysql.proc TO ${user};  -- MySQL: SHOW_ROUTINE ON *.*`);
  if (grants.length === 0) return;
  throw new Undecided(
    `${user} may not see all that ${database} holds (${[...missing, ...(seesRoutines ? [] : ['routines'])].join(', ').toLowerCase()}), so ${so}`,
    grants.join(' '),
  );
}
