import { checks } from '../checks/index.ts';
import { gates as allGates } from '../model/index.ts';
import { choice, duration, type Field, list, map, object, type Schema, text } from '../model/schema.ts';
import { backup } from './schema-backups.ts';
import { database } from './schema-databases.ts';
import { deploy, migration, setting, target } from './schema-deploy.ts';

const refuse = (doc: string): Field => ({ schema: choice('refuse', 'allow'), default: 'refuse', doc });
const gates = choice(...allGates);

export const defaultTypes = [
  'feat',
  'fix',
  'refactor',
  'docs',
  'test',
  'chore',
  'build',
  'ci',
  'perf',
  'style',
  'revert',
  'CRITICAL',
];

const branch = object({
  forcePush: refuse('a push that drops commits the branch already has'),
  delete: refuse('deleting the branch'),
  directPush: {
    schema: choice('refuse', 'allow'),
    default: 'allow',
    doc: 'a push from a clone; `refuse` if everything lands by pull request',
  },
});

const tag = object({
  move: refuse('pointing an existing tag at something else'),
  delete: refuse('deleting the tag'),
  create: {
    schema: choice('allow', 'protected', 'refuse'),
    default: 'allow',
    doc: '`protected`: only on a commit of a protected branch',
  },
});

const fileRule = object({
  paths: {
    schema: list({ kind: 'pattern' }),
    required: true,
    doc: 'patterns in gitignore syntax; `!` excludes, within this rule only',
  },
  risk: {
    schema: choice('critical', 'high'),
    default: 'high',
    doc: '`critical`: commits that change it must also start with `commits.criticalType`',
  },
  reason: { schema: text('a sentence'), default: '', doc: 'shown with the refusal' },
  owners: { schema: list(text('the name of an owner')), defaultDoc: 'every owner', doc: 'who may approve' },
  required: {
    schema: { kind: 'integer', min: 1, max: 100 },
    default: 1,
    doc: 'how many different owners must approve, each with their own key',
  },
});

const contact = object({
  name: { schema: text('a name'), required: true, doc: 'a person or a team' },
  reach: { schema: text('a number, an address or a channel'), required: true, doc: 'how to reach them' },
  for: { schema: text('a sentence'), default: '', doc: 'when to contact them' },
});

const commits = object({
  types: {
    schema: list(text('a word', /^[A-Za-z][A-Za-z0-9_-]*$/)),
    default: defaultTypes,
    doc: 'the prefixes a subject may start with',
  },
  criticalType: {
    schema: text('a word', /^[A-Za-z][A-Za-z0-9_-]*$/),
    default: 'CRITICAL',
    doc: 'required for a commit that changes a critical file; always one of the types',
  },
  scope: {
    schema: choice('optional', 'required', 'none'),
    default: 'optional',
    doc: 'the part in brackets of `feat(api): …`',
  },
  subjectMax: {
    schema: { kind: 'integer', min: 20, max: 1000 },
    default: 100,
    doc: 'the maximum length of the first line',
  },
  emoji: {
    schema: choice('refuse', 'allow'),
    default: 'refuse',
    doc: 'an emoji before the type (`✨ feat: …`, `:sparkles: feat: …`)',
  },
  prefix: {
    schema: text('a regular expression'),
    defaultDoc: 'nothing',
    doc: 'what else may come before the type, such as a ticket number: `\\[[A-Z]+-\\d+\\]`',
  },
});

const level = choice('read-only', 'development');

