import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout, Repository } from '../git/repository.ts';
import { ownFolder, policyNames } from '../model/index.ts';
import { type PlannedFile, readOptional, replaceFile } from './plan.ts';

/** The CI files that `init` writes. */
export const ciFiles = [
  '.github/workflows/protect.yml',
  '.github/workflows/protect-commands.yml',
  '.gitlab/protect.yml',
] as const;

const ownPlaces: readonly string[] = [...policyNames, ...ciFiles, ownFolder];

/** What is taken out with the hooks, and what is not because nothing else holds it. */
export interface OwnFiles {
  readonly removable: readonly string[];
  readonly kept: readonly string[];
}

/** Remembers what `init` wrote, in the Git common directory, so that `uninstall` may remove what nobody has edited since. */
export async function rememberWritten(layout: Layout, files: readonly PlannedFile[]): Promise<void> {
  const written = { ...(await recall(layout)) };
  for (const { path, content, state } of files) if (state === 'new') written[path] = digest(content);
  await mkdir(join(layout.commonDir, 'protect'), { recursive: true });
  await replaceFile(join(layout.commonDir, 'protect', 'written.json'), `${JSON.stringify(written)}\n`, 0o644);
}

/** The policy, the approvals and the CI file. One can go when a commit holds it, or it is as `init` wrote it. */
export async function ownFiles(repository: Repository, layout: Layout & { topLevel: string }): Promise<OwnFiles> {
  const { topLevel } = layout;
  const list = async (...args: string[]) => {
    const { stdout } = await repository.run(['ls-files', '-z', ...args, '--', ...ownPlaces], { cwd: topLevel });
    return stdout.toString('utf8').split('\0').filter(Boolean);
  };
  const changed = new Set([...(await list('--modified')), ...(await list('--others'))]);
  // Git was told not to look at these (assume-unchanged, skip-worktree), so nobody knows.
  for (const line of await list('-v')) if (/^[a-zS] /.test(line)) changed.add(line.slice(2));
  const staged = await repository.diffIndex('HEAD');
  for (const { path } of staged) changed.add(Buffer.from(path, 'latin1').toString('utf8'));
  const all = new Set([...(await list('--cached', '--others'))]);
  const written = await recall(layout);
  const removable: string[] = [];
  const kept: string[] = [];
  for (const path of all) {
    const content = await readBytes(join(topLevel, path));
    if (content === null) continue;
    if (!changed.has(path) || written[path] === digest(content)) removable.push(path);
    else kept.push(path);
  }
  return { removable, kept };
}

async function recall({ commonDir }: Layout): Promise<Record<string, string>> {
  const text = await readOptional(join(commonDir, 'protect', 'written.json'));
  return text === null ? {} : (JSON.parse(text) as Record<string, string>);
}

async function readBytes(path: string): Promise<Buffer | null> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
