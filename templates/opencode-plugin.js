// Written by git-protect: npx git-protect init --agents opencode.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const guard = 'node_modules/git-protect/dist/guard.cjs';

export const GitProtect = async ({ directory, worktree }) => ({
  'tool.execute.before': async ({ tool }, { args }) => {
    const input = JSON.stringify({ tool, args: args ?? {}, cwd: directory });
    const how = { input, cwd: directory, encoding: 'utf8', timeout: 20_000 };
    const { status, stderr, error } = spawnSync(
      'node',
      [join(worktree || directory, guard), '--host', 'opencode'],
      how,
    );
    if (status === 0) return;
    const why = `git-protect refused this: the guard failed (${error?.message ?? status}), so nothing was judged; a person installs it: npm ci`;
    throw new Error(status === 2 && stderr ? stderr : why);
  },
});
