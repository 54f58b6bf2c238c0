import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Repository } from '../git/repository.ts';
import type { GitAnswers, Status } from './world.ts';

/** Asks Git, each thing at most once, and only where something is about to be refused. */
export function askGit(
  top: string,
  env: NodeJS.ProcessEnv,
  isApproved: GitAnswers['isApproved'],
): GitAnswers & { close(): void } {
  let opened: Repository | undefined;
  const repository = () => (opened ??= new Repository(top, env, 'location'));
  let status: Promise<Status> | undefined;
  return {
    status: () => (status ??= readStatus(repository())),
    async unpushed(keeping) {
      const { code, stdout } = await repository().run(
        ['rev-list', '--count', 'HEAD', `^${keeping}`, '--not', '--remotes'],
        { codes: [0, 128] },
      );
      return code === 0 ? Number(stdout.toString()) : 0;
    },
    async hasStash() {
      const { code } = await repository().run(['rev-parse', '--verify', '--quiet', 'refs/stash'], { codes: [0, 1] });
      return code === 0;
    },
    isApproved,
    patch: (text, args) => patched(repository(), top, text, args),
    close: () => opened?.close(),
  };
}

/** @see https://git-scm.com/docs/git-status#_porcelain_format_version_1 */
async function readStatus(repository: Repository): Promise<Status> {
  const { stdout } = await repository.run([
    'status',
    '--porcelain',
    '-z',
    '--untracked-files=normal',
    '--ignore-submodules=dirty',
    '--no-renames',
  ]);
  const [changed, untracked]: [string[], string[]] = [[], []];
  for (const entry of stdout.toString('latin1').split('\0')) {
    if (entry === '') continue;
    if (entry.startsWith('??')) untracked.push(entry.slice(3));
    // What is only deleted is lost already.
    else if (!/^(?: D|D )/.test(entry)) changed.push(entry.slice(3));
  }
  return { changed, untracked };
}

/** What a patch makes of each file, tried in an index of its own. */
async function patched(repository: Repository, top: string, text: Buffer, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'git-protect-patch-'));
  try {
    const [file, env] = [join(folder, 'patch'), { GIT_INDEX_FILE: join(folder, 'index') }];
    writeFileSync(file, text);
    const { code, stdout } = await repository.run(['apply', '--numstat', '-z', ...args, file], {
      cwd: top,
      codes: [0, 1, 128],
    });
    if (code !== 0) return null;
    const paths = stdout
      .toString('latin1')
      .split('\0')
      .flatMap((line) => /^(?:\d+|-)\t(?:\d+|-)\t(.*)$/s.exec(line)?.[1] ?? (line === '' ? [] : [line]))
      .filter((path) => path !== '');
    const read = await repository.run(['read-tree', 'HEAD'], { env, codes: [0, 128] });
    const applied =
      read.code === 0 &&
      (await repository.run(['apply', '--cached', ...args, file], { cwd: top, env, codes: [0, 1, 128] })).code === 0;
    const contents: { path: string; content: Buffer | null }[] = [];
    for (const path of new Set(paths))
      contents.push({ path, content: applied ? await contentAt(repository, path, env) : null });
    return contents;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function contentAt(repository: Repository, path: string, env: NodeJS.ProcessEnv): Promise<Buffer | null> {
  const { code, stdout } = await repository.run(['show', `:${Buffer.from(path, 'latin1').toString('utf8')}`], {
    env,
    codes: [0, 128],
  });
  return code === 0 ? stdout : null;
}
