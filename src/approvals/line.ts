import type { Repository } from '../git/repository.ts';
import type { BytePath, Oid, State, Step } from '../model/index.ts';
import { contentHashes } from './evidence.ts';
import { type SignedState, sameState, stateKey } from './statement.ts';

/** A step of the branch, as far as consents need it. */
export interface LandedPlace {
  readonly commit: Oid;
  readonly date: Date;
  readonly steps: readonly Step[];
}

/** From one place of a line to a later one. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The moves of one path: `states[n]` is what the step at `places[n]` left, `first` what was there before. */
export interface Course {
  readonly first: State | null;
  readonly places: readonly number[];
  readonly states: readonly (State | null)[];
}

/** What a branch landed, step by step. Places are counted along it: 0 is the base, `n` what the nth step left. */
export class Line {
  readonly places: readonly LandedPlace[];
  readonly base: Oid;
  readonly courses: ReadonlyMap<BytePath, Course>;
  /** States that paths have at the base which no step moves. */
  readonly #still = new Map<BytePath, State | null>();
  #hashes: ReadonlyMap<Oid, string> = new Map();

  constructor(base: Oid, places: readonly LandedPlace[]) {
    this.base = base;
    this.places = places;
    const courses = new Map<BytePath, { first: State | null; places: number[]; states: (State | null)[] }>();
    for (const [index, { steps }] of places.entries())
      for (const { path, from, to } of steps) {
        const course = courses.get(path) ?? { first: from, places: [], states: [] };
        course.places.push(index + 1);
        course.states.push(to);
        courses.set(path, course);
      }
    this.courses = courses;
  }

  /** Reads what some paths held, so that `signedAt` knows it. @throws Undecided when an object is missing */
  async read(repository: Repository, paths: ReadonlySet<BytePath>): Promise<void> {
    for (const path of paths)
      if (!this.courses.has(path)) this.#still.set(path, await repository.stateAt(this.base, path));
    const states = [...paths].flatMap((path) => {
      const course = this.courses.get(path);
      return course ? [course.first, ...course.states] : [this.#still.get(path) ?? null];
    });
    this.#hashes = await contentHashes(repository, states);
  }

  get length(): number {
    return this.places.length;
  }

  /** The commit that left a place. */
  commitAt(place: number): Oid {
    return place === 0 ? this.base : this.places[place - 1]!.commit;
  }

  stateAt(path: BytePath, place: number): State | null {
    const course = this.courses.get(path);
    if (!course) return this.#still.get(path) ?? null;
    let [low, high] = [0, course.places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (course.places[middle]! <= place) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? course.first : course.states[low - 1]!;
  }

  sign(state: State | null): SignedState | null {
    return state && { ...state, sha256: this.#hashes.get(state.oid) ?? '' };
  }

  signedAt(path: BytePath, place: number): SignedState | null {
    return this.sign(this.stateAt(path, place));
  }

  keyAt(path: BytePath, place: number): string {
    return stateKey(this.signedAt(path, place));
  }

  /** What a path did over a stretch, as one step. */
  stepOver(path: BytePath, { from, to }: Stretch): Step {
    return { path, from: this.stateAt(path, from), to: this.stateAt(path, to) };
  }

  /** Within a stretch, were these steps all taken at once, and one of them taken back after that? */
  tookBack(steps: readonly Step[], { from, to }: Stretch): boolean {
    const moves = steps.flatMap(({ path }) => this.courses.get(path)?.places ?? []);
    const places = [...new Set([from, ...moves.filter((place) => place > from && place <= to)])].sort((a, b) => a - b);
    let wasTaken = false;
    for (const place of places) {
      if (wasTaken && steps.some((step) => sameState(this.stateAt(step.path, place), step.from))) return true;
      wasTaken ||= steps.every((step) => sameState(this.stateAt(step.path, place), step.to));
    }
    return false;
  }

  /** Tells with which step each commit landed; 0: before the line began. @throws Undecided when Git fails */
  async placeOf(repository: Repository): Promise<(commit: Oid) => number> {
    if (this.length === 0) return () => 0;
    const listed = await repository.text(['rev-list', '--parents', this.commitAt(this.length), `^${this.base}`]);
    const parents = new Map(
      listed.split('\n').map((text) => {
        const [commit, ...more] = text.split(' ') as [Oid, ...Oid[]];
        return [commit, more] as const;
      }),
    );
    const found = new Map<Oid, number>();
    for (const [index, { commit }] of this.places.entries()) {
      const open = [commit];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        if (found.has(at) || !parents.has(at)) continue;
        found.set(at, index + 1);
        open.push(...parents.get(at)!);
      }
    }
    return (commit) => found.get(commit) ?? 0;
  }
}
