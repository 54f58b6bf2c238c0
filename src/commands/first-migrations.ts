import { join, posix } from 'node:path';
import { readOptional } from '../install/plan.ts';
import type { MigrationFolder } from '../model/index.ts';
import { readJournal } from '../readers/migrations/journal.ts';
import type { Unsure } from './unsure.ts';

/** A migrations folder that `init` proposes. */
export interface SuggestedMigrations extends Pick<MigrationFolder, 'folder' | 'tool' | 'dialect' | 'schema'> {}

/** What a tool leaves in a repository, and where the database is named. */
interface Trace {
  readonly tool: MigrationFolder['tool'];
  /** The path of a file that only this tool writes; its first group is the folder. */
  readonly file: RegExp;
  /** In that file: the word for the database. */
  readonly says?: RegExp;
  /** Files that describe the schema, as they are usually called: patterns of paths. */
  readonly schema?: RegExp;
  /** Where nothing says which database: that of most projects; null: it has to be said. */
  readonly usual?: MigrationFolder['dialect'];
  /** A file at the top or beside it that says the database. */
  readonly config?: RegExp;
}

const traces: readonly Trace[] = [
  {
    tool: 'drizzle',
    file: /^(.+)\/meta\/_journal\.json$/,
    says: /"dialect"\s*:\s*"(\w+)"/,
    schema: /^(?:.*\/)?(?:drizzle|db|database)\/schema(?:\.ts|\/index\.ts)$/,
  },
  {
    tool: 'drizzle',
    file: /^(.+)\/\d{8,}_[^/]+\/snapshot\.json$/,
    says: /"dialect"\s*:\s*"(\w+)"/,
    schema: /^(?:.*\/)?(?:drizzle|db|database)\/schema(?:\.ts|\/index\.ts)$/,
  },
  {
    tool: 'prisma',
    file: /^(.+)\/migration_lock\.toml$/,
    says: /^\s*provider\s*=\s*"(\w+)"/m,
    schema: /\.prisma$/,
  },
  { tool: 'supabase', file: /^(supabase\/migrations)\/\d+_[^/]+\.sql$/, usual: 'postgres' },
  {
    tool: 'flyway',
    file: /^((?:.*\/)?db\/migrations?)\/V\d[^/]*__[^/]+\.sql$/,
    config: /application[\w-]*\.(?:ya?ml|properties)$|flyway\.(?:conf|toml)$/,
    usual: 'postgres',
  },
  {
    tool: 'alembic',
    file: /^((?:.*\/)?(?:alembic|migrations))\/(?:versions\/[^/]+|env)\.py$/,
    config: /(?:^|\/)alembic\.ini$/,
    usual: 'postgres',
  },
  {
    tool: 'rails',
    file: /^((?:.*\/)?db\/migrate)\/\d+_\w+\.rb$/,
    config: /(?:^|\/)config\/database\.yml$/,
    schema: /(?:^|\/)db\/(?:schema\.rb|structure\.sql)$/,
    usual: 'postgres',
  },
  {
    tool: 'django',
    file: /^((?:.*\/)?[^/]+\/migrations)\/0001_\w+\.py$/,
    config: /settings[\w/]*\.py$/,
    usual: 'postgres',
  },
  {
    tool: 'liquibase',
    file: /^((?:.*\/)?(?:db|changelogs?|liquibase)(?:\/changelogs?)?)\/[^/]*changelog[^/]*\.(?:xml|ya?ml)$/,
    config: /liquibase\.properties$/,
    usual: 'postgres',
  },
  { tool: 'knex', file: /^((?:.*\/)?migrations)\/\d{8,}_[^/]+\.[cm]?[jt]s$/, config: /(?:^|\/)knexfile\.[cm]?[jt]s$/ },
  {
    tool: 'sequelize',
    file: /^((?:.*\/)?migrations)\/\d{8,}-[^/]+\.[cm]?js$/,
    config: /(?:^|\/)\.sequelizerc$|(?:^|\/)config\/config\.json$/,
  },
  { tool: 'golang-migrate', file: /^((?:.*\/)?migrations?)\/\d+_[^/]+\.up\.sql$/, usual: 'postgres' },
  { tool: 'goose', file: /^((?:.*\/)?migrations?)\/\d+_[^/]+\.sql$/, says: /^-- \+goose Up()/m, usual: 'postgres' },
  { tool: 'dbmate', file: /^((?:.*\/)?db\/migrations)\/\d+_[^/]+\.sql$/, says: /^-- migrate:up()/m, usual: 'postgres' },
];

const dialects: readonly (readonly [RegExp, MigrationFolder['dialect']])[] = [
  [/postgres|\bpg\b|psycopg|cockroach/i, 'postgres'],
  [/mysql|mariadb/i, 'mysql'],
  [/sqlite|turso|libsql/i, 'sqlite'],
];
/** The database that a package is made to talk to. */
const drivers: readonly (readonly [RegExp, MigrationFolder['dialect']])[] = [
  [/"(?:pg|postgres|@neondatabase\/serverless)"\s*:/, 'postgres'],
  [/"(?:mysql2?|mariadb)"\s*:/, 'mysql'],
  [/"(?:better-sqlite3|sqlite3?|@libsql\/client)"\s*:/, 'sqlite'],
];

/** Characters that need no care in a policy. */
const plain = /^[\w./@-]+$/;

