import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../databases/place.ts';
import type { Repository } from '../git/repository.ts';
import { openRunFile, type Policy, type Services } from '../model/index.ts';
import type { Io } from './io.ts';

/**
 * What the areas behind the checks provide. A hook pays for one look at a file; the rest is loaded when it is asked for.
 * @param only of databases: one environment; null: all
 */
export function servicesOf(
  io: Pick<Io, 'env' | 'now' | 'signal'>,
  repository: Repository,
  tell: Place['tell'],
  only: string | null,
) {
  return (policy: Policy): Services => {
    let databases: ReturnType<typeof load> | undefined;
    const place = async (): Promise<Place> => {
      const { topLevel, commonDir } = await repository.layout();
      const { env, now, signal } = io;
      return { policy, topLevel: topLevel ?? repository.cwd, commonDir, env, now, signal, tell };
    };
    const load = async () => (await import('../databases/services.ts')).databasesAt(await place(), only);
    const loaded = () => {
      databases ??= load();
      return databases;
    };
    return {
      backups: {
        facts: async (name) => (await import('../backups/services.ts')).backupsAt(await place()).facts(name),
      },
      databases: {
        isolation: async () => (await loaded()).isolation(),
        rights: async () => (await loaded()).rights(),
        roles: async () => (await loaded()).roles(),
        async openRun() {
          const { commonDir } = await repository.layout();
          if (!existsSync(join(commonDir, openRunFile))) return null;
          return (await import('../databases/open-run.ts')).readOpenRun(commonDir);
        },
      },
    };
  };
}
