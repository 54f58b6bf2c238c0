import { programName, type Run } from '../../shell/run.ts';
import type { World } from '../../world.ts';
import { type Destruction, option } from './clients.ts';
import { byVariable, type Connection, urlIsTest, variable } from './connection.ts';
import { destroys } from './statements.ts';

/** A command of a framework or of a service that destroys data. */
interface Destructive {
  /** The first words that are no flags, joined by spaces. */
  readonly words: RegExp;
  /** What one of the flags has to be as well. */
  readonly flags?: RegExp;
  /** Flags with which it only looks. */
  readonly unless?: RegExp;
  where(words: readonly string[], run: Run, world: World): Connection;
}

const anywhere = (why: string) => (): Connection => ({ is: 'other', why });
const databaseUrl = (_: readonly string[], run: Run, world: World) => byVariable(run, world);
/** What a framework reads itself is in files of its own; the name of the environment is all that stands here. */
const byName =
  (name: string, tests: RegExp) =>
  (words: readonly string[], run: Run, world: World): Connection => {
    const value = option(words, '-e', '--env', '--environment') ?? variable(name, run, world);
    return value !== null && tests.test(value) ? { is: 'test' } : byVariable(run, world);
  };
const rails = byName('RAILS_ENV', /^(?:test|development)$/);
const laravel = byName('APP_ENV', /^(?:testing|local)$/);

const commands: Readonly<Record<string, readonly Destructive[]>> = {
  prisma: [
    { words: /^migrate reset\b/, where: databaseUrl },
    { words: /^db push\b/, flags: /^--(?:force-reset|accept-data-loss)$/, where: databaseUrl },
    { words: /^db execute\b/, where: databaseUrl },
    { words: /^migrate deploy\b/, flags: /^$/, where: databaseUrl },
  ],
  'drizzle-kit': [{ words: /^(?:push|drop)\b/, flags: /^--force$/, where: databaseUrl }],
  supabase: [
    {
      words: /^db reset\b/,
      flags: /^--(?:linked|db-url(?:=.*)?)$/,
      where: (words, _, world) =>
        words.includes('--linked')
          ? { is: 'other', why: 'it is the linked project' }
          : urlIsTest(option(words, '--db-url') ?? '', world),
    },
    { words: /^(?:projects|branches) delete\b/, where: anywhere('it is a project of the service') },
  ],
  rails: [
    {
      words: /^(?:db:(?:drop|reset|purge|setup|schema:load|truncate_all|migrate:reset|seed:replant)(?::\w+)?\b)/,
      where: rails,
    },
  ],
  rake: [
    {
      words: /^(?:db:(?:drop|reset|purge|schema:load|truncate_all|migrate:reset|seed:replant)(?::\w+)?\b)/,
      where: rails,
    },
  ],
  'manage.py': [{ words: /^(?:flush|sqlflush|reset_db|reset_schema)\b/, where: databaseUrl }],
  'django-admin': [{ words: /^(?:flush|reset_db)\b/, where: databaseUrl }],
  artisan: [{ words: /^(?:migrate:(?:fresh|reset|refresh)|db:wipe)\b/, where: laravel }],
  sequelize: [{ words: /^db:(?:drop|migrate:undo:all)\b/, where: byName('NODE_ENV', /^test$/) }],
  'sequelize-cli': [{ words: /^db:(?:drop|migrate:undo:all)\b/, where: byName('NODE_ENV', /^test$/) }],
  typeorm: [{ words: /^(?:schema:drop|schema:sync)\b/, where: databaseUrl }],
  'typeorm-ts-node-commonjs': [{ words: /^(?:schema:drop|schema:sync)\b/, where: databaseUrl }],
  knex: [{ words: /^migrate:rollback\b/, flags: /^--all$/, where: byName('NODE_ENV', /^test$/) }],
  'mikro-orm': [{ words: /^(?:schema:(?:drop|fresh)|migration:fresh)\b/, where: databaseUrl }],
  alembic: [{ words: /^downgrade base\b/, where: databaseUrl }],
  flask: [{ words: /^db downgrade base\b/, where: databaseUrl }],
  dbmate: [
    {
      words: /^drop\b/,
      where: (words, run, world) =>
        option(words, '-u', '--url') === null
          ? byVariable(run, world)
          : urlIsTest(option(words, '-u', '--url')!, world),
    },
  ],
  migrate: [
    {
      words: /(?:^|\s)drop\b/,
      where: (words, _, world) => urlIsTest(option(words, '-database') ?? option(words, '--database') ?? '', world),
    },
  ],
  goose: [
    {
      words: /(?:^|\s)reset\b/,
      where: (words, run, world) => {
        const url = words.find((word) => word.includes('://'));
        return url === undefined ? byVariable(run, world, ['GOOSE_DBSTRING', 'DATABASE_URL']) : urlIsTest(url, world);
      },
    },
  ],
  flyway: [
    {
      words: /(?:^|\s)clean\b/,
      where: (words, run, world) => {
        const url = words
          .find((word) => word.startsWith('-url='))
          ?.slice(5)
          .replace(/^jdbc:/, '');
        return url === undefined ? byVariable(run, world, ['FLYWAY_URL']) : urlIsTest(url, world);
      },
    },
  ],
  liquibase: [{ words: /(?:^|\s)(?:drop-all|dropAll)\b/, where: databaseUrl }],
  mix: [{ words: /^ecto\.(?:drop|reset)\b/, where: byName('MIX_ENV', /^test$/) }],
  hasura: [{ words: /^migrate delete\b/, where: anywhere('it is the server of the project') }],
  docker: [
    {
      words: /^compose (?:.* )?down\b/,
      flags: /^(?:-v|--volumes)$/,
      where: anywhere('volumes hold the data of databases'),
    },
    { words: /^compose (?:.* )?rm\b/, flags: /^-\w*v\w*$/, where: anywhere('volumes hold the data of databases') },
    { words: /^volume (?:rm|remove|prune)\b/, where: anywhere('volumes hold the data of databases') },
    { words: /^system prune\b/, flags: /^--volumes$/, where: anywhere('volumes hold the data of databases') },
  ],
  'docker-compose': [
    { words: /(?:^|\s)down\b/, flags: /^(?:-v|--volumes)$/, where: anywhere('volumes hold the data of databases') },
  ],
  kubectl: [
    {
      words: /^delete (?:pvc|persistentvolumeclaims?|pv|persistentvolumes?|namespaces?|ns|statefulsets?|sts)\b/,
      where: anywhere('it holds the data of databases'),
    },
  ],
  heroku: [
    { words: /^(?:pg:(?:reset|copy)|apps:destroy|addons:destroy)\b/, where: anywhere('it is an app of the service') },
  ],
  railway: [{ words: /^(?:down|delete|volume delete)\b/, where: anywhere('it is a project of the service') }],
  neonctl: [{ words: /^(?:projects|branches|databases) delete\b/, where: anywhere('it is a project of the service') }],
  neon: [{ words: /^(?:projects|branches|databases) delete\b/, where: anywhere('it is a project of the service') }],
  pscale: [{ words: /^(?:database|branch) delete\b/, where: anywhere('it is a database of the service') }],
  turso: [{ words: /^db destroy\b/, where: anywhere('it is a database of the service') }],
  wrangler: [
    { words: /^d1 (?:delete|execute)\b/, flags: /^--remote$/, where: anywhere('it is the database of the service') },
    { words: /^(?:d1|r2 bucket|kv namespace) delete\b/, where: anywhere('it is the database of the service') },
  ],
  terraform: [
    { words: /^destroy\b/, where: anywhere('it takes down what it built') },
    { words: /^apply\b/, flags: /^-destroy$/, where: anywhere('it takes down what it built') },
  ],
  tofu: [{ words: /^destroy\b/, where: anywhere('it takes down what it built') }],
  pulumi: [{ words: /^destroy\b/, where: anywhere('it takes down what it built') }],
  aws: [
    {
      words: /^(?:rds delete-db-\w+|dynamodb delete-table|s3 rb|s3api delete-bucket)\b/,
      where: anywhere('it is of the service'),
    },
    { words: /^s3 rm\b/, flags: /^--recursive$/, where: anywhere('it is of the service') },
  ],
  gcloud: [
    { words: /^(?:sql (?:instances|databases) delete|projects delete)\b/, where: anywhere('it is of the service') },
  ],
  firebase: [{ words: /^(?:firestore:delete|database:remove)\b/, where: anywhere('it is a project of the service') }],
};

