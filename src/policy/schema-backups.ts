import { duration, type Field, list, map, object, type Schema, text } from '../model/schema.ts';
import { fingerprintText, timezone } from './schema-deploy.ts';

/** The section of the policy about backups. */

const optional = (schema: Schema, doc: string, defaultDoc = 'none'): Field => ({ schema, doc, defaultDoc });
const variable = text('the name of a variable', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const count: Schema = { kind: 'integer', min: 1, max: 10_000 };

const keep = object({
  last: optional(count, 'the newest ones, each hour counted once'),
  hourly: optional(count, 'the newest of each hour, of so many hours'),
  daily: optional(count, 'the newest of each day, of so many days'),
  weekly: optional(count, 'the newest of each week, of so many weeks'),
  monthly: optional(count, 'the newest of each month, of so many months'),
  yearly: optional(count, 'the newest of each year, of so many years'),
  within: optional(duration, 'all that are younger'),
});

const destination = object({
  s3: {
    schema: text('a URL', /^https?:\/\/[^\s@]+$/),
    required: true,
    doc: 'endpoint, bucket and prefix of an S3 storage',
  },
  key: { schema: variable, required: true, doc: 'the variable with the access key' },
  secret: { schema: variable, required: true, doc: 'the variable with its secret' },
  region: { schema: text('a region', /^[a-z0-9-]{1,32}$/), default: 'auto', doc: 'what requests are signed for' },
  schedule: optional(
    text('a time such as "02:00" or "sun 03:00"', /^(?:(?:mon|tue|wed|thu|fri|sat|sun) )?(?:[01]\d|2[0-3]):[0-5]\d$/),
    'when `backup schedule` lets a backup be made for it',
  ),
  keep: { schema: keep, default: {}, doc: 'what stays there, as under `keep`' },
});

export const backup = object({
  database: optional(text('an environment of databases:'), 'the database that is dumped'),
  files: { schema: list(text('a path'), 0), default: [], doc: 'files and folders, from the top of the repository' },
  folder: { schema: text('a path'), default: '.backups', doc: 'where backups lie; keep it out of the repository' },
  encrypt: {
    schema: object({
      to: {
        schema: list(text('owners, an ssh-ed25519 key or a recipient of age')),
        required: true,
        doc: '`owners`: their ssh-ed25519 keys in this policy; `age1…`: a key of age, such as the one that lies in a safe',
      },
    }),
    required: true,
    doc: 'who can open them',
  },
  identity: optional(variable, 'the variable with the key of age by which this machine tests restores'),
  timezone: { schema: timezone, default: 'UTC', doc: 'the calendar that days and weeks are counted by' },
  keep: { schema: keep, default: { last: 5, daily: 30 }, doc: 'what stays; what any rule keeps is kept' },
  destinations: { schema: map(destination, 'a short name'), default: {}, doc: 'other places that hold a copy' },
  restoreInto: optional(
    text('an environment of databases:, or local'),
    'the disposable database whose server restores are tried on; `local`: a server of its own, from the programs on this machine',
  ),
  timeout: { schema: duration, default: '6h', doc: 'how long a dump, or the packing of files, may take' },
  sign: optional(
    object({
      by: {
        schema: text('a public key of SSH'),
        required: true,
        doc: 'the key whose signature counts; it need not be an owner’s',
      },
      key: { schema: variable, required: true, doc: 'the variable with the file of its private half' },
    }),
    'who signs manifests; then no backup counts that is not signed',
  ),
  tested: { schema: duration, default: '7d', doc: 'the oldest that the last tested restore may be' },
  trigger: optional(
    fingerprintText,
    'of the token that lets `protect listen` make one by hand; `npx git-protect fingerprint BACKUP_TRIGGER` prints it',
  ),
});
