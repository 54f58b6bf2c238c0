import { Line } from '../approvals/line.ts';
import type { Repository } from '../git/repository.ts';
import { commitsTouching } from '../git/touching.ts';
import type { BytePath, Oid } from '../model/index.ts';
import type { LandedStep } from '../sources/landed.ts';
import type { Person } from './facts.ts';
import { told } from './population.ts';

/** Who wrote what a merge brought: the author of the merge itself only pressed the button. */
export class Writers {
  readonly #of: ReadonlyMap<string, readonly Person[]>;

  private constructor(of: ReadonlyMap<string, readonly Person[]>) {
    this.#of = of;
  }

  /** @param merged the paths of interest that merges of the line moved, by the index of the merge */
  static async of(
    repository: Repository,
    base: Oid,
    line: readonly LandedStep[],
    merged: ReadonlyMap<number, readonly BytePath[]>,
  ): Promise<Writers> {
    // A line break in a name is nothing that Git can be asked about in this way; then nobody is known.
    const paths = [...new Set([...merged.values()].flat())].filter((path) => !path.includes('\n'));
    if (paths.length === 0) return new Writers(new Map());
    const placeOf = await new Line(base, line).placeOf(repository);
    const own = new Set(line.map(({ commit }) => commit));
    const touched = (await commitsTouching(repository, [line.at(-1)!.commit], paths)).filter(
      ({ commit }) => !own.has(commit) && merged.has(placeOf(commit) - 1),
    );
    const commits = await told(repository, [...new Set(touched.map(({ commit }) => commit))]);
    const authors = new Map(commits.filter(({ parents }) => parents.length < 2).map((one) => [one.commit, one.author]));
    const of = new Map<string, Person[]>();
    for (const { commit, steps } of touched) {
      const author = authors.get(commit);
      if (!author) continue;
      for (const { path } of steps) {
        const key = `${placeOf(commit) - 1} ${path}`;
        const known = of.get(key) ?? [];
        if (!known.some(({ name, email }) => name === author.name && email === author.email)) known.push(author);
        of.set(key, known);
      }
    }
    return new Writers(of);
  }

  /** @param index of the merge */
  at(index: number, path: BytePath): readonly Person[] {
    return this.#of.get(`${index} ${path}`) ?? [];
  }
}
