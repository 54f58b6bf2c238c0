import { join, posix } from 'node:path';
import { readOptional } from '../install/plan.ts';

/** A migrations folder that `init` proposes. */
export interface SuggestedMigrations {
  readonly folder: string;
  readonly tool: 'drizzle' | 'prisma';
  readonly dialect: 'postgres' | 'mysql';
  readonly schema: readonly string[];
}

/** What only the tool writes, with the word in it that names the database, and where it keeps the schema. */
const traces = [
  { tool: 'drizzle', name: 'meta/_journal.json', says: /"dialect"\s*:\s*"(\w+)"/, schema: 'schema.ts' },
  { tool: 'prisma', name: 'migration_lock.toml', says: /^\s*provider\s*=\s*"(\w+)"/m, schema: '../schema.prisma' },
] as const;

const dialects: Readonly<Record<string, SuggestedMigrations['dialect']>> = {
  postgresql: 'postgres',
  cockroachdb: 'postgres',
  mysql: 'mysql',
};

/** Migrations folders of Drizzle and Prisma, where their database is one whose SQL can be judged. */
export async function firstMigrations(topLevel: string, tracked: readonly string[]): Promise<SuggestedMigrations[]> {
  const found: SuggestedMigrations[] = [];
  for (const { tool, name, says, schema } of traces)
    for (const path of tracked) {
      if (!path.endsWith(`/${name}`) || !/^[\w./@-]+$/.test(path) || /(^|\/)node_modules\//.test(path)) continue;
      const dialect = dialects[says.exec((await readOptional(join(topLevel, path))) ?? '')?.[1] ?? ''];
      if (dialect === undefined) continue;
      const folder = path.slice(0, -name.length - 1);
      const described = posix.join(folder, schema);
      found.push({ folder, tool, dialect, schema: tracked.includes(described) ? [`/${described}`] : [] });
    }
  return found;
}
