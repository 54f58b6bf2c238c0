import { type DatabaseRole, Undecided, type Way } from '../../model/index.ts';
import { hasRight, grantsOf as ownGrants } from '../mysql-rights.ts';
import { codeOf, type Session } from '../session.ts';
import { shownTarget } from '../target.ts';

/** Rights that destroy rows, as SHOW GRANTS names them, and what can be done by each. */
const destroying: readonly (readonly [right: string, means: string])[] = [
  ['ALL PRIVILEGES', 'can do everything'],
  ['DELETE', 'can delete rows'],
  ['DROP', 'can drop and empty tables'],
  ['ALTER', 'can drop columns'],
  ['DELETE HISTORY', 'can delete the history of tables'],
  ['FILE', 'can write files of the server'],
  ['SUPER', 'can do nearly everything'],
  ['SET USER', 'can make routines that run as somebody else'],
  ['CREATE USER', 'can change the password of any user'],
  ['TRIGGER', 'can put a trigger on a table that destroys rows'],
  ['CREATE ROUTINE', 'can make routines'],
];
/** They destroy nothing by themselves. */
const lesser = ['CREATE ROUTINE'];

interface Grant {
  /** Is it of one routine, and not of tables? */
  readonly routine: boolean;
  readonly rights: readonly string[];
  /** As GRANT writes it. */
  readonly on: string;
  readonly option: boolean;
}

/**
 * Every way by which a user can destroy rows of the database that it may not, read from what the server grants it: its own
 * rights, those of its roles (default or not: SET ROLE is anybody's), and routines that run as somebody else.
 * @returns null where there is no such user
 * @param session of somebody who may read mysql.*, or of the user itself
 */
export async function mysqlWaysOf(session: Session, role: string, may: DatabaseRole['may']): Promise<Way[] | null> {
  const accounts = await accountsOf(session, role);
  if (accounts.length === 0) return null;
  if (may === 'migrate') return [];
  const ways: Way[] = [];
  const all: Grant[] = [];
  for (const account of accounts) {
    const queue = [account];
    const seen = new Set<string>();
    for (let holder = queue.shift(); holder !== undefined; holder = queue.shift()) {
      if (seen.has(holder)) continue;
      seen.add(holder);
      const { grants, roles } = await grantsOf(session, holder);
      all.push(...grants);
      ways.push(...waysIn(grants, session.target.database, holder, account, may));
      queue.push(...roles);
    }
  }
  return [...ways, ...(await definers(session, accounts, ways, all))];
}

/** The accounts that a name stands for: one user may come from several hosts, each with rights of its own. */
async function accountsOf(session: Session, role: string): Promise<string[]> {
  try {
    const rows = await session.query(
      "select concat(quote(user), '@', quote(host)) as account from mysql.user where user = ? or user = ''",
      [role],
    );
    return rows.map(({ account }) => String(account)).filter((account) => !account.endsWith("@''"));
  } catch (error) {
    if (!['1142', '1143', '1044', '1370'].includes(codeOf(error) ?? '')) throw error;
  }
  const [me] = await session.query("select substring_index(current_user(), '@', 1) as name");
  if (me?.['name'] === role) return ['current_user()'];
  throw new Undecided(
    `${shownTarget(session.target)}: ${session.target.user} may not read what ${role} is granted`,
    `GRANT SELECT ON mysql.* TO ${session.target.user};`,
  );
}

