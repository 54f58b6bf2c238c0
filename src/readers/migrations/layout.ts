import type { BytePath, MigrationFolder } from '../../model/index.ts';

/** What a file in a migrations folder is to the tool that runs it. */
export interface MigrationFile {
  /** Names the migration; the files of one migration share it. */
  readonly key: string;
  readonly kind: 'sql' | 'code' | 'metadata';
  /** `down`: it takes a migration back, and runs only when somebody asks for that. */
  readonly way: 'up' | 'down';
  /** Runs anew whenever it changes, so it may change. */
  readonly repeatable: boolean;
  /** Gets an entry with every migration; what it holds stays. */
  readonly grows: boolean;
}

type Layout = (names: readonly string[]) => MigrationFile | null;

const script = /\.(?:[cm]?[jt]sx?|co|coffee|litcoffee|eg|iced|lsc?)$/i;
const downName = /(?:^|[._-])(?:down|rollback|undo|revert)\.sql$/i;
/** Of a tool that runs what it has a list of, a script so named is for people. */
const rollbackName = /^(?:rollback|undo|revert|down)(?:[-_. ]|$)|[-_.](?:rollback|undo|revert|down)\.sql$/i;

/** Drizzle up to 0.x: `0000_x.sql` and `meta/`; from 1: `<time>_x/migration.sql` and its snapshot. */
const drizzle: Layout = (names) => {
  const [first, second] = names;
  const name = second ?? first!;
  if (names.length === 1) return isSql(name) ? file(stem(name), 'sql', rollbackName.test(name) ? 'down' : 'up') : null;
  if (names.length !== 2) return null;
  if (fold(first!) === 'meta') {
    if (fold(name) === '_journal.json') return { ...file('_journal', 'metadata'), grows: true };
    return /_snapshot\.json$/i.test(name) ? file(name.replace(/_snapshot\.json$/i, ''), 'metadata') : null;
  }
  if (fold(name) === 'migration.sql') return file(first!, 'sql');
  return fold(name) === 'snapshot.json' ? file(first!, 'metadata') : null;
};

/** `<time>_x/migration.sql` and `migration_lock.toml`; the folder may be the one above `migrations`. */
const prisma: Layout = (names) => {
  const name = fold(names.at(-1)!);
  if (name === 'migration_lock.toml') return file(name, 'metadata');
  if (names.length < 2) return null;
  if (name === 'migration.sql') return file(names.at(-2)!, 'sql');
  return name === 'down.sql' ? file(names.at(-2)!, 'sql', 'down') : null;
};

/** Code, at any depth: what a migration loads from beside it is part of what it does. */
const scripts: Layout = (names) => {
  const name = names.at(-1)!;
  if (isSql(name)) return file(names.join('/'), 'sql', downName.test(name) ? 'down' : 'up');
  return script.test(name) && !/\.d\.[cm]?ts$/i.test(name) ? file(stem(names.join('/')), 'code') : null;
};

/** `V1__x.sql`, `U1__x.sql`, `B1__x.sql`, `R__x.sql`; any other SQL there is a callback. */
const flyway: Layout = (names) => {
  const name = names.at(-1)!;
  const prefix = /^[VUBR](?=[^_]*__)/.exec(name)?.[0];
  if (/\.conf$/i.test(name)) return null;
  if (!isSql(name)) return prefix === undefined ? null : { ...file(stem(name), 'code'), repeatable: prefix === 'R' };
  const migration = file(stem(name), 'sql', prefix === 'U' ? 'down' : 'up');
  return { ...migration, repeatable: prefix === undefined || prefix === 'R' };
};

/** `versions/*.py`; the folder may be `versions` itself. */
const alembic: Layout = (names) => {
  const name = names.at(-1)!;
  if (isSql(name)) return file(names.join('/'), 'sql', downName.test(name) ? 'down' : 'up');
  const isMigration = /\.py[co]?$/i.test(name) && !/^__init__\.|^\./.test(name) && names.join('/') !== 'env.py';
  return isMigration ? file(stem(names.join('/')), 'code') : null;
};

/** Modules of a `migrations` package, the folder itself or any below it. */
const django: Layout = (names) => {
  const name = names.at(-1)!;
  const isModule = /^[^_~.].*\.py$/.test(name);
  const isPackage = names.length === 1 || names.at(-2) === 'migrations';
  return isModule && isPackage ? file(stem(names.join('/')), 'code') : null;
};

