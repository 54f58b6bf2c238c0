import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { copyFile, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { delimiter, dirname, join, sep } from 'node:path';
import type { Repository } from '../git/repository.ts';
import { UsageError } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { hooksPath } from './folder.ts';
import { packageRoot, replaceFile } from './plan.ts';

/** How a host keeps the hooks of a repository. */
export type HostLayout = 'plain' | 'GitLab' | 'Gitea or Forgejo';

/** Where the hook of a bare repository goes. */
export interface ServerHook {
  readonly gitDir: string;
  readonly layout: HostLayout;
  /** The hook file. */
  readonly path: string;
  /** What the hook of before is kept as, beside it. */
  readonly chained: string;
  readonly state: 'none' | 'ours' | 'foreign';
}

/** What the hook is told each time. */
export interface ServerSettings {
  readonly project: string | null;
  readonly defaultBranch: string | null;
  /** As the policy writes it: `60s`, `10m`. */
  readonly timeout: string | null;
}

const own = /^# Judges every push before it lands.*git-protect/m;

/**
 * Finds the place of the hook in a bare repository.
 * @throws UsageError where Git would not run it there, or what is there cannot be kept running
 */
export async function serverHook(repository: Repository): Promise<ServerHook> {
  const bare = await repository.tell(['rev-parse', '--is-bare-repository', '--absolute-git-dir']);
  const [isBare, gitDir = ''] = bare.stdout.toString('utf8').split('\n');
  if (bare.code !== 0) throw new UsageError(`${repository.cwd} cannot be opened: ${bare.stderr.trim().split('\n')[0]}`);
  if (isBare !== 'true')
    throw new UsageError(`${repository.cwd} is not a bare repository`, 'in a clone it is: npx git-protect init');
  const elsewhere = await hooksPath(repository);
  if (elsewhere !== null)
    throw new UsageError(
      `Git takes the hooks of this repository from ${elsewhere.value} (core.hooksPath, ${elsewhere.scope} configuration), so one in it would not run`,
      elsewhere.scope === 'local'
        ? `git -C ${shellWord(gitDir)} config --unset core.hooksPath`
        : `run ${shellWord(join(gitDir, 'hooks/pre-receive'))} from the pre-receive there, or unset it for this server`,
    );
  const layout = await layoutOf(repository, gitDir);
  const folder = { plain: 'hooks', GitLab: 'custom_hooks/pre-receive.d', 'Gitea or Forgejo': 'hooks/pre-receive.d' }[
    layout
  ];
  const name = layout === 'plain' ? 'pre-receive' : 'git-protect';
  refuseShared(gitDir, folder);
  const path = join(gitDir, folder, name);
  return { gitDir, layout, path, chained: `${path}.before`, state: stateOf(path) };
}

async function layoutOf(repository: Repository, gitDir: string): Promise<HostLayout> {
  if (existsSync(join(gitDir, 'hooks/pre-receive.d'))) return 'Gitea or Forgejo';
  const isGitLab =
    existsSync(join(gitDir, 'custom_hooks')) ||
    gitDir.split(sep).includes('@hashed') ||
    (await repository.configured('gitlab.fullpath')) !== null;
  return isGitLab ? 'GitLab' : 'plain';
}

/** Through a link the hook would be that of every repository which shares the folder. */
function refuseShared(gitDir: string, folder: string): void {
  let path = gitDir;
  for (const part of folder.split('/')) {
    path = join(path, part);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new UsageError(
        `${path} leads to ${readlinkSync(path)}, which other repositories may share`,
        'make it a folder of this repository',
      );
  }
}

function stateOf(path: string): ServerHook['state'] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return 'none';
  if (!found.isFile() && !found.isSymbolicLink())
    throw new UsageError(`${path} is not a file, so it cannot be kept running`);
  return found.isFile() && own.test(readFileSync(path, 'latin1').slice(0, 300)) ? 'ours' : 'foreign';
}

