import { type DeployPlace, deployPlace } from '../deploys/place.ts';
import { Repository } from '../git/repository.ts';
import { realHost } from '../machine/host.ts';
import { Undecided } from '../model/index.ts';
import { deployPolicy } from '../sources/deploy.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';

/**
 * Opens the repository, and finds the environment that is meant, for as long as `use` runs.
 * @param named its name; undefined: the only one
 * @param tell says what goes on
 */
export async function withDeploy(
  io: Io,
  named: string | undefined,
  tell: (text: string) => void,
  use: (place: DeployPlace, commit: string) => Promise<number>,
): Promise<number> {
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    const { topLevel, commonDir } = await repository.layout();
    if (topLevel === null) throw new Undecided('a bare repository has no working tree', 'run it in a clone');
    const { policy, environment, name, commit } = await deployPolicy(repository, named ?? null);
    const host = realHost(topLevel, io.env, io.userId);
    const place = deployPlace({
      policy,
      topLevel,
      commonDir,
      env: io.env,
      now: io.now,
      signal: io.signal,
      tell: (text) => tell(visible(text)),
      name: name ?? 'production',
      environment,
      repository,
      wait: host.wait,
      userId: io.userId,
    });
    return await use(place, commit);
  } finally {
    repository.close();
  }
}
