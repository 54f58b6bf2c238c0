import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from '../databases/place.ts';
import { commandEnvironment } from '../git/environment.ts';
import type { Repository } from '../git/repository.ts';
import { runCommand } from '../machine/run.ts';
import { type DeployEnvironment, exitCode, type Oid, type PinnedVariable, Undecided } from '../model/index.ts';
import { localTime, zoneOf } from '../readers/calendar.ts';
import { isEmpty, largestEnvironment, parseEnvironment } from '../readers/variables/parse.ts';
import { ageOf, type Said } from './secret-age.ts';
import { falseClaim, type PastPins, pastPins } from './secret-history.ts';

/** Milliseconds that a provider may take to tell its versions. */
const patience = 60_000;

/** What is known of a secret: its name, days and counts, and never its value. */
export interface SecretState {
  readonly name: string;
  readonly rotated: string | null;
  readonly ageDays: number | null;
  readonly due: string | null;
  /** How many the provider keeps; null: nobody asked, or it could not be told. */
  readonly versions: number | null;
  readonly says: readonly Said[];
}

/** Where secrets are judged: this clone, an environment of its policy. */
export interface SecretPlace extends Pick<Place, 'topLevel' | 'env' | 'now' | 'signal'> {
  readonly repository: Repository;
  readonly name: string;
  readonly environment: DeployEnvironment;
  /** The commit whose policy holds. */
  readonly tip: Oid;
}

/** Judges what an environment pins. */
export async function secretStates(place: SecretPlace): Promise<SecretState[]> {
  const { environment, now } = place;
  const pinned = Object.entries(environment.environment?.pinned ?? {});
  const today = localTime(now(), zoneOf(environment)).date;
  const past = pinned.some(([, { rotated }]) => rotated !== null) ? await readPast(place) : [];
  const values = await valuesHere(place);
  const states: SecretState[] = [];
  for (const [name, pin] of pinned) {
    const { days, due, says } = ageOf(name, pin, today);
    const claim = await claimOf(past, name, pin, values(name));
    const versions = await versionsOf(place, pin);
    const all = [...says, ...claim, ...versions.says];
    states.push({ name, rotated: pin.rotated, ageDays: days, due, versions: versions.count, says: all });
  }
  return states;
}

/** 1 where something is due or false, 3 where something could not be told, else 0. */
export function secretsCode(states: readonly SecretState[]): number {
  const kinds = new Set(states.flatMap(({ says }) => says.map(({ kind }) => kind)));
  if (kinds.has('due') || kinds.has('false')) return exitCode.refused;
  return kinds.has('untold') ? exitCode.undecided : exitCode.pass;
}

async function readPast({ repository, tip, name }: SecretPlace): Promise<PastPins | Undecided> {
  try {
    return await pastPins(repository, tip, name);
  } catch (error) {
    if (error instanceof Undecided) return error;
    throw error;
  }
}

async function claimOf(
  past: PastPins | Undecided,
  name: string,
  pin: PinnedVariable,
  value: string | undefined,
): Promise<Said[]> {
  if (pin.rotated === null) return [];
  if (past instanceof Undecided)
    return [{ kind: 'untold', message: `whether it was really made then: ${past.message}`, help: past.help ?? '' }];
  const before = await falseClaim(past, name, pin, value);
  if (before === null) return [];
  return [
    {
      kind: 'false',
      message: `rotated moved from ${before} to ${pin.rotated}, and the value is the one that was pinned before`,
      help: `make a new value and pin it (npx git-protect fingerprint ${name}), or put ${before} back`,
    },
  ];
}

/** The values, as far as they are here. @throws Undecided where the file is there and cannot be read */
async function valuesHere({ topLevel, env, environment }: SecretPlace): Promise<(name: string) => string | undefined> {
  const file = environment.environment?.file ?? null;
  const filled = (value: string | undefined) => (value === undefined || isEmpty(value) ? undefined : value);
  if (file === null) return (name) => filled(Object.hasOwn(env, name) ? env[name] : undefined);
  const content = await readFile(join(topLevel, file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new Undecided(`${file} cannot be read: ${error.code}`, 'run it as whoever may read it');
  });
  if (content === null) return () => undefined;
  if (content.length > largestEnvironment) throw new Undecided(`${file} is larger than ${largestEnvironment} bytes`);
  const values = parseEnvironment(content);
  return (name) => filled(values.get(name));
}

/** Counts the lines that the policy's command prints; what they say is not looked at. */
async function versionsOf(
  { topLevel, env, signal }: SecretPlace,
  { versions }: PinnedVariable,
): Promise<{ readonly count: number | null; readonly says: readonly Said[] }> {
  if (versions === null) return { count: null, says: [] };
  const ran = await runCommand(versions.command, {
    cwd: topLevel,
    env: commandEnvironment(env),
    timeout: patience,
    signal,
  });
  const untold = (message: string) => ({
    count: null,
    says: [{ kind: 'untold', message, help: 'run the command of versions: by hand, and correct it' } as const],
  });
  if (ran.timedOut) return untold(`how many versions are kept: the command took longer than ${patience / 1000} s`);
  if (ran.exitCode !== 0)
    return untold(`how many versions are kept: the command ended with ${ran.exitCode ?? 'a signal'}`);
  if (ran.stdout === null) return untold('how many versions are kept: the command printed too much');
  const count = ran.stdout.split('\n').filter((line) => line.trim() !== '').length;
  if (count >= versions.atLeast) return { count, says: [] };
  const message = `the provider keeps ${count} versions, and ${versions.atLeast} are asked for`;
  const help = 'add versions instead of overwriting them, and remove no old one until the new one has proven itself';
  return { count, says: [{ kind: 'due', message, help }] };
}
