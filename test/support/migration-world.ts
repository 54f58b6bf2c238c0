import { is, match } from 'uvu/assert';
import { folder, guardedRepo, type Key, Repo, type Result } from './world.ts';

/** A file of Drizzle's journal with these tags. */
export function journal(...tags: string[]): string {
  const entries = tags.map((tag, idx) => ({ idx, version: '7', when: 1700000000000 + idx, tag, breakpoints: true }));
  return `${JSON.stringify({ version: '7', dialect: 'postgresql', entries }, null, 2)}\n`;
}

export const first = 'CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n';

const migrations = [
  'migrations:',
  '  - { folder: drizzle, tool: drizzle, schema: [src/schema.ts] }',
  '  - { folder: prisma/migrations, tool: prisma, schema: [prisma/schema.prisma] }',
  '  - { folder: knex, tool: knex }',
  '  - { folder: sql, tool: plain, dialect: mysql }',
  '  - { folder: fly, tool: flyway }',
].join('\n');

export interface MigrationWorld {
  readonly repo: Repo;
  readonly origin: Repo;
  readonly key: Key;
}

const start = {
  more: migrations,
  files: {
    'drizzle/0000_first.sql': first,
    'drizzle/meta/_journal.json': journal('0000_first'),
    'drizzle/meta/0000_snapshot.json': '{"id":"0"}\n',
    'src/schema.ts': 'export const orders = 1;\n',
    'prisma/schema.prisma': 'model Order {\n  id Int @id\n}\n',
    'prisma/migrations/20260101_first/migration.sql': first,
    'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
    'knex/20260101_first.js': "exports.up = (knex) => knex.schema.createTable('orders', (t) => t.increments());\n",
    'sql/001_first.up.sql': 'CREATE TABLE orders (id bigint PRIMARY KEY);\n',
    'sql/001_first.down.sql': 'DROP TABLE orders;\n',
    'fly/V1__first.sql': first,
    'fly/R__view.sql': 'CREATE OR REPLACE VIEW o AS SELECT id FROM orders;\n',
  },
};

/** A repository with migrations that have landed, and a remote of its own. */
export function migrationWorld(branch: string | null = null): MigrationWorld {
  const { repo, origin, keys } = guardedRepo(start);
  if (branch !== null) repo.git('switch', '--quiet', '-c', branch);
  return { repo, origin: origin!, key: keys['lead']! };
}

/** Stages everything and commits through the hooks. */
export function commitByGit(repo: Repo, message = 'feat: a change'): Result {
  repo.git('add', '--all');
  return repo.tryGit('commit', '-m', message);
}

/** The same, with what the hooks run as commands: where it is a check that is tried, their starts are most of what it takes. */
export function commit(repo: Repo, message = 'feat: a change'): Result {
  repo.git('add', '--all');
  repo.write('.git/COMMIT_EDITMSG', `${message}\n`);
  let out = '';
  for (const gate of [['pre-commit'], ['commit-msg', '.git/COMMIT_EDITMSG']]) {
    const judged = repo.protect('hook', ...gate);
    out += judged.out;
    if (judged.code !== 0) return { ...judged, out };
  }
  const made = repo.tryGit('-c', 'core.hooksPath=/dev/null', 'commit', '-m', message);
  return { ...made, out: out + made.out };
}

/** Adds a migration to the Drizzle folder, with its entry in the journal. */
export function addDrizzle(repo: Repo, tag: string, sql: string): void {
  const { entries } = JSON.parse(repo.read('drizzle/meta/_journal.json')) as { entries: { tag: string }[] };
  repo.write(`drizzle/${tag}.sql`, sql);
  repo.write('drizzle/meta/_journal.json', journal(...entries.map((entry) => entry.tag), tag));
}

export function refusedBy(check: string, result: Result, ...words: (string | RegExp)[]): void {
  is(result.code === 0, false, result.out);
  match(result.out, `error[${check}]`);
  for (const word of words) match(result.out, word);
}

/** A second clone of the same remote, without hooks. */
export function otherClone(origin: Repo): Repo {
  const dir = folder('clone');
  const clone = new Repo(dir);
  clone.git('clone', '--quiet', origin.dir, '.');
  return clone;
}
