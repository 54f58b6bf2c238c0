import type { DatabaseEnvironment, Isolation, LoginTrial } from '../model/index.ts';
import { compileGlob } from '../rules/glob.ts';
import { type Identity, identify } from './identity.ts';
import { linksTo } from './links.ts';
import { sharesLocks } from './lock-proof.ts';
import { canLogIn } from './logins.ts';
import { isOurs, readMarker } from './marker.ts';
import { connect, environmentOf, type Place, targetsOf } from './place.ts';
import type { Session } from './session.ts';
import { isPooled, shownTarget, type Target } from './target.ts';

/** How every pair of a disposable database and another one stand to each other. @param only pairs with this environment */
export async function isolationOf(place: Place, only: string | null): Promise<Isolation[]> {
  const { databases } = place.policy;
  const names = Object.keys(databases);
  const found: Isolation[] = [];
  for (const disposable of names.filter((name) => databases[name]!.disposable))
    for (const other of names.filter((name) => !databases[name]!.disposable))
      if (only === null || only === disposable || only === other) found.push(await pairOf(place, disposable, other));
  return found;
}

interface Opened {
  readonly target: Target;
  readonly session: Session;
  readonly identity: Identity;
}

async function pairOf(place: Place, disposable: string, other: string): Promise<Isolation> {
  const environment = environmentOf(place, disposable);
  const [own, theirs] = [targetsOf(place, disposable), targetsOf(place, other)];
  const opened: Opened[] = [];
  try {
    const open = async (targets: readonly Target[]) => {
      const group: Opened[] = [];
      for (const target of byPlace(targets)) {
        const session = await connect(place, target);
        const one = { target, session, identity: await identifyOrClose(session) };
        opened.push(one);
        group.push(one);
      }
      return group;
    };
    const [ours, others] = [await open(own), await open(theirs)];
    const relation = await nearestOf(ours, others);
    const unproven: string[] = [];
    return {
      disposable,
      other,
      shown: { disposable: shownTarget(own[0]!), other: shownTarget(theirs[0]!) },
      relation,
      nameFits: ours.every(({ identity }) => fitsName(identity.name, environment)),
      ...(await markers(place, ours, others)),
      logins:
        relation === 'same'
          ? []
          : await trials(
              place,
              own,
              theirs,
              relation === 'same server' && environment.sameServer === 'allow',
              unproven,
            ),
      links: await linksTo(ours, theirs, unproven),
      pooled: [...own, ...theirs].filter(isPooled).map(({ variable }) => variable),
      unproven,
    };
  } finally {
    for (const { session } of opened) await session.close();
  }
}

async function identifyOrClose(session: Session): Promise<Identity> {
  try {
    return await identify(session);
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Several users of one place need one session. */
function byPlace(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((target) => [shownTarget(target), target])).values()];
}

const fitsName = (name: string, { name: glob }: DatabaseEnvironment) => glob === null || compileGlob(glob).test(name);

const gravest: readonly Isolation['relation'][] = ['same', 'standby', 'copy', 'same server', 'elsewhere', 'engine'];

/** What the nearest two of them are to each other. */
async function nearestOf(ours: readonly Opened[], others: readonly Opened[]): Promise<Isolation['relation']> {
  const found: Isolation['relation'][] = [];
  for (const one of ours) for (const other of others) found.push(await relationOf(one, other));
  return gravest.find((relation) => found.includes(relation))!;
}

async function relationOf(a: Opened, b: Opened): Promise<Isolation['relation']> {
  if (a.target.engine !== b.target.engine) return 'engine';
  const shared = await sharesLocks(a.session, b.session);
  if (a.target.engine === 'mysql') {
    // Where names of databases are folded, `Shop` is `shop`.
    if (shared) return a.identity.name.toLowerCase() === b.identity.name.toLowerCase() ? 'same' : 'same server';
    return a.identity.server === b.identity.server ? 'copy' : 'elsewhere';
  }
  if (shared) return 'same';
  if (a.identity.server !== b.identity.server) return 'elsewhere';
  if (a.identity.inRecovery || b.identity.inRecovery) return 'standby';
  return a.identity.startedAt === b.identity.startedAt ? 'same server' : 'copy';
}

async function markers(
  place: Place,
  ours: readonly Opened[],
  others: readonly Opened[],
): Promise<Pick<Isolation, 'marker' | 'otherMarked'>> {
  const { session, identity, target } = ours[0]!;
  if (target.engine !== 'postgres') return { marker: 'none here', otherMarked: false };
  const said = await readMarker(session, identity.name);
  const marker = said === null ? 'missing' : isOurs(said, place.policy.project, identity) ? 'ours' : 'other';
  let otherMarked = false;
  for (const { session: their, identity: theirs, target: at } of others)
    if (at.engine === 'postgres' && (await readMarker(their, theirs.name)) !== null) otherMarked = true;
  return { marker, otherMarked };
}

/** Tries each user of the disposable one at each place of the other, once. */
async function trials(
  place: Place,
  own: readonly Target[],
  theirs: readonly Target[],
  oneServer: boolean,
  unproven: string[],
): Promise<LoginTrial[]> {
  const found: LoginTrial[] = [];
  const names = new Set(theirs.map(({ user }) => user));
  const users = new Map(own.map((target) => [`${target.engine} ${target.user} ${target.password}`, target]));
  for (const who of users.values())
    for (const to of byPlace(theirs).filter(({ engine }) => engine === who.engine)) {
      if (names.has(who.user)) found.push({ user: who.user, end: 'same user' });
      else
        try {
          found.push({ user: who.user, end: (await canLogIn(place, who, to, oneServer)) ? 'in' : 'refused' });
        } catch (error) {
          unproven.push(`whether ${who.user} can log in there: ${(error as Error).message}`);
        }
    }
  return found;
}
