import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../install/plan.ts';
import type { ciFiles } from '../install/written.ts';
import { UsageError } from '../model/index.ts';

export type Ci = 'github' | 'gitlab' | 'none';

export interface CiFile {
  readonly path: string;
  readonly content: string;
}

/** Where the files lie; the one that judges comes first. */
const templates: Record<Ci, readonly { readonly template: string; readonly path: (typeof ciFiles)[number] }[]> = {
  github: [
    { template: 'github.yml', path: '.github/workflows/protect.yml' },
    { template: 'github-commands.yml', path: '.github/workflows/protect-commands.yml' },
  ],
  gitlab: [{ template: 'gitlab.yml', path: '.gitlab/protect.yml' }],
  none: [],
};

/**
 * What has to be protected of CI: on GitHub the folder, because any new workflow could report a check of our name; on GitLab
 * also the file that includes ours, or not.
 */
export const guardedCiPaths: Record<Ci, readonly string[]> = {
  github: ['.github/workflows/'],
  gitlab: ['.gitlab/protect.yml', '.gitlab-ci.yml'],
  none: [],
};

/**
 * The CI files; the job that runs commands only where a lock file says what to install.
 * @param branch the branch to protect
 * @param tracked the files of the repository
 * @throws UsageError when the branch has a name that cannot be written there
 */
export async function ciTemplate(ci: Ci, branch: string, tracked: readonly string[]): Promise<CiFile[]> {
  // The name stands in a glob, in YAML and in an expression of GitHub Actions; these characters mean nothing there.
  if (ci === 'github' && !/^[\p{L}\p{N}_][\p{L}\p{N}_./@-]*$/u.test(branch))
    throw new UsageError(
      `'${branch}' cannot be written into a workflow as it stands`,
      'npx git-protect init --ci none',
    );
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const lock = lockFiles.find((name) => tracked.includes(name));
  const files: CiFile[] = [];
  for (const { template, path } of templates[ci]) {
    const text = await readFile(join(packageRoot, 'templates', template), 'utf8');
    const jobs = lock === undefined ? withoutCommands(text) : withCommands(text, installLines(lock, tracked));
    if (!/^ *(?:protect|protect-commands):$/m.test(jobs)) continue;
    const content = jobs
      .replaceAll('__VERSION__', version)
      .replaceAll('__BRANCH__', JSON.stringify(branch))
      .replaceAll('__TARGET__', branch);
    files.push({ path, content });
  }
  return files;
}

export const lockFiles = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
] as const;

export interface InstallLines {
  /** Installs exactly what the lock file says, or fails. */
  readonly install: readonly string[];
  /** Starts the installed git-protect, and fetches none where none is installed. */
  readonly protect: string;
}

/** How a project with this lock file is installed from nothing, on a machine that has Node and npm. */
export function installLines(lock: (typeof lockFiles)[number], tracked: readonly string[]): InstallLines {
  switch (lock) {
    case 'package-lock.json':
    case 'npm-shrinkwrap.json':
      return { install: ['npm ci'], protect: 'npx --no git-protect' };
    case 'pnpm-lock.yaml':
      return { install: ['corepack enable', 'pnpm install --frozen-lockfile'], protect: 'pnpm exec git-protect' };
    case 'yarn.lock': {
      // Yarn 1 takes no notice of a flag it does not know, so each gets its own.
      const flag = tracked.includes('.yarnrc.yml') ? '--immutable' : '--frozen-lockfile';
      return { install: ['corepack enable', `yarn install ${flag}`], protect: 'yarn run git-protect' };
    }
    case 'bun.lock':
    case 'bun.lockb':
      return {
        install: ['npm install --global --no-audit --no-fund bun@1', 'bun install --frozen-lockfile'],
        protect: 'node_modules/.bin/git-protect',
      };
  }
}

/** Every line that installs stands as a step, or a script line, of its own. */
function withCommands(text: string, { install, protect }: InstallLines): string {
  return text
    .replace(/^( *- (?:run: )?)__INSTALL__$/m, (_, start: string) => install.map((line) => start + line).join('\n'))
    .replaceAll('__PROTECT__', protect);
}

function withoutCommands(text: string): string {
  return text.replace(/^ *protect-commands:$[\s\S]*$/m, '');
}
