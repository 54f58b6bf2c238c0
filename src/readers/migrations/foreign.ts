import type { MigrationFolder } from '../../model/index.ts';

type Tool = MigrationFolder['tool'];

/** What only the migrations of one tool say. */
const says: readonly (readonly [tool: Tool, files: RegExp, text: RegExp])[] = [
  ['django', /\.py$/i, /\bclass\s+Migration\s*\(\s*migrations\.Migration\b/],
  ['alembic', /\.py$/i, /^\s*(?:from\s+alembic\s+import|import\s+alembic|down_revision\b)/m],
  ['rails', /\.rb$/i, /\bActiveRecord::Migration\b/],
  ['liquibase', /\.(?:xml|ya?ml|json)$/i, /\bdatabaseChangeLog\b/],
  ['typeorm', /\.[cm]?[jt]s$/i, /\bMigrationInterface\b/],
  ['sequelize', /\.[cm]?[jt]s$/i, /\bqueryInterface\b/],
  [
    'knex',
    /\.[cm]?[jt]s$/i,
    /\b(?:exports\.up|export\s+(?:async\s+)?(?:const|function)\s+up)\b|\bschema\s*\.\s*\w*[tT]able\w*\s*\(/,
  ],
];

/** Files in which migrations are written. */
const written = /\.(?:sql|py|rb|[cm]?[jt]sx?|xml|ya?ml|json|go|php|java|kts?|cs|exs?|scala)$/i;
/** Files beside migrations that nobody runs as one. */
const beside =
  /(?:^|\/)(?:__init__\.py|env\.py|index\.[cm]?[jt]s|package(?:-lock)?\.json|tsconfig\.json|_journal\.json|[^/]*snapshot[^/]*\.json|schema\.[^/]*|[^/]*\.config\.[cm]?[jt]s|atlas\.sum|[^/]*\.conf|toml\.ya?ml)$/i;

/** Whose migration is a file, as its text says? Null: nobody's that is known. */
export function toolOf(path: string, text: string): Tool | null {
  return says.find(([, files, form]) => files.test(path) && form.test(text))?.[0] ?? null;
}

/** Could a file in a migrations folder be a migration, though the tool does not read it? */
export function couldBeMigration(path: string): boolean {
  return written.test(path) && !beside.test(path);
}
