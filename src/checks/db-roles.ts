import type { Check, Problem, RoleFacts } from '../model/index.ts';
import { judged } from './db-isolation.ts';
import { onDemand } from './parts/on-demand.ts';

/** Refuses a role that can destroy rows by any way. */
export const dbRoles: Check<'services'> = {
  id: 'db-roles',
  summary: 'No role of the database can destroy rows unless the policy allows it.',
  gates: ['pre-deploy'],
  needs: ['services'],
  weakenable: true,
  timeout: 300_000,
  docs: {
    since: '0.2.0',
    why: 'A role without DELETE can still destroy rows: as a member of another role, as an owner, through a function that runs with the rights of its owner, through a right on the tables of the next migration.',
    fix: 'Run the SQL that each finding names, as the owner or an administrator; `npx git-protect db roles --sql` prints all of it. List an intended way under `databases.<name>.accept`, with its role, way, object and reason.',
  },
  async run(context) {
    const skipped = onDemand(context, 'db-roles', (one) => Object.keys(one.roles).length > 0);
    if (skipped) return skipped;
    const facts = await context.services.databases.roles();
    return judged(
      facts.flatMap(problemsOf),
      facts.flatMap(({ unproven }) => unproven),
    );
  },
};

function problemsOf(facts: RoleFacts): Problem[] {
  const { role, environment, shown, missing, ways, unexplained, loginIs } = facts;
  if (missing !== null) {
    const meant = missing.meant === null ? '' : `; did you mean '${missing.meant}'?`;
    return [
      {
        message: `there is no role '${role}' at ${environment} (${shown})${meant}`,
        help: 'npx git-protect db roles --sql  # prints what creates it',
      },
    ];
  }
  const found: Problem[] = ways.map(({ way, object, means, end, lesser }) => ({
    message: `${role} at ${environment} (${shown}): ${way} ${object}: ${means}`,
    ...(end === '' ? {} : { help: `${end};` }),
    ...(lesser ? { severity: 'warning' as const } : {}),
  }));
  if (loginIs !== null)
    found.push({
      message: `${loginIs.variable} logs in to ${shown} as ${loginIs.user}, and the policy says ${role}`,
      help: `put the URL of ${role} into ${loginIs.variable}`,
    });
  for (const table of unexplained)
    found.push({
      message: `${role} at ${environment} (${shown}) can delete from ${table}: the server made a plan for it`,
      help: 'npx git-protect db roles',
    });
  return found;
}
