import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isAlive } from '../git/alive.ts';
import type { Repository } from '../git/repository.ts';
import { Undecided } from '../model/index.ts';
import { shellWord } from '../words/shell-word.ts';
import { areSame, copyExactly, flush, look, removeEmpty } from './exact-copy.ts';
import { partlyStaged } from './partly-staged.ts';

/**
 * What the working tree held of staged files before tasks were let loose on them: exact copies in the Git directory of
 * this worktree. They are complete before the first file is touched and stay until the last one is back, so whatever is
 * killed in between, one `cp` makes it good. No stash and no patch: a stash is shared by all worktrees, and a patch
 * without context puts a line where it does not belong when a formatter moved the lines around it.
 */
export class SetAside {
  /** A copy of the index that Git named; commands may write to it. */
  readonly index: string;
  readonly #repository: Repository;
  readonly #place: Place;
  readonly #paths: readonly string[];
  readonly #partial: ReadonlySet<string>;

  private constructor(repository: Repository, place: Place, paths: readonly string[], partial: ReadonlySet<string>) {
    this.#repository = repository;
    this.#place = place;
    this.#paths = paths;
    this.#partial = partial;
    this.index = join(place.home, 'index');
  }

  /**
   * Copies the staged files, then lets the working tree hold exactly what is staged of them.
   * @param paths staged regular files, from the top of the repository
   * @throws Undecided when a run that was killed left its copies, another run is at work, or the working tree holds
   * something else at a path
   */
  static async take(repository: Repository, paths: readonly string[]): Promise<SetAside> {
    const { gitDir, topLevel } = await repository.layout();
    if (topLevel === null) throw new Undecided('a bare repository has no working tree');
    const place = { home: join(gitDir, 'protect', 'set-aside'), topLevel };
    await occupy(place);
    try {
      const partial = await partlyStaged(repository, topLevel, paths);
      const aside = new SetAside(repository, place, paths, partial);
      await aside.#copy();
      await aside.#hide();
      return aside;
    } catch (error) {
      await new SetAside(repository, place, paths, new Set()).putBack();
      throw error;
    }
  }

