import { programName, type Run } from '../../shell/run.ts';
import type { World } from '../../world.ts';
import { byVariable, type Connection, hostIsTest, urlIsTest, variable } from './connection.ts';
import { destroys } from './statements.ts';

/** What a database client would destroy, and where. */
export interface Destruction {
  readonly what: string;
  readonly where: Connection;
}

type Client = (words: readonly string[], run: Run, world: World) => Destruction | null;

/** Value of an option, attached or as the next word. */
function option(words: readonly string[], ...names: readonly string[]): string | null {
  for (const [at, word] of words.entries())
    for (const name of names) {
      if (word === name) return words[at + 1] ?? null;
      if (
        name.startsWith('--')
          ? word.startsWith(`${name}=`)
          : word.startsWith(name) && word.length > name.length && !word.startsWith('--')
      )
        return word.slice(name.startsWith('--') ? name.length + 1 : name.length);
    }
  return null;
}

/** All of an option's values. */
function options(words: readonly string[], ...names: readonly string[]): string[] {
  return words.flatMap((word, at) => {
    const found = option([word, words[at + 1] ?? ''], ...names);
    return found !== null && names.some((name) => word === name || word.startsWith(name)) ? [found] : [];
  });
}

/** SQL from the command line, from files and from standard input. */
function sqlOf(
  words: readonly string[],
  run: Run,
  world: World,
  texts: readonly string[],
  files: readonly string[],
): string {
  const parts = options(words, ...texts);
  for (const file of options(words, ...files)) parts.push(fileText(file, run, world));
  if (run.input?.text != null) parts.push(run.input.text);
  return parts.join(';\n');
}

function fileText(file: string, run: Run, world: World): string {
  if (run.cwd === null || file.includes('\0') || file === '-') return '';
  return (
    world
      .read(file.startsWith('/') ? file : `${run.cwd}/${file}`)
      ?.toString('utf8')
      .slice(0, 1 << 20) ?? ''
  );
}

const first = (what: readonly string[], where: () => Connection): Destruction | null =>
  what[0] === undefined ? null : { what: what[0], where: where() };

const psql: Client = (words, run, world) =>
  first(destroys(sqlOf(words, run, world, ['-c', '--command'], ['-f', '--file'])), () => postgres(words, run, world));

function postgres(words: readonly string[], run: Run, world: World): Connection {
  const url = [option(words, '-d', '--dbname'), ...words].find(
    (word) => word !== null && /^postgres(?:ql)?:\/\/|^\0|\bhost=/.test(word),
  );
  const inUrl = /\bhost=(\S+)/.exec(url ?? '')?.[1];
  if (inUrl !== undefined) return hostIsTest(inUrl, null, world);
  if (url != null) return urlIsTest(url, world);
  const host = option(words, '-h', '--host') ?? variable('PGHOST', run, world) ?? '';
  return hostIsTest(host, option(words, '-p', '--port') ?? variable('PGPORT', run, world), world);
}

const mysql: Client = (words, run, world) => {
  const text = sqlOf(words, run, world, ['-e', '--execute'], ['--init-command']);
  const source = /(?:^|[;\s])(?:source|\\\.)\s+(\S+)/i.exec(text)?.[1];
  return first(destroys(source === undefined ? text : `${text};${fileText(source, run, world)}`), () =>
    mysqlServer(words, run, world),
  );
};

const mysqlServer = (words: readonly string[], run: Run, world: World): Connection =>
  hostIsTest(
    option(words, '-h', '--host') ?? variable('MYSQL_HOST', run, world) ?? '',
    option(words, '-P', '--port'),
    world,
  );

const sqlite: Client = (words, run, world) => {
  const operands = words.filter((word) => !word.startsWith('-'));
  const [file = ''] = operands;
  const text = [
    ...operands.slice(1),
    run.input?.text ?? '',
    ...[...operands.join('\n').matchAll(/\.read\s+(\S+)/g)].map(([, path]) => fileText(path!, run, world)),
  ].join(';\n');
  const top = world.place?.top;
  const isInTree =
    !file.startsWith('/') || (top !== undefined && file.startsWith(top)) || /^\/(?:tmp|var\/tmp)\//.test(file);
  return first(destroys(text), () =>
    file.includes('\0') || !isInTree || file.startsWith('..')
      ? { is: 'other', why: 'its file lies outside this repository' }
      : { is: 'test' },
  );
};