/** `<time>_x.rb`. */
const rails: Layout = (names) => {
  const name = names.at(-1)!;
  return /^\d+_\w+(?:\.\w+)?\.rb$/.test(name) ? file(stem(names.join('/')), 'code') : null;
};

/** `<time>_x.sql`, not in folders. */
const supabase: Layout = (names) =>
  names.length === 1 && /^\d+_.*\.sql$/i.test(names[0]!) ? file(stem(names[0]!), 'sql') : null;

/** Changelogs of any format; one that lists others gets an entry with every migration. */
const liquibase: Layout = (names) => {
  const name = names.at(-1)!;
  if (isSql(name)) return file(stem(names.join('/')), 'sql');
  if (!/\.(?:xml|ya?ml|json)$/i.test(name)) return null;
  return { ...file(stem(names.join('/')), 'code'), repeatable: /master|root|^(?:db\.)?changelog\./i.test(name) };
};

/** `<number>_x.sql` with marks, or Go. */
const goose: Layout = (names) => {
  const name = names.at(-1)!;
  if (!/^\d+_/.test(name)) return null;
  return isSql(name) ? file(stem(name), 'sql') : /(?<!_test)\.go$/.test(name) ? file(stem(name), 'code') : null;
};

/** `<time>_x.sql` with marks. */
const dbmate: Layout = (names) =>
  names.length === 1 && /^\d+.*\.sql$/i.test(names[0]!) ? file(stem(names[0]!), 'sql') : null;

/** `<number>_x.up.sql` and `.down.sql`. */
const golangMigrate: Layout = (names) => {
  const [, key, way] = /^(\d+_.*)\.(up|down)\.sql$/i.exec(names.at(-1)!) ?? [];
  return key === undefined ? null : file(key, 'sql', way!.toLowerCase() as 'up' | 'down');
};

/** Any SQL; `x.up.sql` and `x.down.sql` belong together. */
const plain: Layout = (names) => {
  const name = names.at(-1)!;
  if (!isSql(name)) return null;
  const key = names.join('/').replace(/(?:\.(?:up|down))?\.sql$/i, '');
  return file(key, 'sql', downName.test(name) ? 'down' : 'up');
};

const layouts: Readonly<Record<MigrationFolder['tool'], Layout>> = {
  drizzle,
  prisma,
  knex: scripts,
  typeorm: scripts,
  sequelize: scripts,
  supabase,
  flyway,
  liquibase,
  alembic,
  django,
  rails,
  goose,
  dbmate,
  'golang-migrate': golangMigrate,
  plain,
};

/** What a path is in a migrations folder; null where the tool does not read it. */
export function migrationOf(folder: MigrationFolder, path: BytePath): MigrationFile | null {
  const names = below(folder.folder, path);
  return names === null || names.length === 0 ? null : layouts[folder.tool](names);
}

/**
 * The names that lead from a folder to a path, empty for the folder itself; null for a path elsewhere. Names that some
 * file system takes for the same are the same.
 */
export function below(folder: string, path: BytePath): readonly string[] | null {
  const names = text(path).split('/');
  const parts = folder === '.' ? [] : folder.split('/');
  return parts.length <= names.length && parts.every((part, at) => fold(part) === fold(names[at]!))
    ? names.slice(parts.length)
    : null;
}

/** Does a path name the folder itself or one above it, where only folders belong? */
export function isAtOrAbove(folder: string, path: BytePath): boolean {
  return below(text(path), Buffer.from(folder, 'utf8').toString('latin1')) !== null;
}

/** The path of a file of the folder, as Git holds it. */
export function inFolder({ folder }: MigrationFolder, name: string): BytePath {
  return Buffer.from(folder === '.' ? name : `${folder}/${name}`, 'utf8').toString('latin1');
}

function file(key: string, kind: MigrationFile['kind'], way: MigrationFile['way'] = 'up'): MigrationFile {
  return { key, kind, way, repeatable: false, grows: false };
}

function isSql(name: string): boolean {
  return /\.sql$/i.test(name);
}

function stem(name: string): string {
  return name.replace(/\.[^./]+$/, '');
}

function text(path: BytePath): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

/** The name as file systems compare it that know no case and normalize. */
function fold(name: string): string {
  return name.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}
