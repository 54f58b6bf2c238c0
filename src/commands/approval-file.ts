import { existsSync } from 'node:fs';
import { lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { approvalsFolder, parseApproval } from '../approvals/statement.ts';
import { verifyStatement } from '../approvals/verify.ts';
import type { Repository } from '../git/repository.ts';
import { type Policy, UsageError } from '../model/index.ts';
import type { Io } from './io.ts';

/** What to do with a new approval where the change is not committed yet. */
export const together = 'commit it with the change it approves';

/** The same where the change is committed already. */
export const alone = 'now: git commit -m "chore: approve what is committed"';

/** @throws UsageError where what was signed would not count */
export function refuseUncounted(content: Buffer, policy: Policy, now: Date): void {
  const fault = verifyStatement(parseApproval(content), policy, now);
  if (fault) throw new UsageError(`the approval would not count: ${fault.text}`);
}

/** A link in place of the folder would have the file written wherever it leads. @throws UsageError */
async function refuseLinks(topLevel: string): Promise<void> {
  let path = topLevel;
  for (const name of approvalsFolder.split('/').filter((part) => part !== '')) {
    path = join(path, name);
    const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (there !== null && !there.isDirectory())
      throw new UsageError(
        `${relative(topLevel, path)} is ${there.isSymbolicLink() ? 'a symlink' : 'not a folder'}, and approvals are not written through it`,
        `look where it leads (ls -l ${relative(topLevel, path)}), then remove it`,
      );
  }
}

/** Writes an approval beside its final name, renames it, and stages it. */
export async function addToTree(
  repository: Repository,
  io: Io,
  name: string,
  content: Buffer,
  advice: string,
): Promise<void> {
  const { topLevel } = await repository.layout();
  if (topLevel === null)
    throw new UsageError('a bare repository has no working tree', 'add --print and use the token in a clone');
  const folder = join(topLevel, approvalsFolder);
  await refuseLinks(topLevel);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.new`), content);
  await rename(join(folder, `${name}.new`), join(folder, name));
  // Exactly the signed bytes, whatever attributes, ignore rules and a sparse checkout say.
  const oid = await repository.text(['hash-object', '-w', '--stdin'], { input: content });
  const add = ['update-index', '--add', '--cacheinfo', `100644,${oid},${approvalsFolder}${name}`];
  await repository.run(add);
  // `commit PATH` makes the commit from an index of its own, and the next index of the clone beside it.
  const { gitDir } = await repository.layout();
  const next = join(gitDir, 'index.lock');
  if (/(?:^|\/)next-index-\d+\.lock$/.test(io.env['GIT_INDEX_FILE'] ?? '') && existsSync(next))
    await repository.run(add, { env: { GIT_INDEX_FILE: next } });
  io.stderr.write(`wrote and staged ${approvalsFolder}${name}; ${advice}\n`);
}
