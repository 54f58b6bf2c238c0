import { type SimpleGit, simpleGit } from 'simple-git';
import type { Layout } from './repository.ts';

/**
 * Git's everyday questions, for the commands that set up a clone. Never on the way of a hook. simple-git keeps every
 * `GIT_*` variable from them, so the repository is named.
 */
export class Porcelain {
  readonly #git: SimpleGit;
  readonly #where: readonly string[];

  constructor({ gitDir }: Layout, topLevel: string) {
    this.#git = simpleGit({ baseDir: topLevel, trimmed: true, unsafe: { allowUnsafeConfigPaths: true } });
    this.#where = [`--git-dir=${gitDir}`, `--work-tree=${topLevel}`];
  }

  /** The URLs of the remotes, as configured. */
  async remoteUrls(): Promise<string[]> {
    return (await this.#ask('remote', '-v')).split('\n').flatMap((line) => line.split(/\s+/)[1] ?? []);
  }

  /** Files that are tracked, and new ones that are not ignored, from the top. */
  async files(): Promise<string[]> {
    const listed = await this.#ask('ls-files', '-z', '--cached', '--others', '--exclude-standard', '--full-name');
    return listed.split('\0').filter((path) => path !== '');
  }

  /** A configuration value, from wherever Git finds it; null when it is not set. */
  async config(key: string): Promise<string | null> {
    return (await this.#ask('config', '--default', '', '--get', key)) || null;
  }

  #ask(...args: string[]): Promise<string> {
    return this.#git.raw([...this.#where, ...args]);
  }
}
