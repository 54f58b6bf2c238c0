import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keepForSetup } from '../git/environment.ts';
import { Porcelain } from '../git/porcelain.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { type FreezeFile, freezesFolder, longestReason } from '../readers/freeze.ts';
import { slug } from '../words/slug.ts';
import { stampOf } from '../words/stamp.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = {
  words: 'REASON',
  flags: {},
  example: 'npx git-protect freeze "orders are charged twice since 14:10"',
} as const satisfies Usage;

/** `protect freeze REASON`: a file that stops every deploy of a branch that holds it. It stages the file, and commits nothing. */
export async function freeze(args: readonly string[], io: Io): Promise<number> {
  const [reason] = readOptions(args, usage.flags, 1).positionals;
  if (reason === undefined || reason.trim() === '')
    throw new UsageError('why? Who reads it wants to know', usage.example);
  if (reason.length > longestReason) throw new UsageError(`the reason has more than ${longestReason} characters`);
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const path = await putUpFreeze(repository, io, reason);
    io.stdout.write(
      visible(
        `wrote and staged ${path}; it stops deploys once it is on their branch:\n  git commit -m "chore: freeze deploys" && git push\n`,
      ),
    );
    return exitCode.pass;
  } finally {
    repository.close();
  }
}

/** Writes and stages a freeze. Returns its path. */
export async function putUpFreeze(repository: Repository, io: Io, reason: string): Promise<string> {
  const layout = await repository.layout();
  if (layout.topLevel === null) throw new UsageError('a bare repository has no files', 'run this in a clone');
  const now = io.now();
  const at = now.toISOString();
  const by = (await new Porcelain(layout, layout.topLevel).config('user.name')) ?? 'somebody';
  const content: FreezeFile = { version: 1, reason, by, at };
  const path = `${freezesFolder}${stampOf(now)}-${slug(reason, 'frozen')}.freeze`;
  await mkdir(dirname(join(layout.topLevel, path)), { recursive: true });
  await writeFile(join(layout.topLevel, path), `${JSON.stringify(content, null, 1)}\n`, { flag: 'wx' });
  await repository.run(['add', '--', path], { cwd: layout.topLevel });
  return path;
}