  /** Puts every staged file back as it was, byte for byte. @throws Undecided with the command that does it by hand */
  async putBack(): Promise<void> {
    await this.#orByHand(async () => {
      if (await look(join(this.#place.home, 'files'))) for (const path of this.#paths) await this.#restore(path);
      await discard(this.#place.home);
    });
  }

  /**
   * Brings the unstaged changes back on top of what the tasks made of the staged content.
   * @returns the paths where they do not fit together: there the working tree is as it was before
   * @throws Undecided with the command that puts everything back by hand
   */
  async bringBack(): Promise<string[]> {
    const apart: string[] = [];
    await this.#orByHand(async () => {
      for (const path of this.#partial) if (!(await this.#merge(path))) apart.push(path);
      await discard(this.#place.home);
    });
    return apart;
  }

  async #copy(): Promise<void> {
    const { home, topLevel } = this.#place;
    const copying = join(home, 'copying');
    const absent: string[] = [];
    await mkdir(copying);
    await Promise.all(
      this.#paths.map(async (path) => {
        const found = await look(join(topLevel, path));
        if (found === null) absent.push(path);
        else await copyExactly(join(topLevel, path), join(copying, path));
        // Git has what is staged; this is nowhere else.
        if (found?.isFile() && this.#partial.has(path)) await flush(join(copying, path));
      }),
    );
    await writeFile(join(home, 'absent'), JSON.stringify(absent));
    const index = await this.#repository.text(['rev-parse', '--git-path', 'index'], { cwd: topLevel });
    await copyExactly(resolve(topLevel, index), this.index);
    await rename(copying, join(home, 'files'));
    if (this.#partial.size > 0) await flush(home);
  }

  async #hide(): Promise<void> {
    if (this.#partial.size === 0) return;
    const { home, topLevel } = this.#place;
    const input = [...this.#partial].map((path) => `${path}\0`).join('');
    await this.#repository.run(['checkout-index', '--force', '-z', '--stdin'], { cwd: topLevel, input });
    for (const path of this.#partial) await copyExactly(join(topLevel, path), join(home, 'staged', path));
  }

  async #restore(path: string): Promise<void> {
    const [copy, work] = [join(this.#place.home, 'files', path), join(this.#place.topLevel, path)];
    if (await areSame(copy, work)) return;
    if (await look(copy)) return copyExactly(copy, work);
    await rm(work);
    await removeEmpty(dirname(work));
  }

  /** A three-way merge of whole files. Where that has a conflict, or one is no text, the user's version stays. */
  async #merge(path: string): Promise<boolean> {
    const { home, topLevel } = this.#place;
    const [mine, base, theirs] = [join(home, 'files', path), join(home, 'staged', path), join(topLevel, path)];
    const untouched = await areSame(base, theirs);
    const [file, changed] = [await look(mine), await look(theirs)];
    if (!untouched && file?.isFile() && changed?.isFile()) {
      const merged = await this.#repository.run(['merge-file', '-p', '-q', mine, base, theirs], { codes: anyCode });
      if (merged.code === 0) {
        await rm(theirs);
        await writeFile(theirs, merged.stdout);
        await chmod(theirs, file.mode);
        return true;
      }
    }
    await this.#restore(path);
    return untouched;
  }

  async #orByHand(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const reason = `the files could not be put back as they were: ${(error as Error).message}`;
      throw new Undecided(reason, await byHand(this.#place));
    }
  }
}

/** Where the copies lie, and where they belong. */
interface Place {
  readonly home: string;
  readonly topLevel: string;
}

/** `git merge-file` ends with the number of conflicts, or 255; its result is used only at 0. */
const anyCode: readonly number[] = Array.from({ length: 256 }, (_, code) => code);

/** Takes the place for the copies; only one run can have it. @throws Undecided when it is taken */
async function occupy(place: Place): Promise<void> {
  const { home } = place;
  await mkdir(dirname(home), { recursive: true });
  const made = await mkdtemp(`${home}-`);
  await writeFile(join(made, 'pid'), `${process.pid}`);
  try {
    if (await isUntouched(home)) await rm(home, { recursive: true, force: true });
    await rename(made, home);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    // A folder that is not empty is never renamed over.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw await taken(place);
  }
}

/** In one step, so that a kill leaves no half of the copies that would be taken for the whole. */
async function discard(home: string): Promise<void> {
  const done = `${home}-${process.pid}-done`;
  await rm(done, { recursive: true, force: true });
  await rename(home, done);
  await rm(done, { recursive: true, force: true });
}

/** Was its owner killed before it touched a file? */
async function isUntouched(home: string): Promise<boolean> {
  if ((await look(home)) === null || (await look(join(home, 'files'))) !== null) return false;
  return !isAlive(await ownerOf(home));
}

async function taken(place: Place): Promise<Undecided> {
  const pid = await ownerOf(place.home);
  const help = await byHand(place);
  return isAlive(pid)
    ? new Undecided(
        `another commit runs its tasks in this working tree (process ${pid})`,
        `wait for it; if there is none: ${help}`,
      )
    : new Undecided(
        'a run of the tasks was killed here before: unstaged changes may be missing from the files, and all of them are kept',
        help,
      );
}

/** What a run that was killed left in this worktree, and how to get it back; null: nothing. */
export async function leftAside(repository: Repository): Promise<Undecided | null> {
  const { gitDir, topLevel } = await repository.layout();
  const home = join(gitDir, 'protect', 'set-aside');
  if (topLevel === null || (await look(home)) === null || (await isUntouched(home))) return null;
  return taken({ home, topLevel });
}

async function ownerOf(home: string): Promise<number> {
  return Number(await readFile(join(home, 'pid'), 'utf8'));
}

/** The command that puts everything back, for a person to paste. */
async function byHand({ home, topLevel }: Place): Promise<string> {
  const list = join(home, 'absent');
  const absent: string[] = (await look(list)) === null ? [] : JSON.parse(await readFile(list, 'utf8'));
  const remove =
    absent.length === 0 ? '' : ` && rm -f ${absent.map((path) => shellWord(join(topLevel, path))).join(' ')}`;
  return `cp -RPpf ${shellWord(join(home, 'files'))}/. ${shellWord(topLevel)}/${remove} && rm -r ${shellWord(home)}`;
}