/** Migrations folders of the tools that the policy knows, where their database is one whose SQL can be judged. */
export async function firstMigrations(
  topLevel: string,
  tracked: readonly string[],
  unsure: Unsure,
): Promise<SuggestedMigrations[]> {
  const found = new Map<string, SuggestedMigrations>();
  const own = tracked.filter((path) => plain.test(path) && !/(?:^|\/)node_modules\//.test(path));
  for (const trace of traces)
    for (const path of own) {
      const folder = trace.file.exec(path)?.[1];
      if (folder === undefined || found.has(folder)) continue;
      const read = await dialectOf(topLevel, own, trace, path);
      const dialect = typeof read === 'object' && read !== null ? await askFor(folder, read.guess, unsure) : read;
      if (dialect === null) continue;
      const isOwnRun = trace.tool === 'drizzle' && (await hasUnnamed(topLevel, folder, path, own));
      const tool = isOwnRun ? 'plain' : trace.tool;
      found.set(folder, { folder, tool, dialect, schema: schemaOf(trace, folder, own) });
    }
  for (const folder of await wranglerFolders(topLevel, own))
    if (!found.has(folder)) found.set(folder, { folder, tool: 'plain', dialect: 'sqlite', schema: [] });
  return [...found.values()];
}

/** Are there scripts beside Drizzle's that its journal does not name? Then something else runs them. */
async function hasUnnamed(topLevel: string, folder: string, path: string, tracked: readonly string[]) {
  if (!path.endsWith('_journal.json')) return false;
  const text = await readOptional(join(topLevel, path));
  const entries = text === null ? null : readJournal(text);
  if (entries === null) return false;
  const names = new Set(entries.map(({ tag }) => `${folder}/${tag}.sql`));
  const isScript = (file: string) =>
    posix.dirname(file) === folder &&
    file.endsWith('.sql') &&
    !/(?:^|[-_./])(?:down|rollback|undo|revert)/i.test(file.slice(folder.length));
  return tracked.some((file) => isScript(file) && !names.has(file));
}

/** Folders of the migrations of Cloudflare's D1, as the configuration of its tool names them. */
async function wranglerFolders(topLevel: string, tracked: readonly string[]): Promise<string[]> {
  const folders = new Set<string>();
  for (const path of tracked) {
    const place = /^(.*\/)?wrangler\.(?:toml|jsonc?)$/.exec(path);
    const text = place === null ? '' : ((await readOptional(join(topLevel, path))) ?? '');
    if (!text.includes('d1_databases')) continue;
    const named = [...text.matchAll(/migrations_dir"?\s*[=:]\s*"([^"]+)"/g)].map(([, name]) => name!);
    for (const name of named.length > 0 ? named : ['migrations']) {
      const folder = posix.normalize(`${place![1] ?? ''}${name}`).replace(/\/$/, '');
      if (tracked.some((file) => file.startsWith(`${folder}/`) && file.endsWith('.sql'))) folders.add(folder);
    }
  }
  return [...folders];
}

const databases: readonly MigrationFolder['dialect'][] = ['postgres', 'mysql', 'tidb', 'sqlite'];
const other = 'other';

/** Where nothing in the repository says which database it is. */
async function askFor(
  folder: string,
  guess: MigrationFolder['dialect'] | null,
  unsure: Unsure,
): Promise<MigrationFolder['dialect'] | null> {
  const answers = [...databases, other];
  const question = `Database of the migrations in ${folder}: ${answers.join(', ')}`;
  const typed = await unsure.word(question, guess ?? other, (answer) =>
    answers.includes(answer) ? null : `expected ${answers.join(', ')}`,
  );
  return databases.find((dialect) => dialect === typed) ?? null;
}

/** @returns null where it is none that can be judged, or the file is of another tool; a guess where nothing says it */
async function dialectOf(
  topLevel: string,
  tracked: readonly string[],
  { says, config, usual }: Trace,
  path: string,
): Promise<MigrationFolder['dialect'] | { readonly guess: MigrationFolder['dialect'] | null } | null> {
  const read = async (file: string) => (await readOptional(join(topLevel, file))) ?? '';
  const known = (text: string) => dialects.find(([form]) => form.test(text))?.[1] ?? null;
  if (says !== undefined) {
    const said = says.exec(await read(path));
    if (said === null) return null;
    if (said[1] !== '') return known(said[1]!);
  }
  const configs = config === undefined ? [] : tracked.filter((file) => config.test(file)).slice(0, 5);
  for (const file of configs) {
    const dialect = known(await read(file));
    if (dialect !== null) return dialect;
  }
  // Without its configuration a script in a folder called migrations may be anybody's.
  if (usual === undefined && configs.length === 0) return null;
  const manifest = await read('package.json');
  const talks = drivers.filter(([form]) => form.test(manifest)).map(([, dialect]) => dialect);
  return { guess: talks.length === 1 ? talks[0]! : (usual ?? null) };
}

/** What describes the schema: files so called, beside the migrations or above them. */
function schemaOf({ tool, schema }: Trace, folder: string, tracked: readonly string[]): string[] {
  if (schema === undefined) return [];
  const above = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : folder;
  const files = tracked.filter(
    (path) => schema.test(path) && (path.startsWith(`${above}/`) || path.startsWith(`${folder}/`)),
  );
  if (tool !== 'prisma' || files.length < 2) return files.slice(0, 5).map((path) => `/${path}`);
  // A schema of several files lies in a folder.
  const folders = new Set(files.map((path) => path.slice(0, path.lastIndexOf('/'))));
  return [...folders].map((each) => `/${each}/*.prisma`);
}
