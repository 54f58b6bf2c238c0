import type { BytePath, LoadedPolicy, Oid } from '../model/index.ts';
import type { Brought } from './brought.ts';
import type { Line, Stretch } from './line.ts';

/** The branch whose history is judged. */
export interface LandedBranch {
  readonly now: Date;
  /** Short names of the branches that an approval of what a commit landed may be for; null: any will do. */
  target(commit: Oid): readonly string[] | null;
  /** The valid policy that a commit holds; null: none. */
  policyAt(commit: Oid): Promise<LoadedPolicy | null>;
}

/** A branch with its steps, and the approvals among them. */
export interface LandedHistory {
  readonly line: Line;
  readonly branch: LandedBranch;
  readonly brought: readonly Brought[];
  /** What is settled about the policy, and by whose word, when only what landed up to a place is known. */
  settle(known: number): Promise<Settled>;
}

/** What is found out on the way along the line, from what had landed up to a place. */
export interface Settled {
  readonly known: number;
  /** The policies that stood approved, each from a place on. */
  readonly standing: { readonly place: number; readonly loaded: LoadedPolicy }[];
  /** The stretch that each approval was used for. */
  readonly used: Map<string, string>;
  readonly covers: Map<BytePath, readonly Stretch[]>;
  /** Places at which a path made a step that was taken back later. */
  readonly taken: Map<BytePath, Set<number>>;
  /** The place up to which an owner stands by all that landed. */
  words: number;
  judged: boolean;
}

/** Nothing is found out yet. */
export function unsettled(known: number): Settled {
  return {
    known,
    standing: [],
    used: new Map(),
    covers: new Map(),
    taken: new Map(),
    words: 0,
    judged: false,
  };
}

/** Is the step of a path at a place part of a stretch that approvals cover? */
export function isCovered({ covers }: Settled, path: BytePath, place: number): boolean {
  return (covers.get(path) ?? []).some(({ from, to }) => from < place && place <= to);
}

/** The policy that last stood approved at a place; null: none was valid until then. */
export function policyAt(standing: Settled['standing'], place: number): LoadedPolicy | null {
  return standing.findLast((one) => one.place <= place)?.loaded ?? null;
}
