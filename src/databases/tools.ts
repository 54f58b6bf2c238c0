import { runCommand } from '../machine/run.ts';
import { Undecided } from '../model/index.ts';
import { quoted } from './marker.ts';
import type { Place } from './place.ts';
import type { Target } from './target.ts';
import { install, toolFor } from './tool-path.ts';

export { toolFor };

/** Milliseconds that a dump or a restore may take. */
const longest = 12 * 3_600_000;

/**
 * The environment of a tool of the database, made from nothing: what the URL says, and nothing that could lead elsewhere.
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
export function toolEnvironment(place: Place, target: Target): NodeJS.ProcessEnv {
  const { tls } = target;
  const roots = 'ca' in tls ? { PGSSLROOTCERT: tls.file ?? 'system' } : {};
  return {
    PATH: place.env['PATH'],
    LC_ALL: 'C',
    HOME: '/nonexistent',
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGPASSWORD: target.password,
    PGDATABASE: target.database,
    PGSSLMODE: tls.mode === 'off' ? 'disable' : tls.mode,
    PGAPPNAME: 'git-protect',
    PGCONNECT_TIMEOUT: '15',
    PGPASSFILE: '/dev/null',
    PGSERVICEFILE: '/dev/null',
    ...roots,
  };
}

/**
 * Runs a tool of PostgreSQL against one database. What it prints may hold rows and passwords, so only its exit code gets out.
 * @returns standard output
 * @throws Undecided when it is missing or fails
 */
export async function runTool(place: Place, tool: string, args: readonly string[], target: Target): Promise<string> {
  const path = await toolFor(place, tool, target);
  const ran = await runCommand([path, '-w', ...args], {
    cwd: '/',
    env: toolEnvironment(place, target),
    timeout: longest,
    signal: place.signal,
  });
  if (place.signal.aborted) throw new Undecided('it was interrupted');
  if (ran.missing !== null) throw new Undecided(`${tool} cannot be started`, install);
  if (ran.exitCode === 0 && ran.stdout !== null) return ran.stdout;
  const version = /server version mismatch|unsupported version/.test(ran.output)
    ? ': it is older than the server or the dump'
    : '';
  const role = /role "([^"\n]{1,63})" does not exist/.exec(ran.output)?.[1];
  throw new Undecided(
    `${tool} failed (exit ${ran.exitCode ?? 'by a signal'})${version}${role === undefined ? '' : `: there is no role '${role}' there`}`,
    role === undefined ? undefined : `CREATE ROLE ${quoted(role)};`,
  );
}
