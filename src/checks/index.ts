import type { Check } from '../model.ts';
import { build } from './build.ts';
import { commitMessage } from './commit-message.ts';
import { destructiveMigration } from './destructive-migration.ts';
import { policyCheck } from './policy.ts';
import { protectedBranches } from './protected-branches.ts';
import { protectedFiles } from './protected-files.ts';
import { protectedTags } from './protected-tags.ts';
import { schemaMigration } from './schema-migration.ts';
import { stagedTasks } from './staged-tasks.ts';
import { uneditedMigrations } from './unedited-migrations.ts';

/** All built-in checks, in the order of their reports. A new one is a file here and a line in this list. */
export const checks: readonly Check[] = [
  protectedFiles,
  protectedBranches,
  protectedTags,
  commitMessage,
  policyCheck,
  destructiveMigration,
  uneditedMigrations,
  schemaMigration,
  build,
  stagedTasks,
];
