import type {
  DeployEnvironment,
  FileRule,
  HealthEndpoint,
  PinnedSetting,
  PinnedVariable,
  Policy,
} from '../model/index.ts';

type Optional<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]?: NonNullable<T[P]> };

export type RawSetting = Optional<PinnedSetting, 'file' | 'files' | 'at' | 'pattern'>;

/** An environment as the schema reads it. */
export interface RawEnvironment
  extends Optional<
    Omit<DeployEnvironment, 'commands' | 'environment' | 'health' | 'rollback'>,
    'branch' | 'window' | 'coverage' | 'disk' | 'backups' | 'pending-migrations'
  > {
  readonly commands: Optional<DeployEnvironment['commands'], 'test' | 'build'>;
  readonly environment?: {
    readonly file?: string;
    readonly required: readonly string[];
    readonly different: readonly string[];
    readonly pinned: Readonly<Record<string, Optional<PinnedVariable, 'fingerprint' | 'rotated' | 'maxAge'>>>;
  };
  readonly health: readonly Optional<HealthEndpoint, 'commit'>[];
  readonly rollback?: Optional<NonNullable<DeployEnvironment['rollback']>, 'document' | 'tag'>;
}

/** A policy as its schema reads it, before what one part takes from another is filled in. */
export interface RawPolicy
  extends Omit<Policy, 'files' | 'project' | 'build' | 'staged' | 'deploy' | 'settings' | 'commits'> {
  readonly commits: Optional<Policy['commits'], 'prefix'>;
  readonly files: readonly (Omit<FileRule, 'owners'> & { readonly owners?: readonly string[] })[];
  readonly project?: string;
  readonly build?: Policy['build'];
  readonly staged?: unknown;
  readonly deploy: Readonly<Record<string, RawEnvironment>>;
  readonly settings: readonly RawSetting[];
}

/** Tells of a fault at a place in the file, such as `files[0].owners[1]`. */
export type Tell = (path: string, message: string) => void;
