import { keepForSetup } from '../git/environment.ts';
import { Repository } from '../git/repository.ts';
import { exitCode, UsageError } from '../model/index.ts';
import { freezesFolder } from '../readers/freeze.ts';
import { visible } from '../words/visible.ts';
import type { Io } from './io.ts';
import { readOptions, type Usage } from './options.ts';

export const usage = { flags: {}, example: 'npx git-protect thaw' } as const satisfies Usage;

/** `protect thaw`: takes every freeze out of the index and the files. An owner approves that as any change of what is protected. */
export async function thaw(args: readonly string[], io: Io): Promise<number> {
  readOptions(args, usage.flags, 0);
  const repository = new Repository(io.cwd, io.env, keepForSetup(io.cwd, io.env));
  try {
    const { topLevel } = await repository.layout();
    if (topLevel === null) throw new UsageError('a bare repository has no files', 'run this in a clone');
    const { stdout } = await repository.run(['ls-files', '-z', '--', freezesFolder], { cwd: topLevel });
    const paths = stdout.toString('utf8').split('\0').filter(Boolean);
    if (paths.length === 0) {
      io.stdout.write('nothing is frozen here\n');
      return exitCode.pass;
    }
    await repository.run(['rm', '--quiet', '--', ...paths], { cwd: topLevel });
    io.stdout.write(
      visible(
        `${paths.map((path) => `removed ${path}\n`).join('')}an owner approves it, then it is committed:\n  npx git-protect approve --staged --reason "…" && git commit -m "chore: thaw deploys" && git push\n`,
      ),
    );
    return exitCode.pass;
  } finally {
    repository.close();
  }
}
