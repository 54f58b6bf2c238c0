import { hole, type Run } from '../../shell/run.ts';
import type { World } from '../../world.ts';

/** Where a command would connect to. `test`: provably no more than a database of this machine or this tree. */
export type Connection = { readonly is: 'test' } | { readonly is: 'other'; readonly why: string };

const test: Connection = { is: 'test' };
const other = (why: string): Connection => ({ is: 'other', why });

const localHosts = /^(?:localhost|127(?:\.\d+){3}|::1|\[::1\]|0\.0\.0\.0|host\.docker\.internal|\/.*|)$/i;

/** Is this host, at this port, a test database? */
export function hostIsTest(host: string, port: string | null, world: World): Connection {
  if (host.includes(hole)) return other('its host is known only when it runs');
  if (!localHosts.test(host)) return other(`its host is ${host}`);
  const names = productionNames(world);
  return port !== null && names.ports.includes(Number(port))
    ? other(`port ${port} is one of production's, by the policy`)
    : test;
}

/** The same for a connection URL, a file of SQLite included. */
export function urlIsTest(url: string, world: World): Connection {
  if (url.includes(hole)) return other('its address is known only when it runs');
  if (/^(?:file:|sqlite:|sqlite3:|:memory:)/i.test(url)) return test;
  const [, host = '', port] = /^[a-z][a-z\d+.-]*:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?/i.exec(url) ?? [];
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(url)) return other('its address has an unknown form');
  return hostIsTest(host, port ?? null, world);
}

/** What a variable holds for a command: of the command line, of the environment, or of the `.env` files of the folder. */
export function variable(name: string, run: Run, world: World): string | null {
  const said = run.env.get(name) ?? world.env[name];
  if (said !== undefined) return said;
  if (run.cwd === null) return null;
  for (const file of ['.env.local', '.env', 'prisma/.env']) {
    const text = world.read(`${run.cwd}/${file}`)?.toString('utf8');
    const line =
      text === undefined ? null : new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=\\s*(.*)$`, 'm').exec(text)?.[1];
    if (line != null) return /^(["'])(.*)\1/.exec(line.trim())?.[2] ?? line.trim().replace(/\s+#.*$/, '');
  }
  return null;
}

/** The database of tools that read `DATABASE_URL`. */
export function byVariable(run: Run, world: World, names: readonly string[] = ['DATABASE_URL']): Connection {
  for (const name of names) {
    const value = variable(name, run, world);
    if (value !== null && value !== '') return urlIsTest(value, world);
  }
  return other(`${names[0]} is not set where it can be read`);
}

/** Names of production that the policy gives, each in one place: later keys are one line here. */
export function productionNames({ policy }: Pick<World, 'policy'>): {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
  readonly files: readonly string[];
} {
  const targets = Object.values(policy?.targets ?? {});
  const deployed = Object.values(policy?.deploy ?? {});
  return {
    hosts: targets.flatMap(({ hosts }) => hosts),
    ports: targets.flatMap(({ ports }) => ports),
    files: deployed.flatMap(({ environment }) => (environment?.file == null ? [] : [environment.file])),
  };
}
