import type {
  BackupEnvironment,
  DatabaseEnvironment,
  DatabaseRole,
  DeployEnvironment,
  FileRule,
  HealthEndpoint,
  PinnedSetting,
  PinnedVariable,
  Policy,
  ShellCommand,
} from '../model/index.ts';
import { privileges } from '../model/index.ts';

type Optional<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]?: NonNullable<T[P]> };

export type RawSetting = Optional<PinnedSetting, 'file' | 'files' | 'at' | 'pattern'>;

/** An environment as the schema reads it. */
export interface RawEnvironment
  extends Optional<
    Omit<DeployEnvironment, 'commands' | 'environment' | 'health' | 'rollback' | 'undo' | 'process'>,
    | 'branch'
    | 'window'
    | 'coverage'
    | 'disk'
    | 'backups'
    | 'pending-migrations'
    | 'run'
    | 'undoCheck'
    | 'stop'
    | 'start'
    | 'backup'
    | 'release'
    | 'live'
  > {
  readonly commands: Optional<DeployEnvironment['commands'], 'test' | 'build'>;
  readonly environment?: {
    readonly file?: string;
    readonly required: readonly string[];
    readonly different: readonly string[];
    readonly pinned: Readonly<
      Record<string, Optional<PinnedVariable, 'fingerprint' | 'rotated' | 'maxAge' | 'versions'>>
    >;
  };
  readonly undo?: ShellCommand;
  readonly process?: NonNullable<DeployEnvironment['process']>;
  readonly health: readonly Optional<HealthEndpoint, 'commit'>[];
  readonly rollback?: Optional<NonNullable<DeployEnvironment['rollback']>, 'document' | 'tag'>;
}

/** A database as the schema reads it. */
export interface RawDatabase
  extends Optional<
    Omit<DatabaseEnvironment, 'roles' | 'reseed'>,
    'reader' | 'admin' | 'envFile' | 'schemas' | 'name' | 'copyOf'
  > {
  readonly roles: Readonly<Record<string, { readonly may: unknown; readonly login?: string }>>;
  readonly reseed?: { readonly from: string; readonly plain?: readonly string[] };
}

/** What a role may do is a word or a list. Returns null where it is neither. */
export function readMay(may: unknown): DatabaseRole['may'] | null {
  if (may === 'migrate') return may;
  if (!Array.isArray(may)) return null;
  return may.every((word) => (privileges as readonly unknown[]).includes(word)) ? may : null;
}

/** A policy as its schema reads it, before what one part takes from another is filled in. */
export interface RawPolicy
  extends Omit<
    Policy,
    'files' | 'project' | 'build' | 'staged' | 'deploy' | 'settings' | 'commits' | 'databases' | 'backups'
  > {
  readonly commits: Optional<Policy['commits'], 'prefix'>;
  readonly files: readonly (Omit<FileRule, 'owners'> & { readonly owners?: readonly string[] })[];
  readonly project?: string;
  readonly build?: Policy['build'];
  readonly staged?: unknown;
  readonly deploy: Readonly<Record<string, RawEnvironment>>;
  readonly settings: readonly RawSetting[];
  readonly databases: Readonly<Record<string, RawDatabase>>;
  readonly backups: Readonly<
    Record<string, Optional<BackupEnvironment, 'database' | 'identity' | 'restoreInto' | 'sign' | 'trigger'>>
  >;
}

/** Tells of a fault at a place in the file, such as `files[0].owners[1]`. */
export type Tell = (path: string, message: string) => void;
