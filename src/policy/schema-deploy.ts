import { migrationTools, placeholderForms, weekdays } from '../model/policy.ts';
import { choice, duration, type Field, type Form, list, map, object, type Schema, text } from '../model/schema.ts';
import { folder, path, scalar, url } from './forms.ts';
import { ship } from './schema-ship.ts';

/** The sections of the policy that the gate before a deploy reads, and what its content checks need. */

const sentence = text('a sentence');
const optional = (schema: Schema, doc: string): Field => ({ schema, doc, defaultDoc: 'none' });

const units = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

const size: Form = {
  kind: 'form',
  expected: 'a size such as 500MB or 1GB',
  pattern: /^[1-9][0-9]{0,5}(KB|MB|GB|TB)$/,
  read(written) {
    const match = /^([1-9][0-9]{0,5})(KB|MB|GB|TB)$/.exec(written);
    return match ? Number(match[1]) * units[match[2] as keyof typeof units] : undefined;
  },
  write(bytes: number) {
    const [unit, size] = Object.entries(units).findLast(([, size]) => bytes % size === 0)!;
    return `${bytes / size}${unit}`;
  },
};

const date: Form = {
  kind: 'form',
  expected: 'a date such as 2026-12-20',
  pattern: /^\d{4}-\d\d-\d\d$/,
  read(written) {
    const time = /^\d{4}-\d\d-\d\d$/.test(written) ? new Date(`${written}T00:00:00Z`) : null;
    return time && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(written) ? written : undefined;
  },
};

export const timezone: Form = {
  kind: 'form',
  expected: 'a time zone such as Europe/London',
  read(written) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: written });
      return written;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  },
};

const hours: Form = {
  kind: 'form',
  expected: 'hours such as "09:00-16:00"',
  pattern: /^\d\d:\d\d-\d\d:\d\d$/,
  read(written) {
    const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/.exec(written);
    if (!match) return undefined;
    const [from, to] = [Number(match[1]) * 60 + Number(match[2]), Number(match[3]) * 60 + Number(match[4])];
    return to > 1440 || from === to ? undefined : { from, to };
  },
  write({ from, to }: { from: number; to: number }) {
    const clock = (minutes: number) =>
      [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
    return `${clock(from)}-${clock(to)}`;
  },
};

const tlsHost: Form = {
  kind: 'form',
  expected: 'a host such as example.com or example.com:8443',
  pattern: /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$/,
  read(written) {
    const match = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::([0-9]{1,5}))?$/.exec(written);
    return match && Number(match[1] ?? 443) > 0 && Number(match[1] ?? 443) < 65_536 ? written : undefined;
  },
};

const variable = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** As `protect fingerprint` prints it. */
export const fingerprintText = text('a fingerprint such as "scrypt:…"', /^scrypt:[A-Za-z0-9_-]{22}:[A-Za-z0-9_-]{43}$/);

const versions = object({
  command: {
    schema: text('a command'),
    required: true,
    doc: 'prints a line for each version that the provider keeps; run by the shell; its lines are only counted',
  },
  atLeast: { schema: { kind: 'integer', min: 1, max: 1000 }, default: 3, doc: 'how many it must keep' },
});

const pinned = object({
  fingerprint: optional(fingerprintText, 'of the value it must have; `npx git-protect fingerprint NAME` prints it'),
  reason: { schema: sentence, default: '', doc: 'shown when the value differs' },
  rotated: optional(date, 'when the value was made'),
  maxAge: optional(duration, 'how old the value may become'),
  versions: optional(versions, 'how many versions the provider keeps, for `secrets status`'),
});

const health = object({
  name: { schema: text('a name'), required: true, doc: 'its name in the report' },
  url: { schema: url, required: true, doc: 'requested with GET; redirects are not followed' },
  status: { schema: { kind: 'integer', min: 100, max: 599 }, default: 200, doc: 'the expected HTTP status' },
  expect: {
    schema: map(scalar, 'a JSONPath', /^\$/),
    default: {},
    doc: 'expected values in the JSON answer, by JSONPath',
  },
  commit: optional(
    text('a JSONPath', /^\$/),
    'where the answer names the running commit, which must be the one to be deployed',
  ),
  within: { schema: duration, default: '2s', doc: 'how long one answer may take' },
  tries: { schema: { kind: 'integer', min: 1, max: 100 }, default: 5, doc: 'how often it is requested at most' },
  delay: { schema: duration, default: '3s', doc: 'the time between two tries' },
});

