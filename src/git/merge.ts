import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Oid, Undecided } from '../model/index.ts';
import type { Repository } from './repository.ts';

/**
 * The tree that merging `head` into `base` gives, computed with nothing local in play: an empty Git directory of its
 * own that borrows the objects, so neither the repository's configuration (merge drivers, `merge.*`), its
 * `info/attributes`, its index nor its working tree has a say.
 * @throws Undecided on a conflict, for unrelated histories, and where Git is older than 2.38
 * @see https://git-scm.com/docs/git-merge-tree
 */
export async function mergedTree(repository: Repository, base: Oid, head: Oid): Promise<Oid> {
  const version = /(\d+)\.(\d+)/.exec(await repository.text(['--version']));
  if (!version || Number(version[1]) * 1000 + Number(version[2]) < 2038)
    throw new Undecided('Git 2.38 or newer is needed to compute a merge', 'update the branch, or install a newer Git');
  const { commonDir } = await repository.layout();
  const directory = await mkdtemp(join(tmpdir(), 'protect-merge-'));
  try {
    const env = {
      GIT_DIR: directory,
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TEMPLATE_DIR: '',
    };
    const format = base.length === 64 ? 'sha256' : 'sha1';
    await repository.run(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, directory], { env });
    const { code, stdout } = await repository.run(
      ['-c', `core.attributesFile=${devNull}`, 'merge-tree', '--write-tree', '--no-messages', '-z', base, head],
      { env: { ...env, GIT_OBJECT_DIRECTORY: join(commonDir, 'objects') }, codes: [0, 1] },
    );
    const oid = /^([0-9a-f]{40}|[0-9a-f]{64})\0/.exec(stdout.toString('latin1'))?.[1];
    if (code === 1 && oid)
      throw new Undecided('the branch conflicts with its target', 'merge or rebase it, then push again');
    if (code !== 0 || !oid) throw new Undecided('the branch shares no history with its target');
    return oid;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
