import type { Session } from '../session.ts';

/** A role that another one can become, and the grant on the way that would have to go. */
export interface Reachable {
  readonly oid: string;
  readonly name: string;
  /** The REVOKE of the first step; empty for the role itself. */
  readonly end: string;
}

/**
 * The role itself and every role that it can become: by inheriting, by SET ROLE, or by an admin option, with which it grants
 * itself the rest. A grant that allows none of the three (PostgreSQL 16) is none.
 */
export async function reachableFrom(session: Session, role: string, major: number): Promise<Reachable[]> {
  const counts = major >= 16 ? 'and (m.inherit_option or m.set_option or m.admin_option)' : '';
  const grantor =
    major >= 16
      ? "case when m.grantor <> 10 then format(' granted by %I', m.grantor::regrole::text) else '' end"
      : "''";
  const rows = await session.query(
    `with recursive g(oid, revoke) as (
       select oid, '' from pg_roles where rolname = $1
       union select m.roleid, case when g.revoke <> '' then g.revoke else
         format('REVOKE %s FROM %s', m.roleid::regrole, m.member::regrole) || ${grantor} end
       from pg_auth_members m join g on m.member = g.oid ${counts})
     select distinct on (r.oid) r.oid::text as oid, r.rolname::text as name, g.revoke as end
     from g join pg_roles r on r.oid = g.oid order by r.oid, g.revoke`,
    [role],
  );
  return rows as unknown as Reachable[];
}
