import type { Check } from '../model.ts';
import { build } from './build.ts';
import { cleanTree } from './clean-tree.ts';
import { commitMessage } from './commit-message.ts';
import { coverage } from './coverage.ts';
import { destructiveMigration } from './destructive-migration.ts';
import { inSync } from './in-sync.ts';
import { landedChecks } from './landed-checks.ts';
import { pinnedSettings } from './pinned-settings.ts';
import { policyCheck } from './policy.ts';
import { protectedBranches } from './protected-branches.ts';
import { protectedFiles } from './protected-files.ts';
import { protectedTags } from './protected-tags.ts';
import { schemaMigration } from './schema-migration.ts';
import { stagedTasks } from './staged-tasks.ts';
import { tests } from './tests.ts';
import { uneditedMigrations } from './unedited-migrations.ts';

/** All built-in checks, in the order of their reports. A new one is a file here and a line in this list. */
export const checks: readonly Check[] = [
  protectedFiles,
  protectedBranches,
  protectedTags,
  commitMessage,
  policyCheck,
  pinnedSettings,
  uneditedMigrations,
  destructiveMigration,
  schemaMigration,
  cleanTree,
  inSync,
  landedChecks,
  tests,
  build,
  coverage,
  stagedTasks,
];
