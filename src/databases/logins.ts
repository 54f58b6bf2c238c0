import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fingerprint, fits } from '../readers/variables/fingerprint.ts';
import { connect, type Place } from './place.ts';
import { codeOf } from './session.ts';
import { shownTarget, type Target } from './target.ts';

/** Milliseconds that a refusal is remembered: a server locks out who asks in vain too often, and a user may be let in later. */
const remembered = 24 * 3_600_000;

interface Refusal {
  readonly to: string;
  readonly user: string;
  /** Scrypt of the password, salted. */
  readonly print: string;
  readonly at: string;
}

/** What says that the user and the password are not known there. */
const refusals = ['28P01', '28000', '1045', 'ER_ACCESS_DENIED_ERROR'];
/** On one server a user is everybody's, and is kept out of a database by its rights. */
const keptOut = ['42501', '1044'];

/**
 * Tries whether a user can log in to another database.
 * @param oneServer are both databases on one server, as the policy allows?
 * @throws DriverFault when it cannot be told
 */
export async function canLogIn(place: Place, who: Target, to: Target, oneServer: boolean): Promise<boolean> {
  const known = readRefusals(place).filter(({ at }) => isFresh(at, place));
  const name = shownTarget(to);
  for (const refusal of known)
    if (refusal.to === name && refusal.user === who.user && (await fits(refusal.print, who.user, who.password)))
      return false;
  try {
    const session = await connect(place, { ...to, variable: who.variable, user: who.user, password: who.password });
    await session.close();
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === null || !(refusals.includes(code) || (oneServer && keptOut.includes(code)))) throw error;
  }
  const refusal = {
    to: name,
    user: who.user,
    print: await fingerprint(who.user, who.password),
    at: place.now().toISOString(),
  };
  writeRefusals(place, [...known, refusal]);
  return false;
}

function isFresh(at: string, place: Place): boolean {
  const age = place.now().getTime() - Date.parse(at);
  return age >= 0 && age < remembered;
}

const fileOf = ({ commonDir }: Place) => join(commonDir, 'protect', 'refused-logins.json');

function readRefusals(place: Place): Refusal[] {
  try {
    const read: unknown = JSON.parse(readFileSync(fileOf(place), 'utf8'));
    return Array.isArray(read) ? read.filter(isRefusal) : [];
  } catch (error) {
    // Not there, or cut off: it is tried once more.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function isRefusal(one: unknown): one is Refusal {
  const { to, user, print, at } = (one ?? {}) as Record<string, unknown>;
  return (
    [to, user, print, at].every((text) => typeof text === 'string') &&
    /^scrypt:[\w-]{22}:[\w-]{43}$/.test(print as string)
  );
}

function writeRefusals(place: Place, refusals: readonly Refusal[]): void {
  const file = fileOf(place);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(refusals), { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}
