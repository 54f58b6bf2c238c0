/** What the policy file says, parsed: plain data with every default filled in. */

import type { Gate, Oid } from './change.ts';
import type { Severity } from './report.ts';
import type { Ship } from './ship.ts';

/** The names a policy file may have, at the root of the tree. */
export const policyNames = ['.protectionrc', '.protectionrc.json', '.protectionrc.yaml', '.protectionrc.yml'] as const;

/** An SSH public key of an owner. */
export interface OwnerKey {
  /** `ssh-ed25519`, `sk-ssh-ed25519@openssh.com`, … */
  readonly type: string;
  /** The key blob of RFC 4253 §6.6, in base64. */
  readonly blob: string;
  readonly comment: string;
}

/** Who may approve. */
export interface Owner {
  readonly keys: readonly OwnerKey[];
  /** `@name` or `@organization/team` on the host; for CODEOWNERS alone. */
  readonly github?: string;
}

/** Whom to turn to when something goes wrong. */
export interface Contact {
  readonly name: string;
  /** A number, an address, a channel. */
  readonly reach: string;
  /** When; empty: always. */
  readonly for: string;
}

/** A rule of `files:`: paths, their risk, and who approves a change of them. */
export interface FileRule {
  /** Patterns in gitignore syntax; `!` takes back within this rule only. */
  readonly paths: readonly string[];
  readonly risk: 'critical' | 'high';
  readonly reason: string;
  readonly owners: readonly string[];
  readonly required: number;
}

export interface BranchRule {
  readonly forcePush: 'refuse' | 'allow';
  readonly delete: 'refuse' | 'allow';
  readonly directPush: 'refuse' | 'allow';
}

export interface TagRule {
  readonly move: 'refuse' | 'allow';
  readonly delete: 'refuse' | 'allow';
  readonly create: 'refuse' | 'allow' | 'protected';
}

/** What the policy says of one check, under `checks:`. */
export interface CheckSettings {
  readonly severity?: Severity | 'off' | undefined;
  readonly on?: readonly Gate[] | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
  readonly options?: unknown;
  /** Makes the id an own check: the executable and its arguments. */
  readonly command?: readonly string[] | undefined;
}

/** `read-only` commits and pushes nothing. */
type ActorLevel = 'read-only' | 'development';

export interface Actors {
  readonly default: ActorLevel;
  readonly agents: ActorLevel;
  readonly rules: readonly { readonly agent: string; readonly level: ActorLevel }[];
  /** Does a commit of an agent say so? */
  readonly trailer: boolean;
}

/** What stays of backups: rules, ORed. `within` in milliseconds. */
export interface KeepRules {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly within?: number;
}

/** Another place that holds copies of backups. */
export interface BackupDestination {
  /** Endpoint, bucket and prefix. */
  readonly s3: string;
  /** Names of variables. */
  readonly key: string;
  readonly secret: string;
  readonly region: string;
  readonly schedule?: string;
  readonly keep: KeepRules;
}

/** What is backed up, for whom, and where it lies. Null: not asked for. */
export interface BackupEnvironment {
  /** An environment of `databases:`. */
  readonly database: string | null;
  readonly files: readonly string[];
  readonly folder: string;
  readonly encrypt: { readonly to: readonly string[] };
  /** The name of a variable. */
  readonly identity: string | null;
  readonly timezone: string;
  readonly keep: KeepRules;
  readonly destinations: Readonly<Record<string, BackupDestination>>;
  /** An environment of `databases:`, or `local`. */
  readonly restoreInto: string | null;
  /** Milliseconds. */
  readonly tested: number;
  /** Milliseconds that one part may take. */
  readonly timeout: number;
  /** The public key that signs manifests, and the variable with the file of its private half. */
  readonly sign: { readonly by: string; readonly key: string } | null;
  /** The fingerprint of the token that lets one be made by hand. */
  readonly trigger: string | null;
}

