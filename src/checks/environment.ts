import type { Check, Context, Deployment, EnvironmentVariables, PinnedVariable, Problem } from '../model/index.ts';
import { localTime, zoneOf } from '../readers/calendar.ts';
import { fits } from '../readers/variables/fingerprint.ts';
import { isEmpty, largestEnvironment, parseEnvironment } from '../readers/variables/parse.ts';
import { isSecretName, isUnfilled } from '../readers/variables/placeholder.ts';
import { shellWord } from '../words/shell-word.ts';

const day = 86_400_000;
/** How long before its end of life a value is warned of. */
const notice = 14 * day;

/** Holds the variables that production needs against what the policy says of them. Tells names, never values. */
export const environment: Check<'deploy'> = {
  id: 'environment',
  summary: 'Variables that production needs are set, pinned ones have their value, and none is too old.',
  gates: ['pre-deploy'],
  needs: ['deploy'],
  weakenable: true,
  timeout: 120_000,
  docs: {
    since: '0.1.0',
    why: 'A missing variable takes production down at start-up, and a changed one later: with another encryption key, no earlier backup can be read.',
    fix: 'Set what is missing, or restore the earlier value. When a pinned value is to change, `npx git-protect fingerprint NAME` prints the line for the new one, and an owner has the policy changed; `rotated` is then the day of the change. A value of only white space and quotes counts as empty, and so does a placeholder (`changeme`, `your-…`, `<…>`) or a secret that is still the one in `.env.example`. With `different: [staging]`, a secret that is the same as in staging is refused: compared by the fingerprint that the policy pins there, else by its file. Values are read from `environment.file`, as `node --env-file` reads it, else from the environment of the command. The fingerprint is scrypt (N 32768, r 8, p 1) with a salt, over name and value: a short value can still be guessed from it, so pin long ones.',
  },
  async run(context) {
    const { deploy } = context;
    const wanted = deploy.environment.environment;
    if (!wanted) return { skipped: 'no variables are configured' };
    const ages = Object.entries(wanted.pinned).flatMap(([name, pinned]) => ageProblems(name, pinned, deploy, context));
    const pins = Object.entries(wanted.pinned).filter(([, { fingerprint }]) => fingerprint !== null);
    const names = [...new Set([...wanted.required, ...pins.map(([name]) => name)])];
    if (wanted.file === null && names.length + Object.keys(wanted.pinned).length === 0)
      return { skipped: 'the policy names no variable' };
    const value = await source(wanted, deploy);
    if (value === null)
      return [
        {
          message: `${wanted.file} is not there, so no variable is set`,
          help: `write ${[wanted.file, ...names].join(', ').replace(', ', ', with ')}`,
        },
        ...ages,
      ];
    const example = await exampleOf(wanted, deploy);
    const empty = names.flatMap((name) => [
      ...emptyProblem(name, value(name), wanted),
      ...unfilledProblem(name, value(name), example(name)),
    ]);
    const shared = await sharedProblems(context, names, value);
    const changed = await Promise.all(pins.map(([name, pinned]) => pinProblems(name, pinned, value(name), context)));
    return [...empty, ...changed.flat(), ...shared, ...ages];
  },
};

type Lookup = (name: string) => string | undefined;

/** Null where the file is missing. */
async function source({ file }: EnvironmentVariables, { host }: Deployment): Promise<Lookup | null> {
  if (file === null) return (name) => host.variable(name);
  const content = await host.read(file, largestEnvironment);
  if (content === null) return null;
  const values = parseEnvironment(content);
  return (name) => values.get(name);
}

function emptyProblem(name: string, value: string | undefined, { file, pinned }: EnvironmentVariables): Problem[] {
  if (value !== undefined && !isEmpty(value)) return [];
  const where = file === null ? 'in the environment of this command' : `in ${file}`;
  const why = Object.hasOwn(pinned, name) && pinned[name]!.reason !== '' ? `: ${pinned[name]!.reason}` : '';
  return [{ message: `${name} is ${value === undefined ? 'not set' : 'empty'} ${where}${why}`, help: `set ${name}` }];
}

