import { mkdtemp, rm } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Oid, Undecided } from '../model/index.ts';
import { missing } from './missing.ts';
import type { Repository } from './repository.ts';

/**
 * The tree that merging `head` into `base` gives.
 * @throws Undecided on a conflict, for unrelated histories, and where Git is older than 2.38
 */
export async function mergedTree(repository: Repository, base: Oid, head: Oid): Promise<Oid> {
  return apart(repository, (run) => merge(run, base, head));
}

/**
 * The trees that a host makes which replays commits one after the other on a base. Where a commit is replayed on what it was made
 * on, its tree stays; else the change is merged in, as `git rebase` does.
 * @param commits in the order they are replayed, no merges among them
 * @throws Undecided on a conflict, for a commit without parent, and where Git is older than 2.38
 */
export async function replayedTrees(repository: Repository, base: Oid, commits: readonly Oid[]): Promise<Oid[]> {
  const treeOf = async (commit: Oid) => {
    const found = await repository.objects.info(`${commit}^{tree}`);
    if (!found) throw missing(commit);
    return found.oid;
  };
  const trees: Oid[] = [];
  let tree = await treeOf(base);
  const replay = async (run: Run | null, commit: Oid) => {
    const parent = await repository.commit(`${commit}^`);
    if (parent === null) throw new Undecided(`${commit.slice(0, 12)} has no parent, so it cannot be replayed`);
    const [before, after] = [await treeOf(parent), await treeOf(commit)];
    if (before === tree) return after;
    if (before === after) return tree;
    if (run === null) return null;
    const onto = (await run(['commit-tree', '-p', parent, '-m', 'replayed', tree])).stdout.toString('latin1').trim();
    return merge(run, onto, commit);
  };
  const replayAll = async (run: Run | null) => {
    for (const commit of commits.slice(trees.length)) {
      const next = await replay(run, commit);
      if (next === null) return;
      tree = next;
      trees.push(tree);
    }
  };
  await replayAll(null);
  if (trees.length < commits.length) await apart(repository, replayAll);
  return trees;
}

type Run = (args: readonly string[], codes?: readonly number[]) => Promise<{ code: number; stdout: Buffer }>;

async function merge(run: Run, base: Oid, head: Oid): Promise<Oid> {
  const args = ['merge-tree', '--write-tree', '--no-messages', '-z', base, head];
  const { code, stdout } = await run(['-c', `core.attributesFile=${devNull}`, ...args], [0, 1]);
  const oid = /^([0-9a-f]{40}|[0-9a-f]{64})\0/.exec(stdout.toString('latin1'))?.[1];
  if (code === 1 && oid)
    throw new Undecided('the branch conflicts with its target', 'merge or rebase it, then push again');
  if (code !== 0 || !oid) throw new Undecided('the branch shares no history with its target');
  return oid;
}

/**
 * Runs Git with nothing local in play: in an empty Git directory of its own that borrows the objects, so neither the
 * repository's configuration (merge drivers, `merge.*`), its `info/attributes`, its index nor its working tree has a say.
 * @see https://git-scm.com/docs/git-merge-tree
 */
async function apart<T>(repository: Repository, use: (run: Run) => Promise<T>): Promise<T> {
  const version = /(\d+)\.(\d+)/.exec(await repository.text(['--version']));
  if (!version || Number(version[1]) * 1000 + Number(version[2]) < 2038)
    throw new Undecided('Git 2.38 or newer is needed to compute a merge', 'update the branch, or install a newer Git');
  const { commonDir } = await repository.layout();
  const format = (await repository.text(['rev-parse', '--show-object-format'])) === 'sha256' ? 'sha256' : 'sha1';
  const directory = await mkdtemp(join(tmpdir(), 'protect-merge-'));
  try {
    const env = {
      GIT_DIR: directory,
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TEMPLATE_DIR: '',
      ...nobody,
    };
    await repository.run(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, directory], { env });
    const inside = { ...env, GIT_OBJECT_DIRECTORY: join(commonDir, 'objects') };
    return await use((args, codes = [0]) => repository.run(args, { env: inside, codes }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Who makes the commits that only carry a tree. */
const nobody = {
  GIT_AUTHOR_NAME: 'git-protect',
  GIT_AUTHOR_EMAIL: 'git-protect',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'git-protect',
  GIT_COMMITTER_EMAIL: 'git-protect',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
};
