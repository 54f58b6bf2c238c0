import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ownSide } from '../git/refs.ts';
import { Repository } from '../git/repository.ts';
import {
  hookText,
  programPath,
  refuseUnwritable,
  removeServerHook,
  type ServerHook,
  type ServerSettings,
  serverHook,
  writeServerHook,
} from '../install/server.ts';
import { receivedLog } from '../machine/received-log.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { loadStandingPolicy } from '../policy/load.ts';
import { parseDuration } from '../words/duration.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';

interface ServerFlags {
  readonly server: string;
  readonly project: string | undefined;
  readonly defaultBranch: string | undefined;
  readonly timeout: string | undefined;
  readonly dryRun: boolean;
}

/** `protect init --server REPOSITORY`: lets a bare repository judge what is pushed to it. */
export async function initServer(flags: ServerFlags, io: Io): Promise<number> {
  const { project, timeout } = flags;
  if (project !== undefined && !/^[0-9a-f]{32}$/.test(project))
    throw new UsageError(`--project is '${project}', expected the 32 digits of project: in the policy`);
  if (timeout !== undefined && parseDuration(timeout) === null)
    throw new UsageError(`--timeout is '${timeout}', expected a time such as 60s or 10m`);
  const repository = new Repository(resolve(io.cwd, flags.server), io.env, 'nothing');
  try {
    const hook = await serverHook(repository);
    refuseUnwritable(hook);
    const { branch, found } = await standing(repository, flags.defaultBranch);
    if (project !== undefined && found !== null && found !== project)
      throw new UsageError(`${branch} has the policy of project ${found}, not ${project}`);
    // A pinned policy is that of one branch, wherever HEAD is moved to.
    const defaultBranch = flags.defaultBranch ?? (project === undefined ? null : branch);
    const settings = { project: project ?? null, defaultBranch, timeout: timeout ?? null };
    const text = hookText(hook, settings, { node: process.execPath, git: programPath('git', io.env) });
    const isDone = hook.state === 'ours' && readFileSync(hook.path, 'latin1') === Buffer.from(text).toString('latin1');
    io.stdout.write(visible(plan(hook, isDone)));
    if (flags.dryRun) io.stdout.write('dry run: nothing is written\n');
    else if (!isDone) await writeServerHook(hook, text);
    if (!flags.dryRun) io.stdout.write(visible(next(flags.server, settings, branch, found)));
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** `protect uninstall --server REPOSITORY`. */
export async function uninstallServer(server: string, dryRun: boolean, io: Io): Promise<number> {
  const repository = new Repository(resolve(io.cwd, server), io.env, 'nothing');
  try {
    const hook = await serverHook(repository);
    if (hook.state !== 'ours') throw new UsageError(`${hook.path} is not ours, so there is nothing to take out`);
    const restored = existsSync(hook.chained);
    io.stdout.write(`  ${restored ? 'restore' : 'remove '} ${visible(hook.path)}\n`);
    const log = receivedLog(hook.gitDir);
    if (existsSync(log)) io.stdout.write(`  keep    ${visible(log)}  (the record of what was received)\n`);
    if (dryRun) io.stdout.write('dry run: nothing is changed\n');
    else await removeServerHook(hook);
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** The default branch and the project of the policy that it has. */
async function standing(repository: Repository, named: string | undefined) {
  const { head, branches } = await ownSide(repository);
  const branch = named ?? head;
  const tip = branch === null ? undefined : branches.get(branch);
  const loaded = tip === undefined ? null : await loadStandingPolicy(repository, tip, tip);
  return { branch, found: loaded?.policy.project ?? null };
}

function plan({ path, chained, layout, state }: ServerHook, isDone: boolean): string {
  if (isDone) return 'everything is in place\n';
  const lines = [
    `  write   ${path}  (${layout === 'plain' ? 'the pre-receive hook of this repository' : `a hook of ${layout}`})`,
  ];
  if (state === 'foreign') lines.push(`  keep    the hook that is there as ${chained}; it runs after ours`);
  return `${lines.join('\n')}\n`;
}

function next(server: string, settings: ServerSettings, branch: string | null, found: string | null): string {
  const lines: string[] = [];
  if (found === null)
    lines.push(
      `${branch ?? 'the default branch'} has no policy yet: the first push that brings one is taken, and from then on it judges`,
    );
  else lines.push(`every push is judged by the policy on ${branch ?? 'the default branch'} before it lands`);
  if (settings.project === null && found !== null)
    lines.push(
      `note: whoever may move HEAD of this repository chooses the policy; to pin it: protect init --server ${server} --project ${found}`,
    );
  return `${lines.join('\n')}\n`;
}
