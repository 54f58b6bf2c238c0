import type { Databases, Isolation, RightsFacts, RoleFacts } from '../model/index.ts';
import { isolationOf } from './isolation.ts';
import type { Place } from './place.ts';
import { rightsOf } from './rights.ts';
import { rolesOf } from './roles/index.ts';

/** What checks ask of databases: each is found out once. @param only one environment; null: all */
export function databasesAt(place: Place, only: string | null): Omit<Databases, 'openRun'> {
  let isolation: Promise<Isolation[]> | undefined;
  let roles: Promise<RoleFacts[]> | undefined;
  let rights: Promise<RightsFacts[]> | undefined;
  return {
    isolation() {
      isolation ??= isolationOf(place, only);
      return isolation;
    },
    roles() {
      roles ??= rolesOf(place, only);
      return roles;
    },
    rights() {
      rights ??= rightsOf(place, only);
      return rights;
    },
  };
}
