import { isFile, parseRaw, showPath } from '../git/raw.ts';
import type { BytePath, Check, Context, MigrationFolder, Problem, State, Step } from '../model/index.ts';
import { migrationOf } from '../readers/migrations/layout.ts';
import type { SchemaNames } from '../readers/migrations/schema-names.ts';
import { schemaFiles } from './parts/schema-files.ts';

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
    why: 'Code that expects a column which no migration creates fails in production, and only there. Changes of comments and white space alone do not count. On your own branch the schema and its migration may be in different commits, so a commit there only warns; a push refuses.',
    fix: 'Generate the migration (`npx drizzle-kit generate`, `npx prisma migrate dev`, `alembic revision --autogenerate`, …) and commit it with the schema.',
  },
  async run(context) {
    const folders = context.policy.migrations.filter(({ schema }) => schema.length > 0);
    if (folders.length === 0) return { skipped: 'no schema files are configured' };
    const steps = await context.contents.newSteps();
    const problems: Problem[] = [];
    let isTouched = false;
    for (const folder of folders) {
      const isSchema = await schemaFiles(
        context,
        folder,
        steps.map(({ path }) => path),
      );
      const schemas = steps.filter(({ path }) => isSchema(path));
      if (schemas.length === 0) continue;
      isTouched = true;
      const changed: Step[] = [];
      for (const step of schemas) if (!(await isSameSchema(context, step))) changed.push(step);
      if (changed.length > 0) problems.push(...(await judge(context, folder, changed, steps, isSchema)));
    }
    return isTouched ? problems : { skipped: 'no schema file is changed' };
  },
};

async function judge(
  context: Context<'contents' | 'history'>,
  folder: MigrationFolder,
  changed: readonly Step[],
  steps: readonly Step[],
  isSchema: (path: BytePath) => boolean,
): Promise<Problem[]> {
  const texts = await newMigrations(context, folder, steps);
  if (texts.length === 0)
    return changed.map((step) =>
      missing(context, folder, step, `is changed, and no new migration in ${folder.folder} comes with it`),
    );
  const problems: Problem[] = [];
  for (const step of changed) {
    const added = await addedNames(context, step);
    const { isMentioned } = await import('../readers/migrations/schema-names.ts');
    const left = [...added].filter(([, spelled]) => !isMentioned(spelled, texts)).map(([name]) => name);
    if (left.length === 0) continue;
    const shown = left.slice(0, 5).join(', ') + (left.length > 5 ? ` and ${left.length - 5} more` : '');
    problems.push(missing(context, folder, step, `adds ${shown}, which no new migration in ${folder.folder} mentions`));
  }
  return problems.length > 0 ? problems : lonely(context, folder, isSchema);
}

/**
 * On the way to a protected branch a migration excuses the schema of its own commit, or of the commits before that brought
 * none: the first commit that has neither, nor names that are mentioned.
 */
async function lonely(
  context: Context<'contents' | 'history'>,
  folder: MigrationFolder,
  isSchema: (path: BytePath) => boolean,
): Promise<Problem[]> {
  if (!context.change.protected || context.gate === 'pre-commit' || context.gate === 'pre-deploy') return [];
  const isMigration = (path: BytePath) => {
    const file = migrationOf(folder, path);
    return file !== null && file.kind !== 'metadata' && file.way === 'up';
  };
  let isOwed = false;
  // Newest first: what a later commit with a migration and no schema of its own brings, is for those before it.
  for await (const { id, parents, paths, raw } of context.change.commits({ paths: true })) {
    // What a merge brings is in the commits that it merges.
    if (parents.length > 1) continue;
    const entries = raw.map((entry, at) => `${entry.trim()}\0${paths[at]}\0`).join('');
    const moved = parseRaw(Buffer.from(entries, 'latin1'));
    const schemas = moved.filter(({ path }) => isSchema(path));
    const brings = moved.some(({ path, from, to }) => from === null && to !== null && isMigration(path));
    if (schemas.length === 0) isOwed ||= brings;
    else if (!brings && !isOwed)
      for (const step of schemas) {
        if ((await isSameSchema(context, step)) || (await addedNames(context, step)).size > 0) continue;
        const message = `is changed in ${id?.slice(0, 12)}, and no migration comes with that commit: the new one is another commit's`;
        return [{ ...missing(context, folder, step, message), ...(id === null ? {} : { commit: id }) }];
      }
  }
  return [];
}