/** The parsed policy, every default filled in; plain data, so that it can be cached as JSON. */
export interface Policy {
  readonly version: 1;
  /** What approvals are bound to; null: no approval counts. */
  readonly project: string | null;
  readonly owners: Readonly<Record<string, Owner>>;
  readonly branches: Readonly<Record<string, BranchRule>>;
  readonly tags: Readonly<Record<string, TagRule>>;
  readonly files: readonly FileRule[];
  /** What whoever works here may do; null: no level is checked. */
  readonly actors: Actors | null;
  /** Is strict mode demanded of every clone? */
  readonly strict: boolean;
  readonly landing: 'merge' | 'squash' | 'rebase';
  readonly commits: {
    readonly types: readonly string[];
    readonly criticalType: string;
    readonly scope: 'optional' | 'required' | 'none';
    readonly subjectMax: number;
    /** May an emoji stand in front of the type? */
    readonly emoji: 'refuse' | 'allow';
    /** What else may: a regular expression; null: nothing. */
    readonly prefix: string | null;
  };
  readonly approvals: {
    readonly needed: 'commit' | 'landing';
    /** Milliseconds. */
    readonly lifetime: number;
    readonly touch: 'optional' | 'required';
    /** Is an owner asked in pre-commit? */
    readonly ask: boolean;
  };
  readonly build: { readonly command: string; readonly on: readonly Gate[]; readonly timeout: number } | null;
  /** Handed to lint-staged as it stands. */
  readonly staged: unknown;
  /** Where this is deployed to, by name. */
  readonly deploy: Readonly<Record<string, DeployEnvironment>>;
  readonly settings: readonly PinnedSetting[];
  readonly migrations: readonly MigrationFolder[];
  /** What test code must never name, by the name of the environment. */
  readonly targets: Readonly<Record<string, Target>>;
  readonly guard: GuardSettings;
  readonly contacts: readonly Contact[];
  /** Databases of this, by the name of their environment. */
  readonly databases: Readonly<Record<string, DatabaseEnvironment>>;
  /** Folders of the programs of databases, or the programs themselves; empty: those on PATH. */
  readonly tools: readonly string[];
  readonly backups: Readonly<Record<string, BackupEnvironment>>;
  readonly checks: Readonly<Record<string, CheckSettings>>;
}

/** A place that this is deployed to, and what has to hold before. Null: not asked for. */
export interface DeployEnvironment extends Ship {
  /** Short name; null: the default branch. */
  readonly branch: string | null;
  readonly remote: string;
  /** `push`: the host deploys what is pushed to the branch, so pre-push runs the gate. */
  readonly trigger: 'command' | 'push';
  readonly window: DeployWindow | null;
  readonly freezes: readonly Freeze[];
  /** Run by the shell; null: none. */
  readonly commands: { readonly test: string | null; readonly build: string | null };
  readonly coverage: CoverageMinimums | null;
  readonly environment: EnvironmentVariables | null;
  readonly health: readonly HealthEndpoint[];
  /** `free` in bytes. */
  readonly disk: { readonly path: string; readonly free: number } | null;
  /** `maxAge` in milliseconds. */
  readonly backups: { readonly folder: string; readonly maxAge: number } | null;
  readonly rollback: { readonly document: string | null; readonly tag: string | null } | null;
  /** What a person has to look at. */
  readonly checklist: readonly ChecklistItem[];
  readonly certificates: readonly { readonly host: string; readonly days: number }[];
  /** Prints what the database has not run yet, a line each. */
  readonly 'pending-migrations': { readonly command: string } | null;
}

