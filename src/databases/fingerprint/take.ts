import { randomBytes, randomUUID } from 'node:crypto';
import type { DatabaseEnvironment, TableRule } from '../../model/index.ts';
import { type Identity, identify } from '../identity.ts';
import { connect, environmentOf, type Place, targetOf } from '../place.ts';
import type { Session } from '../session.ts';
import { shownTarget, type Target } from '../target.ts';
import type { Baseline, TableName, Taking } from './baseline.ts';
import { printMysql } from './mysql.ts';
import { inSnapshot, type Print, printPostgres } from './postgres.ts';
import { ruleOf, unknownTables } from './rules.ts';

/** A seed for the hashes: 63 bits. */
export function randomSeed(): string {
  return (randomBytes(8).readBigUInt64BE() >> 1n).toString();
}

/** What is to be taken, apart from who tells how far it is. */
export type Order = Omit<Taking, 'progress'>;

/** As the policy says it. */
export function orderOf({ schemas, fingerprint, tables }: DatabaseEnvironment): Order {
  return {
    schemas,
    kind: fingerprint,
    rule: (name) => ruleOf(tables, name),
    unknown: (names) => unknownTables(tables, names),
    seed: randomSeed(),
    seenBy: null,
  };
}

/** As a baseline was taken, so that both can be compared. @param seen count in tables that grow only what it saw */
export function orderAs({ database, tables, seed, snapshot }: Baseline, seen: boolean): Order {
  const rules = new Map(tables.map(({ name, rule }) => [name, rule]));
  return {
    schemas: database.schemas,
    kind: tables[0]?.kind ?? 'exact',
    rule: ({ name }: TableName): TableRule => rules.get(name) ?? 'equal',
    unknown: () => [],
    seed,
    seenBy: seen ? snapshot : null,
  };
}

/**
 * Takes the fingerprint of an environment's database.
 * @param during runs on the same snapshot, by its name, such as a dump
 */
export async function takeOf(
  place: Place,
  name: string,
  order: Order = orderOf(environmentOf(place, name)),
  during: (snapshot: string, target: Target) => Promise<void> = async () => {},
): Promise<Baseline> {
  const target = targetOf(place, name, 'reader');
  place.tell(`counting ${name} (${shownTarget(target)})`);
  return take(place, target, order, during);
}

/** The same, of any database. */
export async function take(
  place: Place,
  target: Target,
  order: Order,
  during: (snapshot: string, target: Target) => Promise<void> = async () => {},
): Promise<Baseline> {
  const session = await connect(place, target);
  const opened: Session[] = [session];
  try {
    const identity = await identify(session);
    const at = place.now().toISOString();
    const taking = { ...order, progress: progressOf(place) };
    if (target.engine === 'mysql') return baselineOf(target, identity, at, order, await printMysql(session, taking));
    opened.push(await connect(place, target));
    const print = await inSnapshot(session, async (snapshot) => {
      const taken = await printPostgres(session, opened[1]!, snapshot, taking);
      await during(snapshot, target);
      return taken;
    });
    return baselineOf(target, identity, at, order, print);
  } finally {
    for (const one of opened) await one.close();
  }
}

function baselineOf(
  { engine }: Target,
  { server, oid, name, version }: Identity,
  at: string,
  { schemas }: Order,
  print: Print,
): Baseline {
  const database = { engine, version, identity: `${server}/${oid ?? name}`, name, schemas };
  return { version: 1, id: randomUUID(), database, at, ...print };
}

/** Told now and then: what takes long says how far it is. */
function progressOf(place: Place): Taking['progress'] {
  let told = Date.now();
  return (done, of, rows) => {
    if (Date.now() - told < 2_000) return;
    told = Date.now();
    place.tell(`counting: ${done} of ${of} parts, ${rows} rows`);
  };
}