const mongo: Client = (words, run, world) => {
  const text = `${words.join(' ')} ${run.input?.text ?? ''} ${fileText(words.find((word) => word.endsWith('.js')) ?? '-', run, world)}`;
  const [, what] =
    /\b(dropDatabase\s*\(|drop(?:Indexes)?\s*\(\s*\)|deleteMany\s*\(\s*\{\s*\}|remove\s*\(\s*\{\s*\})/.exec(text) ?? [];
  if (what === undefined) return null;
  const url = words.find((word) => /^mongodb(?:\+srv)?:\/\/|^\0/.test(word));
  return {
    what: what.replace(/\s*\($/, '()'),
    where:
      url === undefined
        ? hostIsTest(option(words, '--host') ?? '', option(words, '--port'), world)
        : urlIsTest(url, world),
  };
};

const redis: Client = (words, run, world) => {
  const text = `${words.join(' ')} ${run.input?.text ?? ''}`;
  const [what] = /\b(?:FLUSHALL|FLUSHDB|SWAPDB)\b/i.exec(text) ?? [];
  if (what === undefined) return null;
  const url = option(words, '-u', '--uri');
  return {
    what: what.toUpperCase(),
    where: url === null ? hostIsTest(option(words, '-h') ?? '', option(words, '-p'), world) : urlIsTest(url, world),
  };
};

const dropdb: Client = (words, run, world) =>
  words.includes('--help') ? null : { what: 'dropdb', where: postgres(words, run, world) };

/** `pg_restore --clean` drops what it restores first. */
const pgRestore: Client = (words, run, world) =>
  words.some((word) => word === '-c' || word === '--clean')
    ? { what: 'pg_restore --clean', where: postgres(words, run, world) }
    : null;

const mysqladmin: Client = (words, run, world) =>
  words.includes('drop') ? { what: 'mysqladmin drop', where: mysqlServer(words, run, world) } : null;

const clickhouse: Client = (words, run, world) =>
  first(destroys(sqlOf(words, run, world, ['-q', '--query'], ['--queries-file'])), () =>
    hostIsTest(option(words, '-h', '--host') ?? '', option(words, '--port'), world),
  );

const sqlcmd: Client = (words, run, world) =>
  first(destroys(sqlOf(words, run, world, ['-Q', '-q'], ['-i'])), () =>
    hostIsTest((option(words, '-S') ?? '').replace(/^tcp:|,\d+$/g, '').replace(/^\(local.*$|^\.$/, ''), null, world),
  );

const duckdb: Client = (words, run, world) =>
  sqlite(
    words.filter((word) => word !== '-c'),
    run,
    world,
  );

/** Clients by their names; one that is not here is no database client. */
const clients: Readonly<Record<string, Client>> = {
  psql,
  pgcli: psql,
  cockroach: psql,
  mysql,
  mariadb: mysql,
  mycli: mysql,
  tidb: mysql,
  sqlite3: sqlite,
  sqlite,
  litecli: sqlite,
  duckdb,
  mongosh: mongo,
  mongo,
  'redis-cli': redis,
  'valkey-cli': redis,
  'keydb-cli': redis,
  dropdb,
  pg_restore: pgRestore,
  mysqladmin,
  'clickhouse-client': clickhouse,
  clickhouse: clickhouse,
  sqlcmd,
  usql: (words, run, world) =>
    first(destroys(sqlOf(words, run, world, ['-c', '--command'], ['-f', '--file'])), () =>
      urlIsTest(words.find((word) => /:\/\//.test(word)) ?? '', world),
    ),
  cqlsh: (words, run, world) =>
    first(destroys(sqlOf(words, run, world, ['-e', '--execute'], ['-f', '--file'])), () =>
      hostIsTest(words.find((word) => !word.startsWith('-') && /[.\d]/.test(word)) ?? '', null, world),
    ),
};

/** What a client of a database would destroy; null: nothing. */
export function byClient(run: Run, world: World): Destruction | null {
  const name = programName(run.words[0]!.text);
  const client = Object.hasOwn(clients, name) ? clients[name]! : null;
  return (
    client?.(
      run.words.slice(1).map(({ text }) => text),
      run,
      world,
    ) ?? null
  );
}

export { byVariable, option };
