import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import postgres from 'postgres';
import { environment, folder, testsFolder } from './world.ts';

/** PostgreSQL's own programs, of the newest version here; null: it is not installed. */
export const bin: string | null = newest('/usr/lib/postgresql');
export const missing = bin === null ? 'PostgreSQL' : null;

function newest(root: string): string | null {
  if (!existsSync(root)) return null;
  const versions = readdirSync(root).filter((name) => existsSync(join(root, name, 'bin/initdb')));
  const [version] = versions.sort((a, b) => Number(b) - Number(a));
  return version === undefined ? null : join(root, version, 'bin');
}

/** Servers refuse to run as root: then somebody without rights runs them. */
export function servant(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = lines.find((text) => text.startsWith('postgres:')) ?? lines.find((text) => text.startsWith('nobody:'))!;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

/** A folder that the servers' user owns, and can reach. */
export function servantFolder(name: string): string {
  const path = folder(name);
  const who = servant();
  if (who) {
    chownSync(path, who.uid, who.gid);
    chmodSync(testsFolder, 0o711);
  }
  return path;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

export function asServant(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const done = spawnSync(command, args, {
    ...servant(),
    cwd: '/',
    env: environment(env),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${done.error?.message ?? ''}${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** The superuser's password in every server of the tests. */
const password = 'root secret';

/** A PostgreSQL server of its own, on a free port; it ends with the test process. */
export class Cluster {
  private constructor(
    readonly data: string,
    readonly port: number,
    readonly programs: string,
  ) {}

  /** @param programs the folder of the server's programs, where that is not the installed one */
  static async create(more = '', programs = bin!): Promise<Cluster> {
    const data = join(servantFolder('pg'), 'data');
    const secret = join(servantFolder('secret'), 'password');
    writeFileSync(secret, password, { mode: 0o644 });
    asServant(join(programs, 'initdb'), [
      '-D',
      data,
      '-U',
      'root',
      `--pwfile=${secret}`,
      '-A',
      'scram-sha-256',
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    ]);
    return Cluster.on(data, more, programs);
  }

  /** Starts what a data directory holds. */
  static async on(data: string, more = '', programs = bin!): Promise<Cluster> {
    const cluster = new Cluster(data, await freePort(), programs);
    cluster.start(more);
    // Before the folder of all tests goes.
    process.prependListener('exit', () => cluster.stop());
    return cluster;
  }

  start(more = ''): void {
    const options = `-k ${join(this.data, '..')} -p ${this.port} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60 ${more}`;
    asServant(join(this.programs, 'pg_ctl'), [
      '-D',
      this.data,
      '-w',
      '-s',
      '-l',
      join(this.data, '../log'),
      '-o',
      options,
      'start',
    ]);
  }

  stop(): void {
    if (existsSync(join(this.data, 'postmaster.pid')))
      asServant(join(this.programs, 'pg_ctl'), ['-D', this.data, '-s', '-m', 'immediate', 'stop']);
  }

  /** The whole server again, from its files while it stands still. */
  async coldCopy(): Promise<Cluster> {
    this.stopCleanly();
    const data = join(servantFolder('copy'), 'data');
    asServant('cp', ['-a', this.data, data]);
    this.start();
    return Cluster.on(data);
  }

  stopCleanly(): void {
    asServant(join(this.programs, 'pg_ctl'), ['-D', this.data, '-s', '-w', '-m', 'fast', 'stop']);
  }

  /** A streaming standby of it. */
  async standby(): Promise<Cluster> {
    const data = join(servantFolder('standby'), 'data');
    const options = [
      '-D',
      data,
      '-h',
      '127.0.0.1',
      '-p',
      String(this.port),
      '-U',
      'root',
      '-R',
      '-X',
      'stream',
      '-c',
      'fast',
      '--no-sync',
    ];
    asServant(join(this.programs, 'pg_basebackup'), options, { PGPASSWORD: password });
    return Cluster.on(data);
  }

  url(database: string, user = 'root', secret = user === 'root' ? password : `${user} secret`): string {
    return `postgres://${user}:${encodeURIComponent(secret)}@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs SQL as the superuser, or as another user. Returns the rows of the last statement. */
  async sql(database: string, text: string, user = 'root'): Promise<Record<string, unknown>[]> {
    const sql = postgres(this.url(database, user), { max: 1, onnotice: () => {}, fetch_types: false });
    try {
      const rows = await sql.unsafe(text);
      return [...((Array.isArray(rows[0]) ? rows.at(-1) : rows) as unknown as Record<string, unknown>[])];
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  /** A database and the users that the tests' policy names: a fresh copy of a shop that was made once. */
  async shop(name: string): Promise<void> {
    if ((await this.sql('postgres', "select from pg_database where datname = 'shop_template'")).length === 0) {
      await this.sql('postgres', 'create database shop_template');
      await this.sql('postgres', roles);
      await this.sql('shop_template', shop);
    }
    await this.sql('postgres', `create database "${name}" template shop_template owner shop_owner`);
  }
}

const user = (name: string, more = '') => `create role ${name} login password '${name} secret' ${more};`;
const roles = `${user('shop_owner')} ${user('shop_app')} ${user('shop_reader')} create role shop_admin createdb login password 'shop_admin secret';
  grant pg_read_all_data to shop_reader;`;
const shop = `alter schema public owner to shop_owner; set role shop_owner;
  create table orders (id serial primary key, item text not null, price numeric(10,2), note text);
  create table customers (id int primary key, name text);
  create table audit (id bigserial primary key, said text, at timestamptz default now());
  create table sessions (id int, data text);
  insert into orders (item, price) select 'item ' || n, n * 1.5 from generate_series(1, 200) n;
  insert into customers select n, 'customer ' || n from generate_series(1, 50) n;
  insert into audit (said) select 'line ' || n from generate_series(1, 30) n;
  grant usage on schema public to shop_app, shop_reader;
  grant select, insert, update on all tables in schema public to shop_app;
  grant usage on all sequences in schema public to shop_app;
  alter default privileges in schema public grant select, insert, update on tables to shop_app;
  alter default privileges in schema public grant usage on sequences to shop_app;`;
