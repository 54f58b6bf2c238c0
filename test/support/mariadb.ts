import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { asServant, freePort, servant, servantFolder } from './postgres.ts';
import { environment } from './world.ts';

const find = (name: string) =>
  ['/usr/sbin', '/usr/bin', '/usr/local/bin'].map((folder) => join(folder, name)).find((file) => existsSync(file));
const [server, install] = [find('mariadbd'), find('mariadb-install-db')];
export const missing = server === undefined || install === undefined ? 'MariaDB' : null;

/** A MariaDB server of its own, on a free port; it ends with the test process. */
export class MariaDb {
  private constructor(
    readonly port: number,
    readonly pid: number,
  ) {}

  static async create(): Promise<MariaDb> {
    const folder = servantFolder('maria');
    const data = join(folder, 'data');
    const env = { TMPDIR: folder };
    asServant(
      install!,
      [
        '--no-defaults',
        `--datadir=${data}`,
        '--auth-root-authentication-method=normal',
        '--skip-test-db',
        '--skip-name-resolve',
      ],
      env,
    );
    const port = await freePort();
    const child = spawn(
      server!,
      [
        '--no-defaults',
        `--datadir=${data}`,
        `--socket=${data}/../s`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--pid-file=${data}/../pid`,
        '--innodb-flush-log-at-trx-commit=0',
        '--skip-name-resolve',
      ],
      { ...servant(), cwd: '/', env: environment(env), stdio: 'ignore' },
    );
    child.unref();
    process.prependListener('exit', () => spawnSync('kill', ['-9', String(child.pid)]));
    const one = new MariaDb(port, child.pid!);
    for (let tries = 0; ; tries++)
      try {
        await one.sql('', ['select 1']);
        break;
      } catch (error) {
        if (tries > 200) throw error;
        await new Promise((done) => setTimeout(done, 50));
      }
    await one.sql(
      '',
      [
        "set password for 'root'@'localhost' = password('root secret')",
        "create or replace user root@'127.0.0.1' identified by 'root secret'",
        "grant all on *.* to root@'127.0.0.1' with grant option",
      ],
      '',
    );
    return one;
  }

  url(database: string, user = 'root'): string {
    return `mysql://${user}:${encodeURIComponent(`${user} secret`)}@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs statements as root, or as another user. Returns the rows of the last. */
  async sql(database: string, statements: readonly string[], user = 'root'): Promise<Record<string, unknown>[]> {
    const as = user === '' ? { user: 'root', password: '' } : { user, password: `${user} secret` };
    const connection = await createConnection({
      host: '127.0.0.1',
      port: this.port,
      ...as,
      ...(database === '' ? {} : { database }),
    }).catch((error) => {
      if (user !== 'root' || database !== '') throw error;
      return createConnection({ host: '127.0.0.1', port: this.port, user: 'root', password: '' });
    });
    try {
      let rows: unknown = [];
      for (const sql of statements) [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  }

  /** A shop with its users: shop_app, which may not delete, and shop_reader. */
  async shop(name: string): Promise<void> {
    await this.sql('', [`create database ${name}`]);
    await this.sql(name, [
      'create table orders (id int primary key auto_increment, item varchar(50), price decimal(10,2), f float, d double, b varbinary(9), j json, note text)',
      "insert into orders (item, price, f, d, b, j) select concat('item ', seq), seq * 1.5, seq / 3, seq / 7, unhex('00ff'), '{\"a\": 1}' from seq_1_to_200",
      'create table customers (id int primary key, name varchar(20))',
      "insert into customers select seq, concat('customer ', seq) from seq_1_to_50",
      ...['shop_app', 'shop_reader'].map(
        (user) => `create user if not exists ${user}@'%' identified by '${user} secret'`,
      ),
      `grant select, insert, update on ${name}.* to shop_app@'%'`,
      `grant select, trigger on ${name}.* to shop_reader@'%'`,
      "grant select on mysql.* to shop_reader@'%'",
    ]);
  }
}
