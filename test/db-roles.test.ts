import { is, match, not, ok } from 'uvu/assert';
import { Cluster, missing } from './support/postgres.ts';
import { needing, suite } from './support/suite.ts';
import { guardedRepo } from './support/world.ts';

const test = suite('db-roles');

const policy = `databases:
  production:
    url: DATABASE_URL
    roles:
      shop_app: { may: [select, insert, update], login: DATABASE_URL }
      shop_owner: { may: migrate }
`;

let made: Promise<Cluster> | undefined;
const cluster = () => {
  made ??= Cluster.create();
  return made;
};
const { repo } = guardedRepo({ more: policy, hooks: false, remote: false });
let count = 0;

const check = (server: Cluster, name: string) =>
  repo.protectWith({ env: { DATABASE_URL: server.url(name, 'shop_app') } }, 'db', 'check');

/** A way to destroy rows without being granted DELETE on the table. */
interface Case {
  readonly way: string;
  /** SQL of the superuser; `$db` is the database. */
  readonly make: string;
  /** SQL of shop_app that really destroys rows; null: it is shown by the finding alone. */
  readonly destroy: string | null;
  /** What undoes it for the next case. */
  readonly after?: string;
}

const cases: readonly Case[] = [
  { way: 'delete orders', make: 'grant delete on orders to shop_app', destroy: 'delete from orders' },
  { way: 'delete orders', make: 'grant delete on orders to public', destroy: 'delete from orders' },
  { way: 'truncate orders', make: 'grant truncate on orders to shop_app', destroy: 'truncate orders' },
  {
    way: 'member shop_purger',
    make: 'create role shop_purger; grant delete on orders to shop_purger; grant shop_purger to shop_app',
    destroy: 'delete from orders',
    after: 'drop owned by shop_purger; drop role shop_purger',
  },
  {
    way: 'member shop_purger',
    make: 'create role shop_purger; grant delete on orders to shop_purger; grant shop_purger to shop_app; alter role shop_app noinherit',
    destroy: 'set role shop_purger; delete from orders',
    after: 'alter role shop_app inherit; drop owned by shop_purger; drop role shop_purger',
  },
  { way: 'member shop_owner', make: 'grant shop_owner to shop_app', destroy: 'truncate orders' },
  {
    way: 'member shop_owner',
    make: 'create role shop_mid; grant shop_owner to shop_mid; grant shop_mid to shop_app',
    destroy: 'drop table orders',
    after: 'drop role shop_mid',
  },
  { way: 'member pg_write_all_data', make: 'grant pg_write_all_data to shop_app', destroy: 'delete from orders' },
  {
    way: 'createrole shop_app',
    make: 'alter role shop_app createrole',
    destroy: 'grant shop_owner to shop_app; set role shop_owner; delete from orders',
    after: 'revoke shop_owner from shop_app',
  },
  { way: 'superuser shop_app', make: 'alter role shop_app superuser', destroy: 'delete from orders' },
  { way: 'owner of table orders', make: 'alter table orders owner to shop_app', destroy: 'drop table orders' },
  { way: 'owner of schema public', make: 'alter schema public owner to shop_app', destroy: 'drop table orders' },
  { way: 'owner of database', make: 'alter database "$db" owner to shop_app', destroy: null },
  {
    way: 'definer function purge()',
    make: "create function purge() returns void language sql security definer as 'delete from orders'",
    destroy: 'select purge()',
  },
  {
    way: 'definer trigger orders.wipe',
    make: "create function wipe() returns trigger language plpgsql security definer as 'begin delete from customers; return new; end'; create trigger wipe after update on orders for each row execute function wipe()",
    destroy: 'update orders set note = 1',
  },
  {
    way: 'rule orders.also',
    make: 'create rule also as on update to orders do also delete from customers',
    destroy: 'update orders set note = 1',
  },
  {
    way: 'delete seen',
    make: 'create view seen as select * from orders; alter view seen owner to shop_owner; grant delete on seen to shop_app',
    destroy: 'delete from seen',
  },
  {
    way: 'default privileges',
    make: 'alter default privileges for role shop_owner in schema public grant delete on tables to shop_app; set role shop_owner; create table later (n int); insert into later values (1); reset role; revoke delete on later from shop_app',
    destroy: null,
  },
  { way: 'trigger privilege orders', make: 'grant trigger on orders to shop_app', destroy: null },
];

