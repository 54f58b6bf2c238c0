import type { Check } from '../model.ts';
import { build } from './build.ts';
import { commitMessage } from './commit-message.ts';
import { coverage } from './coverage.ts';
import { deployWindow } from './deploy-window.ts';
import { environment } from './environment.ts';
import { freshBackup } from './fresh-backup.ts';
import { health } from './health.ts';
import { pinnedSettings } from './pinned-settings.ts';
import { policyCheck } from './policy.ts';
import { protectedBranches } from './protected-branches.ts';
import { protectedFiles } from './protected-files.ts';
import { protectedTags } from './protected-tags.ts';
import { stagedTasks } from './staged-tasks.ts';

/** All built-in checks, in the order of their reports. A new one is a file here and a line in this list. */
export const checks: readonly Check[] = [
  protectedFiles,
  protectedBranches,
  protectedTags,
  commitMessage,
  policyCheck,
  pinnedSettings,
  environment,
  health,
  deployWindow,
  freshBackup,
  build,
  coverage,
  stagedTasks,
];
