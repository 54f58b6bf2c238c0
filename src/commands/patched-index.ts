import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Repository } from '../git/repository.ts';
import { UsageError } from '../model/index.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';

/**
 * Runs something in an index of its own that holds HEAD with a patch on it; neither the working tree nor the real index is
 * touched.
 * @throws UsageError when the patch does not apply
 */
export async function withPatch<T>(
  file: string,
  io: Io,
  act: (repository: Repository, io: Io) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'git-protect-patch-'));
  const env = { ...io.env, GIT_INDEX_FILE: join(folder, 'index') };
  const repository = new Repository(io.cwd, env, 'index');
  try {
    const { topLevel } = await repository.layout();
    if (topLevel === null) throw new UsageError('a bare repository has no files to change', 'run this in a clone');
    if ((await repository.commit('HEAD')) === null)
      throw new UsageError('there is no commit yet that the patch could change');
    await repository.run(['read-tree', 'HEAD']);
    const applied = await repository.tell([
      '-C',
      topLevel,
      'apply',
      '--cached',
      '--whitespace=nowarn',
      resolve(io.cwd, file),
    ]);
    if (applied.code !== 0)
      throw new UsageError(
        `${visible(file)} does not apply to HEAD: ${visible(applied.stderr.trim().split('\n')[0] ?? '')}`,
        'make it with git diff, or write it in that format',
      );
    return await act(repository, { ...io, env });
  } finally {
    repository.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