const actors = object({
  default: { schema: level, default: 'development', doc: 'what everybody may do' },
  agents: { schema: level, default: 'read-only', doc: 'what an AI agent without its own rule may do' },
  rules: {
    schema: list(
      object({
        agent: {
          schema: text('a short name', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
          required: true,
          doc: 'as `npx git-protect whoami --format json` names it: `claude`, `codex`, `cursor`, …',
        },
        level: { schema: level, required: true, doc: '`read-only`: may not commit or push' },
      }),
      0,
    ),
    default: [],
    doc: 'what particular agents may do',
  },
  trailer: {
    schema: choice(true, false),
    default: false,
    doc: '`true`: a commit by an AI agent says so: `Agent: NAME`',
  },
});

const approvals = object({
  needed: {
    schema: choice('commit', 'landing'),
    default: 'commit',
    doc: '`landing`: on an unprotected branch an unapproved edit only warns; it is refused where it lands',
  },
  lifetime: { schema: duration, default: '7d', doc: 'the longest an approval may be valid' },
  touch: {
    schema: choice('optional', 'required'),
    default: 'optional',
    doc: '`required`: only hardware keys, touched for each signature',
  },
  ask: {
    schema: choice(true, false),
    default: true,
    doc: 'an owner who commits on a terminal is asked at once if only their approval is missing',
  },
});

const build = object({
  command: { schema: text('a command'), required: true, doc: 'run by the shell at the top of the repository' },
  on: {
    schema: list(choice('pre-push', 'ci', 'pre-commit')),
    default: ['pre-push', 'ci'],
    doc: 'the gates that run it',
  },
  timeout: {
    schema: duration,
    default: '15m',
    doc: 'after this it is stopped, with its child processes, and the gate stays closed',
  },
});

const checkSettings = (options: Schema) =>
  object({
    severity: {
      schema: choice('error', 'warning', 'off'),
      defaultDoc: '`error`',
      doc: 'the severity of a finding; `off`: not run',
    },
    on: { schema: list(gates), defaultDoc: 'every gate of the check', doc: 'the gates that run it' },
    timeout: {
      schema: duration,
      defaultDoc: '60s',
      doc: 'after this the check counts as undecided, and the gate stays closed',
    },
    options: { schema: options, doc: 'options of this check; passed unchanged to a check of your own' },
    command: {
      schema: list(text('a word of the command')),
      doc: 'makes the id a check of your own: the executable and its arguments',
    },
  });

const allowed = object({
  command: {
    schema: text('a command, word for word'),
    required: true,
    doc: 'as it is typed; ` *` at the end stands for any further words',
  },
  where: {
    schema: choice('test', 'anywhere'),
    default: 'test',
    doc: '`test`: only while it names no host, port or env file of production',
  },
  reason: { schema: text('a sentence'), required: true, doc: 'why agents may run it' },
});

const guard = object({
  allow: {
    schema: list(allowed, 0),
    default: [],
    doc: 'commands that agents may run even though they destroy data or work, or start agents',
  },
  loss: {
    schema: choice('error', 'warning', 'off'),
    default: 'error',
    doc: 'throwing away work that exists nowhere else',
  },
  data: { schema: choice('error', 'warning', 'off'), default: 'error', doc: 'destroying data, and naming production' },
});

const checkIds = checks.map((check) => check.id);

/** The policy file, whole: parser, JSON schema and the table in `docs/policy.md` all come from this. */
export const policySchema: Schema = object({
  version: { schema: choice(1), required: true, doc: 'the version of this format' },
  project: {
    schema: text('16 to 64 letters and digits', /^[A-Za-z0-9]{16,64}$/),
    doc: 'what approvals are bound to; `init` writes it; without it no approval counts',
  },
  owners: {
    schema: map(
      object({
        keys: { schema: list({ kind: 'key' }), required: true, doc: 'SSH public keys, as in `~/.ssh/*.pub`' },
        github: {
          schema: text('an @name or @organization/team', /^@[A-Za-z0-9][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_.-]+)*$/),
          doc: 'the account or team that [CODEOWNERS](ruleset.md#codeowners) names',
        },
      }),
      'a short name',
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    ),
    default: {},
    doc: 'who may approve',
  },
  branches: {
    schema: map(branch, 'a branch name or glob'),
    default: {},
    doc: 'protected branches by short name; the default branch is protected, listed or not',
  },
  tags: { schema: map(tag, 'a tag name or glob'), default: {}, doc: 'protected tags' },
  files: { schema: list(fileRule, 0), default: [], doc: 'protected files' },
  actors: {
    schema: actors,
    defaultDoc: 'no level is checked',
    doc: 'what AI agents may do: [levels](agents.md#levels)',
  },
  strict: {
    schema: choice(true, false),
    default: false,
    doc: 'every clone should run [strict mode](strict.md), the hook that `--no-verify` does not skip',
  },
  landing: {
    schema: choice('merge', 'squash', 'rebase'),
    default: 'merge',
    doc: 'how proposals land: with `squash` the title is judged, with `rebase` the state at every commit',
  },
  commits: { schema: commits, default: {}, doc: 'the form of commit messages' },
  approvals: { schema: approvals, default: {}, doc: 'what an approval must be' },
  build: { schema: build, defaultDoc: 'none', doc: 'what must pass before a push' },
  staged: {
    schema: { kind: 'any', expected: 'a lint-staged configuration' },
    defaultDoc: 'none',
    doc: 'passed to lint-staged',
  },
  deploy: {
    schema: map(deploy, 'a short name', /^[a-z][a-z0-9-]{0,31}$/),
    default: {},
    doc: 'where this is deployed, and what must hold before: [predeploy](predeploy.md)',
  },
  settings: { schema: list(setting, 0), default: [], doc: 'values that must stay as they are' },
  migrations: { schema: list(migration, 0), default: [], doc: 'where the database migrations are' },
  targets: {
    schema: map(target, 'a short name', /^[a-z][a-z0-9-]{0,31}$/),
    default: {},
    doc: 'what test code must never name, by environment',
  },
  guard: { schema: guard, default: {}, doc: 'what AI agents may do that is otherwise refused: [agents](agents.md)' },
  contacts: {
    schema: list(contact, 0),
    default: [],
    doc: 'whom [the guide](guide.md) tells people to contact when something goes wrong',
  },
  databases: {
    schema: map(database, 'a short name', /^[a-z][a-z0-9-]{0,31}$/),
    default: {},
    doc: 'databases by environment, what may be done to them, and what is compared: [databases](databases.md)',
  },
  tools: {
    schema: list(text('an absolute path', /^\/[^\0-\x1f]{0,1023}$/), 0),
    default: [],
    doc: "folders of PostgreSQL's programs, or the programs themselves; of several, the one that matches the server's version is used; default: those on `PATH`",
  },
  backups: {
    schema: map(backup, 'a short name', /^[a-z][a-z0-9-]{0,31}$/),
    default: {},
    doc: 'what is backed up, for whom it is encrypted, what is kept, and where copies are: [backups](backups.md)',
  },
  checks: {
    schema: map(
      checkSettings({ kind: 'any', expected: 'anything' }),
      `one of ${checkIds.join(', ')}, or a name of your own with a command`,
      /^[a-z][a-z0-9-]{0,63}$/,
      Object.fromEntries(checks.flatMap(({ id, options }) => (options ? [[id, checkSettings(options)]] : []))),
    ),
    default: {},
    doc: 'by check id: change one, or add your own',
  },
});
