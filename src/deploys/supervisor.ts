import { runCommand } from '../machine/run.ts';
import { type ShellCommand, type Supervisor, Undecided } from '../model/index.ts';
import type { DeployPlace } from './place.ts';

/** How a service runs, as what runs it says. */
export interface ProcessFacts {
  /** In its own words: `online`, `active`, `running`. */
  readonly status: string;
  readonly restarts: number;
  readonly pid: number | null;
  /** When it was started, in milliseconds since the epoch; null: not said. */
  readonly since: number | null;
  /** Bytes; null: not said. */
  readonly memory: number | null;
  /** Percent of one core; null: not said. */
  readonly cpu: number | null;
}

/** Milliseconds that it may take to answer. */
const longest = 30_000;

type Asks = (place: DeployPlace, name: string, signal: AbortSignal) => Promise<ProcessFacts>;

const asks: Readonly<Record<Supervisor, Asks>> = {
  /** `jlist` holds the whole environment of each process: fields are taken, and nothing of it is shown. */
  async pm2(place, name, signal) {
    const text = await answer(place, ['pm2', 'jlist', '--silent'], signal);
    const from = text.indexOf('[');
    const list = JSON.parse(from < 0 ? '[]' : text.slice(from)) as Pm2Process[];
    const all = list.filter((one) => one.name === name);
    if (all.length === 0) throw new Undecided(`pm2 runs nothing called ${name}`, `pm2 start … --name ${name}`);
    const sum = (of: (one: Pm2Process) => number | undefined) => all.reduce((total, one) => total + (of(one) ?? 0), 0);
    return {
      status: all.find((one) => one.pm2_env?.status !== 'online')?.pm2_env?.status ?? 'online',
      restarts: sum((one) => one.pm2_env?.restart_time),
      pid: all[0]!.pid ?? null,
      since: all[0]!.pm2_env?.pm_uptime ?? null,
      memory: sum((one) => one.monit?.memory),
      cpu: sum((one) => one.monit?.cpu),
    };
  },
  /** @see https://www.freedesktop.org/software/systemd/man/latest/systemctl.html */
  async systemd(place, name, signal) {
    const wanted = 'ActiveState,NRestarts,MainPID,ActiveEnterTimestamp,MemoryCurrent';
    const text = await answer(place, ['systemctl', 'show', '--no-pager', `--property=${wanted}`, '--', name], signal);
    const facts = new Map(text.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
    const number = (key: string) => (/^\d+$/.test(facts.get(key) ?? '') ? Number(facts.get(key)) : null);
    const since = Date.parse((facts.get('ActiveEnterTimestamp') ?? '').replace(/^\w+ /, ''));
    return {
      status: facts.get('ActiveState') || 'unknown',
      restarts: number('NRestarts') ?? 0,
      pid: number('MainPID') || null,
      since: Number.isNaN(since) ? null : since,
      memory: number('MemoryCurrent'),
      cpu: null,
    };
  },
  async compose(place, name, signal) {
    const id = (await answer(place, ['docker', 'compose', 'ps', '--all', '--quiet', '--', name], signal)).trim();
    if (!/^[0-9a-f]{12,64}$/.test(id.split('\n')[0] ?? ''))
      throw new Undecided(`Docker Compose runs nothing called ${name}`, `docker compose up --detach ${name}`);
    const form = '{{.State.Status}} {{.RestartCount}} {{.State.Pid}} {{.State.StartedAt}}';
    const text = await answer(place, ['docker', 'inspect', '--format', form, ...id.split('\n')], signal);
    const rows = text
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const since = Date.parse(rows[0]![3] ?? '');
    return {
      status: rows.find(([status]) => status !== 'running')?.[0] ?? 'running',
      restarts: rows.reduce((sum, [, restarts]) => sum + (Number(restarts) || 0), 0),
      pid: Number(rows[0]![2]) || null,
      since: Number.isNaN(since) ? null : since,
      memory: null,
      cpu: null,
    };
  },
};

interface Pm2Process {
  readonly name?: string;
  readonly pid?: number;
  readonly pm2_env?: { readonly status?: string; readonly restart_time?: number; readonly pm_uptime?: number };
  readonly monit?: { readonly memory?: number; readonly cpu?: number };
}

/** @returns null where the policy names no process. @throws Undecided when it cannot be asked */
export async function processFacts(place: DeployPlace, signal: AbortSignal): Promise<ProcessFacts | null> {
  const [[kind, name] = []] = Object.entries(place.environment.process ?? {});
  if (kind === undefined || name === undefined) return null;
  try {
    return await asks[kind as Supervisor](place, name, signal);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Undecided(`${kind} answers in a form that nobody here knows`);
  }
}

/** How often it was started again by itself; null where the policy names no process. */
export async function restartsOf(place: DeployPlace, signal: AbortSignal): Promise<number | null> {
  return (await processFacts(place, signal))?.restarts ?? null;
}

/** What stops and starts the service: the policy's own commands, else what runs it. */
export function switchOf(place: DeployPlace, on: 'stop' | 'start' | 'restart'): ShellCommand | null {
  const { stop, start, process } = place.environment;
  const own = { stop, start, restart: null }[on];
  if (own !== null) return own;
  const [[kind, name] = []] = Object.entries(process ?? {});
  if (kind === undefined) return null;
  const program = { pm2: 'pm2', systemd: 'systemctl', compose: 'docker compose' }[kind as Supervisor];
  return { command: `${program} ${on} ${name}`, timeout: 60_000 };
}

async function answer(place: DeployPlace, command: readonly string[], signal: AbortSignal): Promise<string> {
  const { topLevel: cwd, env } = place;
  const ran = await runCommand(command, { cwd, env, timeout: longest, signal });
  if (ran.missing !== null) throw new Undecided(`${command[0]} is not on PATH`, `install ${command[0]} there`);
  if (ran.exitCode !== 0 || ran.stdout === null)
    throw new Undecided(`${command.slice(0, 2).join(' ')} ended with ${ran.exitCode ?? 'a signal'}`);
  return ran.stdout;
}
