import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../databases/target.ts';
import { isAlive } from '../git/alive.ts';
import { runCommand } from '../machine/run.ts';
import { Undecided } from '../model/index.ts';
import type { BackupPlace } from './place.ts';

const prefix = 'git-protect-server-';
const patience = 120_000;

/**
 * Runs a PostgreSQL of its own for as long as `use` takes, from the programs of this machine: it listens on a socket in a folder that
 * only its user can enter, and on no port.
 * @param version of the server that was dumped: an older one cannot take it
 * @throws Undecided when the programs are not here, or it does not start
 */
export async function withLocalServer<T>(
  place: BackupPlace,
  version: string,
  use: (at: Target) => Promise<T>,
): Promise<T> {
  const bin = programs(Number.parseInt(version, 10));
  const who = servant();
  await endStale(place, bin, who);
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  if (who) chownSync(folder, who.uid, who.gid);
  const data = join(folder, 'data');
  const run = (tool: string, ...args: string[]) => start(place, bin, who, tool, args);
  try {
    place.tell('starting a server for the restore');
    await run('initdb', '-D', data, '-U', 'protect', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync');
    const settings = `-k ${folder} -c listen_addresses= -c fsync=off -c unix_socket_permissions=0700`;
    await run('pg_ctl', '-D', data, '-w', '-s', '-t', '60', '-l', join(folder, 'log'), '-o', settings, 'start');
    return await use({
      engine: 'postgres',
      variable: 'restoreInto: local',
      host: folder,
      port: 5432,
      user: 'protect',
      password: '',
      database: 'postgres',
      tls: { mode: 'off' },
    });
  } finally {
    await end(run, folder);
  }
}

async function end(run: (tool: string, ...args: string[]) => Promise<void>, folder: string): Promise<void> {
  const data = join(folder, 'data');
  if (existsSync(join(data, 'postmaster.pid'))) await run('pg_ctl', '-D', data, '-w', '-s', '-m', 'immediate', 'stop');
  rmSync(folder, { recursive: true, force: true });
}

/** What a run that was killed has left running. */
async function endStale(place: BackupPlace, bin: string, who: Servant | null): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    place.tell('ending a server that a run left which was killed');
    await end((tool, ...args) => start(place, bin, who, tool, args), join(tmpdir(), name)).catch((error: unknown) => {
      if (!(error instanceof Undecided) && (error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    });
  }
}

/** The programs of the newest version that can take the dump. @throws Undecided when there are none */
function programs(major: number): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  const fitting = versions
    .filter((name) => Number(name) >= major && existsSync(join(root, name, 'bin/initdb')))
    .sort((a, b) => Number(a) - Number(b));
  const [version] = fitting;
  if (version !== undefined) return join(root, version, 'bin');
  throw new Undecided(
    `there is no PostgreSQL ${major} or newer on this machine, so no server of its own can be started`,
    `apt-get install postgresql-${major}`,
  );
}

interface Servant {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root. */
function servant(): Servant | null {
  if (process.geteuid?.() !== 0) return null;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = ['postgres', 'nobody'].map((name) => lines.find((text) => text.startsWith(`${name}:`))).find(Boolean);
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined)
    throw new Undecided('PostgreSQL does not run as root, and there is no other user', 'run it as another user');
  return { uid: Number(uid), gid: Number(gid) };
}

async function start(
  place: BackupPlace,
  bin: string,
  who: Servant | null,
  tool: string,
  args: readonly string[],
): Promise<void> {
  const as = who ? ['setpriv', `--reuid=${who.uid}`, `--regid=${who.gid}`, '--clear-groups', '--'] : [];
  const env = { PATH: place.env['PATH'], LC_ALL: 'C', HOME: '/nonexistent' };
  const [first, ...rest] = [...as, join(bin, tool), ...args];
  const signal = tool === 'pg_ctl' && args.includes('stop') ? new AbortController().signal : place.signal;
  const ran = await runCommand([first!, ...rest], { cwd: '/', env, timeout: patience, signal });
  if (ran.exitCode === 0) return;
  const why = ran.missing === null ? `exit ${ran.exitCode ?? 'by a signal'}` : `${ran.missing} is missing`;
  throw new Undecided(`a server of its own could not be started: ${tool} failed (${why})`);
}
