import type { Check } from '../model/index.ts';
import { actorLevel } from './actor-level.ts';
import { build } from './build.ts';
import { commitMessage } from './commit-message.ts';
import { dataRun } from './data-run.ts';
import { destructiveMigration } from './destructive-migration.ts';
import { forbiddenFiles } from './forbidden-files.ts';
import { noSecrets } from './no-secrets.ts';
import { pinnedSettings } from './pinned-settings.ts';
import { policyCheck } from './policy.ts';
import { protectedBranches } from './protected-branches.ts';
import { protectedFiles } from './protected-files.ts';
import { protectedTags } from './protected-tags.ts';
import { schemaMigration } from './schema-migration.ts';
import { stagedTasks } from './staged-tasks.ts';
import { testTargets } from './test-targets.ts';
import { uneditedMigrations } from './unedited-migrations.ts';
import { workflows } from './workflows.ts';

/** Those of `checks` that a hook runs, in their order: a hook that loaded the others too would cost every commit. */
export const changeChecks: readonly Check[] = [
  actorLevel,
  protectedBranches,
  protectedTags,
  commitMessage,
  policyCheck,
  forbiddenFiles,
  noSecrets,
  testTargets,
  pinnedSettings,
  uneditedMigrations,
  schemaMigration,
  destructiveMigration,
  workflows,
  protectedFiles,
  dataRun,
  build,
  stagedTasks,
];

/** The checks of a gate, maybe among others. */
export async function checksFor(gate: string): Promise<readonly Check[]> {
  if (gate !== 'ci' && gate !== 'pre-deploy') return changeChecks;
  return (await import('./index.ts')).checks;
}
