import { type Check, type Isolation, type Problem, Undecided } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { onDemand } from './parts/on-demand.ts';

/** Refuses a test database that is production's, or from which production can be reached. */
export const dbIsolation: Check<'services'> = {
  id: 'db-isolation',
  summary: 'A disposable database is not the production database, and its user cannot log in to production.',
  gates: ['pre-deploy'],
  needs: ['services'],
  weakenable: true,
  timeout: 300_000,
  docs: {
    since: '0.2.0',
    why: 'Tests, seeds and agents empty the database that a variable names, and one day it names production: through a variable exported in a shell, a copied `.env` file, a tunnel. Hosts, ports and names do not prove that two databases are distinct.',
    fix: 'Give the disposable database a server, a name and a user of its own. The check runs in `npx git-protect db check` and in `db run`; before a deploy only with `checks.db-isolation.on: [pre-deploy]`.',
  },
  async run(context) {
    const skipped = onDemand(context, 'db-isolation', (one) => one.disposable);
    if (skipped) return skipped;
    const pairs = await context.services.databases.isolation();
    if (pairs.length === 0) return { skipped: 'there is no disposable database beside another one' };
    const problems = pairs.flatMap((pair) => problemsOf(pair, context.policy.databases[pair.disposable]!));
    return judged(
      problems,
      pairs.flatMap(({ unproven }) => unproven),
    );
  },
};

/** What could not be found out leaves it open, unless something is refused already. @throws Undecided */
export function judged(problems: readonly Problem[], unproven: readonly string[]): readonly Problem[] {
  const refuses = problems.some(({ severity }) => severity === undefined || severity === 'error');
  if (unproven.length > 0 && !refuses) throw new Undecided(unproven.join('; '), 'npx git-protect db check');
  return [
    ...problems,
    ...unproven.map((message) => ({ message: `not found out: ${message}`, severity: 'warning' as const })),
  ];
}

function problemsOf(
  pair: Isolation,
  policy: { sameServer: string; copyOf: string | null; name: string | null },
): Problem[] {
  const { disposable, other, shown } = pair;
  const problems: Problem[] = [];
  const add = (message: string, help: string, severity?: 'warning') =>
    problems.push({ message, help, ...(severity ? { severity } : {}) });
  const name = shown.disposable.split('/').at(-1)!;
  const adopt = `npx git-protect db reseed --adopt ${shellWord(name)}  # if everything in it may be thrown away`;
  const related = relationProblem(pair, policy);
  if (related) add(related.message, related.help);
  if (!pair.nameFits)
    add(
      `${disposable} (${shown.disposable}) has a name that does not fit '${policy.name}'`,
      `create a database whose name fits, and name it in the URL`,
    );
  if (pair.marker === 'missing')
    add(`${disposable} (${shown.disposable}) does not say of itself that it is disposable`, adopt);
  if (pair.marker === 'other')
    add(`${disposable} (${shown.disposable}) bears the mark of another database or project`, adopt);
  if (pair.otherMarked)
    add(
      `${other} (${shown.other}) is marked as disposable: somebody reseeded it, or it is the wrong database`,
      `find out which database ${other} is; its mark is the comment on the database`,
    );
  for (const { user, end } of pair.logins) {
    if (end === 'in')
      add(
        `${user}, the user of ${disposable}, can log in to ${other} (${shown.other})`,
        `give ${disposable} a user and a password that ${other} does not know`,
      );
    if (end === 'same user')
      add(
        `${user} is the user of ${disposable} and of ${other}; that it is refused there cannot be tried without locking it out`,
        `give ${disposable} a user of its own`,
      );
  }
  for (const link of pair.links)
    add(
      `${link} in ${disposable} leads to the host of ${other}: what is done there reaches it`,
      `drop the ${link} in ${disposable}`,
    );
  if (pair.pooled.length > 0)
    add(
      `${pair.pooled.join(', ')} lead${pair.pooled.length === 1 ? 's' : ''} through a pooler: dumps and snapshots need a session`,
      'name a direct URL as reader: and admin:',
      'warning',
    );
  return problems;
}

function relationProblem(
  { disposable, other, shown, relation }: Isolation,
  policy: { sameServer: string; copyOf: string | null },
): { message: string; help: string } | null {
  const both = `${disposable} (${shown.disposable}) and ${other} (${shown.other})`;
  if (relation === 'same')
    return { message: `${both} are one database`, help: `point ${disposable} to a database of its own` };
  if (relation === 'standby')
    return {
      message: `${both} are one database and its standby: what is written to one reaches the other`,
      help: `point ${disposable} to a server of its own`,
    };
  if (relation === 'same server' && policy.sameServer !== 'allow')
    return {
      message: `${both} are on one server`,
      help: `give ${disposable} a server of its own, or have the policy say databases.${disposable}.sameServer: allow`,
    };
  if (relation === 'copy' && policy.copyOf !== other)
    return {
      message: `${both} are on servers with one identity: one is a physical copy of the other, or the same behind two names`,
      help: `if it is a copy, have the policy say databases.${disposable}.copyOf: ${other}`,
    };
  return null;
}
