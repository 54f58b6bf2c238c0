import type { Check } from '../model/index.ts';
import { actorLevel } from './actor-level.ts';
import { build } from './build.ts';
import { certificates } from './certificates.ts';
import { checklist } from './checklist.ts';
import { cleanTree } from './clean-tree.ts';
import { commitMessage } from './commit-message.ts';
import { coverage } from './coverage.ts';
import { dataRun } from './data-run.ts';
import { dbIsolation } from './db-isolation.ts';
import { dbRights } from './db-rights.ts';
import { dbRoles } from './db-roles.ts';
import { deployWindow } from './deploy-window.ts';
import { destructiveMigration } from './destructive-migration.ts';
import { diskSpace } from './disk-space.ts';
import { environment } from './environment.ts';
import { filePermissions } from './file-permissions.ts';
import { forbiddenFiles } from './forbidden-files.ts';
import { freshBackup } from './fresh-backup.ts';
import { guide } from './guide.ts';
import { health } from './health.ts';
import { inSync } from './in-sync.ts';
import { incidentClosed } from './incident-closed.ts';
import { landedChecks } from './landed-checks.ts';
import { noSecrets } from './no-secrets.ts';
import { notRoot } from './not-root.ts';
import { pendingMigrations } from './pending-migrations.ts';
import { pinnedSettings } from './pinned-settings.ts';
import { policyCheck } from './policy.ts';
import { protectedBranches } from './protected-branches.ts';
import { protectedFiles } from './protected-files.ts';
import { protectedTags } from './protected-tags.ts';
import { rollbackPlan } from './rollback-plan.ts';
import { schemaMigration } from './schema-migration.ts';
import { stagedTasks } from './staged-tasks.ts';
import { testTargets } from './test-targets.ts';
import { tests } from './tests.ts';
import { uneditedMigrations } from './unedited-migrations.ts';
import { workflows } from './workflows.ts';

/** All built-in checks, in the order of their reports: what has to be changed stands before what has to be approved. A new one is a file here and a line in this list. */
export const checks: readonly Check[] = [
  actorLevel,
  protectedBranches,
  protectedTags,
  commitMessage,
  policyCheck,
  guide,
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
  notRoot,
  cleanTree,
  inSync,
  landedChecks,
  environment,
  deployWindow,
  incidentClosed,
  health,
  certificates,
  pendingMigrations,
  freshBackup,
  dbIsolation,
  dbRoles,
  dbRights,
  rollbackPlan,
  diskSpace,
  filePermissions,
  checklist,
  tests,
  build,
  coverage,
  stagedTasks,
];
