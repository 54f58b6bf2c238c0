import { isFile, showPath } from '../git/raw.ts';
import type { Check, Context, MigrationFolder, Problem, State, Step } from '../model/index.ts';
import { migrationOf } from '../readers/migrations/layout.ts';
import { compilePattern } from '../rules/match.ts';

/** Refuses a changed schema that comes without a migration. */
export const schemaMigration: Check<'contents' | 'history'> = {
  id: 'schema-migration',
  summary: 'A changed schema file comes with a new migration.',
  gates: ['pre-commit', 'pre-push', 'ci', 'pre-receive', 'pre-deploy'],
  needs: ['contents', 'history'],
  weakenable: true,
  timeout: 60_000,
  docs: {
    since: '0.1.0',
    why: 'Code that expects a column which no migration makes fails in production, and only there. Changes of comments and white space alone do not count. On a branch of your own the schema and its migration may be in different commits, so a commit there only warns; from the push on it refuses.',
    fix: 'Generate the migration (`npx drizzle-kit generate`, `npx prisma migrate dev`, `alembic revision --autogenerate`, …) and commit it with the schema.',
  },
  async run(context) {
    const folders = context.policy.migrations.filter(({ schema }) => schema.length > 0);
    if (folders.length === 0) return { skipped: 'no schema files are configured' };
    const steps = await context.contents.newSteps();
    const problems: Problem[] = [];
    let isTouched = false;
    for (const folder of folders) {
      const schemas = steps.filter(({ path }) => isSchema(folder, path));
      if (schemas.length === 0) continue;
      isTouched = true;
      const changed: Step[] = [];
      for (const step of schemas) if (!(await isSameSchema(context, step))) changed.push(step);
      if (changed.length === 0 || (await bringsMigration(context, folder, steps))) continue;
      problems.push(...changed.map((step) => missing(context, folder, step)));
    }
    return isTouched ? problems : { skipped: 'no schema file is changed' };
  },
};

/** What makes a migration out of the difference, where the tool can. */
const generators: Partial<Record<MigrationFolder['tool'], string>> = {
  drizzle: 'npx drizzle-kit generate',
  prisma: 'npx prisma migrate dev',
  alembic: 'alembic revision --autogenerate',
  django: 'python manage.py makemigrations',
  rails: 'bin/rails generate migration',
  supabase: 'supabase db diff -f NAME',
};

function missing({ gate, change }: Context, { folder, tool }: MigrationFolder, { path }: Step): Problem {
  const isLoose = gate === 'pre-commit' && !change.protected;
  return {
    path: showPath(path),
    message: `is changed, and no new migration in ${folder} comes with it`,
    ...(isLoose ? { severity: 'warning' as const } : {}),
    help: isLoose
      ? `add the migration before you push`
      : `${generators[tool] ? `${generators[tool]}  #` : 'generate the migration'} and commit it with the schema`,
  };
}

/** The last pattern that matches decides, as in gitignore. */
function isSchema(folder: MigrationFolder, path: string): boolean {
  if (migrationOf(folder, path) !== null) return false;
  let matches = false;
  for (const source of folder.schema) if (compilePattern(source).matches(path)) matches = !source.startsWith('!');
  return matches;
}

async function isSameSchema({ contents }: Context<'contents'>, { path, from, to }: Step): Promise<boolean> {
  if (from === null || to === null || !isFile(from) || !isFile(to)) return false;
  if (from.oid === to.oid) return true;
  const [before, after] = await Promise.all([contents.content(from.oid), contents.content(to.oid)]);
  if (before.bytes === null || after.bytes === null) return false;
  const { sameMeaning } = await import('../readers/migrations/same-meaning.ts');
  return sameMeaning(before.bytes.toString('utf8'), after.bytes.toString('utf8'), showPath(path));
}

/** A migration in this change, or one that an earlier commit of the same branch brought. */
async function bringsMigration(
  context: Context<'contents' | 'history'>,
  folder: MigrationFolder,
  steps: readonly Step[],
): Promise<boolean> {
  const isMigration = (path: string) => {
    const file = migrationOf(folder, path);
    return file !== null && file.kind !== 'metadata' && file.way === 'up';
  };
  for (const { path, to } of steps)
    if (to !== null && isMigration(path) && (await doesSomething(context, to))) return true;
  if (context.gate !== 'pre-commit' || context.change.tips.length === 0) return false;
  for (const path of await context.contents.paths())
    if (isMigration(path) && (await context.history.landed(path))?.length === 0) return true;
  return false;
}

/** Comments alone migrate nothing. */
async function doesSomething({ contents }: Context<'contents'>, to: State): Promise<boolean> {
  if (!isFile(to)) return false;
  const { bytes } = await contents.content(to.oid);
  const { bareSql } = await import('../readers/migrations/same-meaning.ts');
  return bytes === null || bareSql(bytes.toString('utf8'))?.replace(/[;\s]/g, '') !== '';
}