const tables = 'select (select count(*) from orders) + (select count(*) from customers) as n';

needing(
  test,
  missing,
  'every way to destroy rows really does, is found, and is closed by the SQL that the finding names',
  async () => {
    const server = await cluster();
    for (const { way, make, destroy, after } of cases) {
      const name = `roles${++count}`;
      await server.shop(name);
      const clean = count === 1 ? check(server, name) : null;
      if (clean) is(clean.code, 0, clean.out);
      await server.sql(name, make.replace('$db', name));
      if (destroy !== null) ok(await destroys(server, name, destroy), `${way} destroys`);
      const found = check(server, name);
      is(found.code, 1, `${way}\n${found.out}`);
      ok(found.out.includes(`: ${way}`), `${way}\n${found.out}`);
      not.match(found.out, /shop_app(?: |%20)secret/);
      const ends = [...found.out.matchAll(/^ +help: ([A-Z]+ .*;)$/gm)].map(([, sql]) => sql!);
      ok(ends.length > 0, found.out);
      for (const sql of ends) await server.sql(name, sql);
      const closed = check(server, name);
      is(closed.code, 0, `${way}\n${ends.join('\n')}\n${closed.out}`);
      if (destroy !== null) is(await destroys(server, name, destroy), false, `${way} is closed`);
      if (after) await server.sql(name, after);
    }
  },
);

/** Tries it in a transaction that is taken back. */
async function destroys(server: Cluster, name: string, sql: string): Promise<boolean> {
  const [before] = await server.sql(name, tables);
  try {
    await server.sql(name, `begin; ${sql}; reset role; create temp table seen_rows as ${tables}; rollback`, 'shop_app');
  } catch (error) {
    const code = (error as { code?: string }).code;
    // The tables themselves are gone: that is destroyed too.
    if (code === '42P01') return true;
    if (code === '42501') return false;
    throw error;
  }
  const rows = await server.sql(name, `begin; ${sql}; reset role; ${tables}`, 'shop_app').catch(() => [{ n: '0' }]);
  return rows[0]!['n'] !== before!['n'];
}

needing(
  test,
  missing,
  'accepted ways, mistyped roles, another login, and the SQL that makes all of it right',
  async () => {
    const server = await cluster();
    await server.shop('right');
    await server.sql(
      'right',
      "create function purge() returns void language sql security definer as 'delete from orders'; grant delete on orders to shop_app",
    );
    const printed = repo.protectWith(
      { env: { DATABASE_URL: server.url('right', 'shop_app') } },
      'db',
      'roles',
      '--sql',
    );
    is(printed.code, 0, printed.out);
    await server.sql('right', printed.stdout.replace(/BEGIN;|COMMIT;/g, ''));
    const right = check(server, 'right');
    is(right.code, 0, right.out);
    await server.sql('right', 'set role shop_owner; create table next_migration (n int)');
    is((await server.sql('right', 'insert into next_migration values (1) returning n', 'shop_app'))[0]!['n'], 1);

    await server.sql('right', 'grant execute on function purge() to shop_app');
    const accepting = guardedRepo({
      more: `${policy}    accept: [{ role: shop_app, way: definer function, object: purge, reason: sessions expire }]\n`,
      hooks: false,
      remote: false,
    }).repo;
    const accepted = accepting.protectWith({ env: { DATABASE_URL: server.url('right', 'shop_app') } }, 'db', 'check');
    is(accepted.code, 0, accepted.out);
    const mistyped = guardedRepo({ more: policy.replace('shop_app:', 'shop_ap:'), hooks: false, remote: false }).repo;
    const unknown = mistyped.protectWith({ env: { DATABASE_URL: server.url('right', 'shop_app') } }, 'db', 'check');
    is(unknown.code, 1, unknown.out);
    match(unknown.out, /there is no role 'shop_ap'.*did you mean 'shop_app'/);
    const other = repo.protectWith({ env: { DATABASE_URL: server.url('right', 'shop_owner') } }, 'db', 'check');
    is(other.code, 1, other.out);
    match(other.out, /DATABASE_URL logs in to .* as shop_owner, and the policy says shop_app/);
  },
);
