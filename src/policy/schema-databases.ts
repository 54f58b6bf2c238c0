import { fingerprintKinds, tableRules } from '../model/policy.ts';
import { choice, type Field, list, map, object, type Schema, text } from '../model/schema.ts';

/** The section of the policy about databases. */

const optional = (schema: Schema, doc: string, defaultDoc = 'none'): Field => ({ schema, doc, defaultDoc });
const variable = text('the name of a variable', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const sentence = text('a sentence');

const role = object({
  may: {
    schema: { kind: 'any', expected: 'migrate, or a list of select, insert, update and delete' },
    required: true,
    doc: 'what it may do with rows: a list of `select`, `insert`, `update`, `delete`; or `migrate`, which may do everything',
  },
  login: optional(variable, 'the variable with the URL that it logs in with'),
});

const table = object({
  table: { schema: text('a table or glob'), required: true, doc: 'its name, with or without its schema; `*` for any' },
  rule: {
    schema: choice(...tableRules),
    required: true,
    doc: '`equal`: unchanged; `append`: existing rows are unchanged; `grow`: no fewer rows; `any`: not compared',
  },
});

const accepted = object({
  role: { schema: text('a role'), required: true, doc: 'the role that can take this way' },
  way: { schema: text('a way'), required: true, doc: 'as the finding calls it' },
  object: { schema: text('an object'), required: true, doc: 'as the finding calls it' },
  reason: { schema: sentence, required: true, doc: 'why it is intended' },
});

const reseed = object({
  from: { schema: text('an environment'), required: true, doc: 'where its rows come from' },
  plain: optional(
    list(text('a table'), 0),
    'the only tables that may hold rows; if any other does, the reseed is refused',
    'any table',
  ),
});

export const database = object({
  url: { schema: variable, required: true, doc: "the variable with the application's own URL" },
  reader: optional(variable, 'the variable with the URL of the user that reads for dumps and fingerprints', '`url`'),
  admin: optional(variable, 'the variable with the URL of the user that creates and renames databases', '`url`'),
  envFile: optional(text('a path'), 'a `.env` file that the values are read from', 'the environment of the command'),
  schemas: optional(list(text('a schema')), 'what the fingerprint is limited to', "all but the system's"),
  roles: { schema: map(role, 'the name of a role'), default: {}, doc: 'what each role may do' },
  tables: {
    schema: list(table, 0),
    default: [],
    doc: 'how tables are compared; the first match counts, else `equal`',
  },
  fingerprint: {
    schema: choice(...fingerprintKinds),
    default: 'exact',
    doc: '`fast`: equal values in different forms (1.0 and 1.00) count as the same; `count`: contents are not compared',
  },
  accept: { schema: list(accepted, 0), default: [], doc: 'intended ways to destroy rows' },
  disposable: {
    schema: choice(true, false),
    default: false,
    doc: 'everything in it may be thrown away: a test database',
  },
  name: optional(
    text('a name or glob'),
    'what the name of a disposable database must match, such as `"*_test"`',
    'any',
  ),
  sameServer: {
    schema: choice('refuse', 'allow'),
    default: 'refuse',
    doc: '`allow`: it may be another database on the same running server',
  },
  copyOf: optional(text('an environment'), 'the environment that its server is a physical copy of'),
  env: {
    schema: map(variable, 'the name of a variable', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/),
    default: {},
    doc: 'more variables for a command in `db run`, each with the variable whose value it takes',
  },
  reseed: optional(reseed, 'how it is reseeded'),
});
