import type { DatabaseEnvironment, RoleFacts, Way } from '../../model/index.ts';
import { nearest } from '../../words/nearest.ts';
import { identify } from '../identity.ts';
import { connect, environmentOf, type Place, targetOf, variableOf, withSession } from '../place.ts';
import type { Session } from '../session.ts';
import { parseTarget, shownTarget } from '../target.ts';
import { mysqlWaysOf, seesTriggers } from './mysql.ts';
import { deletable, waysOf } from './postgres.ts';

/** What every role of the policy can do with rows besides what it may. @param only of this environment */
export async function rolesOf(place: Place, only: string | null): Promise<RoleFacts[]> {
  const found: RoleFacts[] = [];
  for (const name of Object.keys(place.policy.databases)) {
    if (only !== null && only !== name) continue;
    const environment = environmentOf(place, name);
    if (Object.keys(environment.roles).length === 0) continue;
    // On MySQL the rights of others are for the reader to see.
    const target = targetOf(place, name, targetOf(place, name).engine === 'mysql' ? 'reader' : 'url');
    await withSession(place, target, async (session) => {
      for (const role of Object.keys(environment.roles))
        found.push({
          ...(await (target.engine === 'mysql' ? mysqlFactsOf : factsOf)(place, session, environment, role)),
          environment: name,
          shown: shownTarget(target),
        });
    });
  }
  return found;
}

type Facts = Omit<RoleFacts, 'environment' | 'shown'>;

async function factsOf(place: Place, session: Session, environment: DatabaseEnvironment, role: string): Promise<Facts> {
  const facts: Facts = { role, missing: null, ways: [], unexplained: [], loginIs: null, unproven: [] };
  const names = (await session.query('select rolname::text as name from pg_roles')).map(({ name }) => String(name));
  if (!names.includes(role)) return { ...facts, missing: { meant: nearest(role, names) } };
  const { may, login } = environment.roles[role]!;
  const all = await waysOf(session, role, may, ownerOf(environment));
  const ways = all.filter((way) => !isAccepted(way, role, environment));
  if (may === 'migrate' && login === null) return { ...facts, ways };
  const trial =
    login === null ? session : await connect(place, parseTarget(login, variableOf(place, environment, login)));
  try {
    const [{ user, can }] = (await trial.query(
      "select session_user::text as user, pg_has_role(session_user, $1::name, 'MEMBER') as can",
      [role],
    )) as [{ user: string; can: boolean }];
    if (login !== null && user !== role) return { ...facts, ways, loginIs: { variable: login, user } };
    if (may === 'migrate' || may.includes('delete')) return { ...facts, ways };
    if (user !== role && !can)
      return {
        ...facts,
        ways,
        unproven: [`whether ${role} can delete was not tried: say in the policy by which variable it logs in (login:)`],
      };
    return { ...facts, ways, unexplained: unexplained(await deletable(trial, user === role ? null : role), all) };
  } finally {
    if (trial !== session) await trial.close();
  }
}

async function mysqlFactsOf(
  place: Place,
  session: Session,
  environment: DatabaseEnvironment,
  role: string,
): Promise<Facts> {
  const facts: Facts = { role, missing: null, ways: [], unexplained: [], loginIs: null, unproven: [] };
  const { may, login } = environment.roles[role]!;
  const ways = await mysqlWaysOf(session, role, may);
  if (ways === null) return { ...facts, missing: { meant: null } };
  const found = { ...facts, ways: ways.filter((way) => !isAccepted(way, role, environment)) };
  if (may !== 'migrate' && !(await seesTriggers(session)))
    found.unproven = [
      `whether a trigger deletes rows for ${role}: ${session.target.user} may not see triggers (GRANT TRIGGER ON \`${session.target.database}\`.* TO ${session.target.user};)`,
    ];
  if (login === null) return found;
  const target = parseTarget(login, variableOf(place, environment, login));
  const user = await withSession(place, target, async (own) => (await identify(own)).user);
  return user === role ? found : { ...found, loginIs: { variable: login, user } };
}

/** Who is to own what others must not: the role that migrates. */
export function ownerOf({ roles }: DatabaseEnvironment): string {
  return Object.keys(roles).find((name) => roles[name]!.may === 'migrate') ?? 'postgres';
}

function isAccepted({ way, object }: Way, role: string, { accept }: DatabaseEnvironment): boolean {
  return accept.some(
    (one) => one.role === role && one.way === way && (one.object === object || object.startsWith(`${one.object}(`)),
  );
}

/** Any way to delete explains that a plan is made. */
function unexplained(tables: readonly string[], ways: readonly Way[]): string[] {
  const broad = ['superuser', 'member', 'owner of table'];
  return tables.filter(
    (table) => !ways.some(({ way, object }) => broad.includes(way) || (way === 'delete' && object === table)),
  );
}
