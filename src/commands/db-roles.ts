import { environmentOf, targetOf, withSession } from '../databases/place.ts';
import { ownerOf, rolesOf } from '../databases/roles/index.ts';
import { rolesSql } from '../databases/roles/sql.ts';
import { exitCode, type RoleFacts, Undecided, UsageError } from '../model/index.ts';
import { chosen, withPlace } from './database-place.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[ENVIRONMENT]',
  flags: {
    sql: { type: 'boolean', means: 'print SQL that corrects the roles, for an administrator to read and run' },
  },
  example: 'npx git-protect db roles production --sql',
} as const satisfies Usage;

/** `protect db roles`: what each role can do and by which way. Nothing is applied. */
export async function dbRoles(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 1);
  return withPlace(io, async (place) => {
    const name = chosen(place.policy, positionals[0], false);
    const environment = environmentOf(place, name);
    if (Object.keys(environment.roles).length === 0)
      throw new UsageError(
        `the policy names no roles of ${name}`,
        `add databases.${name}.roles: { APP_ROLE: { may: [select, insert, update] } }`,
      );
    const facts = await rolesOf(place, name);
    if (!values.sql) {
      for (const one of facts) io.stdout.write(described(one));
      return exitCode.pass;
    }
    const target = targetOf(place, name);
    if (target.engine !== 'postgres')
      throw new Undecided('--sql is for PostgreSQL in this version', `npx git-protect db roles ${name}`);
    const schemas = await withSession(place, target, (session) =>
      session.query(
        "select distinct n.nspname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1",
      ),
    );
    const names = schemas.map(({ name: schema }) => String(schema));
    io.stdout.write(
      rolesSql(environment, facts, ownerOf(environment), target.database, names.length === 0 ? ['public'] : names),
    );
    return exitCode.pass;
  });
}

function described({ role, shown, missing, ways, unexplained, loginIs, unproven }: RoleFacts): string {
  if (missing !== null) return `${role} (${shown}): there is no such role\n`;
  const lines = ways.map(
    ({ way, object, means, end }) => `  ${way} ${object}: ${means}${end === '' ? '' : `\n    ${end};`}`,
  );
  for (const table of unexplained) lines.push(`  can delete from ${table}: the server made a plan for it`);
  if (loginIs !== null) lines.push(`  ${loginIs.variable} logs in as ${loginIs.user}`);
  for (const text of unproven) lines.push(`  not found out: ${text}`);
  return `${role} (${shown}): ${lines.length === 0 ? 'no way to destroy rows that it may not was found' : ''}\n${lines.map((line) => `${line}\n`).join('')}`;
}
