import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import type { Place } from '../databases/place.ts';
import { type BackupEnvironment, Undecided } from '../model/index.ts';
import { nearest } from '../words/nearest.ts';

/** Where backups are made and kept: this clone, on this machine, an environment of its policy. */
export interface BackupPlace extends Place {
  readonly name: string;
  readonly backup: BackupEnvironment;
  /** Absolute. */
  readonly folder: string;
  /** HEAD; null: unborn. */
  readonly commit: string | null;
}

/**
 * The environment of `backups:` that is meant; unnamed, the only one.
 * @throws Undecided when there is none of that name
 */
export function backupPlace(place: Place, named: string | undefined, commit: string | null): BackupPlace {
  const names = Object.keys(place.policy.backups);
  const name = named ?? (names.length === 1 ? names[0]! : undefined);
  if (name === undefined || !names.includes(name)) {
    const meant = name === undefined ? null : nearest(name, names);
    const known =
      names.length === 0 ? 'add backups: to .protectionrc (docs/backups.md)' : `name one of ${names.join(', ')}`;
    throw new Undecided(
      name === undefined
        ? names.length === 0
          ? 'the policy has no backups:'
          : 'which backups are meant?'
        : `'${name}' is not under backups:${meant ? `; did you mean '${meant}'?` : ''}`,
      known,
    );
  }
  const backup = place.policy.backups[name]!;
  return { ...place, name, backup, folder: resolve(place.topLevel, backup.folder), commit };
}

/** What backups of this repository are called: its folder, in letters that every storage takes. */
export function projectName({ topLevel }: Pick<Place, 'topLevel'>): string {
  const name = basename(topLevel)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
  return name === '' ? createHash('sha256').update(topLevel).digest('hex').slice(0, 12) : name;
}

/** What the names of this environment's backups begin with. */
export const prefixOf = (place: BackupPlace): string => `${projectName(place)}_${place.name}_`;

/** Where this machine keeps what it knows of the project. @see https://specifications.freedesktop.org/basedir-spec/latest/ */
export function stateFolder({ env, policy, topLevel }: Pick<Place, 'env' | 'policy' | 'topLevel'>): string {
  const state = env['XDG_STATE_HOME'] || join(env['HOME'] ?? '/', '.local/state');
  return join(state, 'git-protect', policy.project ?? projectName({ topLevel }));
}

/** The file that keeps two runs of one environment apart on this machine, a deploy too. */
export const lockFile = (place: BackupPlace) => join(stateFolder(place), `${place.name}.lock`);