/**
 * The text of the hook.
 * @param node absolute path of the node that is to run it
 * @param git absolute path of Git, whose folder is the first that is looked in
 */
export function hookText(
  { chained }: ServerHook,
  settings: ServerSettings,
  { node, git }: { node: string; git: string },
): string {
  const flags = [
    ...(settings.project === null ? [] : ['--project', settings.project]),
    ...(settings.defaultBranch === null ? [] : ['--default-branch', settings.defaultBranch]),
    ...(settings.timeout === null ? [] : ['--timeout', settings.timeout]),
  ];
  const path = [...new Set([dirname(git), '/usr/local/bin', '/usr/bin', '/bin'])].join(':');
  const values: Record<string, string> = {
    node: shellWord(node),
    entry: shellWord(join(packageRoot, 'dist/hook.cjs')),
    chained: shellWord(chained.slice(dirname(chained).length + 1)),
    path: shellWord(path),
    flags: flags.map(shellWord).join(' '),
  };
  const text = readFileSync(join(packageRoot, 'hooks', 'server'), 'utf8');
  return text.replace(/@(\w+)@/g, (_, name: string) => values[name]!).replace(/ $/gm, '');
}

/**
 * What stands against writing the hook, before anything is written.
 * @throws UsageError naming it
 */
export function refuseUnwritable({ gitDir, path, chained, state }: ServerHook): void {
  if (packageRoot.split(sep).includes('_npx'))
    throw new UsageError(
      'git-protect runs from the cache of npx, which npm clears, and a server needs one that stays',
      'npm install --global git-protect, then protect init --server again',
    );
  if (state === 'foreign' && existsSync(chained))
    throw new UsageError(
      `both ${path} and ${chained} are there, and neither is ours`,
      `look at both, and remove the one that is not to run`,
    );
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  for (const place of [folder, gitDir])
    try {
      accessSync(place, constants.W_OK | constants.X_OK);
    } catch {
      throw new UsageError(`${place} cannot be written by you`, `run it as the user whom ${gitDir} belongs to`);
    }
  refuseUnreadable(gitDir);
}

/** Where root installs for the user who runs the server: what only root can read would refuse every push. */
function refuseUnreadable(gitDir: string): void {
  const { uid } = statSync(gitDir);
  if (uid === (process.geteuid?.() ?? uid)) return;
  for (const file of [process.execPath, join(packageRoot, 'dist/hook.cjs')])
    for (let place = file; place !== dirname(place); place = dirname(place)) {
      const { mode, uid: owner } = statSync(place);
      const needed = place === file ? 0o004 : 0o001;
      if (owner !== uid && (mode & needed) === 0)
        throw new UsageError(
          `${place} cannot be read by the user whom ${gitDir} belongs to, who runs the hook`,
          'install node and git-protect where all can read them, such as /usr/local',
        );
    }
}

/** Writes the hook; one that was there is kept beside it first, so that at no moment none of the two runs. */
export async function writeServerHook({ path, chained, state }: ServerHook, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (state === 'foreign') {
    if (lstatSync(path).isSymbolicLink()) await symlink(readlinkSync(path), chained);
    else await copyFile(path, chained, constants.COPYFILE_EXCL);
  }
  await replaceFile(path, text, 0o755);
}

/** Takes the hook out: what ran before it is back in its place. What was received stays: it is a record. */
export async function removeServerHook({ gitDir, path, chained }: ServerHook): Promise<void> {
  if (lstatSync(chained, { throwIfNoEntry: false })) await rename(chained, path);
  else await rm(path);
  const folder = dirname(path);
  if (!folder.endsWith(`${sep}hooks`) && readdirSync(folder).length === 0) await rm(folder, { recursive: true });
  await rm(join(gitDir, 'protect', 'cache'), { recursive: true, force: true });
}

/** Where a program is, on the PATH of the caller. @throws UsageError where it is on none */
export function programPath(name: string, env: NodeJS.ProcessEnv): string {
  const found = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (found === undefined) throw new UsageError(`${name} was not found on PATH`);
  return found;
}
