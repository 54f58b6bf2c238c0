import { rollback } from '../deploys/rollback.ts';
import { Repository } from '../git/repository.ts';
import { UsageError } from '../model/index.ts';
import { policyHere } from '../sources/policy.ts';
import { withDeploy } from './deploy-place.ts';
import { writeEnded } from './deploy-report.ts';
import { deployView } from './deploy-view.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: '[ENVIRONMENT] [TAG | RELEASE]',
  flags: {
    'with-env': { type: 'boolean', means: 'restore the env file as well, whatever is pinned' },
  },
  example: 'npx git-protect deploy rollback production v20261127-1602',
} as const satisfies Usage;

/** `protect deploy rollback`: the same way back as a deploy that failed takes, by hand. */
export async function deployRollback(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readOptions(args, usage.flags, 2);
  const names = await environmentNames(io);
  const environment = positionals.find((word) => names.includes(word));
  const others = positionals.filter((word) => word !== environment);
  if (others.length > 1)
    throw new UsageError(`'${others[0]}' is not an environment`, `its environments: ${names.join(', ')}`);
  const view = deployView(io, () => null);
  return withDeploy(io, environment, view.tell, async (place) => {
    try {
      const ended = await rollback(place, {
        to: others[0] ?? null,
        withEnv: values['with-env'] ?? false,
        viewer: view,
      });
      view.end();
      writeEnded(io, place, ended, 'text');
      return ended.code;
    } finally {
      view.end();
    }
  });
}

/** So that a word can be told from a tag. */
async function environmentNames(io: Io): Promise<string[]> {
  const repository = new Repository(io.cwd, io.env, 'location');
  try {
    return Object.keys((await policyHere(repository)).policy.deploy);
  } finally {
    repository.close();
  }
}