export const deploy = object({
  branch: { schema: text('a branch'), defaultDoc: 'the default branch', doc: 'what is deployed' },
  remote: { schema: text('the name of a remote'), default: 'origin', doc: 'where that branch is' },
  trigger: {
    schema: choice('command', 'push'),
    default: 'command',
    doc: '`push`: the host deploys what is pushed, so a push to the branch runs the gate',
  },
  window: optional(
    object({
      timezone: { schema: timezone, default: 'UTC', doc: 'of the hours, days and freezes' },
      days: { schema: list(choice(...weekdays)), default: [...weekdays], doc: 'the days on which a deploy may start' },
      hours: { schema: hours, default: '00:00-24:00', doc: 'from (inclusive) to (exclusive)' },
    }),
    'when a deploy may start',
  ),
  freezes: {
    schema: list(
      object({
        from: { schema: date, required: true, doc: 'the first day' },
        to: { schema: date, required: true, doc: 'the last day' },
        reason: { schema: sentence, default: '', doc: 'shown with the refusal' },
      }),
      0,
    ),
    default: [],
    doc: 'days without deploys',
  },
  commands: {
    schema: object({
      test: optional(text('a command'), 'run by the shell; must pass'),
      build: optional(text('a command'), 'run by the shell; must pass. Default: `build.command`'),
    }),
    default: {},
    doc: 'what has to pass',
  },
  coverage: optional(
    object({
      report: {
        schema: path,
        required: true,
        doc: 'what the tests write: Istanbul JSON, lcov, Cobertura, Clover, JaCoCo, a Go cover profile, coverage.py JSON or SimpleCov',
      },
      minimums: {
        schema: map({ kind: 'number', min: 0, max: 100 }, 'a path pattern'),
        required: true,
        doc: 'percent of lines, by path pattern',
      },
      exclude: { schema: list({ kind: 'pattern' }, 0), default: [], doc: 'files that are not counted' },
    }),
    'how much of the code the tests run',
  ),
  environment: optional(
    object({
      file: optional(path, 'a `.env` file; else the environment of the command'),
      required: { schema: list(text('the name of a variable', variable), 0), default: [], doc: 'set and not empty' },
      pinned: { schema: map(pinned, 'the name of a variable', variable), default: {}, doc: 'values that must stay' },
      different: {
        schema: list(text('the name of an environment'), 0),
        default: [],
        doc: 'environments of `deploy:` that must have different secrets',
      },
    }),
    'variables that production needs',
  ),
  health: { schema: list(health, 0), default: [], doc: 'endpoints that must answer, such as staging' },
  disk: optional(
    object({
      path: { schema: text('a path'), default: '.', doc: 'a path on the disk that is checked' },
      free: { schema: size, required: true, doc: 'how much must be free' },
    }),
    'free space',
  ),
  backups: optional(
    object({
      folder: { schema: text('a folder'), required: true, doc: 'where backups are stored' },
      maxAge: { schema: duration, default: '24h', doc: 'how old the newest may be' },
    }),
    'a backup to go back to',
  ),
  rollback: optional(
    object({
      document: optional(path, 'the plan; must exist and not be empty'),
      tag: optional(
        text('a tag such as "v{date}-{time}"', /^[A-Za-z0-9][A-Za-z0-9._/{}-]*$/),
        'the tag that `--tag` puts on the commit; `{date}`, `{time}`, `{environment}` and `{commit}` are filled in',
      ),
    }),
    'the way back',
  ),
  checklist: {
    schema: list(
      object({
        id: {
          schema: text('a word such as pdf', /^[a-z][a-z0-9-]{0,63}$/),
          required: true,
          doc: 'its name for `--tick`',
        },
        text: { schema: text('a sentence that says what has to be seen'), required: true, doc: 'what has to be seen' },
      }),
      0,
    ),
    default: [],
    doc: 'what an owner ticks for each commit: `approve --deploy ENVIRONMENT --tick ID`',
  },
  certificates: {
    schema: list(
      object({
        host: { schema: tlsHost, required: true, doc: 'the server; with `:PORT` unless it is 443' },
        days: {
          schema: { kind: 'integer', min: 0, max: 3650 },
          default: 14,
          doc: 'how many days it must still be valid',
        },
      }),
      0,
    ),
    default: [],
    doc: 'servers whose certificates must be valid',
  },
  'pending-migrations': optional(
    object({
      command: {
        schema: text('a command'),
        required: true,
        doc: 'run by the shell; prints a line for each migration that the database has not run, and exits with 0',
      },
    }),
    'migrations that must have run',
  ),
  ...ship,
});

export const setting = object({
  file: optional(path, 'the file that holds it'),
  files: optional({ kind: 'pattern' }, 'or the files, as a path pattern'),
  at: optional(text('a JSONPath', /^\$/), 'where in YAML, JSON or TOML: JSONPath (RFC 9535)'),
  pattern: optional(text('a regular expression'), 'or in any text: a regular expression; its first group is the value'),
  equals: optional({ kind: 'any', expected: 'a value' }, 'the value it must have'),
  absent: { schema: choice(true, false), default: false, doc: '`true`: it must not exist' },
  reason: { schema: sentence, default: '', doc: 'shown when the value is wrong' },
});

export const migration = object({
  folder: { schema: folder, required: true, doc: 'where they are' },
  tool: {
    schema: choice(...migrationTools),
    default: 'plain',
    doc: 'what runs them, which decides their layout',
  },
  dialect: {
    schema: choice('postgres', 'mysql', 'tidb', 'sqlite'),
    default: 'postgres',
    doc: 'the dialect of their SQL; `sqlite` also for D1 and Turso',
  },
  placeholders: {
    schema: list(choice(...placeholderForms), 0),
    default: [],
    defaultDoc: '`flyway` for Flyway, else none',
    doc: 'what is filled in before the SQL runs, in the syntax of Flyway or of Go templates; it is read as a name',
  },
  schema: {
    schema: list({ kind: 'pattern' }, 0),
    default: [],
    doc: 'files that describe the schema; a change to one needs a new migration',
  },
});

export const target = object({
  hosts: { schema: list(text('a host name'), 0), default: [], doc: 'host names' },
  ports: { schema: list({ kind: 'integer', min: 1, max: 65535 }, 0), default: [], doc: 'port numbers' },
});
