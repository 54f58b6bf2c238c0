import { type BackupPlace, backupPlace } from '../backups/place.ts';
import { Repository } from '../git/repository.ts';
import { policyHere } from '../sources/policy.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { progressOn } from './progress.ts';

/**
 * Opens the repository, and finds the environment of `backups:` that is meant, for as long as `use` runs.
 * @param named its name; undefined: the only one
 */
export async function withBackups(
  io: Io,
  named: string | undefined,
  use: (place: BackupPlace) => Promise<number>,
): Promise<number> {
  const repository = new Repository(io.cwd, io.env, 'location');
  const progress = progressOn(io);
  try {
    const { policy } = await policyHere(repository);
    const { topLevel, commonDir } = await repository.layout();
    const { commit } = await repository.head();
    const place = {
      policy,
      topLevel: topLevel ?? io.cwd,
      commonDir,
      env: io.env,
      now: io.now,
      signal: io.signal,
      tell: (text: string) => progress.tell(visible(text)),
    };
    return await use(backupPlace(place, named, commit));
  } finally {
    progress.end();
    repository.close();
  }
}
