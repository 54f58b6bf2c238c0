import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Approval, approvalsFolder, limits, parseApproval, sameState } from '../approvals/statement.ts';
import { verifyStatement } from '../approvals/verify.ts';
import type { Repository } from '../git/repository.ts';
import type { Policy, Step } from '../model/index.ts';
import { addToTree } from './approval-file.ts';
import type { Io } from './io.ts';
import { findWanted } from './wanted.ts';

/**
 * In pre-commit, where approvals are missing that stand signed in the working tree: puts them into the commit in the making.
 * `commit -a` and `commit PATH` leave one there that was signed for a commit which commit-msg then refused.
 * @returns whether there was one, so that the commit has to be judged again
 */
export async function useSignedBefore(repository: Repository, io: Io, policy: Policy): Promise<boolean> {
  const { topLevel } = await repository.layout();
  if (topLevel === null) return false;
  const steps = await repository.diffIndex('HEAD');
  const files = await notInThisCommit(repository, topLevel, steps);
  if (files.length === 0) return false;
  const { request } = await findWanted(repository, io, { staged: true }, []);
  const found = new Map<string, { name: string; content: Buffer }>();
  for (const name of files.slice(0, limits.perChange)) {
    const content = await readSmall(join(topLevel, approvalsFolder, name));
    const approval = content === null ? null : parsed(content, name);
    if (content === null || approval === null || verifyStatement(approval, policy, io.now()) !== null) continue;
    // One of each owner is enough, however often that one was asked.
    if (isFor(approval, steps, request.changes)) found.set(approval.statement.approver, { name, content });
  }
  for (const { name, content } of found.values())
    await addToTree(repository, io, name, content, 'it was signed before, and goes into this commit');
  return found.size > 0;
}

/** Names of files among the approvals that this commit would not hold. */
async function notInThisCommit(repository: Repository, topLevel: string, steps: readonly Step[]): Promise<string[]> {
  const names = await readdir(join(topLevel, approvalsFolder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  if (names.length === 0) return [];
  const { commit } = await repository.head();
  const folder = commit === null ? null : await repository.tree(`${commit}:${approvalsFolder.slice(0, -1)}`);
  const held = new Set(folder?.entries.map(({ name }) => name));
  for (const { path, to } of steps)
    if (path.startsWith(approvalsFolder)) held[to === null ? 'delete' : 'add'](path.slice(approvalsFolder.length));
  return names.filter((name) => !held.has(name));
}

async function readSmall(file: string): Promise<Buffer | null> {
  const there = await lstat(file);
  return there.isFile() && there.size <= limits.file ? readFile(file) : null;
}

function parsed(content: Buffer, name: string): Approval | null {
  try {
    const approval = parseApproval(content);
    return approval.name === name ? approval : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Does it list what this commit does, and of that something that nobody has approved? */
function isFor({ statement: { changes } }: Approval, steps: readonly Step[], wanted: readonly Step[]): boolean {
  const among = (all: readonly Step[]) => (change: Step) =>
    all.some((step) => step.path === change.path && sameState(step.from, change.from) && sameState(step.to, change.to));
  return changes.every(among(steps)) && changes.some(among(wanted));
}
