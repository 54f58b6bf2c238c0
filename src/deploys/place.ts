import { join } from 'node:path';
import { stateFolder } from '../backups/place.ts';
import type { Place } from '../databases/place.ts';
import type { Repository } from '../git/repository.ts';
import { type DeployEnvironment, Undecided } from '../model/index.ts';

/** Where a deploy happens: this clone, on this machine, an environment of its policy. */
export interface DeployPlace extends Place {
  readonly name: string;
  readonly environment: DeployEnvironment;
  readonly repository: Repository;
  /** Of this project, on this machine: it belongs to the target and not to the clone. */
  readonly state: string;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  userId(): number | null;
}

/** @throws Undecided when the environment is not one that is shipped */
export function deployPlace(place: Omit<DeployPlace, 'state'>): DeployPlace {
  const { environment, name } = place;
  if (environment.run === null)
    throw new Undecided(
      `the policy does not say how ${name} is deployed`,
      `add run:, undo: and live: to deploy.${name} (npx git-protect deploy init --for pm2)`,
    );
  return { ...place, state: stateFolder(place) };
}

/** The file that keeps a deploy apart from another one, and from a backup of the same name. */
export const lockOf = ({ state, name }: Pick<DeployPlace, 'state' | 'name'>) => join(state, `${name}.lock`);

/** Where the journals lie. */
export const journalsOf = ({ state }: Pick<DeployPlace, 'state'>) => join(state, 'deploys');
