import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { Repository } from '../git/repository.ts';
import { Undecided, UsageError } from '../model/index.ts';
import type { Io } from './io.ts';

/** What every text of ours calls the command; `npx protect` would fetch a stranger's package. */
const usual = 'npx git-protect';

/**
 * Puts the words that start git-protect from here into a text that is to be pasted: in a linked worktree without
 * packages, a repository whose package lies below the top, or with a global install, `npx git-protect` finds nothing.
 */
export async function pasteable(text: string, io: Pick<Io, 'cwd' | 'env'>): Promise<string> {
  // What a server says is pasted elsewhere.
  if (!text.includes(usual) || io.env['GIT_QUARANTINE_PATH'] !== undefined) return text;
  // Git starts hooks at the top level, and names the folder that the person is in.
  const prefix = io.env['GIT_PREFIX'] ?? '';
  const said = prefix === '' ? text : fromTop(text);
  return replaced(said, await invocation({ cwd: join(io.cwd, prefix), env: io.env }));
}

const fromTop = (text: string) =>
  text.replace(/(?<= )git add (?=[^\n]* && npx git-protect)/g, () => 'git -C "$(git rev-parse --show-toplevel)" add ');

// Behind a `cd` it is said for that other folder.
const replaced = (text: string, words: string) => text.replace(/(?<!\bcd [^&\n]+ && )npx git-protect/g, () => words);

async function invocation({ cwd, env }: Pick<Io, 'cwd' | 'env'>): Promise<string> {
  const repository = new Repository(cwd, env, 'location');
  try {
    const { topLevel, commonDir } = await repository.layout();
    const top = topLevel ?? cwd;
    if (isInstalled(top) || isInstalled(cwd)) return usual;
    const folder = await repository.configured('protect.folder');
    const main = basename(commonDir) === '.git' ? dirname(commonDir) : top;
    for (const place of [folder === null ? top : join(top, folder), main, join(main, folder ?? '.')])
      if (isInstalled(place)) return `npx --prefix ${quoted(relative(cwd, place) || '.')} git-protect`;
    if (existsSync(join(top, '.pnp.cjs'))) return 'yarn git-protect';
    const onPath = (env['PATH'] ?? '').split(delimiter).some((bin) => existsSync(join(bin, 'git-protect')));
    return onPath ? 'git-protect' : usual;
  } catch (error) {
    // Where there is no repository, or Git itself is what is missing, nothing better is known.
    if (error instanceof UsageError || error instanceof Undecided) return usual;
    throw error;
  } finally {
    repository.close();
  }
}

const isInstalled = (folder: string) => existsSync(join(folder, 'node_modules/git-protect'));

function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