/** The tables and columns that a schema file has now and had not before. */
async function addedNames({ contents }: Context<'contents'>, { path, from, to }: Step): Promise<SchemaNames> {
  const { schemaNames } = await import('../readers/migrations/schema-names.ts');
  const namesOf = async (state: State | null) => {
    const { bytes } = state !== null && isFile(state) ? await contents.content(state.oid) : { bytes: null };
    return schemaNames(bytes?.toString('utf8') ?? '', showPath(path));
  };
  const before = await namesOf(from);
  return new Map([...(await namesOf(to))].filter(([name]) => !before.has(name)));
}

/** What makes a migration out of the difference, where the tool can. */
const generators: Partial<Record<MigrationFolder['tool'], string>> = {
  drizzle: 'npx drizzle-kit generate',
  prisma: 'npx prisma migrate dev',
  alembic: 'alembic revision --autogenerate',
  django: 'python manage.py makemigrations',
  rails: 'bin/rails generate migration',
  supabase: 'supabase db diff -f NAME',
};

function missing({ gate, change }: Context, { tool }: MigrationFolder, { path }: Step, message: string): Problem {
  const isLoose = gate === 'pre-commit' && !change.protected;
  return {
    path: showPath(path),
    message,
    ...(isLoose ? { severity: 'warning' as const } : {}),
    help: isLoose
      ? `add the migration before you push`
      : `${generators[tool] ? `${generators[tool]}  #` : 'generate the migration'} and commit it with the schema`,
  };
}

async function isSameSchema({ contents }: Context<'contents'>, { path, from, to }: Step): Promise<boolean> {
  if (from === null || to === null || !isFile(from) || !isFile(to)) return false;
  if (from.oid === to.oid) return true;
  const [before, after] = await Promise.all([contents.content(from.oid), contents.content(to.oid)]);
  if (before.bytes === null || after.bytes === null) return false;
  const { sameMeaning } = await import('../readers/migrations/same-meaning.ts');
  return sameMeaning(before.bytes.toString('utf8'), after.bytes.toString('utf8'), showPath(path));
}

/** The texts, in lower case, of the migrations in this change, and of those that earlier commits of the same branch brought. */
async function newMigrations(
  context: Context<'contents' | 'history'>,
  folder: MigrationFolder,
  steps: readonly Step[],
): Promise<string[]> {
  const isMigration = (path: string) => {
    const file = migrationOf(folder, path);
    return file !== null && file.kind !== 'metadata' && file.way === 'up';
  };
  const texts: string[] = [];
  for (const { path, to } of steps) {
    const text = to !== null && isMigration(path) ? await textOf(context, to) : null;
    if (text !== null) texts.push(text);
  }
  if (context.gate !== 'pre-commit' || context.change.tips.length === 0) return texts;
  for (const path of await context.contents.paths()) {
    const isNew = isMigration(path) && (await context.history.landed(path))?.length === 0;
    const state = isNew ? await context.contents.stateAt(path) : null;
    const text = state === null ? null : await textOf(context, state);
    if (text !== null) texts.push(text);
  }
  return texts;
}

/** Comments alone migrate nothing: null. What cannot be read may mention anything. */
async function textOf({ contents }: Context<'contents'>, to: State): Promise<string | null> {
  if (!isFile(to)) return null;
  const { bytes } = await contents.content(to.oid);
  const { bareSql } = await import('../readers/migrations/same-meaning.ts');
  const text = bytes?.toString('utf8') ?? '';
  return bytes !== null && bareSql(text)?.replace(/[;\s]/g, '') === '' ? null : text.toLowerCase();
}