/** What the example beside the file, or at the top, has for a variable. */
async function exampleOf({ file }: EnvironmentVariables, { host }: Deployment): Promise<Lookup> {
  const folder = file === null ? '' : file.slice(0, file.lastIndexOf('/') + 1);
  const files = ['example', 'sample', 'template', 'dist'].flatMap((end) => [
    ...(file === null ? [] : [`${file}.${end}`]),
    `${folder}.env.${end}`,
    `.env.${end}`,
  ]);
  const examples: ReadonlyMap<string, string>[] = [];
  for (const path of new Set(files)) {
    const content = await host.read(path, largestEnvironment);
    if (content !== null) examples.push(parseEnvironment(content));
  }
  return (name) => examples.find((example) => example.has(name))?.get(name);
}

function unfilledProblem(name: string, value: string | undefined, example: string | undefined): Problem[] {
  if (value === undefined || isEmpty(value) || !isUnfilled(name, value, example)) return [];
  const what = value === example ? 'the value of the example' : 'a placeholder';
  return [{ message: `${name} is still ${what}`, help: `set ${name}` }];
}

/** Secrets that are the same as in another environment: by what its policy pins of them, else by its file where that is here. */
async function sharedProblems(
  { deploy, policy }: Context<'deploy'>,
  names: readonly string[],
  value: Lookup,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const other of deploy.environment.environment?.different ?? []) {
    const theirs = policy.deploy[other]?.environment;
    const content = theirs?.file ? await deploy.host.read(theirs.file, largestEnvironment) : null;
    const values = content === null ? null : parseEnvironment(content);
    for (const name of names.filter(isSecretName)) {
      const own = value(name);
      if (own === undefined || isEmpty(own)) continue;
      const fingerprint = theirs?.pinned[name]?.fingerprint ?? null;
      if (fingerprint === null && values === null)
        problems.push({
          message: `whether ${name} differs from that of ${other} cannot be told: the policy pins none there${theirs?.file ? `, and ${theirs.file} is not here` : ''}`,
          help: `where ${other} runs: npx git-protect fingerprint ${name}${theirs?.file ? ` --env-file ${shellWord(theirs.file)}` : ''}  # then pin it in the policy`,
        });
      else if (fingerprint === null ? values!.get(name) === own : await fits(fingerprint, name, own))
        problems.push({ message: `${name} is the same as in ${other}`, help: `make a value of its own for ${name}` });
    }
  }
  return problems;
}

async function pinProblems(
  name: string,
  { fingerprint, reason }: PinnedVariable,
  value: string | undefined,
  { deploy, agent, policy }: Context<'deploy'>,
): Promise<Problem[]> {
  if (fingerprint === null || value === undefined || isEmpty(value)) return [];
  if (await fits(fingerprint, name, value)) return [];
  const file = deploy.environment.environment?.file ?? null;
  const print = `npx git-protect fingerprint ${name}${file === null ? '' : ` --env-file ${shellWord(file)}`}`;
  const owner = agent === null ? 'an owner' : Object.keys(policy.owners).join(' or ');
  return [
    {
      message: `${name} is not the value that the policy pins${reason === '' ? '' : `: ${reason}`}`,
      help: `put the earlier value back; if the change is meant, print its fingerprint and have ${owner} change the policy: ${print}`,
    },
  ];
}

function ageProblems(
  name: string,
  { rotated, maxAge, fingerprint }: PinnedVariable,
  { environment }: Deployment,
  { now }: Context,
): Problem[] {
  if (rotated === null || maxAge === null) return [];
  const today = localTime(now, zoneOf(environment)).date;
  const [made, at] = [instant(rotated), instant(today)];
  if (made > at)
    return [
      {
        message: `${name} is said to be rotated on ${rotated}, which is still to come`,
        help: `write the day on which ${name} was really rotated into the policy`,
      },
    ];
  const left = made + maxAge - at;
  if (left > notice) return [];
  const due = showDate(made + maxAge);
  const help = `make a new value for ${name}, then write its day${fingerprint === null ? '' : ' and its fingerprint'} into the policy`;
  if (left < 0) return [{ message: `${name} was last rotated on ${rotated} and had to be by ${due}`, help }];
  return [{ severity: 'warning', message: `${name} has to be rotated by ${due}`, help }];
}

function instant(date: string): number {
  return Date.parse(`${date}T00:00:00Z`);
}

function showDate(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}