/** What a command of a framework would destroy; null: nothing. */
export function byFramework(run: Run, world: World): Destruction | null {
  const all = run.words.map(({ text }) => text);
  const [program, words] = unprefixed(all);
  const list = Object.hasOwn(commands, program) ? commands[program]! : [];
  const plain = words.filter((word) => !word.startsWith('-')).join(' ');
  for (const { words: pattern, flags, unless, where } of list) {
    if (!pattern.test(plain) || words.some((word) => word === '--help' || word === '--dry-run' || unless?.test(word)))
      continue;
    if (flags !== undefined && !words.some((word) => flags.test(word))) continue;
    if (
      program === 'prisma' &&
      /^db execute/.test(plain) &&
      destroys(`${option(words, '--stdin') ?? ''}${run.input?.text ?? ''}${sqlFile(words, run, world)}`).length === 0
    )
      continue;
    return { what: `${program} ${plain.split(' ').slice(0, 2).join(' ')}`, where: where(words, run, world) };
  }
  return null;
}

function sqlFile(words: readonly string[], run: Run, world: World): string {
  const file = option(words, '--file');
  return file === null || run.cwd === null || file.includes('\0')
    ? ''
    : (world.read(file.startsWith('/') ? file : `${run.cwd}/${file}`)?.toString('utf8') ?? '');
}

/** `python manage.py flush`, `php artisan db:wipe`, `bin/rails db:drop`, `npm run prisma -- migrate reset`: the program that is meant. */
function unprefixed([name, ...rest]: readonly string[]): [string, readonly string[]] {
  const program = programName(name!);
  const runsFile =
    /^(?:python[\d.]*|php|ruby|node|node\.exe|tsx|ts-node|deno|bun)$/.test(program) && rest[0] !== undefined;
  if (runsFile) {
    const at = rest.findIndex((word) => !word.startsWith('-'));
    return at < 0 ? [program, rest] : [programName(rest[at]!).replace(/\.(?:c|m)?[jt]s$/, ''), rest.slice(at + 1)];
  }
  if (/^(?:npm|pnpm|yarn|bun)$/.test(program)) {
    const words = rest.filter((word) => word !== 'run' && word !== '--' && word !== 'run-script');
    return [words[0] ?? '', words.slice(1)];
  }
  return [program, rest];
}
