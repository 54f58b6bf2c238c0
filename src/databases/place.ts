import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseEnvironment, type Policy, Undecided } from '../model/index.ts';
import { isEmpty, largestEnvironment, parseEnvironment } from '../readers/variables/parse.ts';
import { nearest } from '../words/nearest.ts';
import { connectMysql } from './mysql.ts';
import { connectPostgres } from './postgres.ts';
import type { Session } from './session.ts';
import { parseTarget, type Target } from './target.ts';

/** Where the databases of a policy are looked for: this clone, on this machine. */
export interface Place {
  readonly policy: Policy;
  readonly topLevel: string;
  /** Where what this clone remembers lies. */
  readonly commonDir: string;
  readonly env: NodeJS.ProcessEnv;
  now(): Date;
  readonly signal: AbortSignal;
  tell(text: string): void;
}

/** Which of an environment's URLs is meant; `url` stands in for the others. */
export type Use = 'url' | 'reader' | 'admin';

/** @throws Undecided when the policy has no such environment */
export function environmentOf({ policy }: Pick<Place, 'policy'>, name: string): DatabaseEnvironment {
  const names = Object.keys(policy.databases);
  if (Object.hasOwn(policy.databases, name)) return policy.databases[name]!;
  const meant = nearest(name, names);
  const known = names.length === 0 ? 'the policy has no databases:' : `known: ${names.join(', ')}`;
  throw new Undecided(
    `'${name}' is not under databases:${meant === null ? '' : `; did you mean '${meant}'?`}`,
    meant === null ? known : `npx git-protect db check ${meant}`,
  );
}

/** The value of a variable, from where the environment says. @throws Undecided when it is not there */
export function variableOf(place: Place, { envFile }: DatabaseEnvironment, variable: string): string {
  const value =
    envFile === null ? place.env[variable] : fileValues(join(place.topLevel, envFile), envFile).get(variable);
  if (value !== undefined && !isEmpty(value)) return value;
  const where = envFile === null ? 'in the environment' : `in ${envFile}`;
  throw new Undecided(
    `${variable} is ${value === undefined ? 'not set' : 'empty'} ${where}`,
    `set ${variable} ${where}`,
  );
}

function fileValues(path: string, shown: string): ReadonlyMap<string, string> {
  try {
    const content = readFileSync(path);
    if (content.length <= largestEnvironment) return parseEnvironment(content);
  } catch (error) {
    throw new Undecided(`${shown} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
  throw new Undecided(`${shown} is too large for a file of variables`);
}

/** @throws Undecided when the variable is not set, or holds no URL that can be read in one way only */
export function targetOf(place: Place, name: string, use: Use = 'url'): Target {
  const environment = environmentOf(place, name);
  const variable = environment[use] ?? environment.url;
  return parseTarget(variable, variableOf(place, environment, variable));
}

/** Every URL of an environment, each once. */
export function targetsOf(place: Place, name: string): Target[] {
  const environment = environmentOf(place, name);
  const variables = new Set([environment.url, environment.reader, environment.admin].filter((one) => one !== null));
  return [...variables].map((variable) => parseTarget(variable, variableOf(place, environment, variable)));
}

/** @throws Undecided when it cannot be reached or refuses */
export function connect(place: Pick<Place, 'topLevel'>, target: Target): Promise<Session> {
  return target.engine === 'postgres' ? connectPostgres(target, place.topLevel) : connectMysql(target, place.topLevel);
}

/** Connects for as long as `use` runs. */
export async function withSession<T>(place: Place, target: Target, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await connect(place, target);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
