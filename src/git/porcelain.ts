import { type SimpleGit, simpleGit } from 'simple-git';

/**
 * Git's everyday questions, for the commands that set up a clone. Never on the way of a hook. simple-git keeps every
 * `GIT_*` variable from them.
 */
export class Porcelain {
  readonly #git: SimpleGit;

  constructor(topLevel: string) {
    this.#git = simpleGit({ baseDir: topLevel, trimmed: true });
  }

  /** The URLs of the remotes. */
  async remoteUrls(): Promise<string[]> {
    return (await this.#git.getRemotes(true)).flatMap(({ refs }) => [refs.fetch, refs.push]).filter(Boolean);
  }

  /** Files that are tracked, and new ones that are not ignored, from the top. */
  async files(): Promise<string[]> {
    const listed = await this.#git.raw(['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--full-name']);
    return listed.split('\0').filter((path) => path !== '');
  }

  /** A configuration value, from wherever Git finds it; null when it is not set. */
  async config(key: string): Promise<string | null> {
    return (await this.#git.getConfig(key)).value;
  }
}