async function grantsOf(session: Session, account: string): Promise<{ grants: Grant[]; roles: string[] }> {
  const rows = await session.query(`show grants for ${account}`);
  const grants: Grant[] = [];
  const roles: string[] = [];
  for (const row of rows) {
    const said = String(Object.values(row)[0]);
    const [, rights, on] = /^GRANT (.*?) ON (?:PROCEDURE |FUNCTION )?(\S+) TO /.exec(said) ?? [];
    if (rights !== undefined && on !== undefined) {
      const names = rights.split(/, (?![^(]*\))/).map((right) => right.replace(/ \(.*$/, ''));
      grants.push({
        routine: / ON (?:PROCEDURE|FUNCTION) /.test(said),
        rights: names,
        on,
        option: said.includes('WITH GRANT OPTION'),
      });
      continue;
    }
    const [, granted] = /^GRANT (.*?) TO /.exec(said) ?? [];
    if (granted !== undefined) roles.push(...granted.split(/,\s?/).map((name) => name.replaceAll('`', "'")));
  }
  return { grants, roles };
}

const plain = (name: string) => name.replaceAll('`', '').replaceAll('\\', '');

/** Is a right of this database? In the name of a schema % and _ stand for other characters. */
function concerns({ on }: Grant, database: string): boolean {
  const [schema = ''] = plain(on).split('.');
  const escaped = schema.replaceAll(/[.*+?^${}()|[\]]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 'i');
  return plain(on) === '*.*' || pattern.test(database);
}

/** May a routine be called by any of these rights? */
function mayCall(grants: readonly Grant[], database: string, name: string): boolean {
  return grants.some((grant) => {
    if (!grant.rights.some((right) => right === 'EXECUTE' || right === 'ALL PRIVILEGES')) return false;
    return grant.routine
      ? plain(grant.on).toLowerCase() === `${database}.${name}`.toLowerCase()
      : concerns(grant, database);
  });
}

function waysIn(
  grants: readonly Grant[],
  database: string,
  holder: string,
  account: string,
  may: readonly string[],
): Way[] {
  return grants
    .filter((grant) => !grant.routine && concerns(grant, database))
    .flatMap(({ rights, on, option }) => {
      const found = destroying.filter(
        ([right]) => rights.includes(right) && !(right === 'DELETE' && may.includes('delete')),
      );
      const ways: Way[] = found.map(([right, means]) => ({
        way: holder === account ? right.toLowerCase() : 'role',
        object: holder === account ? on : `${holder} (${right.toLowerCase()} on ${on})`,
        means: holder === account ? means : `can SET ROLE ${holder}, which ${means}`,
        end: holder === account ? `REVOKE ${right} ON ${on} FROM ${account}` : `REVOKE ${holder} FROM ${account}`,
        ...(lesser.includes(right) ? { lesser: true as const } : {}),
      }));
      if (option && rights.some((right) => right !== 'USAGE'))
        ways.push({
          way: 'grant option',
          object: on,
          means: 'can grant its rights to others',
          end: `REVOKE GRANT OPTION ON ${on} FROM ${holder}`,
          lesser: true,
        });
      return ways;
    });
}

/** Routines that run with the rights of their definer, and triggers: both are told unless the user could do it all anyway. */
async function definers(
  session: Session,
  accounts: readonly string[],
  ways: readonly Way[],
  grants: readonly Grant[],
): Promise<Way[]> {
  if (ways.some(({ way }) => way === 'all privileges')) return [];
  const routines = await session.query(
    "select routine_name as name, routine_type as type, definer as definer from information_schema.routines where routine_schema = database() and security_type = 'DEFINER'",
  );
  const triggers = await session.query(
    "select concat(event_object_table, '.', trigger_name) as name, trigger_name as plain, definer as definer from information_schema.triggers where trigger_schema = database() and upper(action_statement) regexp 'DELETE|TRUNCATE|CALL'",
  );
  const mine = (definer: unknown) => accounts.some((account) => account.replaceAll("'", '') === definer);
  return [
    ...routines
      .filter(({ definer, name }) => !mine(definer) && mayCall(grants, session.target.database, String(name)))
      .map(({ name, type, definer }) => ({
        way: 'definer routine',
        object: String(name),
        means: `runs with the rights of ${definer}`,
        end: `REVOKE EXECUTE ON ${type} \`${name}\` FROM ${accounts[0]}`,
      })),
    ...triggers
      .filter(({ definer }) => !mine(definer))
      .map(({ name, plain, definer }) => ({
        way: 'definer trigger',
        object: String(name),
        means: `a write sets it off, with the rights of ${definer}, and it deletes rows`,
        end: `DROP TRIGGER \`${plain}\``,
      })),
  ];
}

/** Triggers are hidden from whoever may not make them. */
export async function seesTriggers(session: Session): Promise<boolean> {
  return hasRight(await ownGrants(session), 'TRIGGER', session.target.database);
}
