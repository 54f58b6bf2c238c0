import { type Marker, quoted, readMarker, writeMarker } from './marker.ts';
import type { Session } from './session.ts';

/** Who may connect to the old one may connect to the new one, and it is owned by the same. */
export async function giveAlike(admin: Session, from: string, to: string): Promise<void> {
  const [row] = await admin.query(
    'select pg_get_userbyid(datdba)::text as owner, datacl is null as plain from pg_database where datname = $1',
    [from],
  );
  if (row === undefined) return;
  const rights = await admin.query(
    `select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as who, a.privilege_type as what
     from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.datname = $1 and a.grantee <> d.datdba`,
    [from],
  );
  for (const { who, what } of rights) await admin.query(`grant ${what} on database ${quoted(to)} to ${who}`);
  const [me] = await admin.query('select current_user::text as name');
  if (row['owner'] !== me!['name'])
    await admin.query(`alter database ${quoted(to)} owner to ${quoted(String(row['owner']))}`);
}

interface Swap {
  readonly database: string;
  readonly fresh: string;
  readonly old: string;
  readonly marker: Marker;
}

/** Two names change in one transaction: whoever connects meets the old one or the new one, whole. */
export async function swap(admin: Session, { database, fresh, old, marker }: Swap): Promise<void> {
  const [there] = await admin.query('select oid::text as oid from pg_database where datname = $1', [database]);
  if (there === undefined)
    return void (await admin.query(`alter database ${quoted(fresh)} rename to ${quoted(database)}`));
  // One that was adopted gets its mark now, so that the next run may drop it.
  if ((await readMarker(admin, database)) === null)
    await writeMarker(admin, database, { ...marker, oid: String(there['oid']) });
  await admin.query(`alter database ${quoted(database)} allow_connections false`);
  try {
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = any($1::text[]) and pid <> pg_backend_pid()',
      [[database, fresh]],
    );
    await admin.query('begin');
    await admin.query(`alter database ${quoted(database)} rename to ${quoted(old)}`);
    await admin.query(`alter database ${quoted(fresh)} rename to ${quoted(database)}`);
    await admin.query('commit');
    await admin.query(`alter database ${quoted(old)} allow_connections true`);
  } catch (error) {
    await admin.query('rollback');
    await admin.query(`alter database ${quoted(database)} allow_connections true`);
    throw error;
  }
}
