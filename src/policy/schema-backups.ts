import { duration, type Field, list, map, object, type Schema, text } from '../model/schema.ts';
import { fingerprintText, timezone } from './schema-deploy.ts';

/** The section of the policy about backups. */

const optional = (schema: Schema, doc: string, defaultDoc = 'none'): Field => ({ schema, doc, defaultDoc });
const variable = text('the name of a variable', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const count: Schema = { kind: 'integer', min: 1, max: 10_000 };

const keep = object({
  last: optional(count, 'the newest ones, at most one per hour'),
  hourly: optional(count, 'the newest of each hour, for so many hours'),
  daily: optional(count, 'the newest of each day, for so many days'),
  weekly: optional(count, 'the newest of each week, for so many weeks'),
  monthly: optional(count, 'the newest of each month, for so many months'),
  yearly: optional(count, 'the newest of each year, for so many years'),
  within: optional(duration, 'all that are younger than this'),
});

const destination = object({
  s3: {
    schema: text('a URL', /^https?:\/\/[^\s@]+$/),
    required: true,
    doc: 'endpoint, bucket and prefix of an S3-compatible storage',
  },
  key: { schema: variable, required: true, doc: 'the variable with the access key' },
  secret: { schema: variable, required: true, doc: 'the variable with the secret key' },
  region: {
    schema: text('a region', /^[a-z0-9-]{1,32}$/),
    default: 'auto',
    doc: 'the region that requests are signed for',
  },
  schedule: optional(
    text('a time such as "02:00" or "sun 03:00"', /^(?:(?:mon|tue|wed|thu|fri|sat|sun) )?(?:[01]\d|2[0-3]):[0-5]\d$/),
    'when `backup schedule` has a backup made for it',
  ),
  keep: { schema: keep, default: {}, doc: 'what is kept there, as under `keep`' },
});

export const backup = object({
  database: optional(text('an environment of databases:'), 'the database that is dumped'),
  files: { schema: list(text('a path'), 0), default: [], doc: 'files and folders, from the top of the repository' },
  folder: {
    schema: text('a path'),
    default: '.backups',
    doc: 'where backups are stored; keep it out of the repository',
  },
  encrypt: {
    schema: object({
      to: {
        schema: list(text('owners, an ssh-ed25519 key or an age recipient')),
        required: true,
        doc: '`owners`: their ssh-ed25519 keys in this policy; `age1…`: an age key, such as one kept in a safe',
      },
    }),
    required: true,
    doc: 'who can open them',
  },
  identity: optional(variable, 'the variable with the age key that this machine tests restores with'),
  timezone: { schema: timezone, default: 'UTC', doc: 'the time zone in which days and weeks are counted' },
  keep: { schema: keep, default: { last: 5, daily: 30 }, doc: 'what is kept; a backup that any rule keeps stays' },
  destinations: { schema: map(destination, 'a short name'), default: {}, doc: 'other places that hold a copy' },
  restoreInto: optional(
    text('an environment of databases:, or local'),
    'the disposable database on whose server restores are tested; `local`: a temporary server, from the programs on this machine',
  ),
  timeout: { schema: duration, default: '6h', doc: 'how long dumping a database, or packing files, may take' },
  sign: optional(
    object({
      by: {
        schema: text('an SSH public key'),
        required: true,
        doc: "the key whose signature counts; it need not be an owner's",
      },
      key: { schema: variable, required: true, doc: 'the variable with the path of its private key' },
    }),
    'who signs manifests; with it, only signed backups count',
  ),
  tested: { schema: duration, default: '7d', doc: 'how old the last tested restore may be' },
  trigger: optional(
    fingerprintText,
    'of the token that lets a caller of `protect listen` request a backup; `npx git-protect fingerprint BACKUP_TRIGGER` prints it',
  ),
});