/** Something that only a person can see, such as that a document looks right. */
export interface ChecklistItem {
  readonly id: string;
  readonly text: string;
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** When a deploy may start. */
export interface DeployWindow {
  /** IANA name. */
  readonly timezone: string;
  readonly days: readonly Weekday[];
  /** Minutes of the day, the end exclusive; `from` after `to` goes over midnight. */
  readonly hours: { readonly from: number; readonly to: number };
}

/** Days without deploys, both inclusive, `2026-12-20`. */
export interface Freeze {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface CoverageMinimums {
  /** Path of the report, from the top of the repository. */
  readonly report: string;
  /** Percent of lines by pattern. */
  readonly minimums: Readonly<Record<string, number>>;
  /** Patterns of files that count nowhere. */
  readonly exclude: readonly string[];
}

export interface EnvironmentVariables {
  /** A `.env` file; null: the process's own environment. */
  readonly file: string | null;
  readonly required: readonly string[];
  readonly pinned: Readonly<Record<string, PinnedVariable>>;
  /** Environments whose secrets must be others. */
  readonly different: readonly string[];
}

export interface PinnedVariable {
  /** `scrypt:<salt>:<hash>`, as `protect fingerprint` prints it; null: any value. */
  readonly fingerprint: string | null;
  readonly reason: string;
  /** `2026-10-01`. */
  readonly rotated: string | null;
  /** Milliseconds. */
  readonly maxAge: number | null;
  /** How many versions the provider keeps: the command prints a line for each. */
  readonly versions: { readonly command: string; readonly atLeast: number } | null;
}

export interface HealthEndpoint {
  readonly name: string;
  readonly url: string;
  /** The HTTP status. */
  readonly status: number;
  /** Values by JSONPath in the JSON that is answered. */
  readonly expect: Readonly<Record<string, string | number | boolean | null>>;
  /** JSONPath of the commit that runs there; null: not asked. */
  readonly commit: string | null;
  /** Milliseconds. */
  readonly within: number;
  readonly tries: number;
  /** Milliseconds. */
  readonly delay: number;
}

/** A value that must stay as it is. */
export interface PinnedSetting {
  /** One path, or a pattern for several; exactly one of the two is set. */
  readonly file: string | null;
  readonly files: string | null;
  /** JSONPath (RFC 9535) in YAML, JSON or TOML; or a regular expression over any text. */
  readonly at: string | null;
  readonly pattern: string | null;
  /** What it must be, or undefined with `absent`. */
  readonly equals?: unknown;
  readonly absent: boolean;
  readonly reason: string;
}

export const migrationTools = [
  'drizzle',
  'prisma',
  'knex',
  'typeorm',
  'sequelize',
  'supabase',
  'flyway',
  'liquibase',
  'alembic',
  'django',
  'rails',
  'goose',
  'dbmate',
  'golang-migrate',
  'plain',
] as const;

/** How a tool marks what it fills in before it runs the SQL: a dollar and braces, as Flyway; two braces, as Go. */
export const placeholderForms = ['flyway', 'go'] as const;

export interface MigrationFolder {
  readonly folder: string;
  readonly tool: (typeof migrationTools)[number];
  readonly dialect: 'postgres' | 'mysql' | 'tidb' | 'sqlite';
  /** What the tool fills in before it runs the SQL reads as a name. */
  readonly placeholders: readonly (typeof placeholderForms)[number][];
  /** Files (patterns) that describe the schema: when one changes, a new migration comes with it. */
  readonly schema: readonly string[];
}

export interface Target {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

/** What the agent guard lets agents do. */
export interface GuardSettings {
  readonly allow: readonly AllowedCommand[];
  readonly loss: Severity | 'off';
  readonly data: Severity | 'off';
}

/** A command that the agent guard lets through. */
export interface AllowedCommand {
  readonly command: string;
  /** `test`: only where it names nothing of production. */
  readonly where: 'test' | 'anywhere';
}

export const privileges = ['select', 'insert', 'update', 'delete'] as const;
export const tableRules = ['equal', 'append', 'grow', 'any'] as const;
export const fingerprintKinds = ['exact', 'fast', 'count'] as const;
export type TableRule = (typeof tableRules)[number];
export type FingerprintKind = (typeof fingerprintKinds)[number];

/** A database of an environment. URLs are never here: only the names of the variables that hold them. */
export interface DatabaseEnvironment {
  /** The application's own. */
  readonly url: string;
  /** Reads for dumps and fingerprints; null: `url`. */
  readonly reader: string | null;
  /** Creates and renames databases; null: `url`. */
  readonly admin: string | null;
  /** Where the values are read; null: the environment of the command. */
  readonly envFile: string | null;
  /** What the fingerprint is limited to; null: all but the system's. */
  readonly schemas: readonly string[] | null;
  readonly roles: Readonly<Record<string, DatabaseRole>>;
  /** The first that matches a table holds. */
  readonly tables: readonly { readonly table: string; readonly rule: TableRule }[];
  readonly fingerprint: FingerprintKind;
  readonly accept: readonly AcceptedWay[];
  /** May everything in it be thrown away? */
  readonly disposable: boolean;
  /** A glob that its name has to fit; null: any. */
  readonly name: string | null;
  /** `allow`: on the same running server as production, in another database. */
  readonly sameServer: 'refuse' | 'allow';
  /** The environment that its server is a physical copy of; null: none. */
  readonly copyOf: string | null;
  /** What a command in `db run` gets besides, by the name of the variable whose value it takes. */
  readonly env: Readonly<Record<string, string>>;
  readonly reseed: { readonly from: string; readonly plain: readonly string[] | null } | null;
}

/** What a role of the database may do with rows. */
export interface DatabaseRole {
  readonly may: 'migrate' | readonly (typeof privileges)[number][];
  /** The variable with the URL that it logs in by; null: none is known. */
  readonly login: string | null;
}

/** A way to destroy rows that is meant to be there. */
export interface AcceptedWay {
  readonly role: string;
  readonly way: string;
  readonly object: string;
  readonly reason: string;
}

/** A policy and the place it holds from. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** `<commit id>:<path>`, `index:<path>` or `worktree:<path>`. */
  readonly source: string;
  /** Id of the blob; null when it was read from the working tree. */
  readonly oid: Oid | null;
  /** `adoption`: the change itself brings the first policy. `uncommitted`: it is in the working tree only. */
  readonly bootstrap: 'adoption' | 'uncommitted' | null;
  /** Where the one that stands is invalid, what is wrong with it: this is the newest valid one behind it, and only a repair passes. */
  readonly broken?: string;
}
