import type { DatabaseEnvironment, RoleFacts } from '../../model/index.ts';
import { quoted } from '../marker.ts';

/**
 * The SQL that makes roles as the policy says: what is missing is created and granted, every way to destroy rows ended. To be
 * read, then run by an administrator; it is never applied from here.
 * @param schemas that hold tables
 * @param database its name
 */
export function rolesSql(
  environment: DatabaseEnvironment,
  facts: readonly RoleFacts[],
  owner: string,
  database: string,
  schemas: readonly string[],
): string {
  const lines = [
    `-- Roles of ${database}, as the policy says. Read it first, then run it as an administrator of that database.`,
    'BEGIN;',
  ];
  for (const { role, missing } of facts)
    if (missing !== null) lines.push(`CREATE ROLE ${quoted(role)} LOGIN;  -- then: \\password ${quoted(role)}`);
  for (const schema of schemas) lines.push(`REVOKE CREATE ON SCHEMA ${quoted(schema)} FROM PUBLIC;`);
  for (const [role, { may }] of Object.entries(environment.roles)) {
    if (may === 'migrate') continue;
    lines.push(
      '',
      `-- ${role}: ${may.join(', ')}`,
      `GRANT CONNECT ON DATABASE ${quoted(database)} TO ${quoted(role)};`,
    );
    const words = may.map((word) => word.toUpperCase()).join(', ');
    for (const schema of schemas) {
      const [where, who] = [quoted(schema), quoted(role)];
      lines.push(`GRANT USAGE ON SCHEMA ${where} TO ${who};`);
      if (words === '') continue;
      lines.push(
        `GRANT ${words} ON ALL TABLES IN SCHEMA ${where} TO ${who};`,
        // The tables of the next migration.
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner)} IN SCHEMA ${where} GRANT ${words} ON TABLES TO ${who};`,
      );
      if (may.includes('insert'))
        lines.push(
          `GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${where} TO ${who};`,
          `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner)} IN SCHEMA ${where} GRANT USAGE ON SEQUENCES TO ${who};`,
        );
    }
  }
  const ends = facts.flatMap(({ ways }) =>
    ways.map(({ end, way, object }) => (end === '' ? `-- by hand: ${way} ${object}` : `${end};`)),
  );
  if (ends.length > 0) lines.push('', '-- What can destroy rows', ...new Set(ends));
  lines.push('COMMIT;');
  return `${lines.join('\n')}\n`;
}
